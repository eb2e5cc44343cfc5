//! What waits in the database: runs of jobs, and mails.

use crate::clock::Moment;
use crate::db::{self, Conn, Sql, Storage, Value, load, sql};
use crate::error::Result;

/// Of how many jobs the last success is told: each is a series of its own.
const MAX_JOBS: i64 = 100;

/// What waits.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    pub(super) runs: Waiting,
    pub(super) mails: Waiting,
    /// How many seconds ago the last run of an enabled job was due that succeeded, or the job was made if none did; by the
    /// job's id.
    pub(super) successes: Vec<(String, f64)>,
}

/// How many wait, and for how many seconds the oldest has.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Waiting {
    pub(super) count: i64,
    pub(super) oldest: f64,
}

pub(super) fn read(conn: &mut Conn) -> Result<Backlog> {
    let now = db::now(conn)?;
    let mut runs = sql(
        conn.engine(),
        "SELECT CAST(count(*) AS BIGINT), min(\"notBefore\") FROM \"_jobRuns\" \
         WHERE \"outcome\" = 'waiting' AND \"notBefore\" <= ",
    );
    runs.bind(Value::from(now.to_string()));
    let mails = sql(
        conn.engine(),
        "SELECT CAST(count(*) AS BIGINT), min(\"created\") FROM \"_mails\" WHERE \"status\" IN ('waiting', 'sending')",
    );
    let mut successes = sql(
        conn.engine(),
        "SELECT \"j\".\"id\", COALESCE((SELECT max(\"r\".\"due\") FROM \"_jobRuns\" AS \"r\" \
         WHERE \"r\".\"job\" = \"j\".\"id\" AND \"r\".\"outcome\" = 'succeeded'), \"j\".\"created\") \
         FROM \"_jobs\" AS \"j\" WHERE \"j\".\"enabled\" = TRUE ORDER BY \"j\".\"id\" LIMIT ",
    );
    successes.bind(Value::Int(MAX_JOBS));
    let columns = [Storage::Text, Storage::Text];
    let successes = load(conn, successes.cached(), &columns)?;
    let successes = successes.iter().filter_map(|row| match &row[..] {
        [Value::Text(job), Value::Text(due)] => Some((job.clone(), ago(now, due)?)),
        _ => None,
    });
    Ok(Backlog {
        successes: successes.collect(),
        runs: waiting(conn, runs.cached(), now)?,
        mails: waiting(conn, mails.cached(), now)?,
    })
}

fn waiting(conn: &mut Conn, select: Sql, now: Moment) -> Result<Waiting> {
    let rows = load(conn, select, &[Storage::Int, Storage::Text])?;
    Ok(match rows.first().map(Vec::as_slice) {
        Some([Value::Int(count), Value::Text(oldest)]) => Waiting {
            count: *count,
            oldest: ago(now, oldest).unwrap_or_default(),
        },
        _ => Waiting::default(),
    })
}

fn ago(now: Moment, moment: &str) -> Option<f64> {
    let moment = Moment::parse(moment)?;
    let ago = now.timestamp().duration_since(moment.timestamp());
    Some(ago.as_secs_f64().max(0.0))
}
