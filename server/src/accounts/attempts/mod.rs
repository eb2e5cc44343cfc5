//! Failed attempts to sign in: they are counted in the database, and delay those who go on guessing.
//!
//! Start with [`check`], [`record_failure`] and [`record_success`]. The README next to this file has the formula and its
//! reasons.

pub(super) mod codes;
pub(crate) mod rules;
pub(crate) mod store;

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::app::App;
use crate::db::{Conn, Lock};
use crate::error::{Error, Result};
use crate::outbound::is_public;
use crate::request::{Request, network};
use crate::schema::{Collection, Record};
use crate::tokens;
use rules::{ADDRESS, IDENTITY, Kind, Purpose, REQUESTS, Rule, SHARED, STRICT};
use store::Row;

/// The time between two sweeps.
const PAUSE: Duration = Duration::from_secs(60);

/// How often to try to count a failure that conflicts with another one.
const MAX_TRIES: usize = 5;

/// How long an address is known from which an account has signed in, in milliseconds.
const KNOWN: i64 = 30 * 24 * 3600 * 1000;
/// For how long it is not stored again.
const RECENT: i64 = 24 * 3600 * 1000;

/// An attempt: what is tried, as whom, and from where.
#[derive(Clone, Debug)]
pub(crate) struct Attempt {
    purpose: Purpose,
    /// The id of the collection.
    collection: String,
    /// The identity that is claimed, in lower case; whether it exists is not known.
    identity: String,
    client: Client,
}

/// The client, as far as it can be told from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Client {
    /// It has a token of the account that it claims.
    KnownDevice,
    /// The network is its own.
    Own(IpAddr),
    /// The network is that of a reverse proxy, and so that of others too.
    Shared(IpAddr),
}

impl Attempt {
    /// Describes an attempt to be the account with this identity, which need not exist.
    pub(crate) fn new(
        app: &App,
        purpose: Purpose,
        collection: &Collection,
        identity: &str,
        request: &Request,
    ) -> Self {
        let address = request.address.unwrap_or(Ipv4Addr::UNSPECIFIED.into());
        let network = network(address);
        let client = if is_public(address) || app.config.private_clients {
            Client::Own(network)
        } else {
            Client::Shared(network)
        };
        Self {
            purpose,
            collection: collection.def.id.clone(),
            identity: identity.to_lowercase(),
            client,
        }
    }

    /// Takes the client for a known device if its token, which may have expired, was made for the account.
    #[must_use]
    pub(crate) fn with_token(self, token: &str, account: Option<&Record>) -> Self {
        let is_known = account.is_some_and(|account| tokens::was_made_for(token, account));
        let client = if is_known {
            Client::KnownDevice
        } else {
            self.client
        };
        Self { client, ..self }
    }

    /// Returns the client's network, unless it may be that of a reverse proxy, and so that of others too.
    pub(crate) fn own_network(&self) -> Option<IpAddr> {
        match self.client {
            Client::Own(network) => Some(network),
            Client::KnownDevice | Client::Shared(_) => None,
        }
    }

    /// Returns what tells the client from others that try a one-time password. Behind a reverse proxy that is the id of the
    /// code, which only whoever has asked for the code knows.
    pub(super) fn client_with(&self, id: &str) -> String {
        match self.client {
            Client::KnownDevice => "device".to_owned(),
            Client::Own(network) => network.to_string(),
            Client::Shared(_) => format!("id {id}"),
        }
    }

    /// Whether the account has signed in from here: with the same kind of secret, or with its password.
    pub(super) fn is_known(&self, conn: &mut Conn, account: &Record) -> Result<bool> {
        match self.client {
            Client::KnownDevice => return Ok(true),
            Client::Shared(_) => return Ok(false),
            Client::Own(_) => {}
        }
        let with_password = Self {
            purpose: Purpose::Password,
            identity: account.text("email").to_lowercase(),
            ..self.clone()
        };
        let pairs: Vec<Counter> = [self, &with_password]
            .into_iter()
            .flat_map(Self::counters)
            .filter(|counter| counter.kind == Kind::Pair)
            .collect();
        let since = conn.clock.now().unix_millis() - KNOWN;
        let rows = store::find(conn, &pairs, None)?;
        Ok(rows.iter().any(|row| row.succeeded > since))
    }

