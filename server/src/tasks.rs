//! Background tasks that outlive their panics, and threads with a deep stack.

use std::io;
use std::panic::AssertUnwindSafe;
use std::thread;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::time::sleep;

/// The pause before a task that panicked is started again.
const PAUSE: Duration = Duration::from_secs(1);
/// The size of a deep stack: the deepest SQL query that is parsed takes less by far.
const DEEP_STACK: usize = 32 << 20;

/// Runs a task to its end; starts it again when it panics.
pub async fn supervise<F: Future<Output = ()>>(task: impl Fn() -> F) {
    while AssertUnwindSafe(task()).catch_unwind().await.is_err() {
        tracing::error!("a background task panicked and is started again");
        sleep(PAUSE).await;
    }
}

/// Runs recursive work on a thread with a deep stack. Fails when there is no room for one.
pub(crate) fn on_deep_stack<T: Send>(work: impl FnOnce() -> T + Send) -> io::Result<T> {
    thread::scope(|scope| {
        let thread = thread::Builder::new().stack_size(DEEP_STACK);
        let thread = thread.spawn_scoped(scope, work)?;
        let outcome = thread.join();
        Ok(outcome.unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    })
}
