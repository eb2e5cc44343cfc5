//! The type of a file, found from its bytes: its name and sender cannot be trusted.

use std::panic::catch_unwind;

use mimetype_detector::{MimeType, detect};

/// The number of bytes that are inspected.
pub(super) const HEAD: usize = 3072;

const UNKNOWN: &str = "application/octet-stream";

/// Types by the extension only: their bytes look like plain text or any archive.
const BY_ENDING: [(&str, &str); 8] = [
    ("svg", "image/svg+xml"),
    ("css", TEXT),
    ("js", TEXT),
    ("mjs", TEXT),
    (
        "docx",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ),
    (
        "xlsx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ),
    (
        "pptx",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ),
    ("md", TEXT),
];

const TEXT: &str = "text/plain; charset=utf-8";

/// Parts of the types of scripts and style sheets. These files are served as plain text: the console allows scripts
/// and styles of its own origin, which is also that of files, and with `nosniff` browsers go by the type only.
const TAKEN_BY_PAGES: [&str; 5] = ["javascript", "ecmascript", "jscript", "livescript", "css"];

/// Types that browsers display without running anything. All others are downloaded.
const SHOWN: [&str; 26] = [
    "image/png",
    "image/jpeg",
    "image/gif",
    "image/webp",
    "image/bmp",
    "image/x-icon",
    "image/vnd.microsoft.icon",
    "video/webm",
    "video/mp4",
    "video/3gpp",
    "video/mpeg",
    "video/ogg",
    "video/quicktime",
    "video/x-m4v",
    "audio/aac",
    "audio/aiff",
    "audio/basic",
    "audio/flac",
    "audio/midi",
    "audio/mpeg",
    "audio/mp4",
    "audio/ogg",
    "audio/wav",
    "audio/x-m4a",
    "audio/x-wav",
    "application/pdf",
];

/// Returns the type to serve a file with.
pub(super) fn content_type(head: &[u8], name: &str) -> &'static str {
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    let known = BY_ENDING.iter().find(|(known, _)| *known == ending);
    let kind = known.map_or_else(|| sniffed(head), |(_, kind)| kind);
    if TAKEN_BY_PAGES.iter().any(|name| kind.contains(name)) {
        TEXT
    } else {
        kind
    }
}

/// Whether a browser may display the file.
pub(super) fn is_shown(content_type: &str) -> bool {
    let kind = content_type.split(';').next().unwrap_or_default();
    SHOWN.contains(&kind)
}

/// Returns the extension for a name without one, with its dot.
pub(super) fn ending(head: &[u8]) -> &'static str {
    if head.is_empty() {
        return ".txt";
    }
    found(head).map_or("", MimeType::extension)
}

/// Whether a file has one of these types.
pub(super) fn is_one_of(head: &[u8], types: &[String]) -> bool {
    let kind = found(head);
    let is = |wanted: &String| match kind {
        Some(kind) => kind.is(wanted) || sniffed(head).starts_with(wanted.as_str()),
        None => wanted == UNKNOWN,
    };
    types.iter().any(is)
}

fn sniffed(head: &[u8]) -> &'static str {
    if head.is_empty() {
        return "text/plain";
    }
    found(head).map_or(UNKNOWN, MimeType::mime)
}

/// Crafted bytes may make the sniffing library panic; that must not take the server down.
fn found(head: &[u8]) -> Option<&'static MimeType> {
    catch_unwind(|| detect(head)).ok()
}
