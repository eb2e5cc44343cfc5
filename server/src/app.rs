//! Everything a request can reach.

use std::ops::Deref;
use std::sync::Arc;
use std::time::{Duration, Instant};

use plinth_sdk::types::MetaSettings;

use crate::budget::{Answers, Budget};
use crate::collections::{ahead, store};
use crate::config::Config;
use crate::db::{Claimant, Conn, Db, Newer};
use crate::error::{Error, Result};
use crate::files::Files;
use crate::jobs;
use crate::logs::{self, Logs};
use crate::mail::Mailer;
use crate::metrics::Metrics;
use crate::outbound::Outbound;
use crate::passwords::Hasher;
use crate::policy::{Grant, Shared, Snapshot};
use crate::realtime::Realtime;
use crate::schema::version;

/// How often something is tried that collections change under.
const MAX_TRIES: usize = 10;

/// How long a write waits for a change of collections that goes on.
const MAX_WAIT: Duration = Duration::from_secs(30);
/// The pauses between its tries: the first, and the longest.
const PAUSES: [Duration; 2] = [Duration::from_millis(5), Duration::from_millis(40)];

/// The pauses between the tries of a change of collections, in which writes go on.
const LONG_PAUSES: [Duration; 5] = [
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(2),
];

/// The state of a server; clones share it.
#[derive(Clone)]
pub struct App(Arc<State>);

/// See [`App`].
pub struct State {
    /// The database.
    pub db: Db,
    /// The collections as they are now.
    pub schema: Shared,
    /// Hashes passwords, a few at a time.
    pub hasher: Hasher,
    /// Files of records.
    pub files: Files,
    /// Mails, and what they say of this server.
    pub mailer: Mailer,
    /// What is counted.
    pub metrics: Metrics,
    /// Who hears of changes.
    pub realtime: Realtime,
    /// What happened.
    pub logs: Logs,
    /// What is done at times.
    pub jobs: jobs::Shared,
    /// Whom the server calls.
    pub outbound: Outbound,
    /// The memory that bodies of requests take together.
    pub bodies: Arc<Budget>,
    /// How large answers may be, and how much memory they take together until they are sent.
    pub answers: Answers,
    /// The settings.
    pub config: Config,
}

impl App {
    /// Connects to the database, brings it up to date and loads the collections.
    pub async fn build(config: &Config) -> anyhow::Result<Self> {
        // Fails when it is done already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mailer = Mailer::new(config)?;
        let files = Files::new(config)?;
        let outbound = Outbound::new(&config.outbound_allow)?;
        let (location, metrics) = (config.location()?, Metrics::new()?);
        metrics.describe(location.engine())?;
        let (connections, group_size) = (config.database_connections, metrics.group_size.clone());
        let newer = if config.allow_newer_database {
            Newer::Allowed
        } else {
            Newer::Refused
        };
        let slow_guest = config.guest_queries;
        // It may take its time, in which signals are still heard.
        let open = move || {
            let db = Db::open(&location, newer, connections, slow_guest, group_size)?;
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
            realtime: Realtime::new(&metrics, db.feed()),
            logs: Logs::new(log, log_size, metrics.log_dropped.clone()),
            db,
            schema,
            hasher: Hasher::new(config.hashing_threads)?,
            files,
            mailer,
            metrics,
            jobs: jobs::Shared::default(),
            outbound,
            bodies: Budget::new(config.bodies_mb << 20),
            answers: Answers::new(config.answers_mb << 20, config.answer_mb << 20),
            config: config.clone(),
        }));
        ahead::settle(&app).await;
        Ok(app)
    }

    /// Runs one read of records, granted anew and tried again when a collection changes under it. `is_short`: see
    /// [`Db::read_few`].
    pub async fn read<T, F>(&self, grant: Grant, is_short: bool, work: F) -> Result<T>
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
            let attempted = if is_short {
                self.db.read_few(attempt).await?
            } else {
                self.db.read(&claimant, attempt).await?
            };
            (grant, work) = match attempted {
                (Err(Error::Outdated), grant, work) => {
                    self.refresh_schema().await?;
                    (grant.again(self.schema.current())?, work)
                }
                (outcome, _, _) => return outcome,
            };
        }
        Err(Error::Outdated)
    }

    /// Runs one write of records. When collections have changed since it was granted, or another write was in the
    /// way, it is granted anew and tried again: nothing is written to a table that is not as the grant has it.
    /// `is_short`: see [`Db::write_few`].
    pub async fn write<T, F>(&self, grant: Grant, is_short: bool, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: Fn(&mut Conn, Grant) -> Result<T> + Clone + Send + 'static,
    {
        let is_definitions = grant.collection().is_definitions();
        let schema = Arc::clone(grant.schema());
        let under = move |conn: &mut Conn, schema: &Arc<Snapshot>| {
            let grant = if Arc::ptr_eq(schema, grant.schema()) {
                grant.clone()
            } else {
                grant.again(Arc::clone(schema))?
            };
            work(conn, grant)
        };
        let written = self.try_under(schema, is_short, under).await?;
        if is_definitions {
            // In force before the answer says so.
            self.refresh_schema().await?;
        }
        Ok(written)
    }

    /// Like [`App::write`], for work that is granted nothing before it has begun.
    pub async fn write_under<T, F>(&self, schema: Arc<Snapshot>, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: Fn(&mut Conn, &Arc<Snapshot>) -> Result<T> + Clone + Send + 'static,
    {
        self.try_under(schema, false, work).await
    }

    async fn try_under<T, F>(&self, schema: Arc<Snapshot>, is_short: bool, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: Fn(&mut Conn, &Arc<Snapshot>) -> Result<T> + Clone + Send + 'static,
    {
        let mut schema = schema;
        let mut tries = 1;
        let mut is_alone = false;
        let mut waiting = None;
        loop {
            let attempt = self.try_write(Arc::clone(&schema), is_short, is_alone, work.clone());
            match attempt.await {
                Err(Error::Outdated) if tries < MAX_TRIES => {
                    self.refresh_schema().await?;
                    schema = self.schema.current();
                    tries += 1;
                }
                Err(Error::Deadlock) if tries < MAX_TRIES => {
                    is_alone = true;
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
        is_short: bool,
        is_alone: bool,
        work: F,
    ) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Conn, &Arc<Snapshot>) -> Result<T> + Send + 'static,
    {
        let write = move |conn: &mut Conn| {
            if is_alone {
                version::still_alone(conn, schema.version)?;
            } else {
                version::still(conn, schema.version)?;
            }
            work(conn, &schema)
        };
        if is_short {
            self.db.write_few(write).await
        } else {
            self.db.write(write).await
        }
    }

    /// Runs one change of collections, and puts it in force. While another transaction is in the way it is tried again
    /// a few times, and holds up nobody in between.
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

    /// What mails say of the application.
    pub fn meta(&self) -> MetaSettings {
        let schema = self.schema.current();
        schema.settings.meta.over(&self.mailer.configured)
    }

    /// Loads the collections again if another process changed them.
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

    /// Puts changed collections in force.
    pub fn schema_changed(&self, schema: Snapshot) {
        self.schema.replace(schema);
        self.db.tables_changed();
    }
}

/// Tries again, after pauses, what another transaction is in the way of.
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
