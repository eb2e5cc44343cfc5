//! A connection to SQLite.
//!
//! By rusqlite, since a query of diesel's connection cannot be interrupted, and a query that runs on keeps the write-ahead log
//! from being emptied.

use std::borrow::Cow;
use std::cell::Cell;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::types::{ToSqlOutput, ValueRef as Raw};
use rusqlite::{CachedStatement, Connection, OpenFlags, ToSql};

use super::functions::{self, as_number};
use crate::db::budgeted::charge;
use crate::db::connection::Purpose;
use crate::db::dialect::SQLITE;
use crate::db::failure::Failure;
use crate::db::limit::ReadLimit;
use crate::db::{ColumnType, Each, GeoPoint, Sql, Value, ValueRef, sql};

/// How long a statement waits for another process.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

const SETUP: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA foreign_keys = ON;
    PRAGMA synchronous = FULL;
    PRAGMA journal_size_limit = 33554432;
    PRAGMA temp_store = FILE;
    PRAGMA cache_size = -8000;
";

/// After a power cut the log may lose its last seconds; its file stays intact.
const LOG: &str = "PRAGMA synchronous = NORMAL; PRAGMA cache_size = -2000;";

/// There are several readers, and the operating system caches the file too. Clients decide what is sorted, which may be a whole
/// table: what exceeds the cache goes to a temporary file. SQLite has one in `SQLITE_TMPDIR`, else `TMPDIR`, `/var/tmp` or `/tmp`.
const READER: &str = "PRAGMA query_only = ON; PRAGMA cache_size = -2000; PRAGMA temp_store = FILE;";

/// For a file of another program: its schema must have no effects, and its pages may be damaged.
const EXTERNAL: &str = "
    PRAGMA query_only = ON;
    PRAGMA trusted_schema = OFF;
    PRAGMA cell_size_check = ON;
";

/// How many statements a connection keeps prepared (LRU). One takes up to some ten kilobytes.
const KEPT: usize = 128;

/// The number of steps of SQLite's virtual machine between looks at the clock: well under a millisecond.
const STEPS: i32 = 10_000;
/// The number of steps where a budget is counted in milliseconds: one step may compare a megabyte of text.
const STEPS_WITHIN_BUDGET: i32 = 500;
/// How long a query may take; on PostgreSQL, `statement_timeout` is the same.
const MAX_TIME: Duration = Duration::from_secs(30);
/// How long a query may take while writes wait for it.
const MAX_TIME_IN_THE_WAY: Duration = Duration::from_millis(250);

/// The time limit of a database's readers.
#[derive(Debug, Default)]
pub(in crate::db) struct ReadTimeout {
    is_short: AtomicBool,
}

impl ReadTimeout {
    /// Shortens the limit while writes wait for the readers.
    pub(in crate::db) fn shorten(&self, is_short: bool) {
        self.is_short.store(is_short, Ordering::Relaxed);
    }

    fn lasts(&self) -> Duration {
        if self.is_short.load(Ordering::Relaxed) {
            MAX_TIME_IN_THE_WAY
        } else {
            MAX_TIME
        }
    }
}

/// Counts the changes of tables and views of one database, for all of its connections.
///
/// SQLite prepares a statement again by itself when a table that it reads has changed. A view's query may read no table: such a
/// statement would for ever return the view that it was prepared for. So connections drop their statements after a change.
#[derive(Clone, Debug, Default)]
pub(in crate::db) struct Definitions(Arc<AtomicU64>);

pub(in crate::db) struct SqliteConn {
    conn: Connection,
    /// Set when a statement begins, until the clock is first looked at.
    begins: Arc<AtomicBool>,
    definitions: Definitions,
    /// The number of changes when the first of the statements that are kept was prepared.
    prepared_at: Cell<u64>,
    /// Whether the running transaction has changed a table or a view. No statement is kept meanwhile.
    is_redefining: Cell<bool>,
    /// The time limit of a reader's statements; a writer has none.
    read_timeout: Option<Arc<ReadTimeout>>,
    /// The time limit of the read that is running.
    ends: Arc<Mutex<Option<ReadLimit>>>,
    /// Whether a look at the clock interrupts statements.
    is_watched: Cell<bool>,
}

