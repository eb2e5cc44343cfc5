//! The work that waits in the database: runs of jobs, and mails.

use crate::db::{self, ColumnType, Conn, Value, load, sql};
use crate::error::Result;
use crate::queue::store::{Depth, age, depth};
use crate::queue::{JOB_RUNS, MAILS};

/// The number of jobs whose last success is a metric: each is a series of its own.
const MAX_JOBS: i64 = 100;

/// The work that waits.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    pub(super) runs: Depth,
    pub(super) mails: Depth,
    /// For each enabled job, by its id: the seconds since its last successful run was due, or since the job was created if
    /// there is none.
    pub(super) successes: Vec<(String, f64)>,
}

pub(super) fn read(conn: &mut Conn) -> Result<Backlog> {
    let now = db::now(conn)?;
    let mut successes = sql(
        conn.dialect(),
        "SELECT \"j\".\"id\", COALESCE((SELECT max(\"r\".\"due\") FROM \"_jobRuns\" AS \"r\" \
         WHERE \"r\".\"job\" = \"j\".\"id\" AND \"r\".\"outcome\" = 'succeeded'), \"j\".\"created\") \
         FROM \"_jobs\" AS \"j\" WHERE \"j\".\"enabled\" = TRUE ORDER BY \"j\".\"id\" LIMIT ",
    );
    successes.bind(Value::Int(MAX_JOBS));
    let columns = [ColumnType::Text, ColumnType::Text];
    let successes = load(conn, successes.cached(), &columns)?;
    let successes = successes.iter().filter_map(|row| match &row[..] {
        [Value::Text(job), Value::Text(due)] => Some((job.clone(), age(now, due)?)),
        _ => None,
    });
    Ok(Backlog {
        successes: successes.collect(),
        runs: depth(conn, &JOB_RUNS, now)?,
        mails: depth(conn, &MAILS, now)?,
    })
}
