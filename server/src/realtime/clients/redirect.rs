//! Redirects of other services after a sign-in, for the clients that wait for them.

use std::net::IpAddr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Clients, Outcome};

/// A redirect of another service, for the client that waits for it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::realtime) struct Redirect {
    pub(in crate::realtime) client: String,
    pub(in crate::realtime) ip: Option<IpAddr>,
    /// The data of the event.
    pub(in crate::realtime) data: String,
}

/// The topic of clients that wait for a [`Redirect`].
const OAUTH2: &str = "@oauth2";

impl Clients {
    /// Sends a redirect to the client that waits for it, and ends its subscription: nobody can send it another one.
    pub(in crate::realtime) fn redirect(&self, redirect: &Redirect) -> Outcome {
        let mut connected = self.connected();
        let Some((_, client)) = connected.find(&redirect.client) else {
            return Outcome::Unknown;
        };
        if !client.is_at(redirect.ip) {
            return Outcome::OtherAddress;
        }
        let mut own = client.subscriptions.iter();
        let Some(position) = own.position(|subscription| subscription.topic == OAUTH2) else {
            return Outcome::NotWaiting;
        };
        let subscription = client.subscriptions.remove(position);
        let queue = Arc::clone(&client.queue);
        let is_last = client
            .subscriptions
            .iter()
            .all(|other| other.topic != OAUTH2);
        if is_last && let Some(of_topic) = connected.by_topic.get_mut(OAUTH2) {
            of_topic.remove(redirect.client.as_str());
            if of_topic.is_empty() {
                connected.by_topic.remove(OAUTH2);
            }
        }
        self.changed(&connected);
        drop(connected);
        let data = redirect.data.clone().into_bytes();
        if queue.push(self.frame(Arc::clone(&subscription.name), data)) {
            self.sent.inc();
            Outcome::Done
        } else {
            self.cut_off(&redirect.client);
            Outcome::Unknown
        }
    }
}
