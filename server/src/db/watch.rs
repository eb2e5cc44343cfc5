//! Looks after uses of PostgreSQL that wait for an answer.
//!
//! A host that has lost its power or its network says nothing, and a machine between may take every byte and pass none on.
//! So whoever waits for long is asked for by another connection: the server knows which statements it runs. What it does not
//! run will never be answered, and a server that says nothing to that either is gone.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use super::connection::Manager;
use super::pool::{Pool, Suspect};
use super::{Conn, Storage, Value, load, sql};
use crate::error::{Error, Result};

/// How often it looks.
const LOOK: Duration = Duration::from_millis(500);
/// How long an answer may take before the server is asked whether it works on it.
const SUSPICIOUS: Duration = Duration::from_secs(3);
/// How long connecting may take: the limit of each host is shorter.
const MAX_CONNECTING: Duration = Duration::from_secs(8);
/// How long the server has to say what it works on, before it is taken to be gone and afterwards.
const MAX_ANSWER: Duration = Duration::from_millis(2500);
const MAX_RETURN: Duration = Duration::from_secs(15);
/// A server that refuses a connection does so sooner; later it is a host that did not answer in time.
const SOON: Duration = Duration::from_secs(1);
/// How long nobody is given up for if the server refuses to be asked.
const PATIENCE: Duration = Duration::from_secs(8);

/// Watches the uses of a pool for as long as there is one.
pub(super) fn start(pool: &Arc<Pool>) -> std::io::Result<()> {
    let pool = Arc::downgrade(pool);
    std::thread::Builder::new()
        .name("watch".to_owned())
        .spawn(move || watch(&pool))
        .map(drop)
}

fn watch(pool: &Weak<Pool>) {
    let mut kept = None;
    loop {
        std::thread::sleep(LOOK);
        let Some(pool) = pool.upgrade() else {
            return;
        };
        let suspects = pool.suspects(SUSPICIOUS, MAX_CONNECTING);
        if suspects.is_empty() && !pool.is_down() {
            kept = None;
            continue;
        }
        look(&pool, suspects, &mut kept);
    }
}

fn look(pool: &Pool, suspects: Vec<Suspect>, kept: &mut Option<Conn>) {
    let max_wait = if pool.is_down() {
        MAX_RETURN
    } else {
        MAX_ANSWER
    };
    let again = kept.take().and_then(|conn| {
        let answer = ask(&pool.manager, Some(conn), MAX_ANSWER);
        answer.ok()
    });
    let answer = again.map_or_else(|| ask(&pool.manager, None, max_wait), Ok);
    match answer {
        Ok((running, conn)) => {
            *kept = Some(conn);
            if pool.is_down() {
                tracing::info!("the database answers again");
                pool.set_down(false);
            }
            let lost: Vec<u64> = suspects
                .into_iter()
                .filter(|suspect| is_lost(suspect, &running))
                .map(|suspect| suspect.id)
                .collect();
            if !lost.is_empty() {
                tracing::error!(
                    uses = lost.len(),
                    "the database does not know of statements that wait for its answer: the connections are replaced"
                );
                pool.replace_connections();
                pool.give_up(lost);
            }
        }
        Err(Silence::Unknown) => {
            if !pool.is_down() {
                tracing::error!("the database does not answer: its connections are given up");
            }
            pool.set_down(true);
            pool.replace_connections();
            pool.give_up(suspects.into_iter().map(|suspect| suspect.id));
        }
        Err(Silence::Refused(error)) => {
            pool.cannot_connect(&error);
            let lost = suspects
                .into_iter()
                .filter(|suspect| suspect.waits > PATIENCE);
            pool.give_up(lost.map(|suspect| suspect.id));
        }
    }
}

/// Whether it still waits for what the server does not work on.
fn is_lost(suspect: &Suspect, running: &[String]) -> bool {
    match &suspect.activity {
        None => true,
        Some(activity) if running.iter().any(|backend| *backend == activity.backend) => false,
        // Its answer may have come meanwhile.
        Some(activity) => activity.waits().is_some_and(|waits| waits >= suspect.waits),
    }
}

/// Why the server did not say what it works on.
enum Silence {
    Unknown,
    Refused(anyhow::Error),
}

/// Asks the server what it works on, on this connection or a new one.
fn ask(
    manager: &Manager,
    conn: Option<Conn>,
    max_wait: Duration,
) -> Result<(Vec<String>, Conn), Silence> {
    let (answer, answered) = channel();
    let manager = manager.clone();
    // A thread of its own: nothing else ends a call that waits for a silent host.
    let asking = std::thread::Builder::new().spawn(move || {
        let asked = conn
            .map_or_else(|| manager.open(false), Ok)
            .and_then(|mut conn| {
                let running = running(&mut conn).map_err(anyhow::Error::new)?;
                Ok((running, conn))
            });
        // Nobody listens any more when it took too long.
        let _ = answer.send(asked);
    });
    if let Err(error) = asking {
        return Err(Silence::Refused(error.into()));
    }
    let since = Instant::now();
    match answered.recv_timeout(max_wait) {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) if since.elapsed() < SOON => Err(Silence::Refused(error)),
        Ok(Err(_)) | Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
            Err(Silence::Unknown)
        }
    }
}

/// The connections that the server works for.
fn running(conn: &mut Conn) -> Result<Vec<String>> {
    let select = sql(
        conn.engine(),
        "SELECT \"pid\"::text || ' ' || extract(epoch FROM \"backend_start\")::text FROM \"pg_stat_activity\" \
         WHERE \"backend_start\" IS NOT NULL AND (\"state\" IS NULL OR \"state\" NOT LIKE 'idle%')",
    );
    let rows = load(conn, select, &[Storage::Text])?;
    rows.into_iter().flatten().map(text).collect()
}

fn text(value: Value) -> Result<String> {
    match value {
        Value::Text(text) => Ok(text),
        Value::Null | Value::Number(_) | Value::Int(_) | Value::Bool(_) | Value::Json(_) => {
            Err(Error::internal(anyhow::anyhow!("a connection has no name")))
        }
    }
}
