//! The queue of events to a client. Putting an event into it never blocks.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use actix_web::web::Bytes;
use futures_util::Stream;
use futures_util::stream::unfold;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use crate::error::Error;

/// The maximum size of a queue. A client that lags behind further is disconnected.
const MAX_BYTES: usize = 8 << 20;
const MAX_FRAMES: usize = 20_000;
/// How many bytes are sent at once.
const CHUNK: usize = 64 << 10;
/// The lifetime of a stream without events, and of any stream: clients reconnect by themselves, and authenticate
/// again.
const MAX_IDLE: Duration = Duration::from_secs(5 * 60);
pub(super) const MAX_AGE: Duration = Duration::from_secs(30 * 60);
/// How often a comment line is sent: it detects clients that are gone, and keeps proxies from closing the connection.
const BEAT: Duration = Duration::from_secs(25);

/// One event.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    pub(super) event: Arc<str>,
    pub(super) data: Arc<Data>,
}

/// The data of an event, shared by all clients that receive it.
#[derive(Debug)]
pub(super) struct Data {
    bytes: Vec<u8>,
    total: Total,
}

/// The number of bytes that wait for all clients together.
#[derive(Clone, Debug, Default)]
pub(super) struct Total(Arc<AtomicUsize>);

impl Total {
    /// Returns the number of bytes.
    pub(super) fn bytes(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl Data {
    /// Makes data that counts towards the total while any client waits for it.
    pub(super) fn new(bytes: Vec<u8>, total: &Total) -> Arc<Self> {
        total.0.fetch_add(bytes.len(), Ordering::Relaxed);
        let total = total.clone();
        Arc::new(Self { bytes, total })
    }
}

impl Drop for Data {
    fn drop(&mut self) {
        self.total.0.fetch_sub(self.bytes.len(), Ordering::Relaxed);
    }
}

/// The events that wait to be sent to one client.
#[derive(Debug, Default)]
pub(super) struct Queue {
    waiting: Mutex<Waiting>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    /// A frame that is sent in part.
    begun: Option<(Frame, usize)>,
    frames: VecDeque<Frame>,
    bytes: usize,
    closed: bool,
    /// When the stream ends at the latest.
    ends: Option<Instant>,
}

impl Queue {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Appends a frame. If too much waits already, ends the stream and returns `false`.
    pub(super) fn push(&self, frame: Frame) -> bool {
        let mut waiting = self.waiting();
        if waiting.closed {
            return true;
        }
        let is_full = waiting.frames.len() >= MAX_FRAMES || waiting.bytes >= MAX_BYTES;
        if is_full {
            *waiting = Waiting {
                closed: true,
                ..Waiting::default()
            };
        } else {
            waiting.bytes += frame.data.bytes.len();
            waiting.frames.push_back(frame);
        }
        drop(waiting);
        self.changed.notify_one();
        !is_full
    }

    /// Returns the number of waiting bytes.
    pub(super) fn bytes(&self) -> usize {
        self.waiting().bytes
    }

    /// Whether the stream has ended, or ends after the waiting frames.
    pub(super) fn is_closed(&self) -> bool {
        self.waiting().closed
    }

    /// Ends the stream, and drops the waiting frames.
    pub(super) fn abandon(&self) {
        *self.waiting() = Waiting {
            closed: true,
            ..Waiting::default()
        };
        self.changed.notify_one();
    }

    /// Ends the stream after this time at the latest.
    pub(super) fn end_after(&self, duration: Option<Duration>) {
        self.waiting().ends = duration.map(|duration| Instant::now() + duration);
        self.changed.notify_one();
    }

    /// Ends the stream after the waiting frames.
    pub(super) fn close(&self) {
        self.waiting().closed = true;
        self.changed.notify_one();
    }

    /// Returns the next bytes to send; `None` at the end. A large event is sent in pieces, so that no more of it is
    /// copied than the client reads.
    fn take(&self, id: &str) -> Option<Vec<u8>> {
        let mut waiting = self.waiting();
        let mut out = Vec::new();
        while out.len() < CHUNK
            && let Some((frame, at)) = waiting.next()
        {
            if at == 0 {
                for part in [b"id:", id.as_bytes(), b"\nevent:", frame.event.as_bytes()] {
                    out.extend_from_slice(part);
                }
                out.extend_from_slice(b"\ndata:");
            }
            let data = &frame.data.bytes;
            let end = data.len().min(at + CHUNK);
            out.extend_from_slice(&data[at..end]);
            if end < data.len() {
                waiting.begun = Some((frame, end));
            } else {
                waiting.bytes -= data.len();
                out.extend_from_slice(b"\n\n");
            }
        }
        (!(waiting.closed && out.is_empty())).then_some(out)
    }
}

impl Waiting {
    /// Returns the next frame, and the offset in its data.
    fn next(&mut self) -> Option<(Frame, usize)> {
        let begun = self.begun.take();
        begun.or_else(|| Some((self.frames.pop_front()?, 0)))
    }
}

/// The receiving end of a queue. `_guard` is dropped when the client is gone.
pub(super) struct Reader<G> {
    pub(super) id: String,
    pub(super) queue: Arc<Queue>,
    pub(super) _guard: G,
}

impl<G: 'static> Reader<G> {
    /// The stream of bytes to the client.
    pub(super) fn stream(self) -> impl Stream<Item = Result<Bytes, Error>> + 'static {
        let now = Instant::now();
        let state = Sending {
            reader: self,
            ends: now + MAX_AGE,
            idle: now + MAX_IDLE,
        };
        unfold(state, |mut state| async move {
            let bytes = state.next().await?;
            Some((Ok(bytes), state))
        })
    }
}

struct Sending<G> {
    reader: Reader<G>,
    ends: Instant,
    idle: Instant,
}

impl<G> Sending<G> {
    async fn next(&mut self) -> Option<Bytes> {
        let beat = Instant::now() + BEAT;
        loop {
            let now = Instant::now();
            if now >= self.ends {
                return None;
            }
            let out = self.reader.queue.take(&self.reader.id)?;
            if !out.is_empty() {
                self.idle = now + MAX_IDLE;
                return Some(out.into());
            }
            let with_token = self.reader.queue.waiting().ends;
            let ends = self.ends.min(self.idle);
            let ends = with_token.map_or(ends, |with_token| ends.min(with_token));
            if now >= ends {
                return None;
            }
            if now >= beat {
                return Some(Bytes::from_static(b":\n"));
            }
            // The time limit is checked above.
            let changed = self.reader.queue.changed.notified();
            let _ = timeout_at(ends.min(beat), changed).await;
        }
    }
}
