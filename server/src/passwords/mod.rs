//! Password hashes: argon2id for new ones. Hashes by bcrypt, which other servers make, can be verified.

pub(crate) mod common;
mod queue;

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use argon2::Argon2;
use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash};
use tokio::sync::oneshot;

use crate::error::{Error, Result, TOO_MANY};
pub use queue::Line;
use queue::Queue;

/// Hashes passwords on dedicated threads: each hash takes a core and 19 MiB for a while.
pub struct Hasher {
    shared: Arc<Shared>,
    /// The highest cost of bcrypt hashes, by the id of the collection; 0 if there are none.
    bcrypt_costs: Mutex<HashMap<String, u32>>,
}

struct Shared {
    state: Mutex<State>,
    has_work: Condvar,
    asked: AtomicU64,
    counts: Counts,
}

#[derive(Default)]
struct State {
    queue: Queue<Work>,
    is_closed: bool,
}

type Work = Box<dyn FnOnce(&Counts) + Send>;

/// How long a hash may wait for its turn.
const MAX_WAIT: Duration = Duration::from_secs(15);

/// The number of hashes that were computed.
#[derive(Debug, Default)]
pub struct Counts {
    /// By argon2id.
    pub argon2: AtomicU64,
    /// By bcrypt.
    pub bcrypt: AtomicU64,
}

/// The result of verifying a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The password is wrong.
    Wrong,
    /// The password is right.
    Right,
    /// The password is right, and its hash should be replaced by a better one.
    Outdated,
}

/// A hash of no known password: verifying it takes the same time for accounts that do not exist.
const NOBODYS: &str = "$argon2id$v=19$m=19456,t=2,p=1$VE0e3g7DalWHgDwou3nuRA$uC6TER156UQpk0lNQ5+jHM0l5poVjPA1he/Tyn9J4Zw";
/// A bcrypt hash of no known password, without the prefix for its cost.
const NOBODYS_BCRYPT: &str = ".....................................................";

impl Hasher {
    /// Starts a hasher with `threads` threads.
    pub fn new(threads: usize) -> std::io::Result<Self> {
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            has_work: Condvar::new(),
            asked: AtomicU64::new(0),
            counts: Counts::default(),
        });
        let hasher = Self {
            shared: Arc::clone(&shared),
            bcrypt_costs: Mutex::default(),
        };
        for _ in 0..threads.max(1) {
            let shared = Arc::clone(&shared);
            let thread = std::thread::Builder::new().name("hasher".to_owned());
            thread.spawn(move || shared.work())?;
        }
        Ok(hasher)
    }

    /// Hashes a password.
    pub async fn hash(&self, line: Line, password: String) -> Result<String> {
        self.run(line, move |counts| {
            counts.argon2.fetch_add(1, Ordering::Relaxed);
            let hash = Argon2::default().hash_password(password.as_bytes());
            let hash: PasswordHash =
                hash.map_err(|error| Error::internal(anyhow::anyhow!("{error}")))?;
            Ok(hash.to_string())
        })
        .await
    }

    /// Verifies a password against a hash of the collection; without a hash it is wrong. A wrong password takes the
    /// same work whatever the hash is: in collections with hashes by bcrypt, one of each kind.
    pub async fn verify(
        &self,
        line: Line,
        collection: &str,
        password: String,
        hash: String,
    ) -> Result<Verdict> {
        let cost = self.cost_with(collection, &hash);
        self.run(line, move |counts| {
            Ok(verify(counts, &password, &hash, cost))
        })
        .await
    }

    /// Whether the kinds of hashes of a collection are known.
    pub fn knows(&self, collection: &str) -> bool {
        self.costs().contains_key(collection)
    }

    /// Sets the highest cost of the bcrypt hashes in a collection; 0 if there are none.
    pub fn learn(&self, collection: &str, cost: u32) {
        self.costs().insert(collection.to_owned(), cost);
    }

    /// Returns the highest known cost, including that of `hash`: it may have been imported since.
    fn cost_with(&self, collection: &str, hash: &str) -> u32 {
        let cost = bcrypt_cost(hash);
        let mut costs = self.costs();
        let Some(known) = costs.get_mut(collection) else {
            return cost;
        };
        *known = cost.max(*known);
        *known
    }

    /// Returns the number of passwords that were hashed or verified since the start.
    pub fn count(&self) -> u64 {
        self.shared.asked.load(Ordering::Relaxed)
    }

    /// Returns the number of hashes that were computed.
    pub fn counts(&self) -> &Counts {
        &self.shared.counts
    }

    fn costs(&self) -> MutexGuard<'_, HashMap<String, u32>> {
        self.bcrypt_costs
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    async fn run<T: Send + 'static>(
        &self,
        line: Line,
        work: impl FnOnce(&Counts) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (answer, answered) = oneshot::channel();
        let work: Work = Box::new(move |counts| {
            // The client may be gone.
            if !answer.is_closed() {
                let _ = answer.send(work(counts));
            }
        });
        let has_room = self.shared.state().queue.push(line, work);
        if !has_room {
            return Err(Error::TooManyRequests(TOO_MANY));
        }
        self.shared.asked.fetch_add(1, Ordering::Relaxed);
        self.shared.has_work.notify_one();
        let answered = tokio::time::timeout(MAX_WAIT, answered).await;
        answered
            .map_err(|_| Error::Crowded)?
            .map_err(Error::internal)?
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Works until the hasher is dropped.
    fn work(&self) {
        loop {
            let mut state = self.state();
            let work = loop {
                if state.is_closed {
                    return;
                }
                match state.queue.pop() {
                    Some(work) => break work,
                    None => {
                        state = self
                            .has_work
                            .wait(state)
                            .unwrap_or_else(PoisonError::into_inner);
                    }
                }
            };
            drop(state);
            // The thread survives a panic; the waiting request finds its channel closed.
            let _ = catch_unwind(AssertUnwindSafe(|| work(&self.counts)));
        }
    }
}

