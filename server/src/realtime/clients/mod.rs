//! The connected clients, their accounts and their subscriptions.

mod identity;
mod outcome;
mod redirect;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use prometheus::{IntCounter, IntGauge};
use serde::{Deserialize, Serialize};

use super::budget::{Budgets, Paying, Question, SUBSCRIBING};
use super::queue::{Data, Frame, MAX_AGE, Queue, Total};
use super::topic::{Subscription, parse_all, topics};
use crate::clock::Clock;
use crate::db::coordination::ChangeQueue;
use crate::error::{Error, Result};
use crate::metrics::Metrics;
use crate::outbound::is_public;
use crate::policy::Action;
use crate::schema::Record;

pub(super) use identity::Identity;
pub(super) use outcome::Outcome;
pub(super) use redirect::Redirect;

/// A request for subscriptions, with the caller.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct SubscriptionRequest {
    pub(super) client: String,
    pub(super) ip: Option<IpAddr>,
    pub(super) identity: Option<Identity>,
    /// When the caller's token expires, in seconds since 1970.
    #[serde(default)]
    pub(super) expires: Option<i64>,
    pub(super) subscriptions: Vec<String>,
}

/// The maximum size of the events that wait for all clients together. Beyond it, the client with the most waiting
/// bytes is disconnected.
const MAX_WAITING: usize = 32 << 20;

/// The connected clients of this process.
pub struct Clients {
    connected: Mutex<Connected>,
    pub(super) budgets: Budgets,
    waiting: Total,
    changes: Arc<ChangeQueue>,
    clock: Clock,
    count: IntGauge,
    sent: IntCounter,
    cut_off: IntCounter,
}

#[derive(Default)]
struct Connected {
    clients: HashMap<Arc<str>, Client>,
    /// The subscriptions by topic and client.
    by_topic: HashMap<String, HashMap<Arc<str>, Vec<Arc<Subscription>>>>,
    is_stopping: bool,
}

struct Client {
    ip: Option<IpAddr>,
    queue: Arc<Queue>,
    identity: Option<Identity>,
    /// When the client's token expires.
    expires: Option<i64>,
    subscriptions: Vec<Arc<Subscription>>,
    /// The payer of its queries.
    paying: Arc<Paying>,
    /// Whether its queries run apart from those of others. This never changes back, since events must stay in order.
    is_costly: bool,
}

impl Client {
    fn sign_in(&mut self, id: &Arc<str>, identity: Option<Identity>) {
        self.paying = Arc::new(match &identity {
            None => Paying::guest(id, self.ip),
            Some(identity) => Paying::account(&identity.collection, &identity.record),
        });
        self.identity = identity;
    }

    /// Whether a request from this address may be the client's. A private address is that of a proxy, and one client's
    /// requests may come through different proxies.
    fn is_at(&self, ip: Option<IpAddr>) -> bool {
        let mut addresses = [self.ip, ip].into_iter().flatten();
        self.ip == ip || !addresses.any(is_public)
    }

    /// Returns the client's identity, until its token expires.
    fn identity(&self, now: i64) -> Option<&Identity> {
        let is_over = self.expires.is_some_and(|expires| expires <= now);
        self.identity.as_ref().filter(|_| !is_over)
    }
}

/// A group of clients that receive the same event for a change, if any.
#[derive(Clone)]
pub(super) struct Group {
    pub(super) action: Action,
    pub(super) identity: Option<Identity>,
    /// A subscription of one of them: the options of all are the same.
    pub(super) like: Arc<Subscription>,
    pub(super) members: Vec<Member>,
    /// Whether the group's query runs apart from those of others.
    pub(super) is_costly: bool,
    pub(super) question: Question,
}

impl Group {
    /// Returns the payers of the group's query.
    pub(super) fn paying(&self) -> impl ExactSizeIterator<Item = &Paying> {
        self.members.iter().map(|member| &*member.paying)
    }

    /// Estimates the memory of the group, without what it shares.
    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>() + self.members.len() * size_of::<Member>()
    }

    /// Returns the group with a query that runs apart from others.
    pub(super) fn set_apart(&self) -> Self {
        Self {
            is_costly: true,
            ..self.clone()
        }
    }

    /// Whether all streams of the group have ended.
    pub(super) fn is_gone(&self) -> bool {
        self.members.iter().all(|member| member.queue.is_closed())
    }
}

/// A client in a [`Group`].
#[derive(Clone)]
pub(super) struct Member {
    pub(super) client: Arc<str>,
    queue: Arc<Queue>,
    event: Arc<str>,
    paying: Arc<Paying>,
}

impl Clients {
    pub(super) fn new(metrics: &Metrics, changes: Arc<ChangeQueue>, clock: Clock) -> Self {
        Self {
            connected: Mutex::default(),
            budgets: Budgets::default(),
            waiting: Total::default(),
            changes,
            clock,
            count: metrics.realtime_clients.clone(),
            sent: metrics.realtime_events.clone(),
            cut_off: metrics.realtime_cut_off.clone(),
        }
    }

