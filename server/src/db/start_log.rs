//! Logs what the start of the server waits for.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context;

/// The time between two lines.
const INTERVAL: Duration = Duration::from_secs(5);

/// Logs a line every few seconds until it is dropped.
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

    /// Sets what the start waits for from now on.
    pub(super) fn is_for(&self, what: &'static str) {
        *self.what.lock().unwrap_or_else(PoisonError::into_inner) = what;
    }
}
