//! Limits of the number of connections: in total, and for each client address.
//!
//! A connection takes a file descriptor, and without any left the server could not open files or reach its database, so some
//! are reserved. A few connections beyond the limits are still accepted for a short time, for health probes only: otherwise
//! an attacker with many connections could make the operator's probes fail.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use actix_http::error::DispatchError;
use tokio::net::TcpStream;

use super::stream::Stream;
use crate::config::Config;
use crate::request::network;

/// The maximum number of connections, however many file descriptors there are.
const MOST: u64 = 16_384;
/// File descriptors that are reserved for everything but connections and the database: files, uploads, mails, jobs, the log.
const OTHERS: u64 = 64;
/// File descriptors of a database connection, including temporary files for sorting.
const OF_A_DATABASE_CONNECTION: u64 = 4;
/// How many connections beyond the limits are accepted for a short time.
const BEYOND: usize = 32;
/// How many of those one address may have.
const BEYOND_OF_ONE: usize = 16;
/// The response to a connection that is not accepted. It is written without reading a request.
const REFUSAL: &[u8] = b"HTTP/1.1 429 Too Many Requests\r\n\
    Content-Type: application/json\r\n\
    Retry-After: 5\r\n\
    Content-Length: 91\r\n\
    Connection: close\r\n\r\n\
    {\"data\":{},\"message\":\"There are too many connections, try again in a moment.\",\"status\":429}";

/// Counts connections; clones share it.
#[derive(Clone)]
pub(super) struct Connections(Arc<Inner>);

struct Inner {
    most: usize,
    most_of_one: usize,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    all: usize,
    beyond: usize,
    by_address: HashMap<IpAddr, Held>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Held {
    within: usize,
    beyond: usize,
}

/// Tells whether a connection is within the limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Within the limits.
    Within,
    /// Beyond the limits: only health probes are answered.
    Beyond,
}

/// A connection that is counted until this value is dropped.
pub(super) struct Counted {
    connections: Connections,
    address: IpAddr,
    pub(super) standing: Standing,
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut open = self.connections.open();
        match self.standing {
            Standing::Within => open.all -= 1,
            Standing::Beyond => open.beyond -= 1,
        }
        let Some(held) = open.by_address.get_mut(&self.address) else {
            return;
        };
        match self.standing {
            Standing::Within => held.within -= 1,
            Standing::Beyond => held.beyond -= 1,
        }
        if held.within == 0 && held.beyond == 0 {
            open.by_address.remove(&self.address);
        }
    }
}

impl Connections {
    /// Reads the limits from the configuration; without any, derives them from the number of file descriptors.
    pub(super) fn of(config: &Config) -> Self {
        let database = u64::from(config.database_connections) * OF_A_DATABASE_CONNECTION;
        let files = rlimit::Resource::NOFILE.get_soft().unwrap_or(1024);
        let most = usize::try_from(affordable(files, OTHERS + database)).unwrap_or(usize::MAX);
        let most = match config.max_connections {
            0 => most,
            wanted => wanted.min(most),
        };
        let most_of_one = match config.max_connections_per_address {
            0 => most.div_ceil(2),
            wanted => wanted.min(most),
        };
        Self::with(most, most_of_one)
    }

    fn with(most: usize, most_of_one: usize) -> Self {
        Self(Arc::new(Inner {
            most,
            most_of_one,
            open: Mutex::default(),
        }))
    }

    /// Accepts a connection, or answers that there are too many.
    pub(super) fn admit(
        &self,
        io: TcpStream,
    ) -> Result<(Stream, Option<SocketAddr>), DispatchError> {
        let peer = io.peer_addr()?;
        let Some(counted) = self.count(network(peer.ip())) else {
            // The client may not read it, which is no concern of ours.
            let _ = io.try_write(REFUSAL);
            return Err(DispatchError::Io(
                std::io::ErrorKind::ConnectionRefused.into(),
            ));
        };
        Ok((Stream::new(io, counted), Some(peer)))
    }

    fn count(&self, address: IpAddr) -> Option<Counted> {
        let mut open = self.open();
        let held = open.by_address.get(&address).copied().unwrap_or_default();
        let standing = if open.all < self.0.most && held.within < self.0.most_of_one {
            open.all += 1;
            open.by_address.entry(address).or_default().within += 1;
            Standing::Within
        } else if open.beyond < BEYOND && held.beyond < BEYOND_OF_ONE {
            open.beyond += 1;
            open.by_address.entry(address).or_default().beyond += 1;
            Standing::Beyond
        } else {
            return None;
        };
        Some(Counted {
            connections: self.clone(),
            address,
            standing,
        })
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the number of connections that `files` file descriptors allow when `others` are reserved.
fn affordable(files: u64, others: u64) -> u64 {
    let beyond = BEYOND as u64;
    let most = files.saturating_sub(others + beyond);
    // If file descriptors are scarce, connections get half of them.
    most.max(files / 2).clamp(1, MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        network(text.parse().unwrap())
    }

    #[test]
    fn n79_one_address_leaves_connections_to_others() {
        let connections = Connections::with(6, 4);
        let open = |text| -> Vec<_> {
            let more = || connections.count(address(text));
            let within = |counted: &Counted| counted.standing == Standing::Within;
            std::iter::from_fn(more).take_while(within).collect()
        };
        let one = open("10.0.0.1");
        let two = open("10.0.0.2");
        assert_eq!((one.len(), two.len()), (4, 2));
        drop(one);
        // One network is one address.
        let first = open("2001:db8::1");
        assert_eq!((first.len(), open("2001:db8::2").len()), (4, 0));
        drop((first, two));
        assert!(connections.open().by_address.is_empty());
        assert_eq!(connections.open().all, 0);
    }

    #[test]
    fn n79_beyond_the_limits_there_is_room_for_probes_and_not_for_one_address_alone() {
        let connections = Connections::with(1, 1);
        let first = connections.count(address("10.0.0.1"));
        let more: Vec<_> = std::iter::from_fn(|| connections.count(address("10.0.0.1"))).collect();
        assert_eq!(more.len(), BEYOND_OF_ONE);
        assert!(
            more.iter()
                .all(|counted| counted.standing == Standing::Beyond)
        );
        let probe = connections.count(address("10.0.0.2"));
        assert_eq!(
            probe.map(|counted| counted.standing),
            Some(Standing::Beyond)
        );
        drop((first, more));
        assert_eq!(connections.open().beyond, 0);
    }

    #[test]
    fn n79_file_descriptors_are_kept_back() {
        for (files, expected) in [(300, 150), (1024, 864), (1 << 20, MOST), (8, 4), (0, 1)] {
            assert_eq!(affordable(files, 128), expected, "{files}");
        }
    }

    #[test]
    fn n79_the_refusal_is_a_whole_answer() {
        let text = std::str::from_utf8(REFUSAL).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(
            head.contains(&format!("Content-Length: {}\r\n", body.len())),
            "{}",
            body.len()
        );
        assert!(serde_json::from_str::<serde_json::Value>(body).is_ok());
    }
}
