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

use super::bounded::charge;
use super::failure::{Attempt, Failure};
use super::repeated::Repeated;
use super::{Each, Engine, Point, Sql, Storage, Value, ValueRef, sql};
use crate::json;

/// A statement that takes longer is somebody's mistake, and must not keep a connection from everybody else. Errors are
/// told apart by codes, but the driver passes only some of them on: see `failure`. For the others the words are the same
/// everywhere, where the role may say so. A database or role may have settings of its own: those that change what a
/// statement means, or how values are written, are set here.
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

/// The limits of time that a connection has unless its URL says otherwise: libpq has none of its own. Seconds until a
/// host that does not answer is left for the next one; milliseconds until one that acknowledges nothing is gone; seconds
/// until one that has nothing to say is asked whether it is there, between the questions, and how many go unanswered.
const LIMITS: &str = "connect_timeout=2&tcp_user_timeout=5000&keepalives_idle=3&keepalives_interval=1&keepalives_count=3";

/// The limit that [`SETUP`] sets.
const USUAL_LIMIT: &str = "SET statement_timeout = '30s'";

pub(super) struct Postgres {
    conn: PgConnection,
    repeated: Repeated,
    activity: Arc<Activity>,
    /// Whether its messages are in the language of its source.
    is_plain: bool,
    /// The milliseconds that a statement may take, where that is not the usual time.
    limit: Option<u128>,
}

/// Whether a connection waits for its server.
pub(super) struct Activity {
    /// What the server calls the connection.
    pub(super) backend: String,
    /// Since how many milliseconds after the start of the process; 0 if it does not.
    since: AtomicU64,
}

impl Activity {
    /// For how long it has waited for an answer.
    pub(super) fn waits(&self) -> Option<Duration> {
        let since = self.since.load(Ordering::Relaxed);
        (since > 0).then(|| Duration::from_millis(millis().saturating_sub(since)))
    }
}

/// Milliseconds since this was first asked, and one.
fn millis() -> u64 {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    u64::try_from(START.elapsed().as_millis()).map_or(u64::MAX, |millis| millis + 1)
}

impl Postgres {
    pub(super) fn open(url: &str) -> anyhow::Result<Self> {
        let conn = connect(url)?;
        let mut postgres = Self {
            conn,
            repeated: Repeated::default(),
            activity: Arc::new(Activity {
                backend: String::new(),
                since: AtomicU64::new(0),
            }),
            is_plain: true,
            limit: None,
        };
        postgres.batch(SETUP)?;
        postgres.introduce()?;
        Ok(postgres)
    }

    /// Asks what the server calls this connection, and in which language it speaks.
    fn introduce(&mut self) -> Result<(), Failure> {
        let select = sql(
            Engine::Postgres,
            "SELECT \"pid\"::text || ' ' || extract(epoch FROM \"backend_start\")::text, current_setting('lc_messages') \
             FROM pg_stat_get_activity(pg_backend_pid())",
        );
        let (mut backend, mut is_plain) = (String::new(), true);
        self.each(select, &[Storage::Text, Storage::Text], None, &mut |row| {
            if let [ValueRef::Text(name), ValueRef::Text(language)] = &row[..] {
                backend = name.clone().into_owned();
                is_plain = is_plain_language(language);
            }
        })?;
        self.activity = Arc::new(Activity {
            backend,
            since: AtomicU64::new(0),
        });
        self.is_plain = is_plain;
        Ok(())
    }

    /// The server's process for this connection, by which another connection can cancel its query.
    pub(super) fn process(&self) -> Option<i64> {
        let (process, _) = self.activity.backend.split_once(' ')?;
        process.parse().ok()
    }

    pub(super) fn activity(&self) -> Arc<Activity> {
        Arc::clone(&self.activity)
    }

    pub(super) fn batch(&mut self, statements: &str) -> Result<(), Failure> {
        self.ask(false, |conn| conn.batch_execute(statements))
    }

    pub(super) fn execute(&mut self, statement: Sql) -> Result<usize, Failure> {
        let statement = self.kept(statement);
        self.ask(statement.is_cached(), |conn| {
            conn.execute_returning_count(&statement)
        })
    }

