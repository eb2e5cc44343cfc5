//! Says what a start waits for.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context;

/// How often it is said.
const INTERVAL: Duration = Duration::from_secs(5);

/// Writes a line into the log every few seconds, until it is dropped.
pub(super) struct Waiting {
    what: Arc<Mutex<&'static str>>,
    _ends: Sender<()>,
}

impl Waiting {
    pub(super) fn begin() -> anyhow::Result<Self> {
        let what = Arc::new(Mutex::new("the database"));
        let (ends, ended) = channel();
        let awaited = Arc::clone(&what);
        std::thread::Builder::new()
            .name("waiting".to_owned())
            .spawn(move || {
                while ended.recv_timeout(INTERVAL) == Err(RecvTimeoutError::Timeout) {
                    let what = *awaited.lock().unwrap_or_else(PoisonError::into_inner);
                    tracing::warn!("still waiting for {what}");
                }
            })
            .context("cannot start a thread")?;
        Ok(Self { what, _ends: ends })
    }

    /// Notes what is waited for from now on.
    pub(super) fn is_for(&self, what: &'static str) {
        *self.what.lock().unwrap_or_else(PoisonError::into_inner) = what;
    }
}
