//! The commonest passwords, which guessers try first.

use std::sync::OnceLock;

/// Sorted, one a line, in lower case: see the README.
static LIST: &str = include_str!("list.txt");

/// Whether a password is among the commonest: in the list, without regard to case, or characters in a row like
/// `aaaaaaaa`, `abcdefgh` and `87654321`.
pub(crate) fn is_common(password: &str) -> bool {
    static WORDS: OnceLock<Vec<&str>> = OnceLock::new();
    let words = WORDS.get_or_init(|| LIST.lines().collect());
    let password = password.to_lowercase();
    words.binary_search(&password.as_str()).is_ok() || is_row(&password)
}

/// Whether each character is the same as the one before, or the next one, or the previous one.
fn is_row(password: &str) -> bool {
    let codes: Vec<i64> = password.chars().map(|c| i64::from(u32::from(c))).collect();
    let steps = codes.windows(2).map(|pair| pair[1] - pair[0]);
    // After the digit 9 comes 0.
    let steps = steps.map(|step| match step {
        -9 => 1,
        9 => -1,
        step => step,
    });
    let mut steps = steps.peekable();
    let Some(first) = steps.peek().copied() else {
        return !password.is_empty();
    };
    first.abs() <= 1 && steps.all(|step| step == first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn n28_the_commonest_are_known_whatever_their_case() {
        for password in [
            "password",
            "Password",
            "PASSWORD1",
            "12345678",
            "1234567890",
            "qwertyuiop",
            "iloveyou",
            "00000000",
            "abcdefgh",
            "ZYXWVUTS",
            "98765432",
            "3210987654",
            "ééééééééé",
            "letmein",
            "a",
        ] {
            assert!(is_common(password), "{password}");
        }
        for password in [
            "correct horse",
            "correct horse battery",
            "password of mine",
            "aabbdccd",
            "13579138",
            "abcdefgi",
            "",
        ] {
            assert!(!is_common(password), "{password}");
        }
    }

    #[test]
    fn the_list_is_sorted_in_lower_case_and_long_enough() {
        let words: Vec<&str> = LIST.lines().collect();
        assert!(words.len() > 10_000);
        assert!(words.is_sorted_by(|one, next| one < next));
        assert!(words.iter().all(|word| *word == word.to_lowercase()));
        assert!(words.iter().all(|word| is_common(word)));
    }
}
