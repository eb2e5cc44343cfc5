//! Realtime: clients hear of changes of records, over server-sent events.
//!
//! A client connects ([`api::connect`]) and says what it wants to hear of ([`api::subscribe`]). [`follow()`] takes what
//! [`crate::events`] has, in the order of the commits, lets [`decide`] find out who may know, and puts frames into
//! the clients' [`queue`]s. It is off the way of writes; a client that does not read is cut off. What clients ask besides (filters, expand)
//! is decided in a [`lane`] of its own, within a [`budget`].

pub mod api;
mod budget;
mod clients;
mod decide;
mod elsewhere;
mod follow;
mod lane;
mod leaving;
mod queue;
mod topic;

pub use clients::Clients;
pub use follow::Listening;

use std::sync::Arc;
use std::time::Duration;

use lane::Backlog;

use crate::app::App;
use crate::events::Feed;
use crate::metrics::Metrics;

/// A server whose realtime has stood still for so long is not healthy.
const MAX_STALL: Duration = Duration::from_secs(10);

/// Everything about realtime that the server keeps.
pub struct Realtime {
    clients: Clients,
    listening: Listening,
    backlog: Backlog,
}

impl Realtime {
    /// Nobody is connected yet.
    pub fn new(metrics: &Metrics, feed: Arc<Feed>) -> Self {
        Self {
            clients: Clients::new(metrics, feed),
            listening: Listening::default(),
            backlog: Backlog::default(),
        }
    }

    /// How long changes have been waiting to be told to clients, or to be looked for; next to nothing while all is well.
    pub fn stalled(&self) -> Duration {
        self.listening.stalled()
    }

    /// Whether clients hear of changes.
    pub fn is_healthy(&self) -> bool {
        self.stalled() < MAX_STALL
    }

    /// Ends all streams: the clients connect anew.
    pub fn cut_all(&self) {
        self.clients.cut_all();
    }

    /// Ends all streams, and lets nobody connect any more: the server stops, and the clients go to another.
    pub fn close_all(&self) {
        self.clients.stop();
    }
}

/// Tells clients what committed writes have changed, for as long as the server runs.
pub async fn follow(app: App) {
    tokio::join!(follow::follow(&app), lane::follow_costly(&app));
}
