//! Routes of the console's files.

use std::fmt::Write as _;

use actix_web::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, ETAG, HeaderMap,
    IF_NONE_MATCH, LOCATION, REFERRER_POLICY, VARY,
};
use actix_web::{HttpRequest, HttpResponse};
use rust_embed::EmbeddedFile;

use super::find;
use crate::error::{Error, Result};

/// The page that every address of the console shows.
const PAGE: &str = "index.html";

/// What the console may load and run: what came with it, and nothing else. Pictures that were chosen and are not sent
/// yet are `blob:`, which only the page itself can make.
const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; \
    img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; frame-src 'self'; base-uri 'none'; \
    form-action 'self'; frame-ancestors 'none'";

/// An empty page, into which the console puts the HTML of a mail. It may have styles of its own, which the console may
/// not, and runs and loads nothing.
const FRAME: &str = "<!doctype html><html lang=en><meta charset=utf-8><title>Mail</title>";
const FRAME_PATH: &str = "frame";
const FRAME_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; \
    form-action 'none'; frame-ancestors 'self'; sandbox allow-same-origin";

/// Shown when the server was built without a console.
const MISSING: &str = "<!doctype html><html lang=en><meta charset=utf-8><title>Plinth</title>\
    <h1>The console is not built</h1><p>This server was built without it. In Plinth's source, \
    <code>scripts/console</code> builds it, and <code>make run</code> builds both.</p>";

/// Leads to the console.
pub async fn root() -> HttpResponse {
    HttpResponse::TemporaryRedirect()
        .insert_header((LOCATION, "/_/"))
        .finish()
}

/// A file of the console; an address inside it is the console itself.
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
    // Pages have no extension, files have one: what is asked for by an old name is gone.
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
    // A name with a hash in it is of that content forever.
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

/// Changes with the content, packed or not.
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
