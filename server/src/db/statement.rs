//! SQL that is put together at run time.
//!
//! [`Sql`] is a closed language: its text is `&'static str`, so it can only come from this program; names are
//! [`Ident`]s, which are quoted; everything else is a bound [`Value`]. No input is ever pasted into a statement.

use std::sync::Arc;

use super::{Engine, ValueRef};

/// The name of a table, a column, an index or an alias.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Ident(Arc<str>);

/// PostgreSQL cuts longer names; both engines get the same shortened one instead.
const MAX_IDENT_BYTES: usize = 63;

impl Ident {
    /// A name, quoted wherever it is used. Longer names than a database takes are shortened, distinctly.
    pub fn new(name: &str) -> Self {
        if name.len() <= MAX_IDENT_BYTES {
            return Self(name.into());
        }
        let mut end = MAX_IDENT_BYTES - 9;
        while !name.is_char_boundary(end) {
            end -= 1;
        }
        Self(format!("{}_{:08x}", &name[..end], crc32fast::hash(name.as_bytes())).into())
    }

    /// A name in a database that was made elsewhere, however long it is.
    pub fn exact(name: &str) -> Self {
        Self(name.into())
    }

    /// The name as the database knows it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A value as a column holds it.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// No value.
    Null,
    /// Text, dates and single references.
    Text(String),
    /// A double.
    Number(f64),
    /// A whole number of a system column.
    Int(i64),
    /// True or false.
    Bool(bool),
    /// JSON text, written without spaces and with sorted keys.
    Json(String),
}

impl Value {
    /// The memory that it takes, about.
    pub fn bytes(&self) -> usize {
        ValueRef::from(self).bytes()
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

/// How a column stores its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Storage {
    /// `TEXT`.
    Text,
    /// `NUMERIC` in SQLite, `double precision` in PostgreSQL.
    Number,
    /// A whole number.
    Int,
    /// `BOOLEAN`.
    Bool,
    /// JSON text in SQLite, `jsonb` in PostgreSQL.
    Json,
    /// A place; stored like JSON, `{"lon":0,"lat":0}`.
    Point,
}

/// A statement, or a part of one: its text, and the values that are bound between parts of it.
#[derive(Clone, Debug)]
pub struct Sql {
    engine: Engine,
    text: String,
    /// Each with the place in the text where it belongs.
    binds: Vec<(usize, Value)>,
    cached: bool,
    searching: bool,
}

impl Sql {
    /// An empty statement for this engine.
    pub fn new(engine: Engine) -> Self {
        Self {
            engine,
            text: String::new(),
            binds: Vec::new(),
            cached: false,
            searching: false,
        }
    }

    /// The engine that it is for.
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// Says that few statements have this shape, so the database may keep it prepared.
    #[must_use]
    pub fn cached(mut self) -> Self {
        self.cached = true;
        self
    }

    /// The same as [`Sql::cached`], if so is said of its text.
    #[must_use]
    pub(super) fn cached_if(mut self, comes_again: impl FnOnce(&str) -> bool) -> Self {
        self.cached = self.cached || comes_again(&self.text);
        self
    }

    /// Says that it looks for rows of its own, which takes longer than to look at a value.
    #[must_use]
    pub fn searching(mut self) -> Self {
        self.searching = true;
        self
    }

    /// Whether it, or any part of it, does.
    pub fn is_searching(&self) -> bool {
        self.searching
    }

    /// Whether it has this name in it.
    pub fn mentions(&self, name: &Ident) -> bool {
        let mut quoted = Self::new(self.engine);
        quoted.ident(name);
        self.text.contains(&quoted.text)
    }

    /// Whether it has `table.column` in it.
    pub fn mentions_column(&self, table: &Ident, column: &Ident) -> bool {
        let mut quoted = Self::new(self.engine);
        quoted.column(table, column);
        self.text.contains(&quoted.text)
    }

    /// Whether [`Sql::cached`] was said of it.
    pub fn is_cached(&self) -> bool {
        self.cached
    }