impl SqliteConn {
    /// Opens a file; `reader`: the time limit of a reader.
    pub(in crate::db) fn open(
        file: &Path,
        purpose: Purpose,
        reader: Option<&Arc<ReadTimeout>>,
        definitions: &Definitions,
    ) -> rusqlite::Result<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut lite = Self::new(Connection::open_with_flags(file, flags)?, definitions);
        // First: the pragmas may already have to wait.
        lite.conn.busy_timeout(BUSY_TIMEOUT)?;
        lite.conn.execute_batch(SETUP)?;
        if purpose == Purpose::Log {
            lite.conn.execute_batch(LOG)?;
        }
        functions::register(&lite.conn)?;
        if let Some(read_timeout) = reader {
            lite.conn.execute_batch(READER)?;
            lite.read_timeout = Some(Arc::clone(read_timeout));
            lite.stop_at(None);
        }
        Ok(lite)
    }

    /// Opens another program's database, by its URI.
    pub(in crate::db) fn external(uri: &str) -> rusqlite::Result<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_URI
            | OpenFlags::SQLITE_OPEN_NOFOLLOW
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let definitions = Definitions::default();
        let lite = Self::new(Connection::open_with_flags(uri, flags)?, &definitions);
        lite.conn.busy_timeout(BUSY_TIMEOUT)?;
        lite.conn.execute_batch(EXTERNAL)?;
        Ok(lite)
    }

    fn new(conn: Connection, definitions: &Definitions) -> Self {
        conn.set_prepared_statement_cache_capacity(KEPT);
        Self {
            conn,
            begins: Arc::default(),
            prepared_at: Cell::new(definitions.0.load(Ordering::Acquire)),
            definitions: definitions.clone(),
            is_redefining: Cell::new(false),
            read_timeout: None,
            ends: Arc::default(),
            is_watched: Cell::new(false),
        }
    }

    /// Interrupts every later statement that takes longer.
    pub(in crate::db) fn limit(&self, max_time: impl Fn() -> Duration + Send + 'static) {
        self.watch(STEPS, max_time, None);
    }

    /// Interrupts a reader's later statements at this moment; if there is none, after the usual time.
    pub(in crate::db) fn stop_at(&self, until: Option<Instant>) {
        if let Some(read_timeout) = &self.read_timeout {
            let read_timeout = Arc::clone(read_timeout);
            let steps = until.map_or(STEPS, |_| STEPS_WITHIN_BUDGET);
            self.watch(steps, move || read_timeout.lasts(), until);
        }
    }

    fn watch(
        &self,
        steps: i32,
        max_time: impl Fn() -> Duration + Send + 'static,
        until: Option<Instant>,
    ) {
        let (begins, ends) = (Arc::clone(&self.begins), Arc::clone(&self.ends));
        let mut since = Instant::now();
        let is_over = move || {
            let now = Instant::now();
            if begins.swap(false, Ordering::Relaxed) {
                since = now;
            }
            let ends = ends.lock().unwrap_or_else(PoisonError::into_inner);
            now - since > max_time()
                || until.is_some_and(|until| now > until)
                || ends.as_ref().is_some_and(ReadLimit::is_over)
        };
        self.conn.progress_handler(steps, Some(is_over));
        self.is_watched.set(true);
    }

    /// Interrupts later statements by this limit too.
    pub(in crate::db) fn limited(&self, limit: Option<ReadLimit>) {
        if !self.is_watched.get() {
            self.limit(|| Duration::MAX);
        }
        *self.ends.lock().unwrap_or_else(PoisonError::into_inner) = limit;
    }

    /// Copies the whole write-ahead log into the database and truncates it. Returns whether its readers ended within
    /// `max_wait`.
    pub(in crate::db) fn empty_log(&self, max_wait: Duration) -> Result<bool, Failure> {
        let checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)";
        let is_busy = self.waiting(max_wait, |lite| {
            lite.conn.query_row(checkpoint, [], |row| row.get(0))
        })?;
        Ok(!is_busy?)
    }

    /// Begins a write transaction; fails if another process writes.
    pub(in crate::db) fn begin_at_once(&self) -> Result<(), Failure> {
        let begin = sql(SQLITE, "BEGIN IMMEDIATE");
        self.waiting(Duration::ZERO, |lite| lite.execute(&begin))?
            .map(drop)
    }

    /// Runs `work` with another limit to waiting for other processes.
    fn waiting<T>(&self, max_wait: Duration, work: impl FnOnce(&Self) -> T) -> Result<T, Failure> {
        self.conn.busy_timeout(max_wait)?;
        let outcome = work(self);
        self.conn.busy_timeout(BUSY_TIMEOUT)?;
        Ok(outcome)
    }

    pub(in crate::db) fn batch(&self, statements: &str) -> Result<(), Failure> {
        let outcome = self.conn.execute_batch(statements);
        self.end_redefining();
        Ok(outcome?)
    }

    pub(in crate::db) fn execute(&self, statement: &Sql) -> Result<usize, Failure> {
        let mut prepared = self.prepared(statement)?;
        let outcome = prepared.raw_execute();
        self.keep(prepared);
        if is_definition(statement.as_str()) {
            self.conn.flush_prepared_statement_cache();
            self.is_redefining.set(true);
        }
        self.end_redefining();
        Ok(outcome?)
    }

    pub(in crate::db) fn each(
        &self,
        query: &Sql,
        columns: &[ColumnType],
        mut room: Option<&mut usize>,
        look: &mut Each<'_>,
    ) -> Result<(), Failure> {
        let mut statement = self.prepared(query)?;
        let mut found = statement.raw_query();
        while let Some(row) = found.next()? {
            let mut values = Vec::with_capacity(columns.len());
            for (index, storage) in columns.iter().enumerate() {
                values.push(read(row.get_ref(index)?, *storage));
            }
            if let Some(room) = &mut room {
                charge(values.iter().map(ValueRef::bytes).sum(), room)?;
            }
            look(values);
        }
        drop(found);
        self.keep(statement);
        Ok(())
    }

    /// Keeps a statement prepared, unless the schema that it was prepared for may be rolled back.
    fn keep(&self, statement: CachedStatement<'_>) {
        if self.is_redefining.get() {
            statement.discard();
        }
    }

    /// Notifies all connections of a schema change, once it is committed or rolled back.
    fn end_redefining(&self) {
        if self.is_redefining.get() && self.conn.is_autocommit() {
            self.is_redefining.set(false);
            self.definitions.0.fetch_add(1, Ordering::AcqRel);
        }
    }

    fn prepared(&self, statement: &Sql) -> rusqlite::Result<CachedStatement<'_>> {
        self.begins.store(true, Ordering::Relaxed);
        let definitions = self.definitions.0.load(Ordering::Acquire);
        if self.prepared_at.get() != definitions {
            self.conn.flush_prepared_statement_cache();
            // The schema that the connection keeps is only compared with the file's when a table is read.
            self.conn
                .prepare("SELECT 1 FROM sqlite_schema LIMIT 1")?
                .exists([])?;
            self.prepared_at.set(definitions);
        }
        let mut prepared = self.conn.prepare_cached(statement.as_str())?;
        for (position, (_, value)) in statement.binds().iter().enumerate() {
            prepared.raw_bind_parameter(position + 1, value)?;
        }
        Ok(prepared)
    }
}

