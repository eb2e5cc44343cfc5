//! SQL that is put together at run time.
//!
//! [`Sql`] is a closed language: its text is `&'static str`, so it comes from this program; names are [`Ident`]s, which are
//! quoted; everything else is a bound [`Value`]. Input never becomes part of a statement's text.

use std::sync::Arc;

use super::{Dialect, ValueRef};

/// The name of a table, a column, an index or an alias.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Ident(Arc<str>);

/// PostgreSQL cuts longer names off; every engine gets the same shortened name instead.
const MAX_IDENT_BYTES: usize = 63;

impl Ident {
    /// Makes a name. A name that is longer than a database takes is shortened, and a hash keeps it distinct.
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

    /// Makes a name of any length, for a database that another program made.
    pub fn exact(name: &str) -> Self {
        Self(name.into())
    }

    /// Returns the name as the database knows it.
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
    /// Returns roughly the memory that it takes.
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

/// The type of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnType {
    /// Text.
    Text,
    /// A double.
    Number,
    /// A whole number.
    Int,
    /// True or false.
    Bool,
    /// JSON.
    Json,
    /// A geo point; stored like JSON, `{"lon":0,"lat":0}`.
    GeoPoint,
}

/// A statement, or a part of one: its text, and the values that are bound between parts of it.
#[derive(Clone, Debug)]
pub struct Sql {
    dialect: Dialect,
    text: String,
    /// Each with its position in the text.
    binds: Vec<(usize, Value)>,
    cached: bool,
    searching: bool,
}

impl Sql {
    /// An empty statement in a dialect.
    pub fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            text: String::new(),
            binds: Vec::new(),
            cached: false,
            searching: false,
        }
    }

    /// Returns the bytes of its text and of the values that it binds.
    pub(super) fn bytes(&self) -> usize {
        let values: usize = self.binds.iter().map(|(_, value)| value.bytes()).sum();
        self.text.len() + values
    }

    /// The dialect that it is written in.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Marks a statement of which there are few variants, so that the database keeps it prepared.
    #[must_use]
    pub fn cached(mut self) -> Self {
        self.cached = true;
        self
    }

    /// Like [`Sql::cached`], if `comes_again` says so of its text.
    #[must_use]
    pub(super) fn cached_if(mut self, comes_again: impl FnOnce(&str) -> bool) -> Self {
        self.cached = self.cached || comes_again(&self.text);
        self
    }

    /// Marks an expression that contains a subquery.
    #[must_use]
    pub fn searching(mut self) -> Self {
        self.searching = true;
        self
    }

    /// Says whether it, or a part of it, contains a subquery.
    pub fn is_searching(&self) -> bool {
        self.searching
    }

    /// Says whether it contains this name.
    pub fn mentions(&self, name: &Ident) -> bool {
        let mut quoted = Self::new(self.dialect);
        quoted.ident(name);
        self.text.contains(&quoted.text)
    }

    /// Says whether it contains `table.column`.
    pub fn mentions_column(&self, table: &Ident, column: &Ident) -> bool {
        let mut quoted = Self::new(self.dialect);
        quoted.column(table, column);
        self.text.contains(&quoted.text)
    }

    /// Says whether it is marked as [`Sql::cached`].
    pub fn is_cached(&self) -> bool {
        self.cached
    }

    /// Appends a text of this program.
    pub fn text(&mut self, text: &'static str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Appends a quoted name.
    pub fn ident(&mut self, ident: &Ident) -> &mut Self {
        let quote = self.dialect.quote();
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

    /// Appends a column so that it is read back as its declared type.
    pub fn read(&mut self, table: &Ident, column: &Ident, column_type: ColumnType) -> &mut Self {
        let suffix = self.dialect.read_suffix(column_type);
        self.column(table, column).text(suffix)
    }

    /// Appends a value.
    ///
    /// PostgreSQL cannot store U+0000 and no stored text contains it, so a condition's value may get another character in
    /// its place.
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
        let placeholder = self.dialect.placeholder(&value);
        self.binds.push((self.text.len(), value));
        self.text(placeholder)
    }

    /// Appends a quoted literal, for definitions (`CREATE INDEX … WHERE`), which take no bound values.
    pub fn literal(&mut self, text: &str) -> &mut Self {
        let quoted = format!("'{}'", text.replace('\0', "").replace('\'', "''"));
        self.text.push_str(&quoted);
        self
    }

    /// Appends a number, for definitions like [`Sql::literal`].
    pub fn number(&mut self, number: f64) -> &mut Self {
        self.text.push_str(&number.to_string());
        self
    }

    /// Appends a whole number of this program.
    pub fn int(&mut self, number: usize) -> &mut Self {
        self.text.push_str(&number.to_string());
        self
    }

    /// Appends a number as it was written; returns whether it is one.
    pub fn numeral(&mut self, digits: &str) -> bool {
        let is_number = digits.starts_with(|c: char| c.is_ascii_digit() || c == '.')
            && digits.parse::<f64>().is_ok_and(f64::is_finite);
        if is_number {
            self.text.push_str(digits);
        }
        is_number
    }

    /// Returns its text with the placeholders of the dialect.
    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the values, each with its position in the text.
    pub(super) fn binds(&self) -> &[(usize, Value)] {
        &self.binds
    }

    /// Appends another part.
    pub fn append(&mut self, other: Sql) -> &mut Self {
        let before = self.text.len();
        self.text.push_str(&other.text);
        let binds = other.binds.into_iter();
        self.binds
            .extend(binds.map(|(at, value)| (before + at, value)));
        self.searching |= other.searching;
        self
    }

    /// Ends an `INSERT` so that it skips rows whose keys exist already.
    pub fn skip_existing(&mut self, keys: &[&'static str]) -> &mut Self {
        self.dialect.skip_existing(self, keys);
        self
    }

    /// Ends an `INSERT` so that it updates `columns` of rows whose keys exist already.
    pub fn update_existing(
        &mut self,
        keys: &[&'static str],
        columns: &[&'static str],
    ) -> &mut Self {
        self.dialect.update_existing(self, keys, columns);
        self
    }

    /// Appends an expression of this program that is read as [`ColumnType::Int`].
    pub fn whole(&mut self, expression: &'static str) -> &mut Self {
        let (before, after) = self.dialect.whole_number();
        self.text(before).text(expression).text(after)
    }

    /// Appends a column's stored form as text.
    pub fn column_text(&mut self, column: &Ident) -> &mut Self {
        let (before, after) = self.dialect.as_text();
        self.text(before).ident(column).text(after)
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
pub fn sql(dialect: Dialect, text: &'static str) -> Sql {
    let mut sql = Sql::new(dialect);
    sql.text(text);
    sql
}