    fn connected(&self) -> MutexGuard<'_, Connected> {
        self.connected
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Registers a new client.
    pub(super) fn connect(&self, id: &str, ip: Option<IpAddr>) -> Result<Arc<Queue>> {
        let mut connected = self.connected();
        if connected.is_stopping {
            return Err(Error::Unavailable);
        }
        let (queue, id) = (Arc::new(Queue::default()), Arc::from(id));
        let client = Client {
            ip,
            queue: Arc::clone(&queue),
            identity: None,
            expires: None,
            subscriptions: Vec::new(),
            paying: Arc::new(Paying::guest(&id, ip)),
            is_costly: false,
        };
        connected.clients.insert(id, client);
        self.changed(&connected);
        Ok(queue)
    }

    /// Removes a client that has disconnected.
    pub(super) fn disconnect(&self, id: &str) {
        let mut connected = self.connected();
        connected.unsubscribe(id);
        if let Some(client) = connected.clients.remove(id) {
            client.queue.close();
        }
        self.changed(&connected);
    }

    /// Replaces the subscriptions of a client.
    pub(super) fn subscribe(&self, wish: &SubscriptionRequest) -> Outcome {
        let started = Instant::now();
        let subscriptions = parse_all(&wish.subscriptions);
        let cost = SUBSCRIBING + started.elapsed();
        let mut connected = self.connected();
        let Some((id, client)) = connected.find(&wish.client) else {
            return Outcome::Unknown;
        };
        if !client.is_at(wish.ip) {
            return Outcome::OtherAddress;
        }
        let is_known = |known: &Identity| {
            let identity = wish.identity.as_ref();
            identity.is_some_and(|identity| identity.is_same_account(known))
        };
        if client
            .identity
            .as_ref()
            .is_some_and(|known| !is_known(known))
        {
            return Outcome::OtherAccount;
        }
        client.sign_in(&id, wish.identity.clone());
        // The stream ends when the token expires: a client with a newer token connects again.
        client.expires = wish.expires;
        let until_expiry = |expires: i64| {
            let seconds = expires.saturating_sub(self.clock.now().unix());
            Duration::from_secs(u64::try_from(seconds).unwrap_or(0)).min(MAX_AGE)
        };
        client.queue.end_after(wish.expires.map(until_expiry));
        let with_options = subscriptions.iter().filter(|s| s.options.has_any());
        let questions: Vec<Question> = with_options
            .map(|subscription| self.question(client.identity.as_ref(), subscription))
            .collect();
        client.is_costly |= !questions.is_empty();
        if !self.budgets.charge_one(&client.paying, cost)
            || self.budgets.must_wait(&client.paying, &questions)
        {
            return Outcome::TooSoon;
        }
        connected.unsubscribe(&wish.client);
        for subscription in subscriptions {
            connected.add(&wish.client, subscription);
        }
        self.changed(&connected);
        Outcome::Done
    }

    fn question(&self, identity: Option<&Identity>, subscription: &Subscription) -> Question {
        let account = identity.map(|of| (of.collection.as_str(), of.record.as_str()));
        self.budgets.question(account, &subscription.options.text)
    }

    /// Whether the client with this id is connected to this process.
    pub(super) fn has(&self, id: &str) -> bool {
        self.connected().clients.contains_key(id)
    }

    /// Whether there are any clients.
    pub(super) fn are_there(&self) -> bool {
        !self.connected().clients.is_empty()
    }

    /// Returns the groups that are subscribed to changes of the record. The policy has not been asked yet.
    pub(super) fn who_wants(&self, record: &Record) -> Vec<Group> {
        let now = self.clock.now().unix();
        let connected = self.connected();
        let mut groups: HashMap<_, Group> = HashMap::new();
        for (topic, action) in topics(record) {
            for (id, subscriptions) in connected.by_topic.get(&topic).into_iter().flatten() {
                let Some(client) = connected.clients.get(id) else {
                    continue;
                };
                for subscription in subscriptions {
                    let options = subscription.options.text.as_str();
                    let is_list = action == Action::List;
                    let (identity, is_costly) = (client.identity(now), client.is_costly);
                    let group = groups
                        .entry((is_list, identity, options, is_costly))
                        .or_insert_with(|| Group {
                            action,
                            identity: identity.cloned(),
                            like: Arc::clone(subscription),
                            members: Vec::new(),
                            is_costly,
                            question: self.question(identity, subscription),
                        });
                    group.members.push(Member {
                        client: Arc::clone(id),
                        queue: Arc::clone(&client.queue),
                        event: Arc::clone(&subscription.name),
                        paying: Arc::clone(&client.paying),
                    });
                }
            }
        }
        groups.into_values().collect()
    }

    /// Makes a frame for the queues.
    pub(super) fn frame(&self, event: Arc<str>, data: Vec<u8>) -> Frame {
        let data = Data::new(data, &self.waiting);
        Frame { event, data }
    }

    /// Sends an event to the members of a group, and disconnects members that do not read.
    pub(super) fn send(&self, members: &[Member], data: Vec<u8>) {
        self.make_room(data.len());
        let data = Data::new(data, &self.waiting);
        for member in members {
            let frame = Frame {
                event: Arc::clone(&member.event),
                data: Arc::clone(&data),
            };
            if member.queue.push(frame) {
                self.sent.inc();
            } else {
                self.cut_off(&member.client);
            }
        }
    }

