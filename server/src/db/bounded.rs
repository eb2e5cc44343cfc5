//! Reads of queries that somebody has just written, which may never end: they get a few seconds, and change nothing.

use std::time::{Duration, Instant};

use rusqlite::types::ValueRef;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::{
    Conn, Db, Engine, Location, Point, Rows, Sql, Storage, Value, blocking, execute, load_given,
    sql,
};
use crate::error::{Error, Result};

/// How long such a query may take.
const MAX_TIME: Duration = Duration::from_secs(3);
/// How many of SQLite's steps go by between looks at the clock.
const STEPS: i32 = 10_000;

impl Db {
    /// Runs a query without bound values. What is wrong with it is told; one that takes too long is
    /// [`Error::Unavailable`].
    pub async fn read_bounded(&self, query: Sql, columns: Vec<Storage>) -> Result<Rows> {
        match self.inner.location.clone() {
            Location::Postgres(_) => {
                let run = move |conn: &mut Conn| on_postgres(conn, query, &columns);
                self.read(run).await
            }
            Location::Sqlite(file) => {
                let _turn = self.turn(&self.inner.open_ended).await?;
                let text = query
                    .script()
                    .ok_or_else(|| Error::internal(anyhow::anyhow!("the query has values")))?;
                blocking(move || on_sqlite(&file, &text, &columns)).await
            }
        }
    }
}

fn on_postgres(conn: &mut Conn, query: Sql, columns: &[Storage]) -> Result<Rows> {
    let run = |conn: &mut Conn, text| execute(conn, sql(Engine::Postgres, text));
    run(conn, "BEGIN READ ONLY")?;
    let rows = run(conn, "SET LOCAL statement_timeout = '3s'")
        .and_then(|_| load_given(conn, query, columns));
    run(conn, "ROLLBACK")?;
    rows
}

/// On a connection of its own, since the driver of the others cannot be interrupted.
fn on_sqlite(file: &std::path::Path, text: &str, columns: &[Storage]) -> Result<Rows> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(file, flags).map_err(Error::internal)?;
    conn.busy_timeout(MAX_TIME).map_err(Error::internal)?;
    let deadline = Instant::now() + MAX_TIME;
    conn.progress_handler(STEPS, Some(move || Instant::now() > deadline));
    let mut statement = conn.prepare(text).map_err(in_its_words)?;
    let mut found = statement.query([]).map_err(in_its_words)?;
    let mut rows = Vec::new();
    while let Some(row) = found.next().map_err(in_its_words)? {
        let values = columns.iter().enumerate().map(|(position, storage)| {
            let raw = row.get_ref(position).map_err(Error::internal)?;
            Ok(value(raw, *storage))
        });
        rows.push(values.collect::<Result<_>>()?);
    }
    Ok(rows)
}

fn value(raw: ValueRef<'_>, storage: Storage) -> Value {
    let text = || match raw {
        ValueRef::Null => String::new(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(text) | ValueRef::Blob(text) => String::from_utf8_lossy(text).into_owned(),
    };
    match (raw, storage) {
        (ValueRef::Null, _) => Value::Null,
        (_, Storage::Text) => Value::Text(text()),
        (_, Storage::Number) => Value::Number(text().parse().unwrap_or_default()),
        (_, Storage::Int) => Value::Int(text().parse().unwrap_or_default()),
        (_, Storage::Bool) => Value::Bool(!matches!(text().as_str(), "" | "0" | "0.0")),
        (_, Storage::Json) => Value::Json(text()),
        (_, Storage::Point) => Value::Json(Point::stored(&text()).to_json()),
    }
}

fn in_its_words(error: rusqlite::Error) -> Error {
    if error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted) {
        return Error::Unavailable;
    }
    if let rusqlite::Error::SqliteFailure(_, Some(words)) = error {
        Error::invalid(words)
    } else {
        Error::internal(error)
    }
}
