//! The files of the console, which `scripts/console` builds and the binary contains. A debug build reads them from
//! disk, so that a new console needs no new server.

pub mod api;

use rust_embed::{EmbeddedFile, RustEmbed};

/// The files in `console/dist`; none if `scripts/console` did not run.
#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../console/dist"]
#[allow_missing = true]
struct Files;

/// The encodings of files, the smallest first.
const ENCODINGS: [(&str, &str); 2] = [("br", ".br"), ("gzip", ".gz")];

/// Returns a file in an encoding that `accepts` allows, with the name of the encoding.
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

/// Whether `Accept-Encoding` contains an encoding with a weight above zero.
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
