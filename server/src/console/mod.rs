//! The console's files, which `scripts/console` builds and the binary carries. In a debug build they are read from
//! where they were built, so that a new console needs no new server.

pub mod api;

use rust_embed::{EmbeddedFile, RustEmbed};

/// What `scripts/console` has left in `console/dist`; nothing, when it never ran.
#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../console/dist"]
#[allow_missing = true]
struct Files;

/// How a file is packed, the smallest first.
const ENCODINGS: [(&str, &str); 2] = [("br", ".br"), ("gzip", ".gz")];

/// The file, packed in a way that `accepts` has, with the name of that way.
fn find(name: &str, accepts: &str) -> Option<(EmbeddedFile, Option<&'static str>)> {
    if name.starts_with('.') {
        return None;
    }
    let packed = ENCODINGS.iter().find_map(|(encoding, extension)| {
        let file =
            is_accepted(accepts, encoding).then(|| Files::get(&format!("{name}{extension}")))??;
        Some((file, Some(*encoding)))
    });
    packed.or_else(|| Some((Files::get(name)?, None)))
}

/// Whether `Accept-Encoding` has an encoding, and not with a weight of zero.
fn is_accepted(accepts: &str, encoding: &str) -> bool {
    accepts.split(',').any(|part| {
        let (name, weight) = part.split_once(';').unwrap_or((part, ""));
        let weight = weight.trim().strip_prefix("q=").unwrap_or("1");
        name.trim().eq_ignore_ascii_case(encoding) && weight.trim().parse() != Ok(0.0_f32)
    })
}

#[cfg(test)]
mod tests {
    use super::is_accepted;

    #[test]
    fn an_encoding_is_accepted_when_it_is_named() {
        assert!(is_accepted("gzip, deflate, br", "br"));
        assert!(is_accepted("GZIP;q=0.5", "gzip"));
        assert!(!is_accepted("gzip;q=0, deflate", "gzip"));
        assert!(!is_accepted("", "gzip"));
        assert!(!is_accepted("brotli", "br"));
    }
}
