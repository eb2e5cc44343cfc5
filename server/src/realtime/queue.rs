//! What waits to be sent to a client. Whoever fills it never waits.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use actix_web::web::Bytes;
use futures_util::Stream;
use futures_util::stream::unfold;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use crate::clock::Moment;
use crate::error::Error;

/// How much may wait. A client that lags behind further is cut off.
const MAX_BYTES: usize = 8 << 20;
const MAX_FRAMES: usize = 20_000;
/// How much is sent at once.
const CHUNK: usize = 64 << 10;
/// A stream in which nothing happens ends, and so does every stream some time: clients connect anew by themselves,
/// and say again who they are.
const MAX_IDLE: Duration = Duration::from_secs(5 * 60);
const MAX_AGE: Duration = Duration::from_secs(30 * 60);
/// How often a line is sent that means nothing: it finds out who has gone, and keeps proxies from closing.
const BEAT: Duration = Duration::from_secs(25);

/// One event.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    pub(super) event: Arc<str>,
    pub(super) data: Arc<Data>,
}

/// The data of an event, which all clients share that get it.
#[derive(Debug)]
pub(super) struct Data {
    bytes: Vec<u8>,
    total: Total,
}

/// The bytes of all data that waits for any client.
#[derive(Clone, Debug, Default)]
pub(super) struct Total(Arc<AtomicUsize>);

impl Total {
    /// How many there are.
    pub(super) fn bytes(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl Data {
    /// Data that counts towards the total for as long as a client waits for it.
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
    /// A frame of which a part is sent.
    begun: Option<(Frame, usize)>,
    frames: VecDeque<Frame>,
    bytes: usize,
    closed: bool,
    /// When the stream ends, in seconds since 1970.
    ends: Option<i64>,
}

impl Queue {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Appends a frame. Gives `false`, and ends the stream, when too much waits already.
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

    /// How many bytes wait.
    pub(super) fn bytes(&self) -> usize {
        self.waiting().bytes
    }

    /// Whether the stream has ended, or will after what waits.
    pub(super) fn is_closed(&self) -> bool {
        self.waiting().closed
    }

    /// Ends the stream, and forgets what waits.
    pub(super) fn abandon(&self) {
        *self.waiting() = Waiting {
            closed: true,
            ..Waiting::default()
        };
        self.changed.notify_one();
    }

    /// Ends the stream at this time, in seconds since 1970.
    pub(super) fn end_at(&self, ends: Option<i64>) {
        self.waiting().ends = ends;
        self.changed.notify_one();
    }

    /// How long the stream may still go on.
    fn lasts(&self) -> Duration {
        let ends = self.waiting().ends;
        let lasts = ends.map(|ends| ends.saturating_sub(Moment::now().unix()));
        lasts.map_or(MAX_AGE, |lasts| {
            Duration::from_secs(u64::try_from(lasts).unwrap_or(0))
        })
    }

    /// Ends the stream after what waits.
    pub(super) fn close(&self) {
        self.waiting().closed = true;
        self.changed.notify_one();
    }

    /// What waits, as far as it is sent at once; `None` at the end. A large event is sent in pieces, so that no more of it is copied for a
    /// client than the client reads.
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
    /// The frame to send next, and where to go on in its data.
    fn next(&mut self) -> Option<(Frame, usize)> {
        let begun = self.begun.take();
        begun.or_else(|| Some((self.frames.pop_front()?, 0)))
    }
}

/// The client's end of a queue. `_guard` is dropped when the client has gone.
pub(super) struct Reader<G> {
    pub(super) id: String,
    pub(super) queue: Arc<Queue>,
    pub(super) _guard: G,
}

impl<G: 'static> Reader<G> {
    /// The bytes that the client gets.
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
            let lasts = self.reader.queue.lasts();
            let ends = self.ends.min(self.idle).min(now + lasts);
            if now >= ends {
                return None;
            }
            if now >= beat {
                return Some(Bytes::from_static(b":\n"));
            }
            // The time limit is looked at above.
            let changed = self.reader.queue.changed.notified();
            let _ = timeout_at(ends.min(beat), changed).await;
        }
    }
}
