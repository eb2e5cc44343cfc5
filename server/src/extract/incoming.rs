//! A request body while it arrives, with limits of its size and a minimum of its speed.

use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::web::Bytes;
use futures_util::StreamExt;
use tokio::time::{Instant, timeout_at};

use crate::budget::Share;
use crate::error::{Error, GENERIC, Result};

/// The window of time in which the speed is measured.
const WINDOW: Duration = Duration::from_secs(10);
/// The minimum of bytes in each window: 1 KiB a second.
const LEAST: usize = 10 << 10;
/// The part of the memory held by the body that must arrive in each window: a slow client cannot hold much memory.
const PART: usize = 30;

/// A request body while it arrives.
pub(super) struct Incoming {
    payload: Payload,
    /// How many more bytes are allowed.
    pub(super) left: usize,
    /// The memory that the body takes.
    pub(super) share: Share,
    window_ends: Instant,
    came: usize,
}

impl Incoming {
    pub(super) fn new(payload: Payload, most: usize, share: Share) -> Self {
        Self {
            payload,
            left: most,
            share,
            window_ends: Instant::now() + WINDOW,
            came: 0,
        }
    }

    /// Returns the next bytes, or `None` at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>> {
        let piece = loop {
            match timeout_at(self.window_ends, self.payload.next()).await {
                Ok(piece) => break piece,
                Err(_) => self.next_window()?,
            }
        };
        let piece = piece.transpose().map_err(|_| Error::invalid(GENERIC))?;
        let length = piece.as_ref().map_or(0, Bytes::len);
        self.left = self.left.checked_sub(length).ok_or(Error::TooLarge)?;
        self.came += length;
        Ok(piece)
    }

    fn next_window(&mut self) -> Result<()> {
        if self.came < LEAST.max(self.share.held() / PART) {
            return Err(Error::invalid("The request's body took too long."));
        }
        self.came = 0;
        self.window_ends = Instant::now() + WINDOW;
        Ok(())
    }
}
