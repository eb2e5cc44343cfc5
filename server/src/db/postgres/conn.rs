//! A connection to PostgreSQL.

use std::borrow::Cow;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use anyhow::Context;
use diesel::connection::{Connection, LoadConnection, SimpleConnection};
use diesel::deserialize::FromSql;
use diesel::pg::{Pg, PgRowByRowLoadingMode};
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel::row::{Field, Row};
use diesel::sql_types::{BigInt, Bool, Double, Nullable, Text, Untyped};
use diesel::{PgConnection, deserialize};

use super::failure::{Attempt, Failure as PgFailure};
use super::statement_cache::StatementCache;
use crate::db::budgeted::charge;
use crate::db::dialect::POSTGRES;
use crate::db::failure::Failure;
use crate::db::{ColumnType, Each, GeoPoint, Sql, Value, ValueRef, sql};
use crate::json;

/// A statement that takes longer is a mistake, and must not occupy a connection. Errors are told apart by codes, but the
/// driver passes only some of them on (see `failure`); for the others, messages must be in the language of the source, if the
/// role may choose that. A database or role may have settings of its own: those that change the meaning of a statement or
/// the format of values are set here.
const SETUP: &str = "
    SET client_min_messages = warning;
    SET TIME ZONE 'UTC';
    SET statement_timeout = '30s';
    SET idle_in_transaction_session_timeout = '60s';
    DO $$ BEGIN
        PERFORM set_config('lc_messages', 'C', false);
    EXCEPTION WHEN insufficient_privilege THEN
        NULL;
    END $$;
    SET standard_conforming_strings = on;
    SET transform_null_equals = off;
    SET array_nulls = on;
    SET extra_float_digits = 1;
    SET bytea_output = 'hex';
    SET DateStyle = 'ISO, MDY';
    SET IntervalStyle = 'postgres';
    SET default_transaction_isolation = 'read committed';
";

/// The timeouts of a connection unless its URL sets others: libpq has none by default. Seconds until the next host is tried;
/// milliseconds until unacknowledged data ends the connection; seconds of silence until a keepalive is sent, seconds between
/// keepalives, and how many may go unanswered.
const LIMITS: &str = "connect_timeout=2&tcp_user_timeout=5000&keepalives_idle=3&keepalives_interval=1&keepalives_count=3";

/// The limit that [`SETUP`] sets.
const USUAL_LIMIT: &str = "SET statement_timeout = '30s'";

/// The bytes of the largest statement or row after which a connection is used again.
const MAX_KEPT: usize = 1 << 20;

pub(in crate::db) struct PostgresConn {
    conn: PgConnection,
    cache: StatementCache,
    activity: Arc<Activity>,
    /// Whether its messages are in the language of the source.
    is_plain: bool,
    /// The milliseconds that a statement may take, if not the usual time.
    limit: Option<u128>,
    /// The bytes of the largest statement or row so far.
    largest: usize,
}

/// Whether a connection waits for its server, for the thread that watches connections.
pub(in crate::db) struct Activity {
    /// The server's name for the connection.
    pub(in crate::db) backend: String,
    /// The time since when it waits, in milliseconds after the start of the process; 0 if it does not.
    since: AtomicU64,
}

impl Activity {
    /// Returns how long it has waited for an answer.
    pub(in crate::db) fn waits(&self) -> Option<Duration> {
        let since = self.since.load(Ordering::Relaxed);
        (since > 0).then(|| Duration::from_millis(millis().saturating_sub(since)))
    }
}

/// Returns the milliseconds since the first call, plus one.
fn millis() -> u64 {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    u64::try_from(START.elapsed().as_millis()).map_or(u64::MAX, |millis| millis + 1)
}

impl PostgresConn {
    pub(in crate::db) fn open(url: &str) -> anyhow::Result<Self> {
        let conn = connect(url)?;
        let mut postgres = Self {
            conn,
            cache: StatementCache::default(),
            activity: Arc::new(Activity {
                backend: String::new(),
                since: AtomicU64::new(0),
            }),
            is_plain: true,
            limit: None,
            largest: 0,
        };
        postgres.batch(SETUP)?;
        postgres.introduce()?;
        Ok(postgres)
    }

    /// Asks the server for its name of this connection and for the language of its messages.
    fn introduce(&mut self) -> Result<(), Failure> {
        let select = sql(
            POSTGRES,
            "SELECT \"pid\"::text || ' ' || extract(epoch FROM \"backend_start\")::text, current_setting('lc_messages') \
             FROM pg_stat_get_activity(pg_backend_pid())",
        );
        let (mut backend, mut is_plain) = (String::new(), true);
        self.each(
            select,
            &[ColumnType::Text, ColumnType::Text],
            None,
            &mut |row| {
                if let [ValueRef::Text(name), ValueRef::Text(language)] = &row[..] {
                    backend = name.clone().into_owned();
                    is_plain = is_plain_language(language);
                }
            },
        )?;
        self.activity = Arc::new(Activity {
            backend,
            since: AtomicU64::new(0),
        });
        self.is_plain = is_plain;
        Ok(())
    }