    /// Returns the counters of the attempt, in the order in which their rows are locked.
    fn counters(&self) -> Vec<Counter> {
        let client = match self.client {
            Client::KnownDevice => "device".to_owned(),
            Client::Own(network) | Client::Shared(network) => network.to_string(),
        };
        let of_pair = match self.client {
            _ if !self.purpose.has_identity() => &REQUESTS,
            Client::KnownDevice | Client::Own(_) => &STRICT,
            Client::Shared(_) => &SHARED,
        };
        let mut counters = vec![self.counter(Kind::Pair, of_pair, &self.identity, &client)];
        if self.client != Client::KnownDevice && self.purpose.has_identity() {
            let rule = if self.purpose.is_ones_own() {
                &STRICT
            } else {
                &IDENTITY
            };
            counters.push(self.counter(Kind::Identity, rule, &self.identity, ""));
        }
        if let Client::Own(_) = self.client {
            counters.push(self.counter(Kind::Address, &ADDRESS, "", &client));
        }
        counters.sort_by(|one, other| one.id.cmp(&other.id));
        counters
    }

    fn counter(&self, kind: Kind, rule: &'static Rule, identity: &str, client: &str) -> Counter {
        // An address is counted once for everything that is guessed there, and once for what guesses nothing.
        let (purpose, collection) = match kind {
            Kind::Pair | Kind::Identity => (self.purpose.as_str(), self.collection.as_str()),
            Kind::Address if self.purpose.has_identity() => ("", ""),
            Kind::Address => (Purpose::Mail.as_str(), ""),
        };
        let mut digest = Sha256::new();
        for part in [kind.as_str(), purpose, collection, identity, client] {
            digest.update(part.len().to_be_bytes());
            digest.update(part);
        }
        Counter {
            id: URL_SAFE_NO_PAD.encode(&digest.finalize()[..16]),
            kind,
            rule,
            purpose,
            collection: collection.to_owned(),
            identity: identity.to_owned(),
            client: client.to_owned(),
        }
    }
}

/// A count of failures, in one row.
#[derive(Clone, Debug)]
struct Counter {
    /// A digest of the other fields.
    id: String,
    kind: Kind,
    rule: &'static Rule,
    purpose: &'static str,
    collection: String,
    identity: String,
    client: String,
}

/// Refuses an attempt that comes too early after failures. To be asked before anything costly.
pub(crate) async fn check(app: &App, attempt: &Attempt) -> Result<()> {
    let checked = attempt.clone();
    let check = move |conn: &mut Conn| {
        let counters = checked.counters();
        let rows = store::find(conn, &counters, None)?;
        admit(&checked, &counters, &rows, conn.clock.now().unix_millis())
    };
    count_delayed(app, attempt, app.db.read_inline(check).await)
}

/// Counts a failure. An attempt that comes too early by now, since others have failed meanwhile, is refused instead:
/// nobody learns what became of it.
pub(crate) async fn record_failure(app: &App, attempt: &Attempt) -> Result<()> {
    let failed = attempt.clone();
    let count = move |conn: &mut Conn| {
        let counters = failed.counters();
        let now = conn.clock.now().unix_millis();
        let rows = store::find(conn, &counters, Some(Lock::Update))?;
        admit(&failed, &counters, &rows, now)?;
        for counter in &counters {
            store::add(conn, counter, now)?;
        }
        Ok(())
    };
    let mut tries = 1;
    loop {
        match app.db.write_inline(count.clone()).await {
            // Whoever may sign in can still do so; the queue for hashes limits the others.
            Err(Error::Unwritable(_)) => return Ok(()),
            Err(Error::Deadlock) if tries < MAX_TRIES => tries += 1,
            counted => return count_delayed(app, attempt, counted),
        }
    }
}