    /// Disconnects the clients with the most waiting bytes until there is room for `bytes` more, or nothing waits.
    fn make_room(&self, bytes: usize) {
        while self.waiting.bytes() + bytes > MAX_WAITING {
            let most = {
                let connected = self.connected();
                let clients = connected.clients.iter();
                let waiting = clients.map(|(id, client)| (client.queue.bytes(), id));
                let most = waiting.max().filter(|(bytes, _)| *bytes > 0);
                most.and_then(|(_, id)| {
                    Some((Arc::clone(id), connected.clients.get(id)?.queue.clone()))
                })
            };
            let Some((client, queue)) = most else {
                return;
            };
            queue.abandon();
            self.cut_off(&client);
        }
    }

    /// Ends the stream of a client.
    fn cut_off(&self, client: &str) {
        self.cut_off.inc();
        self.disconnect(client);
    }

    /// Ends the streams of payers that caused too much work. They have to wait before they subscribe again.
    pub(super) fn cut_off_for_work(&self, members: &[Member]) {
        for member in members.iter().filter(|member| !member.queue.is_closed()) {
            self.budgets.cool_down(&member.paying);
            self.cut_off(&member.client);
        }
    }

    /// Ends the streams whose queries run apart from those of others.
    pub(super) fn cut_off_costly(&self) {
        let connected = self.connected();
        let costly = connected
            .clients
            .iter()
            .filter(|(_, client)| client.is_costly);
        let costly: Vec<Arc<str>> = costly.map(|(id, _)| Arc::clone(id)).collect();
        drop(connected);
        for client in costly {
            self.cut_off(&client);
        }
    }

    /// Runs the queries of these clients apart from those of others from now on.
    pub(super) fn set_apart(&self, members: &[Member]) {
        let mut connected = self.connected();
        for member in members {
            if let Some(client) = connected.clients.get_mut(&member.client) {
                client.is_costly = true;
            }
        }
    }

    /// Turns clients into guests whose identity has a key that is no longer valid.
    pub(super) fn sign_out(&self, ended: &Identity) {
        for (id, client) in &mut self.connected().clients {
            if client.identity.as_ref() == Some(ended) {
                client.sign_in(id, None);
            }
        }
    }

    /// Ends the streams of a session that has ended.
    pub(super) fn end_session(&self, session: &str) {
        let is_of = |identity: &Identity| identity.session.as_deref() == Some(session);
        let connected = self.connected();
        let clients = connected.clients.iter();
        let ended: Vec<Arc<str>> = clients
            .filter(|(_, client)| client.identity.as_ref().is_some_and(is_of))
            .map(|(id, _)| Arc::clone(id))
            .collect();
        drop(connected);
        for client in ended {
            self.disconnect(&client);
        }
    }

    /// Turns the clients of a deleted account into guests.
    pub(super) fn sign_out_account(&self, gone: &Record) {
        let is_gone = |identity: &Identity| {
            identity.record == gone.id() && identity.collection == gone.collection.def.id
        };
        for (id, client) in &mut self.connected().clients {
            if client.identity.as_ref().is_some_and(is_gone) {
                client.sign_in(id, None);
            }
        }
    }

    /// Ends all streams because changes may have been missed: the clients reconnect.
    pub(super) fn cut_all(&self) {
        let mut connected = self.connected();
        connected.by_topic.clear();
        for (_, client) in connected.clients.drain() {
            client.queue.close();
        }
        self.changed(&connected);
    }

    /// Ends all streams and refuses new ones.
    pub(super) fn stop(&self) {
        self.connected().is_stopping = true;
        self.cut_all();
    }

    fn changed(&self, connected: &Connected) {
        self.count
            .set(i64::try_from(connected.clients.len()).unwrap_or(i64::MAX));
        self.changes.set_active(!connected.by_topic.is_empty());
    }
}

impl Connected {
    /// Returns the client with this id.
    fn find(&mut self, id: &str) -> Option<(Arc<str>, &mut Client)> {
        let (id, _) = self.clients.get_key_value(id)?;
        let id = Arc::clone(id);
        let client = self.clients.get_mut(&id)?;
        Some((id, client))
    }

    fn unsubscribe(&mut self, id: &str) {
        let Some(client) = self.clients.get_mut(id) else {
            return;
        };
        for subscription in client.subscriptions.drain(..) {
            if let Some(of_topic) = self.by_topic.get_mut(&subscription.topic) {
                of_topic.remove(id);
                if of_topic.is_empty() {
                    self.by_topic.remove(&subscription.topic);
                }
            }
        }
    }

    fn add(&mut self, id: &str, subscription: Arc<Subscription>) {
        let Some(client) = self.clients.get_mut(id) else {
            return;
        };
        let of_topic = self.by_topic.entry(subscription.topic.clone()).or_default();
        of_topic
            .entry(id.into())
            .or_default()
            .push(Arc::clone(&subscription));
        client.subscriptions.push(subscription);
    }
}

#[cfg(test)]
mod tests;
