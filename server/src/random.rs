//! Random ids and keys.

use rand::{CryptoRng, RngExt};

/// The symbols of ids and keys; ids have the last 36 only.
pub(crate) const ALPHANUMERIC: &[u8; 62] =
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const ID_LENGTH: usize = 15;

/// Makes an id: 15 lower-case letters and digits.
pub fn id() -> String {
    small_letters(ID_LENGTH)
}

/// Makes a text of `length` lower-case letters and digits, each equally likely.
pub fn small_letters(length: usize) -> String {
    pick(&mut rng(), &ALPHANUMERIC[26..], length)
}

/// Makes a text of `length` letters and digits, each equally likely.
pub fn alphanumeric(length: usize) -> String {
    pick(&mut rng(), ALPHANUMERIC, length)
}

/// The source of all randomness: a generator that is fit for secrets.
pub(crate) fn rng() -> impl CryptoRng {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that makes random texts"
    )]
    rand::rng()
}

fn pick(rng: &mut impl CryptoRng, symbols: &[u8], length: usize) -> String {
    (0..length)
        .map(|_| char::from(symbols[rng.random_range(0..symbols.len())]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_keys() {
        let is_id = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        assert!((0..100).all(|_| id().len() == 15 && id().chars().all(is_id)));
        assert_eq!(alphanumeric(50).len(), 50);
        assert!(
            alphanumeric(500)
                .bytes()
                .any(|byte| byte.is_ascii_uppercase())
        );
    }
}
