//! A connection to a mail server that does not support `EHLO`.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// Replaces the `EHLO` with which the client always begins by `HELO`.
#[derive(Debug)]
pub(super) struct HeloStream {
    stream: TcpStream,
    written: usize,
}

const GREETING: &[u8] = b"HELO";

impl HeloStream {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self { stream, written: 0 }
    }
}

impl AsyncWrite for HeloStream {
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

impl AsyncRead for HeloStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncTokioStream for HeloStream {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.stream.peer_addr()
    }
}
