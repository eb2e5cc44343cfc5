//! The response with a file: headers, conditions and ranges.

use std::ops::Range;
use std::time::{SystemTime, UNIX_EPOCH};

use actix_web::body::SizedStream;
use actix_web::http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_RANGE, CONTENT_SECURITY_POLICY,
    CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HttpDate, IF_MATCH, IF_MODIFIED_SINCE,
    IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE, LAST_MODIFIED, RANGE,
};
use actix_web::http::{Method, StatusCode};
use actix_web::web::{Bytes, BytesMut};
use actix_web::{HttpRequest, HttpResponse};
use futures_util::{Stream, StreamExt, stream};
use object_store::path::Path;
use object_store::{GetResult, ObjectMeta};

use super::kind::{self, HEAD};
use super::range::{self, Wanted};
use super::storage::Storage;
use crate::error::{Error, Result};

/// The caching of public files: a name is used once, so its content never changes, but the file may be deleted, or
/// become protected.
const CACHED: &str = "max-age=2592000, stale-while-revalidate=86400";
/// The caching of protected files: the browser may keep them, but has to revalidate each time.
const CACHED_BY_ONE: &str = "private, no-cache";
/// The content security policy of files, which allows nothing.
const POLICY: &str = "default-src 'none'; media-src 'self'; style-src 'unsafe-inline'; sandbox";

/// Marks a response that other pages may show in a frame.
#[derive(Clone, Copy, Debug)]
pub struct Framed;

/// A file for a response.
#[derive(Debug)]
pub(super) struct File {
    /// The path.
    pub(super) path: Path,
    /// The name for saving it.
    pub(super) name: String,
    /// Whether the browser should save the file in any case.
    pub(super) is_download: bool,
    /// Whether everybody may see it.
    pub(super) is_public: bool,
}

/// Makes the response with a file; `None` if it does not exist.
pub(super) async fn answer(
    http: &HttpRequest,
    storage: &Storage,
    file: &File,
) -> Result<Option<HttpResponse>> {
    let headers = http.headers();
    let is_head = http.method() == Method::HEAD;
    let asks = [
        RANGE,
        IF_MATCH,
        IF_MODIFIED_SINCE,
        IF_NONE_MATCH,
        IF_UNMODIFIED_SINCE,
    ];
    if !is_head && !asks.iter().any(|name| headers.contains_key(name)) {
        return match storage.get(&file.path, None).await? {
            Some(found) => whole(storage, found, file).await.map(Some),
            None => Ok(None),
        };
    }
    let Some(meta) = storage.head(&file.path).await? else {
        return Ok(None);
    };
    let tag = tag(&file.name);
    if let Some(status) = unmet(headers, &meta, &tag) {
        let mut response = dressed(status, &meta, file, None);
        response.headers_mut().remove(ACCEPT_RANGES);
        return Ok(Some(response));
    }
    let Some(head) = part(storage, file, &meta, 0..meta.size.min(HEAD as u64)).await? else {
        return Ok(None);
    };
    let head = head.bytes().await.map_err(|error| storage.failed(error))?;
    let kind = kind::content_type(&head, &file.name);
    let asked = headers.get(RANGE).filter(|_| !is_head);
    let asked = asked.filter(|_| is_same(headers, &meta, &tag));
    let wanted = match asked.and_then(|range| range.to_str().ok()) {
        Some(range) => range::wanted(range, meta.size),
        None => Wanted::All,
    };
    let (status, wanted) = match wanted {
        Wanted::All => (StatusCode::OK, 0..meta.size),
        Wanted::Part(part) => (StatusCode::PARTIAL_CONTENT, part),
        Wanted::Nothing => return Ok(Some(beyond(meta.size))),
    };
    let mut response = dressed(status, &meta, file, Some(kind));
    if status == StatusCode::PARTIAL_CONTENT {
        let range = format!("bytes {}-{}/{}", wanted.start, wanted.end - 1, meta.size);
        put(response.headers_mut(), CONTENT_RANGE, &range);
    }
    let size = wanted.end - wanted.start;
    if is_head || size == 0 {
        let nothing = stream::empty::<Result<_, object_store::Error>>();
        return Ok(Some(with_body(response, size, nothing)));
    }
    let Some(found) = part(storage, file, &meta, wanted).await? else {
        return Ok(None);
    };
    Ok(Some(with_body(response, size, found.into_stream())))
}

/// Opens a range of a file. A range that covers all of it is requested without a range, as some servers answer so
/// too.
async fn part(
    storage: &Storage,
    file: &File,
    meta: &ObjectMeta,
    wanted: Range<u64>,
) -> Result<Option<GetResult>> {
    let is_all = wanted == (0..meta.size);
    let wanted = if is_all { None } else { Some(wanted) };
    storage.get(&file.path, wanted).await
}