/// Forgets the failures of this client for this identity, unless the attempt comes too early by now.
pub(crate) async fn record_success(app: &App, attempt: &Attempt) -> Result<()> {
    let succeeded = attempt.clone();
    let check = move |conn: &mut Conn| {
        let counters = succeeded.counters();
        let rows = store::find(conn, &counters, None)?;
        let now = conn.clock.now().unix_millis();
        admit(&succeeded, &counters, &rows, now)?;
        Ok(pair(&counters, &rows).is_some_and(|(_, row)| succeeded.changes(&row, now)))
    };
    let has_news = count_delayed(app, attempt, app.db.read_inline(check).await)?;
    if has_news {
        forgive(app, attempt).await
    } else {
        Ok(())
    }
}

/// Forgets the failures of this client for this identity: it has shown in another way whose it is.
pub(crate) async fn forgive(app: &App, attempt: &Attempt) -> Result<()> {
    let attempt = attempt.clone();
    let forget = move |conn: &mut Conn| {
        let now = conn.clock.now().unix_millis();
        let pairs = attempt
            .counters()
            .into_iter()
            .filter(|counter| counter.kind == Kind::Pair);
        for counter in pairs {
            match attempt.client {
                Client::Own(_) => store::set_known(conn, &counter, now)?,
                Client::KnownDevice | Client::Shared(_) => {
                    store::delete(conn, &counter.id)?;
                }
            }
        }
        Ok(())
    };
    match app.db.write_inline(forget).await {
        Err(Error::Unwritable(_)) => Ok(()),
        forgotten => forgotten,
    }
}

impl Attempt {
    /// Whether a success changes the row of its pair.
    fn changes(&self, row: &Row, now: i64) -> bool {
        let is_own = matches!(self.client, Client::Own(_));
        row.cleared > now || (is_own && row.succeeded < now - RECENT)
    }
}

/// Returns the counter of the pair, with its row.
fn pair<'a>(counters: &'a [Counter], rows: &[Row]) -> Option<(&'a Counter, Row)> {
    let mut all = counters.iter().zip(rows);
    all.find(|(counter, _)| counter.kind == Kind::Pair)
        .map(|(counter, row)| (counter, *row))
}

/// Decides about an attempt by the rows of its counters.
fn admit(attempt: &Attempt, counters: &[Counter], rows: &[Row], now: i64) -> Result<()> {
    let own = pair(counters, rows).map(|(_, row)| row).unwrap_or_default();
    let is_known = own.succeeded > now - KNOWN;
    let wait = |(counter, row): (&Counter, &Row)| {
        let delay = counter.rule.delay(counter.rule.failures(row.cleared, now));
        let since = match counter.kind {
            Kind::Pair | Kind::Address => row.last,
            // Who has shown the first factor, or is signed in, can delay nobody else.
            Kind::Identity if attempt.purpose.is_ones_own() => row.last,
            // Counted from the client's own last failure: were it anybody's, guessers could keep the owner waiting.
            Kind::Identity => own.last,
        };
        if delay == 0 || (is_known && counter.kind != Kind::Pair) {
            return 0;
        }
        since + delay - now
    };
    let wait = counters
        .iter()
        .zip(rows)
        .map(wait)
        .max()
        .unwrap_or_default();
    if wait <= 0 {
        return Ok(());
    }
    Err(Error::Delayed((wait.unsigned_abs()).div_ceil(1000)))
}

fn count_delayed<T>(app: &App, attempt: &Attempt, outcome: Result<T>) -> Result<T> {
    if let Err(Error::Delayed(_)) = outcome {
        let purpose = attempt.purpose.as_str();
        app.metrics.delayed.with_label_values(&[purpose]).inc();
    }
    outcome
}

/// Deletes the rows that no longer count, and some of too many.
pub async fn sweep(app: &App) -> Result<()> {
    app.db.write(store::sweep).await?;
    app.db.write(codes::sweep).await
}

/// Sweeps until the server stops.
pub async fn keep_sweeping(app: App) {
    loop {
        tokio::time::sleep(PAUSE).await;
        if let Err(error) = sweep(&app).await {
            tracing::debug!(%error, "cannot sweep the failed attempts");
        }
    }
}
