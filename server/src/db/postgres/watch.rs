//! A thread that watches connections to PostgreSQL that wait for an answer.
//!
//! A host that has lost its power or network is silent, and a proxy may accept every byte and forward none. So after some
//! seconds another connection asks the server which statements it runs. A statement that it does not run will never be
//! answered, and a server that does not answer this question either is down.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use crate::db::connection::{Access, Manager};
use crate::db::pool::{Pool, Suspect};
use crate::db::{ColumnType, Conn, Value, load, sql};
use crate::error::{Error, Result};

/// The time between two looks.
const LOOK: Duration = Duration::from_millis(500);
/// How long an answer may take before the server is asked whether it runs the statement.
const SUSPICIOUS: Duration = Duration::from_secs(3);
/// How long connecting may take; the limit of each host is shorter.
const MAX_CONNECTING: Duration = Duration::from_secs(8);
/// How long the server may take to say what it runs: before it is taken to be down, and afterwards.
const MAX_ANSWER: Duration = Duration::from_millis(2500);
const MAX_RETURN: Duration = Duration::from_secs(15);
/// A server refuses a connection sooner than this; a later error means that a host did not answer.
const SOON: Duration = Duration::from_secs(1);
/// How long statements wait before they are given up, if the server refuses the question.
const PATIENCE: Duration = Duration::from_secs(8);

/// Starts the thread. It ends with the pool.
pub(in crate::db) fn start(pool: &Arc<Pool>) -> std::io::Result<()> {
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

/// Says whether a use still waits for a statement that the server does not run.
fn is_lost(suspect: &Suspect, running: &[String]) -> bool {
    match &suspect.activity {
        None => true,
        Some(activity) if running.iter().any(|backend| *backend == activity.backend) => false,
        // Its answer may have arrived meanwhile.
        Some(activity) => activity.waits().is_some_and(|waits| waits >= suspect.waits),
    }
}

/// Why the server did not say what it runs.
enum Silence {
    Unknown,
    Refused(anyhow::Error),
}

/// Asks the server what it runs, on this connection or a new one.
fn ask(
    manager: &Manager,
    conn: Option<Conn>,
    max_wait: Duration,
) -> Result<(Vec<String>, Conn), Silence> {
    let (answer, answered) = channel();
    let manager = manager.clone();
    // On a thread of its own, since nothing ends a call that waits for a silent host.
    let asking = std::thread::Builder::new().spawn(move || {
        let asked = conn
            .map_or_else(|| manager.open(Access::Read), Ok)
            .and_then(|mut conn| {
                let running = running(&mut conn).map_err(anyhow::Error::new)?;
                Ok((running, conn))
            });
        // Fails if it took too long.
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

/// Returns the names of the connections whose statements the server runs.
fn running(conn: &mut Conn) -> Result<Vec<String>> {
    let select = sql(
        conn.dialect(),
        "SELECT \"pid\"::text || ' ' || extract(epoch FROM \"backend_start\")::text FROM \"pg_stat_activity\" \
         WHERE \"backend_start\" IS NOT NULL AND (\"state\" IS NULL OR \"state\" NOT LIKE 'idle%')",
    );
    let rows = load(conn, select, &[ColumnType::Text])?;
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