    pub(super) fn each(
        &mut self,
        query: Sql,
        columns: &[Storage],
        room: Option<&mut usize>,
        look: &mut Each<'_>,
    ) -> Result<(), Failure> {
        let query = self.kept(query);
        let (since, is_plain, is_prepared) = (Instant::now(), self.is_plain, query.is_cached());
        let failure = |error| {
            let took = since.elapsed();
            let attempt = Attempt {
                is_plain,
                is_prepared,
                took,
            };
            Failure::of_postgres(error, attempt)
        };
        self.activity.since.store(millis(), Ordering::Relaxed);
        // One at a time: rows that are too many are never in memory.
        let conn = &mut self.conn;
        let mut room = room;
        let read = || {
            let rows = LoadConnection::<PgRowByRowLoadingMode>::load(conn, query);
            for row in rows.map_err(failure)? {
                let row = row.map_err(failure)?;
                let row = values(&row, columns).map_err(failure)?;
                if let Some(room) = room.as_deref_mut() {
                    charge(&row, room)?;
                }
                look(row);
            }
            Ok(())
        };
        let outcome = read();
        self.activity.since.store(0, Ordering::Relaxed);
        outcome
    }

    /// Lets the next statements take so long, or a little longer: to say it costs a round trip.
    pub(super) fn limit(&mut self, time: Duration) -> Result<(), Failure> {
        let time = time.as_millis() + 1;
        let is_near = |limit| limit >= time && limit <= time + time / 4;
        if !self.limit.is_some_and(is_near) {
            self.batch(&format!("SET statement_timeout = {time}"))?;
            self.limit = Some(time);
        }
        Ok(())
    }

    /// Lets statements take the usual time again.
    pub(super) fn restore_limit(&mut self) -> Result<(), Failure> {
        if self.limit.is_some() {
            self.batch(USUAL_LIMIT)?;
            self.limit = None;
        }
        Ok(())
    }

    /// Has the server do something, and notes for how long it is waited for.
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
        answer.map_err(|error| Failure::of_postgres(error, attempt))
    }

    /// A statement that comes again stays prepared.
    fn kept(&mut self, statement: Sql) -> Sql {
        statement.cached_if(|text| self.repeated.comes_again(text))
    }
}

/// Connects, with limits of time.
pub(super) fn connect(url: &str) -> anyhow::Result<PgConnection> {
    PgConnection::establish(&limited(url)).context("cannot connect to PostgreSQL")
}

/// The URL with [`LIMITS`] before its own parameters: of two that say the same, the later one counts.
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

/// Whether messages in this locale are those of the source.
pub(super) fn is_plain_language(locale: &str) -> bool {
    ["C", "POSIX", "en", "English"].iter().any(|plain| {
        let rest = locale.strip_prefix(plain);
        rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_alphanumeric()))
    })
}

fn values<'a>(
    row: &impl Row<'a, Pg>,
    columns: &[Storage],
) -> diesel::QueryResult<Vec<ValueRef<'static>>> {
    let values = columns.iter().enumerate();
    let values = values.map(|(index, storage)| read(row, index, *storage));
    let values = values.collect::<deserialize::Result<_>>();
    values.map_err(diesel::result::Error::DeserializationError)
}

fn read<'a>(
    row: &impl Row<'a, Pg>,
    index: usize,
    storage: Storage,
) -> deserialize::Result<ValueRef<'static>> {
    let field = row.get(index);
    let field = field.ok_or_else(|| format!("the row has no column {index}"))?;
    let Some(raw) = field.value() else {
        return Ok(ValueRef::Null);
    };
    Ok(match storage {
        Storage::Text => ValueRef::Text(Cow::Owned(FromSql::<Text, Pg>::from_sql(raw)?)),
        Storage::Number => ValueRef::Number(FromSql::<Double, Pg>::from_sql(raw)?),
        Storage::Int => ValueRef::Int(FromSql::<BigInt, Pg>::from_sql(raw)?),
        Storage::Bool => ValueRef::Bool(FromSql::<Bool, Pg>::from_sql(raw)?),
        Storage::Json => {
            // It writes jsonb in its own layout.
            let text: String = FromSql::<Text, Pg>::from_sql(raw)?;
            ValueRef::Json(json::normalise(&text).unwrap_or(text).into())
        }
        Storage::Point => {
            let text: String = FromSql::<Text, Pg>::from_sql(raw)?;
            ValueRef::Json(Point::stored(&text).to_json().into())
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
