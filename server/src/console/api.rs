//! Handlers of the console's files.

use std::fmt::Write as _;

use actix_web::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, ETAG, HeaderMap,
    IF_NONE_MATCH, LOCATION, REFERRER_POLICY, VARY,
};
use actix_web::{HttpRequest, HttpResponse};
use rust_embed::EmbeddedFile;

use super::find;
use crate::error::{Error, Result};

/// The page that is served for every address of the console.
const PAGE: &str = "index.html";

/// The content security policy of the console: only its own files. Pictures that are chosen but not uploaded yet have
/// `blob:` URLs, which only the page itself can make.
const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; \
    img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; frame-src 'self'; base-uri 'none'; \
    form-action 'self'; frame-ancestors 'none'";

/// An empty page in which the console shows the HTML of a mail. It allows inline styles, which the console does not,
/// but no scripts and no requests.
const FRAME: &str = "<!doctype html><html lang=en><meta charset=utf-8><title>Mail</title>";
const FRAME_PATH: &str = "frame";
const FRAME_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; \
    form-action 'none'; frame-ancestors 'self'; sandbox allow-same-origin";

/// The page of a server that was built without a console.
const MISSING: &str = "<!doctype html><html lang=en><meta charset=utf-8><title>Plinth</title>\
    <h1>The console is not built</h1><p>This server was built without it. In Plinth's source, \
    <code>scripts/console</code> builds it, and <code>make run</code> builds both.</p>";

/// Redirect to the console.
pub async fn root() -> HttpResponse {
    HttpResponse::TemporaryRedirect()
        .insert_header((LOCATION, "/_/"))
        .finish()
}

/// Serve a file of the console, or its page for any other address.
pub async fn file(request: HttpRequest) -> Result<HttpResponse> {
    let path = request.match_info().query("path");
    if path == FRAME_PATH {
        return Ok(frame());
    }
    let text = |name| header(request.headers(), name);
    let accepts = text(ACCEPT_ENCODING.as_str());
    let known = text(IF_NONE_MATCH.as_str());
    let found = if path.is_empty() {
        None
    } else {
        find(path, accepts).map(|file| (path, file))
    };
    // Pages have no extension, files have one: a file with an outdated name is gone.
    if found.is_none()
        && path
            .rsplit('/')
            .next()
            .is_some_and(|name| name.contains('.'))
    {
        return Err(Error::NotFound("File not found."));
    }
    let (name, (file, encoding)) = match found {
        Some(found) => found,
        None => match find(PAGE, accepts) {
            Some(page) => (PAGE, page),
            None => return Ok(missing()),
        },
    };
    Ok(answer(name, file, encoding, known))
}

fn answer(name: &str, file: EmbeddedFile, encoding: Option<&str>, known: &str) -> HttpResponse {
    let tag = tag(&file);
    let fresh = known.split(',').any(|known| known.trim() == tag);
    let mut response = if fresh {
        HttpResponse::NotModified()
    } else {
        HttpResponse::Ok()
    };
    // A name with a hash stands for the same content forever.
    let cache = if name == PAGE {
        "no-cache"
    } else {
        "public, max-age=31536000, immutable"
    };
    response
        .insert_header((CACHE_CONTROL, cache))
        .insert_header((ETAG, tag))
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((REFERRER_POLICY, "same-origin"))
        .append_header((VARY, "Accept-Encoding"));
    if let Some(encoding) = encoding {
        response.insert_header((CONTENT_ENCODING, encoding));
    }
    if fresh {
        return response.finish();
    }
    response
        .content_type(content_type(name))
        .body(file.data.into_owned())
}

fn frame() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_SECURITY_POLICY, FRAME_POLICY))
        .insert_header((REFERRER_POLICY, "no-referrer"))
        .insert_header((CACHE_CONTROL, "no-cache"))
        .content_type("text/html; charset=utf-8")
        .body(FRAME)
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}

/// Makes an ETag of the content and its encoding.
fn tag(file: &EmbeddedFile) -> String {
    let hash = file.metadata.sha256_hash();
    let mut tag = String::from("\"");
    for byte in &hash[..16] {
        // Writing to a string cannot fail.
        let _ = write!(tag, "{byte:02x}");
    }
    tag.push('"');
    tag
}

fn header<'r>(headers: &'r HeaderMap, name: &str) -> &'r str {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

fn missing() -> HttpResponse {
    HttpResponse::NotFound()
        .insert_header((CONTENT_SECURITY_POLICY, "default-src 'none'"))
        .content_type("text/html; charset=utf-8")
        .body(MISSING)
}