/// Says whether a statement changes tables or views.
fn is_definition(statement: &str) -> bool {
    let words = ["CREATE ", "DROP ", "ALTER "];
    words.iter().any(|word| statement.starts_with(word))
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => Raw::Null,
            Self::Json(text) => json(text),
            Self::Text(text) => Raw::Text(text.as_bytes()),
            Self::Number(number) => Raw::Real(*number),
            Self::Int(number) => Raw::Integer(*number),
            Self::Bool(value) => Raw::Integer(i64::from(*value)),
        }))
    }
}

/// JSON as its column stores it. A number is bound as a number: SQLite would convert its text too, but to 15 digits.
fn json(text: &str) -> Raw<'_> {
    if !text.starts_with(|c: char| c == '-' || c.is_ascii_digit()) {
        return Raw::Text(text.as_bytes());
    }
    let whole = text.parse().ok().map(Raw::Integer);
    whole
        .or_else(|| text.parse().ok().map(Raw::Real))
        .unwrap_or(Raw::Text(text.as_bytes()))
}

/// Reads a value as the declared type of its column. In SQLite any column may hold a value of any type.
fn read(raw: Raw<'_>, storage: ColumnType) -> ValueRef<'_> {
    if raw == Raw::Null {
        return ValueRef::Null;
    }
    match storage {
        ColumnType::Text => ValueRef::Text(text(raw)),
        ColumnType::Number => ValueRef::Number(number(raw)),
        #[expect(clippy::cast_possible_truncation, reason = "so does SQLite's own cast")]
        ColumnType::Int => ValueRef::Int(if let Raw::Integer(value) = raw {
            value
        } else {
            number(raw) as i64
        }),
        ColumnType::Bool => ValueRef::Bool(number(raw).trunc() != 0.0),
        ColumnType::Json => ValueRef::Json(match raw {
            Raw::Real(number) => crate::json::number_text(number).into(),
            Raw::Null | Raw::Integer(_) | Raw::Text(_) | Raw::Blob(_) => text(raw),
        }),
        ColumnType::GeoPoint => ValueRef::Json(GeoPoint::stored(&text(raw)).to_json().into()),
    }
}

fn text(raw: Raw<'_>) -> Cow<'_, str> {
    match raw {
        Raw::Null => Cow::Borrowed(""),
        Raw::Integer(number) => number.to_string().into(),
        Raw::Real(number) => number.to_string().into(),
        // Nearly always valid, and this check is the quicker one.
        Raw::Text(text) | Raw::Blob(text) => {
            std::str::from_utf8(text).map_or_else(|_| String::from_utf8_lossy(text), Cow::Borrowed)
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a number is a double")]
fn number(raw: Raw<'_>) -> f64 {
    match raw {
        Raw::Null => 0.0,
        Raw::Integer(number) => number as f64,
        Raw::Real(number) => number,
        Raw::Text(_) | Raw::Blob(_) => as_number(&text(raw)).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::{Rows, owned};
    use crate::error::Error;

    fn load(lite: &SqliteConn, query: &'static str, storage: ColumnType) -> Result<Rows, Error> {
        let mut rows = Rows::new();
        let query = sql(SQLITE, query);
        lite.each(&query, &[storage], None, &mut |row| rows.push(owned(row)))?;
        Ok(rows)
    }

    const ENDLESS: &str =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";

    fn count(lite: &SqliteConn, query: &'static str) -> Result<Rows, Error> {
        load(lite, query, ColumnType::Int)
    }

    #[test]
    fn a_query_that_takes_too_long_ends_and_the_next_begins_anew() {
        let lite = SqliteConn::new(
            Connection::open_in_memory().unwrap(),
            &Definitions::default(),
        );
        lite.limit(|| Duration::from_millis(20));
        for _ in 0..3 {
            let outcome = count(&lite, ENDLESS);
            assert!(matches!(outcome, Err(Error::TooSlow)), "{outcome:?}");
            assert_eq!(count(&lite, "SELECT 7").unwrap(), [[Value::Int(7)]]);
        }
    }

    #[test]
    fn f03_no_connection_keeps_a_statement_beyond_a_change() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("data.db");
        let definitions = Definitions::default();
        let open = || SqliteConn::open(&file, Purpose::Data, None, &definitions).unwrap();
        let (writer, reader) = (open(), open());
        let run = |text| writer.execute(&sql(SQLITE, text)).unwrap();
        let seen = |lite: &SqliteConn| count(lite, "SELECT * FROM \"v\"").unwrap();
        run("CREATE VIEW \"v\" AS SELECT 1");
        assert_eq!(
            (seen(&writer), seen(&reader)),
            (vec![vec![Value::Int(1)]], vec![vec![Value::Int(1)]])
        );
        run("BEGIN");
        run("SAVEPOINT step");
        run("DROP VIEW \"v\"");
        run("CREATE VIEW \"v\" AS SELECT 2");
        assert_eq!(seen(&writer), [[Value::Int(2)]]);
        assert_eq!(seen(&reader), [[Value::Int(1)]], "it is not committed yet");
        run("ROLLBACK TO step");
        assert_eq!(seen(&writer), [[Value::Int(1)]]);
        run("DROP VIEW \"v\"");
        run("CREATE VIEW \"v\" AS SELECT 3");
        run("COMMIT");
        assert_eq!(
            (seen(&writer), seen(&reader)),
            (vec![vec![Value::Int(3)]], vec![vec![Value::Int(3)]])
        );
    }

    #[test]
    fn a_query_that_is_in_the_way_ends_sooner() {
        let read_timeout = Arc::new(ReadTimeout::default());
        let lite = SqliteConn::new(
            Connection::open_in_memory().unwrap(),
            &Definitions::default(),
        );
        let lasts = Arc::clone(&read_timeout);
        lite.limit(move || lasts.lasts());
        read_timeout.shorten(true);
        let outcome = count(&lite, ENDLESS);
        assert!(matches!(outcome, Err(Error::TooSlow)), "{outcome:?}");
    }

    #[test]
    fn any_column_may_hold_any_value() {
        let lite = SqliteConn::new(
            Connection::open_in_memory().unwrap(),
            &Definitions::default(),
        );
        let load = |query, storage| {
            let rows = self::load(&lite, query, storage).unwrap();
            rows.into_iter().flatten().next().unwrap()
        };
        assert_eq!(load("SELECT 1", ColumnType::Text), Value::from("1"));
        assert_eq!(load("SELECT 1.5", ColumnType::Text), Value::from("1.5"));
        assert_eq!(load("SELECT x'61'", ColumnType::Text), Value::from("a"));
        assert_eq!(load("SELECT 3", ColumnType::Number), Value::Number(3.0));
        assert_eq!(
            load("SELECT ' 2.5 '", ColumnType::Number),
            Value::Number(2.5)
        );
        assert_eq!(load("SELECT 'x'", ColumnType::Number), Value::Number(0.0));
        assert_eq!(load("SELECT 2.9", ColumnType::Int), Value::Int(2));
        assert_eq!(load("SELECT '1'", ColumnType::Bool), Value::Bool(true));
        assert_eq!(load("SELECT 0.5", ColumnType::Bool), Value::Bool(false));
        assert_eq!(load("SELECT NULL", ColumnType::Bool), Value::Null);
    }
}
