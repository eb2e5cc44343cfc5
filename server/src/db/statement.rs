//! SQL that is put together at run time.
//!
//! [`Sql`] is a closed language: its text is `&'static str`, so it can only come from this program; names are
//! [`Ident`]s that diesel quotes; everything else is a bound [`Value`]. No input is ever pasted into a statement.

use std::sync::Arc;

use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel::sql_types::{BigInt, Bool, Double, Nullable, Text, Untyped};

use super::{Engine, MultiBackend};

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

#[derive(Clone, Debug)]
enum Piece {
    Text(&'static str),
    Ident(Ident),
    Bind(Value),
    /// A quoted literal, for definitions, where the databases take no bound values.
    Literal(String),
}

/// A statement, or a part of one.
#[derive(Clone, Debug)]
pub struct Sql {
    engine: Engine,
    pieces: Vec<Piece>,
    cached: bool,
}

impl Sql {
    /// An empty statement for this engine.
    pub fn new(engine: Engine) -> Self {
        Self {
            engine,
            pieces: Vec::with_capacity(16),
            cached: false,
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

    /// Appends text of this program.
    pub fn text(&mut self, text: &'static str) -> &mut Self {
        self.pieces.push(Piece::Text(text));
        self
    }

    /// Appends a quoted name.
    pub fn ident(&mut self, ident: &Ident) -> &mut Self {
        self.pieces.push(Piece::Ident(ident.clone()));
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
        let json = matches!(value, Value::Json(_)) && self.engine == Engine::Postgres;
        self.pieces.push(Piece::Bind(value));
        if json {
            self.text("::jsonb");
        }
        self
    }

    /// Appends a quoted literal; only for definitions (`CREATE INDEX … WHERE`), which take no bound values.
    pub fn literal(&mut self, text: &str) -> &mut Self {
        let quoted = format!("'{}'", text.replace('\0', "").replace('\'', "''"));
        self.pieces.push(Piece::Literal(quoted));
        self
    }

    /// Appends a number; like [`Sql::literal`], for definitions.
    pub fn number(&mut self, number: f64) -> &mut Self {
        self.pieces.push(Piece::Literal(format!("{number}")));
        self
    }

    /// Appends a number as it was written; says whether it is one.
    pub fn numeral(&mut self, digits: &str) -> bool {
        let is_number = digits.starts_with(|c: char| c.is_ascii_digit() || c == '.')
            && digits.parse::<f64>().is_ok_and(f64::is_finite);
        if is_number {
            self.pieces.push(Piece::Literal(digits.to_owned()));
        }
        is_number
    }

    /// The statement as one text; `None` when it has bound values.
    pub(super) fn script(&self) -> Option<String> {
        let mut out = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Literal(text) => out.push_str(text),
                Piece::Ident(Ident(name)) => {
                    out.push('`');
                    out.push_str(&name.replace('`', "``"));
                    out.push('`');
                }
                Piece::Bind(_) => return None,
            }
        }
        Some(out)
    }

    /// Appends another statement.
    pub fn append(&mut self, other: Sql) -> &mut Self {
        self.pieces.extend(other.pieces);
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

impl QueryFragment<MultiBackend> for Sql {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, MultiBackend>) -> QueryResult<()> {
        if !self.cached {
            out.unsafe_to_cache_prepared();
        }
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => out.push_sql(text),
                Piece::Literal(text) => out.push_sql(text),
                Piece::Ident(ident) => out.push_identifier(&ident.0)?,
                Piece::Bind(Value::Null) => {
                    out.push_bind_param::<Nullable<Text>, Option<String>>(&None)?;
                }
                Piece::Bind(Value::Text(v) | Value::Json(v)) => {
                    out.push_bind_param::<Text, String>(v)?;
                }
                Piece::Bind(Value::Number(v)) => out.push_bind_param::<Double, f64>(v)?,
                Piece::Bind(Value::Int(v)) => out.push_bind_param::<BigInt, i64>(v)?,
                Piece::Bind(Value::Bool(v)) => out.push_bind_param::<Bool, bool>(v)?,
            }
        }
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
