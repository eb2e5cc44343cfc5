//! A way to a mail server that does not know `EHLO`.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// Says `HELO` where the client says `EHLO`, with which it always begins.
#[derive(Debug)]
pub(super) struct Old {
    stream: TcpStream,
    written: usize,
}

const GREETING: &[u8] = b"HELO";

impl Old {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self { stream, written: 0 }
    }
}

impl AsyncWrite for Old {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let left = GREETING.get(self.written..).unwrap_or_default();
        let instead = &left[..left.len().min(bytes.len())];
        let bytes = if instead.is_empty() { bytes } else { instead };
        let wrote = Pin::new(&mut self.stream).poll_write(context, bytes);
        if let Poll::Ready(Ok(count)) = &wrote {
            self.written = self.written.saturating_add(*count);
        }
        wrote
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

impl AsyncRead for Old {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncTokioStream for Old {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.stream.peer_addr()
    }
}
