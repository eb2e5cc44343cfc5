//! The state of the server: its services, and the operations that need the database together with the schema.

use std::ops::Deref;
use std::sync::Arc;
use std::time::{Duration, Instant};

use plinth_sdk::types::MetaSettings;

use crate::accounts::oauth2::OAuth2;
use crate::accounts::sessions::Seen;
use crate::budget::{Answers, Budget};
use crate::clock::Clock;
use crate::collections::{ahead, store};
use crate::config::Config;
pub use crate::db::Effort;
use crate::db::{Claimant, Conn, Db, Newer, Sources};
use crate::error::{Error, Result};
use crate::files::Files;
use crate::jobs;
use crate::logs::{self, Logs};
use crate::mail::Mailer;
use crate::metrics::Metrics;
use crate::outbound::Outbound;
use crate::passwords::Hasher;
use crate::policy::{Grant, Shared, Snapshot};
use crate::random::Random;
use crate::realtime::Realtime;
use crate::schema::version;

/// How many times to try an operation when the schema changes underneath it.
const MAX_TRIES: usize = 10;

/// How long a write waits for a change of collections that is under way.
const MAX_WAIT: Duration = Duration::from_secs(30);
/// The first pause between its tries, and the longest.
const PAUSES: [Duration; 2] = [Duration::from_millis(5), Duration::from_millis(40)];

/// The pauses between the tries of a change of collections. Writes go on in between.
const LONG_PAUSES: [Duration; 5] = [
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(2),
];

/// How a write excludes other writes.
#[derive(Clone, Copy)]
enum WriteLock {
    /// Other writes go on.
    Shared,
    /// No other write runs at the same time, so that those that keep deadlocking take turns.
    Exclusive,
}

/// A handle on the state of the server; clones share it.
#[derive(Clone)]
pub struct App(Arc<State>);

/// The state behind an [`App`].
pub struct State {
    /// Tells the time.
    pub clock: Clock,
    /// Makes ids and keys.
    pub random: Random,
    /// The database.
    pub db: Db,
    /// The current collections, policies and settings.
    pub schema: Shared,
    /// The hasher of passwords, which runs a few at a time.
    pub hasher: Hasher,
    /// The files of records.
    pub files: Files,
    /// The sender of mails.
    pub mailer: Mailer,
    /// The metrics.
    pub metrics: Metrics,
    /// The realtime connections.
    pub realtime: Realtime,
    /// The sessions that were used lately.
    pub sessions: Seen,
    /// The request log.
    pub logs: Logs,
    /// The scheduler of jobs.
    pub jobs: jobs::Shared,
    /// The HTTP client for calls to other servers.
    pub outbound: Outbound,
    /// State about the services for signing in.
    pub oauth2: OAuth2,
    /// The memory budget of request bodies.
    pub bodies: Arc<Budget>,
    /// The limits of responses: their size, and the memory that they take together until they are sent.
    pub answers: Answers,
    /// The configuration.
    pub config: Config,
}

impl App {
    /// Connects to the database, migrates it and loads the collections.
    pub async fn build(config: &Config) -> anyhow::Result<Self> {
        Self::build_with(config, Sources::system()).await
    }

    /// Like [`App::build`], with a clock and a source of randomness that may be a test's.
    pub async fn build_with(config: &Config, sources: Sources) -> anyhow::Result<Self> {
        let Sources { clock, random } = sources.clone();
        // Fails if it is installed already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mailer = Mailer::new(config, random.clone())?;
        let files = Files::new(config, &random)?;
        let outbound = Outbound::new(&config.outbound_allow)?;
        let (location, metrics) = (config.location()?, Metrics::new(clock.now(), &random)?);
        metrics.describe(location.dialect())?;
        let (connections, group_size) = (config.database_connections, metrics.group_size.clone());
        let newer = if config.allow_newer_database {
            Newer::Allowed
        } else {
            Newer::Refused
        };
        let slow_guest = config.guest_queries;
        // May take long: on a thread of its own, so that signals are still handled.
        let open = move || {
            let db = Db::open(
                &location,
                newer,
                connections,
                slow_guest,
                group_size,
                sources,
            )?;
            let log = db.of_log()?;
            anyhow::Ok((db, log))
        };
        let (db, log) = tokio::task::spawn_blocking(open).await??;
        let log_size = logs::Size {
            rows: config.log_max_rows,
            bytes: config.log_max_mb << 20,
        };
        let schema = Shared::default();
        schema.replace(patiently(|| db.write(store::initialise)).await?);
        let app = Self(Arc::new(State {
            realtime: Realtime::new(&metrics, db.change_queue(), clock.clone(), random.clone()),
            sessions: Seen::default(),
            logs: Logs::new(
                log,
                log_size,
                metrics.log_dropped.clone(),
                clock.clone(),
                random.clone(),
            ),
            db,
            schema,
            hasher: Hasher::new(config.hashing_threads)?,
            files,
            mailer,
            metrics,
            jobs: jobs::Shared::default(),
            outbound,
            oauth2: OAuth2::default(),
            bodies: Budget::new(config.bodies_mb << 20),
            answers: Answers::new(config.answers_mb << 20, config.answer_mb << 20),
            config: config.clone(),
            clock,
            random,
        }));
        ahead::settle(&app).await;
        Ok(app)
    }

