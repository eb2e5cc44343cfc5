//! Hashes of passwords: argon2id for new ones; bcrypt, which other servers made, is still understood.

use std::sync::atomic::{AtomicU64, Ordering};

use argon2::Argon2;
use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Semaphore;

use crate::error::{Error, Result};

/// Hashes passwords on a few threads of its own: each hash takes a core and 19 MiB for a while.
pub struct Hasher {
    /// Of which only the threads that may wait are used.
    threads: Option<Runtime>,
    /// How many were hashed or compared.
    done: AtomicU64,
    /// Places for those that are hashed, and for those that wait.
    places: Semaphore,
}

/// Who finds this many waiting is sent away: their turn would come too late.
const MAX_WAITING: usize = 128;

/// What comparing a password with a hash says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is another password.
    Wrong,
    /// It is the one.
    Right,
    /// It is the one, and the hash is of a kind that should be replaced.
    Outdated,
}

/// A hash of nobody's password, to take as long for accounts that do not exist.
const NOBODYS: &str = "$argon2id$v=19$m=19456,t=2,p=1$VE0e3g7DalWHgDwou3nuRA$uC6TER156UQpk0lNQ5+jHM0l5poVjPA1he/Tyn9J4Zw";

impl Hasher {
    /// Hashes on `threads` threads at most.
    pub fn new(threads: usize) -> std::io::Result<Self> {
        let threads = threads.max(1);
        let runtime = Builder::new_current_thread()
            .max_blocking_threads(threads)
            .thread_name("hasher")
            .build()?;
        Ok(Self {
            threads: Some(runtime),
            done: AtomicU64::new(0),
            places: Semaphore::new(threads + MAX_WAITING),
        })
    }

    /// The hash of a password.
    pub async fn hash(&self, password: String) -> Result<String> {
        self.run(move || {
            let hash = Argon2::default().hash_password(password.as_bytes());
            let hash: PasswordHash =
                hash.map_err(|error| Error::internal(anyhow::anyhow!("{error}")))?;
            Ok(hash.to_string())
        })
        .await
    }

    /// Compares a password with a hash. Without a hash it takes as long and is wrong.
    pub async fn verify(&self, password: String, hash: String) -> Result<Verdict> {
        self.run(move || Ok(verify(&password, &hash))).await
    }

    /// How many passwords were hashed or compared since the start.
    pub fn count(&self) -> u64 {
        self.done.load(Ordering::Relaxed)
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let _place = self.places.try_acquire().map_err(|_| Error::Unavailable)?;
        let threads = self.threads.as_ref().ok_or(Error::Unavailable)?;
        self.done.fetch_add(1, Ordering::Relaxed);
        let hashed = threads.spawn_blocking(work).await;
        hashed.map_err(Error::internal)?
    }
}

impl Drop for Hasher {
    /// Whoever lets go of it last may be a thread that must not wait for the others.
    fn drop(&mut self) {
        if let Some(threads) = self.threads.take() {
            threads.shutdown_background();
        }
    }
}

fn verify(password: &str, hash: &str) -> Verdict {
    if hash.starts_with("$2") {
        return match bcrypt::verify(password, hash) {
            Ok(true) => Verdict::Outdated,
            Ok(false) | Err(_) => Verdict::Wrong,
        };
    }
    let is_nobody = hash.is_empty();
    let hash = if is_nobody { NOBODYS } else { hash };
    let matches = PasswordHash::new(hash).is_ok_and(|hash| {
        Argon2::default()
            .verify_password(password.as_bytes(), &hash)
            .is_ok()
    });
    if matches && !is_nobody {
        Verdict::Right
    } else {
        Verdict::Wrong
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_of_hashes() {
        let bcrypt = bcrypt::hash("secret", 4).unwrap();
        assert_eq!(verify("secret", &bcrypt), Verdict::Outdated);
        assert_eq!(verify("other", &bcrypt), Verdict::Wrong);
        let hash: PasswordHash = Argon2::default().hash_password(b"secret").unwrap();
        assert_eq!(verify("secret", &hash.to_string()), Verdict::Right);
        assert_eq!(verify("other", &hash.to_string()), Verdict::Wrong);
        assert_eq!(verify("", ""), Verdict::Wrong);
        assert!(PasswordHash::new(NOBODYS).is_ok());
    }
}