/// Opens a file, and finds its type from its first bytes.
async fn whole(storage: &Storage, found: GetResult, file: &File) -> Result<HttpResponse> {
    let meta = found.meta.clone();
    let mut rest = found.into_stream();
    let mut first = BytesMut::new();
    while first.len() < HEAD
        && let Some(piece) = rest.next().await
    {
        first.extend_from_slice(&piece.map_err(|error| storage.failed(error))?);
    }
    let kind = kind::content_type(&first, &file.name);
    let response = dressed(StatusCode::OK, &meta, file, Some(kind));
    let pieces = stream::once(std::future::ready(Ok(first.freeze()))).chain(rest);
    Ok(with_body(response, meta.size, pieces))
}

fn with_body<E: std::error::Error + 'static>(
    response: HttpResponse,
    size: u64,
    pieces: impl Stream<Item = Result<Bytes, E>> + 'static,
) -> HttpResponse {
    let pieces = pieces.map(|piece| piece.map_err(|error| Box::new(error) as Box<_>));
    response
        .set_body(SizedStream::new(size, pieces))
        .map_into_boxed_body()
}

/// Sets the headers of responses with files.
fn dressed(
    status: StatusCode,
    meta: &ObjectMeta,
    file: &File,
    kind: Option<&'static str>,
) -> HttpResponse {
    let mut response = HttpResponse::new(status);
    response.extensions_mut().insert(Framed);
    let headers = response.headers_mut();
    let is_shown = kind.is_some_and(kind::is_shown) && !file.is_download;
    let how = if is_shown { "inline" } else { "attachment" };
    if let Some(kind) = kind {
        put(headers, CONTENT_TYPE, kind);
        put(
            headers,
            CONTENT_DISPOSITION,
            &format!("{how}; filename={}", quoted(&file.name)),
        );
    }
    put(headers, CONTENT_SECURITY_POLICY, POLICY);
    let cached = if file.is_public {
        CACHED
    } else {
        CACHED_BY_ONE
    };
    put(headers, CACHE_CONTROL, cached);
    put(headers, ACCEPT_RANGES, "bytes");
    put(headers, ETAG, &tag(&file.name));
    let modified = SystemTime::from(meta.last_modified);
    put(
        headers,
        LAST_MODIFIED,
        &HttpDate::from(modified).to_string(),
    );
    response
}

fn put(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = value.parse() {
        headers.insert(name, value);
    }
}

/// Maps a missing file to `None`.
fn beyond(size: u64) -> HttpResponse {
    let mut response = actix_web::ResponseError::error_response(&Error::RangeNotSatisfiable);
    put(
        response.headers_mut(),
        CONTENT_RANGE,
        &format!("bytes */{size}"),
    );
    response
}

/// Quotes a name: names of imported files may need it.
fn quoted(name: &str) -> String {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte);
    if name.bytes().all(is_token) {
        return name.to_owned();
    }
    let plain: String = name
        .chars()
        .map(|c| {
            if c.is_ascii_graphic() && !"\"\\".contains(c) {
                c
            } else {
                '_'
            }
        })
        .collect();
    format!("\"{plain}\"")
}

/// Makes the ETag: a name always has the same content.
fn tag(name: &str) -> String {
    let plain = name
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && byte != b'"');
    let checksum = || format!("{:08x}-{}", crc32fast::hash(name.as_bytes()), name.len());
    format!("\"{}\"", if plain { name.to_owned() } else { checksum() })
}

/// Returns the response to a condition that is not met, in the order of RFC 9110.
fn unmet(headers: &HeaderMap, meta: &ObjectMeta, tag: &str) -> Option<StatusCode> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let modified = meta.last_modified.timestamp();
    let has = |list: &str| {
        list.split(',')
            .map(|one| one.trim().trim_start_matches("W/"))
            .any(|one| one == "*" || one == tag)
    };
    let is_kept = match (text(IF_MATCH), text(IF_UNMODIFIED_SINCE).and_then(seconds)) {
        (Some(list), _) => has(list),
        (None, Some(since)) => modified <= since,
        (None, None) => true,
    };
    if !is_kept {
        return Some(StatusCode::PRECONDITION_FAILED);
    }
    let is_known = match (
        text(IF_NONE_MATCH),
        text(IF_MODIFIED_SINCE).and_then(seconds),
    ) {
        (Some(list), _) => has(list),
        (None, Some(since)) => modified <= since,
        (None, None) => false,
    };
    is_known.then_some(StatusCode::NOT_MODIFIED)
}

/// Whether a range belongs to the version that the client has.
fn is_same(headers: &HeaderMap, meta: &ObjectMeta, tag: &str) -> bool {
    let Some(condition) = headers.get(IF_RANGE).and_then(|value| value.to_str().ok()) else {
        return true;
    };
    condition == tag || seconds(condition) == Some(meta.last_modified.timestamp())
}

fn seconds(date: &str) -> Option<i64> {
    let date: SystemTime = date.parse::<HttpDate>().ok()?.into();
    let since = date.duration_since(UNIX_EPOCH).ok()?;
    i64::try_from(since.as_secs()).ok()
}
