//! A client's connection. It is closed when the client reads its response too slowly.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep};

use super::connections::{Counted, Standing};

/// How long a client may stall while data is waiting to be written.
const MAX_STALL: Duration = Duration::from_secs(30);
/// How many bytes a stalled client has to read in that time: half a kilobyte a second. A response takes memory until it is sent.
const LEAST: usize = 16 << 10;
/// The lifetime of a connection beyond the limits.
const MAX_TIME_BEYOND: Duration = Duration::from_secs(5);

pub(super) struct Stream {
    io: TcpStream,
    counted: Counted,
    /// The timer that runs while data is waiting to be written.
    stall: Option<Pin<Box<Sleep>>>,
    /// How many bytes the client has read since the timer was started.
    taken: usize,
    max_stall: Duration,
    /// The timer of a connection with a limited lifetime.
    end: Option<Pin<Box<Sleep>>>,
}

impl Stream {
    pub(super) fn new(io: TcpStream, counted: Counted) -> Self {
        let is_beyond = counted.standing == Standing::Beyond;
        Self {
            io,
            counted,
            stall: None,
            taken: 0,
            max_stall: MAX_STALL,
            end: is_beyond.then(|| Box::pin(sleep(MAX_TIME_BEYOND))),
        }
    }

    /// Whether the connection is within the limits.
    pub(super) fn standing(&self) -> Standing {
        self.counted.standing
    }

    fn has_ended(&mut self, context: &mut Context<'_>) -> bool {
        let end = self.end.as_mut();
        end.is_some_and(|end| end.as_mut().poll(context).is_ready())
    }

    /// Called when nothing more can be written. Tells whether the client has stalled for too long.
    fn is_stalled(&mut self, context: &mut Context<'_>) -> bool {
        let max_stall = self.max_stall;
        let taken = &mut self.taken;
        let stall = self.stall.get_or_insert_with(|| {
            *taken = 0;
            Box::pin(sleep(max_stall))
        });
        while stall.as_mut().poll(context).is_ready() {
            if *taken < LEAST {
                return true;
            }
            *taken = 0;
            stall.as_mut().reset(Instant::now() + max_stall);
        }
        false
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.io).poll_read(context, buffer);
        if read.is_pending() && self.has_ended(context) {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        read
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write(context, bytes);
        match &written {
            Poll::Ready(Ok(count)) if *count == bytes.len() => self.stall = None,
            Poll::Ready(Ok(count)) => self.taken += count,
            Poll::Pending if self.is_stalled(context) || self.has_ended(context) => {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            Poll::Ready(Err(_)) | Poll::Pending => {}
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::poll_fn;
    use tokio::net::{TcpListener, TcpStream};

    use super::super::connections::Connections;
    use super::*;

    /// The two ends of a connection; the first one waits this long for the other.
    async fn ends(max_stall: Duration) -> (Stream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let there = TcpStream::connect(listener.local_addr().unwrap());
        let (here, there) = futures_util::future::join(listener.accept(), there).await;
        let connections = Connections::of(&crate::config::Config::default());
        let (mut here, _) = connections.admit(here.unwrap().0).unwrap();
        here.max_stall = max_stall;
        (here, there.unwrap())
    }

    async fn write(stream: &mut Stream, bytes: &[u8]) -> io::Result<usize> {
        poll_fn(|context| Pin::new(&mut *stream).poll_write(context, bytes)).await
    }

    #[tokio::test]
    async fn n68_a_client_that_takes_nothing_is_let_go() {
        let (mut here, _there) = ends(Duration::from_millis(50)).await;
        let bytes = vec![0; 1 << 20];
        let failed = loop {
            if let Err(error) = write(&mut here, &bytes).await {
                break error;
            }
        };
        assert_eq!(failed.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn n68_a_client_that_is_slow_and_takes_enough_stays() {
        let (mut here, there) = ends(Duration::from_millis(200)).await;
        let reading = async {
            let mut buffer = vec![0; 1 << 20];
            for _ in 0..20 {
                tokio::time::sleep(Duration::from_millis(50)).await;
                there.readable().await.unwrap();
                let _ = there.try_read(&mut buffer);
            }
        };
        let bytes = vec![0; 1 << 20];
        let writing = async {
            loop {
                if let Err(error) = write(&mut here, &bytes).await {
                    break error;
                }
            }
        };
        let outcome = futures_util::future::select(Box::pin(reading), Box::pin(writing)).await;
        let futures_util::future::Either::Left(_) = outcome else {
            panic!("it was let go")
        };
    }
}
