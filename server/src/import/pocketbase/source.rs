//! Reads a data directory of PocketBase, and never changes it.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde_json::{Map, Value as Json};
use tempfile::TempDir;
use url::Url;

use super::dir::{Dir, Refusal};
use super::{Report, in_words};
use crate::db::{ColumnType, Conn, Dialect, Ident, Sql, Value, load_external, sql};
use crate::error::Result;

/// A data directory.
pub struct Source {
    /// The path.
    pub dir: PathBuf,
    /// The directory of files, if it is separate.
    pub storage: Option<PathBuf>,
    conn: Conn,
    /// A copy that is read instead if the original cannot be read without changing it.
    _copy: Option<TempDir>,
}

/// How a column is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Read {
    /// As text, whatever its stored type.
    Text,
    /// As a double.
    Number,
    /// As a bool.
    Bool,
}

impl Source {
    /// Opens a data directory, and checks that it is one.
    pub(super) fn open(dir: &Path) -> anyhow::Result<Self> {
        if !dir.is_dir() {
            bail!("there is no directory {}", dir.display());
        }
        let file = dir.join("data.db");
        let dir = dir
            .canonicalize()
            .with_context(|| format!("cannot read {}", dir.display()))?;
        check_files(&dir)?;
        let (address, copy) = address(&dir.join("data.db"))?;
        let unreadable = || format!("cannot read the database {}", file.display());
        let mut source = Self {
            conn: Conn::read_only(&address).with_context(unreadable)?,
            dir,
            storage: None,
            _copy: copy,
        };
        source.check().with_context(unreadable)?;
        Ok(source)
    }

    fn dialect(&self) -> Dialect {
        self.conn.dialect()
    }

    /// Refuses a file that is not a database of a known version of PocketBase.
    fn check(&mut self) -> anyhow::Result<()> {
        // From here on, everything is read as it is now.
        self.texts(sql(self.dialect(), "BEGIN"), 0)
            .map_err(in_words)?;
        let columns = self.columns("_collections").map_err(in_words)?;
        let has = |name: &str| columns.iter().any(|column| column == name);
        if has("definition") {
            bail!("it is Plinth's own, not PocketBase's");
        }
        if columns.is_empty() {
            bail!("it is not PocketBase's: it has no collections");
        }
        if !has("fields") || !has("options") {
            bail!(
                "it is of a version before 0.23: start a newer PocketBase with it once, which brings it up to date, \
                 then try again"
            );
        }
        let check = sql(self.dialect(), "PRAGMA quick_check(1)");
        let problems = self.texts(check, 1).map_err(in_words)?;
        match problems.first().map(|row| row[0].as_str()) {
            Some("ok") => Ok(()),
            problem => bail!(
                "it is damaged: {}",
                problem.unwrap_or("it can't be checked")
            ),
        }
    }

    /// Returns the names of a table's columns; none if there is no such table.
    pub(super) fn columns(&mut self, table: &str) -> Result<Vec<String>> {
        let mut select = sql(self.dialect(), "SELECT \"name\" FROM pragma_table_info(");
        select.bind(Value::from(table)).text(")");
        Ok(self.texts(select, 1)?.into_iter().flatten().collect())
    }

