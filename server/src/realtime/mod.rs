//! Realtime: sends changes of records to subscribed clients as server-sent events.
//!
//! A client connects ([`api::connect`]) and sets its subscriptions ([`api::subscribe`]). [`follow()`] reads the
//! changes of [`crate::events`] in the order of their commits, lets [`authorize`] find the clients that may receive
//! them, and puts frames into their [`queue`]s. Writes never wait for this; a client that does not read is
//! disconnected. Costly subscriptions (with filters or expanded relations) are handled in a separate [`lane`], within
//! a [`budget`].

pub mod api;
mod budget;
mod clients;
mod authorize;
mod cross_process;
mod dispatcher;
mod lane;
mod leaving;
mod queue;
mod topic;

pub use clients::Clients;
pub use dispatcher::Listener;

use std::sync::Arc;
use std::time::Duration;

use lane::Backlog;

use crate::app::App;
use crate::clock::Clock;
use crate::db::coordination::ChangeQueue;
use crate::metrics::Metrics;
use crate::random::Random;

/// A server whose realtime has been stuck for this long is not healthy.
const MAX_STALL: Duration = Duration::from_secs(10);

/// The realtime service.
pub struct Realtime {
    clients: Clients,
    listening: Listener,
    backlog: Backlog,
}

impl Realtime {
    /// Makes a service without clients.
    pub fn new(metrics: &Metrics, changes: Arc<ChangeQueue>, clock: Clock, random: Random) -> Self {
        Self {
            clients: Clients::new(metrics, changes, clock),
            listening: Listener::new(random),
            backlog: Backlog::default(),
        }
    }

    /// Returns how long changes have been waiting for delivery; close to zero in normal operation.
    pub fn stalled(&self) -> Duration {
        self.listening.stalled()
    }

    /// Whether changes are being delivered.
    pub fn is_healthy(&self) -> bool {
        self.stalled() < MAX_STALL
    }

    /// Ends all streams: the clients reconnect.
    pub fn cut_all(&self) {
        self.clients.cut_all();
    }

    /// Ends all streams and refuses new ones: the server stops, and clients reconnect to another.
    pub fn close_all(&self) {
        self.clients.stop();
    }
}

/// Delivers committed changes to the clients until the server stops.
pub async fn follow(app: App) {
    tokio::join!(dispatcher::dispatch(&app), lane::follow_costly(&app));
}
