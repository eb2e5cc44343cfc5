//! How the queries of views are written in each dialect.
//!
//! Authors write views in SQLite's language. `collections::view` parses a query, refuses what it does not know and writes
//! it again; what SQLite says differently from another engine comes from here. The names of functions are SQLite's.

mod postgres;
mod sqlite;

use super::{Equality, Sql};

/// The type that a view's column has as a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ViewType {
    /// A text.
    Text,
    /// A number.
    Number,
    /// A bool.
    Bool,
    /// JSON: a text that is JSON becomes that value, any other value becomes JSON of its own type.
    Json,
}

/// The target of a `CAST`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cast {
    /// A text.
    Text,
    /// A whole number; fractions are cut off.
    Integer,
    /// A double.
    Real,
    /// A number.
    Numeric,
    /// A bool.
    Bool,
    /// JSON.
    Json,
}

/// A collation of SQLite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Collation {
    /// Ignores the case of ASCII letters.
    NoCase,
    /// Compares bytes.
    Binary,
}

/// A text before an expression, and one after it.
pub type Around = (&'static str, &'static str);

/// How a dialect calls a function of SQLite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    /// By this name, with the same arguments.
    Named(&'static str),
    /// By this text before the arguments, and one after them.
    Within(&'static str, &'static str),
    /// By pieces that depend on the arguments: see [`ViewDialect::call`].
    Pieces,
    /// Not at all.
    Missing,
}

/// A part of an expression that is written around arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// A text of this program.
    Text(&'static str),
    /// A quoted literal.
    Literal(String),
    /// The argument at this position.
    Argument(usize),
    /// All arguments, with commas between them.
    Arguments,
}

/// How one engine writes what views say in SQLite's language.
pub trait ViewDialect {
    /// Gives a view's column the type that its field has.
    fn view_column(&self, value: Sql, view_type: ViewType) -> Sql;

    /// Whether conditions are numbers, as in SQLite, and not a type of their own.
    fn has_numeric_bools(&self) -> bool;

    /// Whether a query that groups its rows must group by every column that it selects. SQLite returns one of the group's
    /// values.
    fn groups_every_column(&self) -> bool;

    /// Whether `WHERE` and `HAVING` may use the aliases of the `SELECT` list.
    fn has_aliases_in_conditions(&self) -> bool;

    /// Whether operators bind as in SQLite, so that chains of them need no parentheses.
    fn has_sqlite_precedence(&self) -> bool;

    /// The operator `LIKE`, which ignores the case of ASCII letters.
    fn view_like(&self, equality: Equality) -> &'static str;

    /// Follows a `LIKE` without `ESCAPE`, in which nothing escapes.
    fn no_escape(&self) -> &'static str;

    /// A cast.
    fn cast(&self, target: Cast) -> Around;

    /// An expression with a collation.
    fn collate(&self, collation: Collation) -> Around;

    /// The rows of a JSON value, as a table: `json_each`.
    fn json_each(&self) -> Around;

    /// Follows a JSON value: the operator `->`, or `->>` if the result is a text, and its right side, the only argument.
    /// `path`: the right side, if it is a literal. The error is for the author.
    fn json_arrow(&self, is_text: bool, path: Option<&str>) -> Result<Vec<Piece>, String>;

    /// How it calls a function.
    fn function(&self, name: &'static str) -> Function;

    /// The call of a function that is [`Function::Pieces`]. `arguments`: the text of each that is a literal. The error is
    /// for the author.
    fn call(&self, name: &str, arguments: &[Option<&str>]) -> Result<Vec<Piece>, String>;
}
