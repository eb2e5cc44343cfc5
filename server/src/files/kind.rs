//! What a file is: found out from its bytes, since its name and its sender may say anything.

use std::panic::catch_unwind;

use mimetype_detector::{MimeType, detect};

/// As many bytes as it takes to know.
pub(super) const HEAD: usize = 3072;

const UNKNOWN: &str = "application/octet-stream";

/// Types by the ending alone: their bytes look like any text's or archive's.
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

/// What names scripts and style sheets among types. They are served as text: the console's own page takes scripts and styles from
/// where it came from, which is where files come from too, and with `nosniff` a browser takes them by their type alone.
const TAKEN_BY_PAGES: [&str; 5] = ["javascript", "ecmascript", "jscript", "livescript", "css"];

/// What browsers show without running anything of it. Whatever else there is, they save.
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

/// The type to serve a file as.
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

/// Whether a browser may show it where it is.
pub(super) fn is_shown(content_type: &str) -> bool {
    let kind = content_type.split(';').next().unwrap_or_default();
    SHOWN.contains(&kind)
}

/// The ending of a name that has none, with its dot.
pub(super) fn ending(head: &[u8]) -> &'static str {
    if head.is_empty() {
        return ".txt";
    }
    found(head).map_or("", MimeType::extension)
}

/// Whether it is of one of these types.
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

/// Whoever sends bytes may have made them for this very library: that it gives up is not the server's end.
fn found(head: &[u8]) -> Option<&'static MimeType> {
    catch_unwind(|| detect(head)).ok()
}
