//! The names of stored files, which are safe for file systems.

use crate::random::Random;

/// The maximum length of the part from the client's name.
const MAX_NAME: usize = 100;
/// The maximum length of the extension.
const MAX_ENDING: usize = 20;
/// A shorter name gets additional random characters.
const SHORT: usize = 3;
const RANDOM: usize = 10;

/// Makes a name from the client's: `snake_case_<random>.<extension>`. `guess` is the extension if the client's name
/// has none.
pub(super) fn stored(given: &str, guess: &str, random: &Random) -> String {
    // Other clients than browsers may send directories.
    let given = given.rsplit('/').next().unwrap_or_default();
    let (stem, ending) = parts(given);
    let mut name: String = snake_case(stem).chars().take(MAX_NAME).collect();
    if name.len() < SHORT {
        name.push_str(&random.small_letters(RANDOM));
    }
    let ending = if ending.is_empty() {
        guess.trim_start_matches('.').to_owned()
    } else {
        ending
    };
    let random = random.small_letters(RANDOM);
    let dot = if ending.is_empty() { "" } else { "." };
    format!("{name}_{random}{dot}{ending}")
}

/// Splits a name into its stem and its extension, which is `tar.gz` for `a.tar.gz`.
fn parts(given: &str) -> (&str, String) {
    let mut dots = given.rmatch_indices('.').map(|(at, _)| at);
    let Some(last) = dots.next() else {
        return (given, String::new());
    };
    let (stem, ending) = given.split_at(dots.next().unwrap_or(last));
    let is_kept = |c: &char| c.is_ascii_alphanumeric() || "_.-+=".contains(*c);
    let ending: String = ending.chars().filter(is_kept).collect();
    let words: Vec<&str> = ending.split('.').filter(|word| !word.is_empty()).collect();
    let ending = words.join(".");
    let from = ending.len().saturating_sub(MAX_ENDING);
    // Without a leading dot, which cutting may leave.
    (stem, ending[from..].trim_start_matches('.').to_owned())
}

/// Converts a name to snake case: lower-case letters and digits, with `_` between words.
fn snake_case(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut before = ' ';
    for c in text.chars() {
        let is_word = c.is_ascii_alphanumeric();
        let begins =
            c.is_ascii_uppercase() && (before.is_ascii_lowercase() || before.is_ascii_digit());
        if (!is_word || begins) && !out.is_empty() && !out.ends_with('_') {
            out.push('_');
        }
        if is_word {
            out.push(c.to_ascii_lowercase());
        }
        before = c;
    }
    out.truncate(out.trim_end_matches('_').len());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the name with `*` for its random part.
    fn named(given: &str) -> String {
        let name = stored(given, ".txt", &Random::seeded(1));
        let (stem, ending) = parts(given);
        let stem: String = snake_case(stem).chars().take(MAX_NAME).collect();
        let rest = name.strip_prefix(&stem).expect("the client's own name");
        let extra = if stem.len() < SHORT { RANDOM } else { 0 };
        let (random, end) = rest.split_at(extra + 1 + RANDOM);
        let is_random = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'_';
        assert!(random.bytes().all(is_random), "{name}");
        assert_eq!(random.as_bytes()[extra], b'_', "{name}");
        assert!(ending.is_empty() || end == format!(".{ending}"), "{name}");
        format!("{stem}{}*{end}", if extra > 0 { "*" } else { "" })
    }

    #[test]
    fn names_are_made_as_pocketbase_makes_them() {
        for (given, name) in [
            ("a.txt", "a**.txt"),
            ("ab.tar.gz", "ab**.tar.gz"),
            ("Héllo Wörld (1).TXT", "h_llo_w_rld_1*.TXT"),
            ("fooBarBaz.png", "foo_bar_baz*.png"),
            ("HTTPServer2Go.txt", "httpserver2_go*.txt"),
            ("my__file--name.txt", "my_file_name*.txt"),
            ("archive.v1.2.zip", "archive_v1*.2.zip"),
            ("report 1.5 final.pdf", "report_1*.5final.pdf"),
            ("a.superlongextensionsuperlong", "a**.ngextensionsuperlong"),
            ("a..b..txt", "a_b*.txt"),
            ("abc.éa.txt", "abc*.a.txt"),
            ("noext", "noext*.txt"),
            ("файл.пнг", "**.txt"),
        ] {
            assert_eq!(named(given), name, "{given}");
        }
    }

    #[test]
    fn n33_no_name_leads_anywhere() {
        for given in [
            "..",
            "../../etc/passwd",
            "..\\..\\boot.ini",
            "/etc/passwd",
            "C:\\x.txt",
            "%2e%2e%2fx",
            "a\0b.txt",
            ".",
            "",
            "CON",
            "con.txt",
            "a.",
            "a. ",
            "a\u{202e}gpj.exe",
            "a\u{301}.txt",
            "\u{ff0e}\u{ff0e}\u{ff0f}x",
            "a\r\nb.txt",
            "a:b.txt",
            "a#1",
            "thumbs_x.png",
            &"x".repeat(5000),
            &format!("a.{}", "y".repeat(5000)),
            &"日本語".repeat(500),
        ] {
            let name = stored(given, "", &Random::seeded(1));
            assert!(name.len() <= MAX_NAME + MAX_ENDING + RANDOM + 2, "{name}");
            assert!(!name.starts_with('.') && !name.contains(".."), "{name}");
            let is_fine = |c: char| c.is_ascii_alphanumeric() || "_.-+=".contains(c);
            assert!(name.chars().all(is_fine), "{name}");
        }
    }
}