impl Drop for Hasher {
    fn drop(&mut self) {
        self.shared.state().is_closed = true;
        self.shared.has_work.notify_all();
    }
}

/// Returns the cost of a bcrypt hash; 0 for another hash.
fn bcrypt_cost(hash: &str) -> u32 {
    let cost = hash.get(4..6).filter(|_| hash.starts_with("$2"));
    cost.and_then(|cost| cost.parse().ok()).unwrap_or_default()
}

/// Verifies a password. If it is wrong, adds the work that another kind of hash would have taken.
fn verify(counts: &Counts, password: &str, hash: &str, cost: u32) -> Verdict {
    let is_bcrypt = hash.starts_with("$2");
    let verdict = if is_bcrypt {
        by_bcrypt(counts, password, hash)
    } else {
        by_argon2(counts, password, hash)
    };
    if verdict == Verdict::Wrong {
        if is_bcrypt {
            by_argon2(counts, password, "");
        } else if cost > 0 {
            by_bcrypt(counts, password, &format!("$2b${cost:02}${NOBODYS_BCRYPT}"));
        }
    }
    verdict
}

fn by_bcrypt(counts: &Counts, password: &str, hash: &str) -> Verdict {
    counts.bcrypt.fetch_add(1, Ordering::Relaxed);
    match bcrypt::verify(password, hash) {
        Ok(true) => Verdict::Outdated,
        Ok(false) | Err(_) => Verdict::Wrong,
    }
}

fn by_argon2(counts: &Counts, password: &str, hash: &str) -> Verdict {
    counts.argon2.fetch_add(1, Ordering::Relaxed);
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

    fn verified(password: &str, hash: &str) -> Verdict {
        verify(&Counts::default(), password, hash, 0)
    }

    #[test]
    fn both_kinds_of_hashes() {
        let bcrypt = bcrypt::hash("secret", 4).unwrap();
        assert_eq!(bcrypt_cost(&bcrypt), 4);
        assert_eq!(verified("secret", &bcrypt), Verdict::Outdated);
        assert_eq!(verified("other", &bcrypt), Verdict::Wrong);
        let hash: PasswordHash = Argon2::default().hash_password(b"secret").unwrap();
        assert_eq!(verified("secret", &hash.to_string()), Verdict::Right);
        assert_eq!(verified("other", &hash.to_string()), Verdict::Wrong);
        assert_eq!(verified("", ""), Verdict::Wrong);
        assert!(PasswordHash::new(NOBODYS).is_ok());
    }

    #[test]
    fn n73_what_is_wrong_takes_one_hash_of_each_kind() {
        let bcrypt = bcrypt::hash("secret", 4).unwrap();
        let argon2: PasswordHash = Argon2::default().hash_password(b"secret").unwrap();
        for hash in [bcrypt, argon2.to_string(), String::new()] {
            let counts = Counts::default();
            assert_eq!(verify(&counts, "other", &hash, 4), Verdict::Wrong);
            let counts = [counts.argon2.into_inner(), counts.bcrypt.into_inner()];
            assert_eq!(counts, [1, 1], "{hash}");
        }
        // The dummy hash must be valid: an invalid one would take no time.
        let hash = format!("$2b$04${NOBODYS_BCRYPT}");
        assert!(matches!(bcrypt::verify("secret", &hash), Ok(false)));
    }
}