    /// Returns the server process of this connection, by which another connection can cancel its query.
    pub(in crate::db) fn process(&self) -> Option<i64> {
        let (process, _) = self.activity.backend.split_once(' ')?;
        process.parse().ok()
    }

    pub(in crate::db) fn activity(&self) -> Arc<Activity> {
        Arc::clone(&self.activity)
    }

    /// Says whether libpq holds much memory for it: its buffers grow to the largest message, and never shrink.
    pub(in crate::db) fn is_bloated(&self) -> bool {
        self.largest > MAX_KEPT
    }

    pub(in crate::db) fn batch(&mut self, statements: &str) -> Result<(), Failure> {
        self.ask(false, |conn| conn.batch_execute(statements))
    }

    pub(in crate::db) fn execute(&mut self, statement: Sql) -> Result<usize, Failure> {
        self.largest = self.largest.max(statement.bytes());
        let statement = self.kept(statement);
        self.ask(statement.is_cached(), |conn| {
            conn.execute_returning_count(&statement)
        })
    }

    pub(in crate::db) fn each(
        &mut self,
        query: Sql,
        columns: &[ColumnType],
        room: Option<&mut usize>,
        look: &mut Each<'_>,
    ) -> Result<(), Failure> {
        self.largest = self.largest.max(query.bytes());
        let query = self.kept(query);
        let (since, is_plain, is_prepared) = (Instant::now(), self.is_plain, query.is_cached());
        let failure = |error| {
            let took = since.elapsed();
            let attempt = Attempt {
                is_plain,
                is_prepared,
                took,
            };
            PgFailure::new(error, attempt)
        };
        self.activity.since.store(millis(), Ordering::Relaxed);
        // One row at a time, so that a large result is never in memory as a whole.
        let (conn, largest) = (&mut self.conn, &mut self.largest);
        let mut room = room;
        let read = || {
            let rows = LoadConnection::<PgRowByRowLoadingMode>::load(conn, query);
            for row in rows.map_err(failure)? {
                let row = row.map_err(failure)?;
                let row = values(&row, columns).map_err(failure)?;
                let bytes = row.iter().map(ValueRef::bytes).sum();
                *largest = (*largest).max(bytes);
                if let Some(room) = room.as_deref_mut() {
                    charge(bytes, room)?;
                }
                look(row);
            }
            Ok(())
        };
        let outcome = read();
        self.activity.since.store(0, Ordering::Relaxed);
        outcome
    }

    /// Limits the next statements to this time or a little more: to set a limit costs a round trip.
    pub(in crate::db) fn limit(&mut self, time: Duration) -> Result<(), Failure> {
        let time = time.as_millis() + 1;
        let is_near = |limit| limit >= time && limit <= time + time / 4;
        if !self.limit.is_some_and(is_near) {
            self.batch(&format!("SET statement_timeout = {time}"))?;
            self.limit = Some(time);
        }
        Ok(())
    }

    /// Restores the usual time limit.
    pub(in crate::db) fn restore_limit(&mut self) -> Result<(), Failure> {
        if self.limit.is_some() {
            self.batch(USUAL_LIMIT)?;
            self.limit = None;
        }
        Ok(())
    }

    /// Sends the server a request, and notes meanwhile that it waits.
    fn ask<T>(
        &mut self,
        is_prepared: bool,
        question: impl FnOnce(&mut PgConnection) -> QueryResult<T>,
    ) -> Result<T, Failure> {
        let since = Instant::now();
        self.activity.since.store(millis(), Ordering::Relaxed);
        let answer = question(&mut self.conn);
        self.activity.since.store(0, Ordering::Relaxed);
        let attempt = Attempt {
            is_plain: self.is_plain,
            is_prepared,
            took: since.elapsed(),
        };
        answer.map_err(|error| PgFailure::new(error, attempt).into())
    }

    /// Marks a statement that is repeated, so that it stays prepared.
    fn kept(&mut self, statement: Sql) -> Sql {
        statement.cached_if(|text| self.cache.is_repeated(text))
    }
}

/// Connects, with timeouts.
pub(in crate::db) fn connect(url: &str) -> anyhow::Result<PgConnection> {
    PgConnection::establish(&limited(url)).context("cannot connect to PostgreSQL")
}