    /// Runs a read of records. If the schema changes underneath it, revalidates the grant and tries again.
    pub async fn read<T, F>(&self, grant: Grant, effort: Effort, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: Fn(&mut Conn, &Grant) -> Result<T> + Send + 'static,
    {
        let claimant = grant.request.claimant();
        let (mut grant, mut work) = (grant, work);
        for _ in 1..=MAX_TRIES {
            let known = grant.schema().version;
            let attempt = move |conn: &mut Conn| {
                version::expect(conn, known);
                let outcome = work(conn, &grant);
                match version::confirm(conn).and(outcome) {
                    Err(Error::Disconnected) => Err(Error::Disconnected),
                    outcome => Ok((outcome, grant, work)),
                }
            };
            let attempted = match effort {
                Effort::Short => self.db.read_inline(attempt).await?,
                Effort::Long => self.db.read(&claimant, attempt).await?,
            };
            (grant, work) = match attempted {
                (Err(Error::SchemaChanged), grant, work) => {
                    self.refresh_schema().await?;
                    (grant.revalidate(self.schema.current())?, work)
                }
                (outcome, _, _) => return outcome,
            };
        }
        Err(Error::SchemaChanged)
    }

    /// Runs a write of records in a transaction. If the schema has changed since the grant was made, or the write conflicts with
    /// another one, revalidates the grant and tries again: nothing is written with an outdated schema.
    pub async fn write<T, F>(&self, grant: Grant, effort: Effort, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: Fn(&mut Conn, Grant) -> Result<T> + Clone + Send + 'static,
    {
        let is_cached = grant.collection().is_cached();
        let schema = Arc::clone(grant.schema());
        let under = move |conn: &mut Conn, schema: &Arc<Snapshot>| {
            let grant = if Arc::ptr_eq(schema, grant.schema()) {
                grant.clone()
            } else {
                grant.revalidate(Arc::clone(schema))?
            };
            work(conn, grant)
        };
        let written = self.retry_on_schema_change(schema, effort, under).await?;
        if is_cached {
            // Takes effect before the response says so.
            self.refresh_schema().await?;
        }
        Ok(written)
    }

    /// Runs a write like [`App::write`], for work that makes its grants itself.
    pub async fn write_with_schema<T, F>(&self, schema: Arc<Snapshot>, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: Fn(&mut Conn, &Arc<Snapshot>) -> Result<T> + Clone + Send + 'static,
    {
        self.retry_on_schema_change(schema, Effort::Long, work)
            .await
    }

    async fn retry_on_schema_change<T, F>(
        &self,
        schema: Arc<Snapshot>,
        effort: Effort,
        work: F,
    ) -> Result<T>
    where
        T: Send + 'static,
        F: Fn(&mut Conn, &Arc<Snapshot>) -> Result<T> + Clone + Send + 'static,
    {
        let mut schema = schema;
        let mut tries = 1;
        let mut lock = WriteLock::Shared;
        let mut waiting = None;
        loop {
            let attempt = self.try_write(Arc::clone(&schema), effort, lock, work.clone());
            match attempt.await {
                Err(Error::SchemaChanged) if tries < MAX_TRIES => {
                    self.refresh_schema().await?;
                    schema = self.schema.current();
                    tries += 1;
                }
                Err(Error::Deadlock) if tries < MAX_TRIES => {
                    lock = WriteLock::Exclusive;
                    tries += 1;
                }
                Err(Error::Busy(why)) => {
                    let (since, pause) = waiting.unwrap_or((Instant::now(), PAUSES[0]));
                    if since.elapsed() > MAX_WAIT {
                        return Err(Error::Busy(why));
                    }
                    tokio::time::sleep(pause).await;
                    waiting = Some((since, (pause * 2).min(PAUSES[1])));
                }
                outcome => return outcome,
            }
        }
    }

    async fn try_write<T, F>(
        &self,
        schema: Arc<Snapshot>,
        effort: Effort,
        lock: WriteLock,
        work: F,
    ) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Conn, &Arc<Snapshot>) -> Result<T> + Send + 'static,
    {
        let write = move |conn: &mut Conn| {
            match lock {
                WriteLock::Shared => version::still(conn, schema.version)?,
                WriteLock::Exclusive => version::still_alone(conn, schema.version)?,
            }
            work(conn, &schema)
        };
        match effort {
            Effort::Short => self.db.write_inline(write).await,
            Effort::Long => self.db.write(write).await,
        }
    }

    /// Runs a change of collections, and puts the new schema in force. If it conflicts with another transaction, tries again a
    /// few times, and holds no lock in between.
    pub async fn change<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: Fn(&mut Conn) -> Result<(Snapshot, T)> + Clone + Send + 'static,
    {
        let _counted = self.metrics.changing();
        let (schema, changed) = patiently(|| self.db.write(work.clone())).await?;
        self.schema_changed(schema);
        Ok(changed)
    }

    /// Returns the settings for the texts of mails.
    pub fn meta(&self) -> MetaSettings {
        let schema = self.schema.current();
        schema.settings.meta.over(&self.mailer.configured)
    }

    /// Reloads the schema if another process has changed it.
    pub async fn refresh_schema(&self) -> Result<()> {
        let known = self.schema.current().version;
        let changed = self.db.read(&Claimant::Server, move |conn| {
            if version::current(conn)? == known {
                return Ok(None);
            }
            store::read(conn).map(Some)
        });
        if let Some(schema) = changed.await? {
            self.schema_changed(schema);
        }
        Ok(())
    }

    /// Puts a changed schema in force.
    pub fn schema_changed(&self, schema: Snapshot) {
        self.schema.replace(schema);
        self.db.tables_changed();
    }
}

/// Runs an operation, and tries again after pauses while it conflicts with another transaction.
async fn patiently<T, F>(attempt: impl Fn() -> F) -> Result<T>
where
    F: Future<Output = Result<T>>,
{
    for pause in LONG_PAUSES {
        match attempt().await {
            Err(Error::Busy(_) | Error::Deadlock) => tokio::time::sleep(pause).await,
            outcome => return outcome,
        }
    }
    attempt().await
}

impl Deref for App {
    type Target = State;

    fn deref(&self) -> &State {
        &self.0
    }
}