    /// Returns the definitions as PocketBase shows them, with their secrets.
    pub(super) fn definitions(&mut self) -> anyhow::Result<Vec<Map<String, Json>>> {
        let texts = ["id", "name", "type", "created", "updated"];
        let rules = [
            "listRule",
            "viewRule",
            "createRule",
            "updateRule",
            "deleteRule",
        ];
        let select = sql(
            self.dialect(),
            "SELECT \"id\", \"name\", \"type\", \"created\", \"updated\", \"listRule\", \"viewRule\", \"createRule\", \
             \"updateRule\", \"deleteRule\", CAST(\"fields\" AS TEXT), CAST(\"indexes\" AS TEXT), \
             CAST(\"options\" AS TEXT), CAST(\"system\" AS INTEGER) FROM \"_collections\" ORDER BY rowid",
        );
        let mut storages = vec![ColumnType::Text; 13];
        storages.push(ColumnType::Bool);
        let mut definitions = Vec::new();
        for row in load_external(&mut self.conn, select, &storages).map_err(in_words)? {
            let text = |position: usize| {
                let Value::Text(text) = &row[position] else {
                    return Json::Null;
                };
                Json::from(text.as_str())
            };
            let name = text(1);
            let json = |position: usize| -> anyhow::Result<Json> {
                let text = text(position);
                serde_json::from_str(text.as_str().unwrap_or("null"))
                    .with_context(|| format!("the definition of {name} is no JSON"))
            };
            let Json::Object(mut definition) = json(12)? else {
                bail!("the options of {name} are no object");
            };
            for (position, key) in texts.into_iter().chain(rules).enumerate() {
                definition.insert(key.to_owned(), text(position));
            }
            definition.insert("fields".to_owned(), json(10)?);
            definition.insert("indexes".to_owned(), json(11)?);
            definition.insert("system".to_owned(), (row[13] == Value::Bool(true)).into());
            definitions.push(definition);
        }
        Ok(definitions)
    }

    /// Returns the stored settings, if there are any.
    pub(super) fn settings(&mut self) -> Result<Option<String>> {
        let select = sql(
            self.dialect(),
            "SELECT CAST(\"value\" AS TEXT) FROM \"_params\" WHERE \"id\" = 'settings'",
        );
        Ok(self.texts(select, 1)?.into_iter().flatten().next())
    }

    /// Returns the next rows of a table after the one with this number, in the order of insertion, with their
    /// numbers.
    pub(super) fn rows(
        &mut self,
        table: &str,
        columns: &[(String, Read)],
        after: i64,
        limit: i64,
    ) -> Result<Vec<(i64, Vec<Value>)>> {
        let mut select = sql(self.dialect(), "SELECT rowid");
        let mut storages = vec![ColumnType::Int];
        for (name, read) in columns {
            select.text(", ");
            read_column(&mut select, &Ident::exact(name), *read);
            storages.push(match read {
                Read::Text => ColumnType::Text,
                Read::Number => ColumnType::Number,
                Read::Bool => ColumnType::Bool,
            });
        }
        select.text(" FROM ").ident(&Ident::exact(table));
        select.text(" WHERE rowid > ").bind(Value::Int(after));
        select
            .text(" ORDER BY rowid LIMIT ")
            .bind(Value::Int(limit));
        let rows = load_external(&mut self.conn, select.cached(), &storages)?;
        Ok(rows
            .into_iter()
            .map(|mut row| {
                let number = row.remove(0);
                let Value::Int(number) = number else {
                    return (after, row);
                };
                (number, row)
            })
            .collect())
    }

    /// Returns the number of a table's rows.
    pub(super) fn count(&mut self, table: &str) -> Result<i64> {
        let mut select = sql(self.dialect(), "SELECT COUNT(*) FROM ");
        select.ident(&Ident::exact(table));
        crate::db::first_int(&load_external(&mut self.conn, select, &[ColumnType::Int])?)
    }

    /// Reports other data of PocketBase, which is never imported.
    pub(super) fn note_the_rest(&self, report: &mut Report) {
        if self.dir.join("auxiliary.db").is_file() {
            report.note("logs", "what PocketBase logged stays there");
        }
        if self.dir.join("backups").is_dir() {
            report.note("backups", "PocketBase's backups stay there");
        }
        for name in ["pb_hooks", "pb_migrations"] {
            let beside = self.dir.parent().map(|parent| parent.join(name));
            if beside.is_some_and(|beside| beside.is_dir()) {
                report.note(name, "Plinth runs no code of PocketBase's");
            }
        }
    }

