//! Background tasks that outlive their panics.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::time::sleep;

/// The pause before a task that panicked is started again.
const PAUSE: Duration = Duration::from_secs(1);

/// Runs a task to its end; starts it again when it panics.
pub async fn supervise<F: Future<Output = ()>>(task: impl Fn() -> F) {
    while AssertUnwindSafe(task()).catch_unwind().await.is_err() {
        tracing::error!("a background task panicked and begins anew");
        sleep(PAUSE).await;
    }
}
