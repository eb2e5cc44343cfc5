//! Reads `multipart/form-data` while it arrives.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use actix_web::http::header::{ContentDisposition, HeaderValue};
use actix_web::web::Bytes;
use futures_util::stream;
use multer::{Field, Multipart};
use tokio::sync::mpsc::{Sender, channel};

use super::form::Form;
use super::incoming::Incoming;
use crate::error::{Error, Result};
use crate::files::Spool;

/// The maximum number of parts.
const MAX_PARTS: usize = 1_000;

/// The maximum number of bytes of a part's headers.
const MAX_HEADERS: usize = 64 << 10;

/// The maximum number of bytes of the body that are parsed at once.
const MAX_PIECE: usize = 16 << 10;

/// The maximum number of bytes of all files together that are kept in memory, if the budget has room.
const MAX_MEMORY: usize = 1 << 20;

/// Reads the form; returns `None` if it is malformed. All texts together may have `max_texts` bytes.
pub(super) async fn read(
    incoming: &mut Incoming,
    content_type: &str,
    max_texts: usize,
) -> Result<Option<Form>> {
    let Ok(boundary) = multer::parse_boundary(content_type) else {
        return Ok(None);
    };
    let (mut parser, mut feed) = parser(incoming, boundary);
    let mut left = max_texts;
    // Nothing until there is a file.
    let mut memory = None;
    let mut form = Form::default();
    for _ in 0..=MAX_PARTS {
        let part = match feed.until(parser.next_field(), MAX_HEADERS).await? {
            Ok(Some(part)) => part,
            Ok(None) => return Ok(Some(form)),
            Err(_) => break,
        };
        let (name, file) = names(&part);
        let words = name.len() + file.as_ref().map_or(0, String::len);
        left = left.checked_sub(words).ok_or(Error::TooLarge)?;
        feed.incoming.share.take(words)?;
        if let Some(file) = file {
            let room = memory.unwrap_or_else(|| {
                let has_room = feed.incoming.share.take(MAX_MEMORY).is_ok();
                if has_room { MAX_MEMORY } else { 0 }
            });
            let Some(spool) = spool(&mut feed, part, room).await? else {
                break;
            };
            let upload = spool.finish(name, file).await.map_err(Error::internal)?;
            memory = Some(room - upload.in_memory().min(room));
            form.uploads.push(upload);
        } else {
            let Some(text) = text(&mut feed, part, &mut left).await? else {
                break;
            };
            form.fields.push((name, text));
        }
    }
    Ok(None)
}

/// Returns the name of a part, and the name of its file if it has one.
fn names(part: &Field<'_>) -> (String, Option<String>) {
    let header = part.headers().get("content-disposition");
    let header = header.and_then(|value| HeaderValue::from_bytes(value.as_bytes()).ok());
    let header = header.and_then(|value| ContentDisposition::from_raw(&value).ok());
    let Some(header) = header else {
        return (String::new(), None);
    };
    let encoded = header
        .get_filename_ext()
        .and_then(|name| String::from_utf8(name.value.clone()).ok());
    let file = encoded.or_else(|| header.get_filename().map(str::to_owned));
    let name = header.get_name().unwrap_or_default().to_owned();
    (name, file.filter(|file| !file.is_empty()))
}

async fn spool(feed: &mut Feed<'_>, mut part: Field<'_>, memory: usize) -> Result<Option<Spool>> {
    let mut spool = Spool::within(memory);
    loop {
        match feed.until(part.chunk(), usize::MAX).await? {
            Ok(Some(piece)) => spool.push(&piece).await.map_err(Error::internal)?,
            Ok(None) => return Ok(Some(spool)),
            Err(_) => return Ok(None),
        }
    }
}

async fn text(
    feed: &mut Feed<'_>,
    mut part: Field<'_>,
    left: &mut usize,
) -> Result<Option<String>> {
    let mut text = Vec::new();
    loop {
        match feed.until(part.chunk(), usize::MAX).await? {
            Ok(Some(piece)) => {
                *left = left.checked_sub(piece.len()).ok_or(Error::TooLarge)?;
                feed.incoming.share.take(piece.len())?;
                text.extend_from_slice(&piece);
            }
            Ok(None) => return Ok(String::from_utf8(text).ok()),
            Err(_) => return Ok(None),
        }
    }
}

fn parser(incoming: &mut Incoming, boundary: String) -> (Multipart<'static>, Feed<'_>) {
    let (pieces, mut given) = channel::<Bytes>(1);
    let given = stream::poll_fn(move |context| {
        let piece = given.poll_recv(context);
        piece.map(|piece| piece.map(Ok::<_, multer::Error>))
    });
    let feed = Feed {
        incoming,
        rest: Bytes::new(),
        pieces: Some(pieces),
    };
    (Multipart::new(given, boundary), feed)
}

/// Gives the parser the next piece only when it has used up the previous one: it keeps its input, and searches all of it
/// again for the end of the headers.
struct Feed<'a> {
    incoming: &'a mut Incoming,
    rest: Bytes,
    pieces: Option<Sender<Bytes>>,
}

impl Feed<'_> {
    /// Polls the parser with about so many more bytes at most.
    async fn until<T>(
        &mut self,
        parsing: impl Future<Output = multer::Result<T>>,
        most: usize,
    ) -> Result<multer::Result<T>> {
        let mut parsing = pin!(parsing);
        let mut given = 0;
        loop {
            let once = poll_fn(|context| Poll::Ready(parsing.as_mut().poll(context)));
            if let Poll::Ready(parsed) = once.await {
                return Ok(parsed);
            }
            if self.pieces.is_none() || given > most {
                return Ok(Err(multer::Error::IncompleteStream));
            }
            given += self.give().await?;
        }
    }

    async fn give(&mut self) -> Result<usize> {
        if self.rest.is_empty() {
            match self.incoming.next().await? {
                Some(piece) => self.rest = piece,
                None => self.pieces = None,
            }
        }
        let piece = self.rest.split_to(self.rest.len().min(MAX_PIECE));
        let length = piece.len();
        if let Some(pieces) = &self.pieces {
            // It takes one piece at a time, and has taken the last.
            let _ = pieces.send(piece).await;
        }
        Ok(length)
    }
}