    fn texts(&mut self, select: Sql, columns: usize) -> Result<Vec<Vec<String>>> {
        let rows = load_external(&mut self.conn, select, &vec![ColumnType::Text; columns])?;
        let text = |value| {
            let Value::Text(text) = value else {
                return String::new();
            };
            text
        };
        Ok(rows
            .into_iter()
            .map(|row| row.into_iter().map(text).collect())
            .collect())
    }
}

/// Refuses a database that is a link: it may lead to another database of the operator, chosen by the author of the
/// directory. An operator with a database elsewhere can name its directory.
fn check_files(path: &Path) -> anyhow::Result<()> {
    let dir = Dir::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    for name in ["data.db", "data.db-wal", "data.db-shm", "data.db-journal"] {
        match dir.file(name.as_ref()) {
            Err(Refusal::Missing) if name == "data.db" => bail!(
                "{} is no data directory of PocketBase: it has no data.db",
                path.display()
            ),
            Ok(_) | Err(Refusal::Missing) => {}
            Err(refusal) => bail!(
                "cannot read {}: {}",
                dir.path_of(name.as_ref()),
                refusal.words()
            ),
        }
    }
    Ok(())
}

fn read_column(out: &mut Sql, column: &Ident, read: Read) {
    match read {
        Read::Number | Read::Bool => {
            out.ident(column);
        }
        Read::Text => {
            // What looks like a number in a column for JSON is stored as one; as text it would lose digits.
            out.text("CASE typeof(").ident(column);
            out.text(") WHEN 'real' THEN printf('%!.17g', ")
                .ident(column);
            out.text(") ELSE CAST(").ident(column).text(" AS TEXT) END");
        }
    }
}

/// How to open the database such that nothing beside it changes, and the copy that is opened, if there is one.
fn address(file: &Path) -> anyhow::Result<(String, Option<TempDir>)> {
    let beside = |suffix: &str| {
        let mut name = file.as_os_str().to_owned();
        name.push(suffix);
        PathBuf::from(name)
    };
    let has = |suffix: &str| fs::metadata(beside(suffix)).is_ok_and(|file| file.len() > 0);
    let is_open_elsewhere = beside("-shm").exists();
    let is_unfinished = has("-journal") || (has("-wal") && !is_open_elsewhere);
    if is_unfinished {
        // Whoever opens it finishes what was begun. That is done to a copy.
        let copy = tempfile::tempdir().context("cannot make a temporary directory")?;
        let copied = copy.path().join("data.db");
        for suffix in ["", "-journal", "-wal"] {
            let (from, mut to) = (beside(suffix), copied.as_os_str().to_owned());
            to.push(suffix);
            if from.exists() {
                fs::copy(&from, &to).with_context(|| format!("cannot copy {}", from.display()))?;
            }
        }
        return Ok((uri(&copied, "")?, Some(copy)));
    }
    // In this mode SQLite makes files beside the database, unless it is told that nobody writes to it.
    let is_alone = has_log(file)? && !is_open_elsewhere;
    let mode = if is_alone { "?immutable=1" } else { "?mode=ro" };
    Ok((uri(file, mode)?, None))
}

/// Whether the database is one with a write-ahead log, as its header says.
fn has_log(file: &Path) -> anyhow::Result<bool> {
    let unreadable = || format!("cannot read {}", file.display());
    let mut header = Vec::with_capacity(20);
    let opened = File::open(file).with_context(unreadable)?;
    opened
        .take(20)
        .read_to_end(&mut header)
        .with_context(unreadable)?;
    if !header.starts_with(b"SQLite format 3\0") {
        bail!("{} is no SQLite database", file.display());
    }
    Ok(header.get(18) == Some(&2))
}

fn uri(file: &Path, mode: &str) -> anyhow::Result<String> {
    let url = Url::from_file_path(file)
        .ok()
        .with_context(|| format!("cannot address {}", file.display()))?;
    Ok(format!("file:{}{mode}", url.path()))
}