/// Puts [`LIMITS`] before the URL's own parameters: libpq uses the last of two that are equal.
fn limited(url: &str) -> String {
    // A password may hold a question mark.
    let hosts = url.find("://").map_or(0, |scheme| scheme + 3);
    let path = url[hosts..].find('/').map_or(url.len(), |at| hosts + at);
    let hosts = url[hosts..path].find('@').map_or(hosts, |at| hosts + at);
    match url[hosts..].find('?') {
        Some(at) => {
            let (before, own) = url.split_at(hosts + at + 1);
            format!("{before}{LIMITS}&{own}")
        }
        None => format!("{url}?{LIMITS}"),
    }
}

/// Says whether messages in this locale are those of the source.
pub(in crate::db) fn is_plain_language(locale: &str) -> bool {
    ["C", "POSIX", "en", "English"].iter().any(|plain| {
        let rest = locale.strip_prefix(plain);
        rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_alphanumeric()))
    })
}

fn values<'a>(
    row: &impl Row<'a, Pg>,
    columns: &[ColumnType],
) -> diesel::QueryResult<Vec<ValueRef<'static>>> {
    let values = columns.iter().enumerate();
    let values = values.map(|(index, storage)| read(row, index, *storage));
    let values = values.collect::<deserialize::Result<_>>();
    values.map_err(diesel::result::Error::DeserializationError)
}

fn read<'a>(
    row: &impl Row<'a, Pg>,
    index: usize,
    storage: ColumnType,
) -> deserialize::Result<ValueRef<'static>> {
    let field = row.get(index);
    let field = field.ok_or_else(|| format!("the row has no column {index}"))?;
    let Some(raw) = field.value() else {
        return Ok(ValueRef::Null);
    };
    Ok(match storage {
        ColumnType::Text => ValueRef::Text(Cow::Owned(FromSql::<Text, Pg>::from_sql(raw)?)),
        ColumnType::Number => ValueRef::Number(FromSql::<Double, Pg>::from_sql(raw)?),
        ColumnType::Int => ValueRef::Int(FromSql::<BigInt, Pg>::from_sql(raw)?),
        ColumnType::Bool => ValueRef::Bool(FromSql::<Bool, Pg>::from_sql(raw)?),
        ColumnType::Json => {
            // It writes jsonb in its own layout.
            let text: String = FromSql::<Text, Pg>::from_sql(raw)?;
            ValueRef::Json(json::normalise(&text).unwrap_or(text).into())
        }
        ColumnType::GeoPoint => {
            let text: String = FromSql::<Text, Pg>::from_sql(raw)?;
            ValueRef::Json(GeoPoint::stored(&text).to_json().into())
        }
    })
}

impl QueryFragment<Pg> for Sql {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        if !self.is_cached() {
            out.unsafe_to_cache_prepared();
        }
        let mut written = 0;
        for (at, value) in self.binds() {
            out.push_sql(&self.as_str()[written..*at]);
            written = *at;
            match value {
                Value::Null => out.push_bind_param::<Nullable<Text>, Option<String>>(&None)?,
                Value::Text(v) | Value::Json(v) => out.push_bind_param::<Text, String>(v)?,
                Value::Number(v) => out.push_bind_param::<Double, f64>(v)?,
                Value::Int(v) => out.push_bind_param::<BigInt, i64>(v)?,
                Value::Bool(v) => out.push_bind_param::<Bool, bool>(v)?,
            }
        }
        out.push_sql(&self.as_str()[written..]);
        Ok(())
    }
}

impl QueryId for Sql {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for Sql {
    type SqlType = Untyped;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_keeps_its_own_limits() {
        for (url, expected) in [
            ("postgres://a/b", "postgres://a/b?LIMITS"),
            (
                "postgres://u:p?x@a,b:1/c",
                "postgres://u:p?x@a,b:1/c?LIMITS",
            ),
            (
                "postgresql://u@a/b?connect_timeout=9",
                "postgresql://u@a/b?LIMITS&connect_timeout=9",
            ),
            (
                "postgres:///b?host=/run/x@y",
                "postgres:///b?LIMITS&host=/run/x@y",
            ),
            (
                "postgres://a?sslmode=require",
                "postgres://a?LIMITS&sslmode=require",
            ),
        ] {
            assert_eq!(limited(url), expected.replace("LIMITS", LIMITS));
        }
    }

    #[test]
    fn languages() {
        for plain in [
            "C",
            "C.UTF-8",
            "POSIX",
            "en_US.UTF-8",
            "English_United States.1252",
        ] {
            assert!(is_plain_language(plain), "{plain}");
        }
        for other in ["", "de_DE.UTF-8", "Czech_Czechia.1250", "eno_XX", "fr"] {
            assert!(!is_plain_language(other), "{other}");
        }
    }
}