    /// Appends text of this program.
    pub fn text(&mut self, text: &'static str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Appends a quoted name. What SQLite's double quotes hold may be a text to it; its backticks hold names alone.
    pub fn ident(&mut self, ident: &Ident) -> &mut Self {
        let quote = match self.engine {
            Engine::Sqlite => '`',
            Engine::Postgres => '"',
        };
        self.text.push(quote);
        for (i, part) in ident.0.split(quote).enumerate() {
            if i > 0 {
                self.text.extend([quote, quote]);
            }
            self.text.push_str(part);
        }
        self.text.push(quote);
        self
    }

    /// Appends `table.column`.
    pub fn column(&mut self, table: &Ident, column: &Ident) -> &mut Self {
        self.ident(table).text(".").ident(column)
    }

    /// Appends a column such that it reads back as `storage`.
    pub fn read(&mut self, table: &Ident, column: &Ident, storage: Storage) -> &mut Self {
        self.column(table, column);
        if matches!(storage, Storage::Json | Storage::Point) && self.engine == Engine::Postgres {
            self.text("::text");
        }
        self
    }

    /// Appends a value.
    ///
    /// PostgreSQL cannot hold U+0000 and no stored text has it, so nothing is lost when a condition's value gets
    /// another character in its place.
    pub fn bind(&mut self, value: Value) -> &mut Self {
        let value = match value {
            Value::Text(text) if text.contains('\0') => Value::Text(text.replace('\0', "\u{fffd}")),
            Value::Json(text) if text.contains("\\u0000") => {
                Value::Json(text.replace("\\u0000", "\\ufffd"))
            }
            Value::Null
            | Value::Text(_)
            | Value::Number(_)
            | Value::Int(_)
            | Value::Bool(_)
            | Value::Json(_) => value,
        };
        let is_json = matches!(value, Value::Json(_));
        self.binds.push((self.text.len(), value));
        match self.engine {
            Engine::Sqlite => self.text.push('?'),
            Engine::Postgres if is_json => self.text.push_str("::jsonb"),
            Engine::Postgres => {}
        }
        self
    }

    /// Appends a quoted literal; only for definitions (`CREATE INDEX … WHERE`), which take no bound values.
    pub fn literal(&mut self, text: &str) -> &mut Self {
        let quoted = format!("'{}'", text.replace('\0', "").replace('\'', "''"));
        self.text.push_str(&quoted);
        self
    }

    /// Appends a number; like [`Sql::literal`], for definitions.
    pub fn number(&mut self, number: f64) -> &mut Self {
        self.text.push_str(&number.to_string());
        self
    }

    /// Appends a whole number of this program.
    pub fn int(&mut self, number: usize) -> &mut Self {
        self.text.push_str(&number.to_string());
        self
    }

    /// Appends a number as it was written; says whether it is one.
    pub fn numeral(&mut self, digits: &str) -> bool {
        let is_number = digits.starts_with(|c: char| c.is_ascii_digit() || c == '.')
            && digits.parse::<f64>().is_ok_and(f64::is_finite);
        if is_number {
            self.text.push_str(digits);
        }
        is_number
    }

    /// Its text; for PostgreSQL without the places of the values, which are numbered there.
    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// The values, each with the place in the text where it belongs.
    pub(super) fn binds(&self) -> &[(usize, Value)] {
        &self.binds
    }

    /// Appends another statement.
    pub fn append(&mut self, other: Sql) -> &mut Self {
        let before = self.text.len();
        self.text.push_str(&other.text);
        let binds = other.binds.into_iter();
        self.binds
            .extend(binds.map(|(at, value)| (before + at, value)));
        self.searching |= other.searching;
        self
    }

    /// Appends `parts`, with `separator` between them.
    pub fn join(
        &mut self,
        separator: &'static str,
        parts: impl IntoIterator<Item = Sql>,
    ) -> &mut Self {
        for (i, part) in parts.into_iter().enumerate() {
            if i > 0 {
                self.text(separator);
            }
            self.append(part);
        }
        self
    }
}

/// Starts a statement with a text.
pub fn sql(engine: Engine, text: &'static str) -> Sql {
    let mut sql = Sql::new(engine);
    sql.text(text);
    sql
}
