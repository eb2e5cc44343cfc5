//! Background tasks that outlive their panics, and threads for special work: of low priority, or with a deep stack.

use std::io;
use std::num::NonZero;
use std::panic::AssertUnwindSafe;
use std::thread;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::runtime::{self, Runtime};
use tokio::task::JoinError;
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

/// How far the priority of [`LowPriority`]'s threads is lowered, in the operating system's terms: from 0, the usual one, to
/// 19, the lowest.
#[cfg(target_os = "linux")]
const NICE: i32 = 15;

/// Threads for work that others should not wait for: half as many as there are cores, and of low priority, so that they
/// leave the cores to requests that come meanwhile.
#[derive(Debug)]
pub(crate) struct LowPriority(Option<Runtime>);

impl LowPriority {
    /// Starts no thread yet.
    pub(crate) fn new() -> Self {
        let runtime = runtime::Builder::new_current_thread()
            .thread_name("low-priority")
            .max_blocking_threads(half_of_the_cores())
            .on_thread_start(lower_priority)
            .build();
        Self(runtime.ok())
    }

    /// Runs work on one of the threads, as soon as one is free.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, JoinError> {
        match &self.0 {
            Some(runtime) => runtime.spawn_blocking(work).await,
            None => tokio::task::spawn_blocking(work).await,
        }
    }
}

impl Drop for LowPriority {
    fn drop(&mut self) {
        // Dropping a runtime waits for its threads, which asynchronous code must not do.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

fn half_of_the_cores() -> usize {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    (cores / 2).max(1)
}

fn lower_priority() {
    // On Linux the priority is the thread's, elsewhere it is the process's.
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, NICE) {
        tracing::debug!(%error, "a thread keeps its priority");
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::future::join_all;

    use super::*;

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        let runtime = runtime::Builder::new_current_thread().build();
        runtime.expect("a runtime").block_on(future)
    }

    #[test]
    fn n72_large_work_leaves_half_of_the_cores_free() {
        let threads = LowPriority::new();
        let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let works = (0..16).map(|number| {
            let (running, most) = (Arc::clone(&running), Arc::clone(&most));
            threads.run(move || {
                most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                thread::sleep(Duration::from_millis(5));
                running.fetch_sub(1, Ordering::SeqCst);
                number
            })
        });
        let done = block_on(join_all(works));
        assert_eq!(done.into_iter().map(Result::unwrap).sum::<usize>(), 120);
        assert!(most.load(Ordering::SeqCst) <= half_of_the_cores());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn n72_large_work_gives_way_to_others() {
        let priority = || rustix::process::getpriority_process(None).unwrap();
        let usual = priority();
        let lowered = block_on(LowPriority::new().run(priority)).unwrap();
        assert_eq!((lowered, priority()), (NICE.max(usual), usual));
    }

    #[test]
    fn a_panic_ends_only_its_own_work() {
        let threads = LowPriority::new();
        assert!(block_on(threads.run(|| panic!("on purpose"))).is_err());
        assert_eq!(block_on(threads.run(|| 1)).unwrap(), 1);
    }
}
