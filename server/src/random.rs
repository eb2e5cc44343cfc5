//! Random ids, keys and other texts, and the source of the randomness that they are made of.
//!
//! The source is a part of [`App`](crate::app::App) and of every connection to the database, so that tests can seed it.
//! Salts of password hashes are not made here: the libraries that hash passwords ask the operating system.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use rand::rngs::StdRng;
use rand::{CryptoRng, RngExt, SeedableRng};

/// The symbols of ids and keys; ids have the last 36 only.
pub(crate) const ALPHANUMERIC: &[u8; 62] =
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const ID_LENGTH: usize = 15;

/// A source of randomness; clones share it. A production server's is fit for secrets.
#[derive(Clone)]
pub struct Random(Source);

#[derive(Clone)]
enum Source {
    /// A generator of each thread, seeded by the operating system.
    System,
    Seeded(Arc<Mutex<StdRng>>),
}

impl Random {
    /// The source for a production server.
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A source that gives the same sequence for the same seed. It is not fit for secrets.
    pub fn seeded(seed: u64) -> Self {
        let generator = StdRng::seed_from_u64(seed);
        Self(Source::Seeded(Arc::new(Mutex::new(generator))))
    }

    /// Makes an id: 15 lower-case letters and digits.
    pub fn id(&self) -> String {
        self.small_letters(ID_LENGTH)
    }

    /// Makes a text of `length` lower-case letters and digits, each equally likely.
    pub fn small_letters(&self, length: usize) -> String {
        self.pick(&ALPHANUMERIC[26..], length)
    }

    /// Makes a text of `length` digits, each equally likely.
    pub fn digits(&self, length: usize) -> String {
        self.pick(b"0123456789", length)
    }

    /// Makes a text of `length` letters and digits, each equally likely.
    pub fn alphanumeric(&self, length: usize) -> String {
        self.pick(ALPHANUMERIC, length)
    }

    /// Makes bytes.
    pub(crate) fn bytes<const N: usize>(&self) -> [u8; N] {
        self.with(|generator| std::array::from_fn(|_| generator.random_range(0..=u8::MAX)))
    }

    /// Calls `work` with a generator.
    pub(crate) fn with<T>(&self, work: impl FnOnce(&mut dyn CryptoRng) -> T) -> T {
        match &self.0 {
            Source::System => {
                #[expect(
                    clippy::disallowed_methods,
                    reason = "the one place that asks for randomness"
                )]
                let mut generator = rand::rng();
                work(&mut generator)
            }
            Source::Seeded(generator) => {
                let mut generator = generator.lock().unwrap_or_else(PoisonError::into_inner);
                work(&mut *generator)
            }
        }
    }

    fn pick(&self, symbols: &[u8], length: usize) -> String {
        self.with(|generator| {
            (0..length)
                .map(|_| char::from(symbols[generator.random_range(0..symbols.len())]))
                .collect()
        })
    }
}

/// Shows the kind of source, and never its state.
impl fmt::Debug for Random {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Source::System => "Random::System",
            Source::Seeded(_) => "Random::Seeded",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_keys() {
        let random = Random::system();
        let is_id = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        assert!((0..100).all(|_| random.id().len() == 15 && random.id().chars().all(is_id)));
        assert_eq!(random.alphanumeric(50).len(), 50);
        assert!(
            random
                .alphanumeric(500)
                .bytes()
                .any(|byte| byte.is_ascii_uppercase())
        );
        assert_ne!(random.id(), random.id());
    }

    #[test]
    fn a_seed_decides_the_sequence() {
        let ids = |seed| {
            let random = Random::seeded(seed);
            [random.id(), random.clone().id(), random.id()]
        };
        assert_eq!(ids(1), ids(1));
        assert_ne!(ids(1), ids(2));
        let [first, second, third] = ids(1);
        assert!(first != second && second != third);
    }
}
