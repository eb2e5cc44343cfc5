//! Clients that subscribe to all records of a table, and count what they hear.

use std::cell::Cell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::Method;
use hyper::body::Incoming;
use serde_json::json;
use tokio::task::JoinSet;

use crate::http::{Connection, get};
use crate::schema::Table;

const HEARD_WITHIN: Duration = Duration::from_secs(60);

/// They listen until they are dropped.
pub(crate) struct Subscribers {
    count: u64,
    heard: Rc<Cell<u64>>,
    _listening: JoinSet<()>,
}

impl Subscribers {
    pub(crate) async fn listen(address: SocketAddr, table: Table, count: usize) -> Result<Self> {
        let topic = format!("{}/*", table.name());
        let heard = Rc::new(Cell::new(0));
        let mut listening = JoinSet::new();
        let mut calls = Connection::open(address, None).await?;
        for _ in 0..count {
            let mut connection = Connection::open(address, None).await?;
            let mut events = connection.stream(get("/api/realtime")).await?.into_body();
            let first = next(&mut events).await.context("no first event")?;
            let client = client_id(&first).context("the first event has no id")?;
            let body = json!({"clientId": client, "subscriptions": [&topic]});
            calls.call(Method::POST, "/api/realtime", &body).await?;
            let heard = Rc::clone(&heard);
            listening.spawn_local(async move {
                // The connection is kept as long as it is heard.
                let _connection = connection;
                let mut counter = Counter::default();
                while let Some(bytes) = next(&mut events).await {
                    heard.set(heard.get() + counter.events(&bytes));
                }
            });
        }
        Ok(Self {
            count: count.try_into()?,
            heard,
            _listening: listening,
        })
    }

    /// Waits until everybody has heard of so many records.
    pub(crate) async fn hear(&self, records: u64) -> Result<()> {
        let expected = self.count * records;
        let since = Instant::now();
        while self.heard.get() < expected && since.elapsed() < HEARD_WITHIN {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let heard = self.heard.get();
        ensure!(
            heard == expected,
            "{heard} events instead of {expected} were heard"
        );
        Ok(())
    }
}

async fn next(events: &mut Incoming) -> Option<Bytes> {
    events.frame().await?.ok()?.into_data().ok()
}

fn client_id(event: &[u8]) -> Option<&str> {
    let event = std::str::from_utf8(event).ok()?;
    event
        .lines()
        .find_map(|line| line.strip_prefix("id:"))
        .map(str::trim)
}

/// Counts events, which end with an empty line, however they are cut to pieces.
#[derive(Default)]
struct Counter {
    /// The first byte of the event that is under way; a colon begins a mere sign of life.
    first: Option<u8>,
    last: u8,
}

impl Counter {
    fn events(&mut self, bytes: &[u8]) -> u64 {
        let mut events = 0;
        for &byte in bytes {
            if byte == b'\n' && self.last == b'\n' {
                events += u64::from(self.first.is_some_and(|first| first != b':'));
                self.first = None;
            } else if self.first.is_none() {
                self.first = Some(byte);
            }
            self.last = byte;
        }
        events
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_counted_wherever_they_are_cut() {
        let stream = b"id:1\nevent:posts/*\ndata:{}\n\n: alive\n\nid:2\nevent:posts/*\ndata:{}\n\n";
        for size in 1..stream.len() {
            let mut counter = Counter::default();
            let events: u64 = stream.chunks(size).map(|part| counter.events(part)).sum();
            assert_eq!(events, 2, "in pieces of {size}");
        }
    }

    #[test]
    fn the_first_event_says_who_one_is() {
        let event = b"id:abc\nevent:PB_CONNECT\ndata:{\"clientId\":\"abc\"}\n\n";
        assert_eq!(client_id(event), Some("abc"));
    }
}
