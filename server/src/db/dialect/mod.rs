//! The SQL that differs between engines: one trait, implemented once for each engine.
//!
//! Everything above `db` holds a [`Dialect`] and asks it; nothing there compares engines. A method returns a part of a
//! statement ([`Sql`]), a fixed text, or an answer about what the engine can do. A method without a body is one that a
//! new engine has to answer; `docs/design/adding-an-engine.md` walks through them.

mod json_path;
mod postgres;
mod sqlite;
pub mod view;

use std::fmt::Debug;

pub(super) use postgres::POSTGRES;
pub(super) use sqlite::SQLITE;

use super::{ColumnType, Ident, Sql, Value, sql};
use view::ViewDialect;

/// The dialect of one engine.
pub type Dialect = &'static dyn SqlDialect;

/// A dialect for SQL that is only checked and then thrown away: a rule that is validated, a view whose tables are looked
/// up.
pub const ANY: Dialect = SQLITE;

/// Why a `SELECT` locks its rows until the transaction ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lock {
    /// To change them. Other transactions may still insert rows that refer to them.
    Update,
    /// To delete them. No other transaction may insert a row that refers to them.
    Delete,
    /// To change them, leaving out those that another transaction has locked.
    Claim,
}

/// The direction of an `ORDER BY` term.
#[derive(Clone, Copy, Debug)]
pub struct Order {
    /// From the greatest value to the least.
    pub descending: bool,
    /// Whether the term can be null. Nulls sort before all values.
    pub nullable: bool,
}

/// How an index compares the texts of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IndexCase {
    /// As they are.
    Exact,
    /// Without regard to the case of ASCII letters.
    Insensitive,
    /// In lower case, because the index was defined on `lower(column)`.
    Lower,
}

/// Whether two values must be equal or must differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Equality {
    /// They must be equal.
    Equal,
    /// They must differ.
    Different,
}

impl Equality {
    /// Whether the values must be equal.
    pub fn is_equal(self) -> bool {
        self == Self::Equal
    }
}

/// How one engine writes what engines write differently.
pub trait SqlDialect: ViewDialect + Debug + Sync {
    /// The engine's name, for messages.
    fn name(&self) -> &'static str;

    /// The engine's name as a label of metrics.
    fn label(&self) -> &'static str;

    // Names and values.

    /// The character that quotes a name.
    fn quote(&self) -> char;

    /// The text at the place of a bound value.
    fn placeholder(&self, value: &Value) -> &'static str;

    /// Follows a column in a `SELECT` list, so that it is read as its declared type.
    fn read_suffix(&self, column_type: ColumnType) -> &'static str;

    /// A bound value that has its column's type even where no column is near.
    fn typed(&self, value: Value, column_type: ColumnType) -> Sql;

    /// A bound value that compares like a stored one of this type.
    fn as_stored(&self, value: Value, column_type: ColumnType) -> Sql;

    // Definitions.

    /// The type and default of a column.
    fn column_definition(&self, column_type: ColumnType) -> &'static str;

    /// The type and default of a column that holds a JSON list.
    fn list_column_definition(&self) -> &'static str;

    /// The definition of `_rowid_`, the column that keeps the order of insertion.
    fn row_id_definition(&self) -> &'static str;

    /// The statements that begin to count a table's rows in `_totals`, by triggers.
    fn row_count_triggers(&self, table: &Ident, collection: &str) -> Vec<Sql>;

    /// The value of a text column as a list of one item, or of none.
    fn list_of_single(&self, column: &Ident) -> Sql;

    /// The last item of a list column, as text.
    fn last_of_list(&self, column: &Ident) -> Sql;

    // Indexes.

    /// Whether an index entry has a maximum size.
    fn limits_index_entries(&self) -> bool;

    /// Follows `INDEX` in the statement that builds an index while others write, where the engine can do so.
    fn concurrently(&self) -> &'static str;

    /// The first characters of a text, where index entries have a maximum size.
    fn index_prefix(&self, text: Sql, length: usize) -> Sql;

    /// A digest of a value, where index entries have a maximum size.
    fn index_digest(&self, value: Sql) -> Sql;

    /// Tells texts apart of which an index holds only prefixes of these lengths; `None` if entries have any size.
    fn digest_of_longer(&self, texts: Vec<(Sql, usize)>) -> Option<Sql>;

    /// A text column as an index holds it.
    fn index_text(&self, column: &Ident, case: IndexCase) -> Sql;

    /// Compares two texts, first by the prefix that an index holds, if there is one. `signs`: the operator for the
    /// prefixes, and the one for the whole texts.
    fn compare_indexed(
        &self,
        left: Sql,
        signs: (&'static str, &'static str),
        right: Sql,
        prefix: Option<usize>,
    ) -> Sql;

    /// The keys that sort texts: first the prefix that an index holds, if there is one.
    fn indexed_sort_keys(&self, text: Sql, prefix: Option<usize>) -> Vec<Sql>;

    /// Whether an index can be renamed. If not, it is dropped and created again.
    fn can_rename_indexes(&self) -> bool;

    /// Whether an insert that violates several unique indexes names the one that was created first.
    fn reports_oldest_index(&self) -> bool;

    // Queries.

    /// The direction of an `ORDER BY` term, with nulls first.
    fn direction(&self, order: Order) -> &'static str;

    /// Whether a query without `ORDER BY` returns its rows in the same order each time.
    fn has_stable_order(&self) -> bool;

    /// Whether a page far into a sorted result is found faster by numbering the rows than by `OFFSET`.
    fn numbers_deep_rows(&self) -> bool;

    /// Rewrites a condition that contains a subquery so that the engine memoizes the subquery's result for repeated
    /// outer values. Returns a join to add to the query, and the condition to use with it.
    fn memoized(&self, condition: Sql, alias: &Ident) -> (Sql, Sql);

    /// Whether transactions run at once and therefore lock rows.
    fn locks_rows(&self) -> bool;

    /// Ends a `SELECT` so that its rows of `table` are locked.
    fn lock(&self, table: &Ident, lock: Lock) -> Sql;

    /// Ends a `SELECT` so that its rows are not deleted until the transaction ends.
    fn key_share_lock(&self) -> &'static str;

    // Text and time.

    /// A text with its ASCII letters in lower case.
    fn lower(&self, text: Sql) -> Sql;

    /// Matches a text against a pattern in which `\` escapes, without regard to the case of ASCII letters.
    fn like(&self, equality: Equality, text: Sql, pattern: Sql) -> Sql;

    /// A value as text.
    fn text(&self, value: Sql, column_type: ColumnType) -> Sql;

    /// Formats a moment; null if an argument is invalid.
    fn strftime(&self, format: Value, moment: Sql, modifiers: &[&str]) -> Sql;

    /// Whether the modifiers `localtime` and `utc` of `strftime` use the time zone of this machine. A database server may
    /// be in another one.
    fn has_local_time(&self) -> bool;

    // Comparisons between values of any type.

    /// The operator that compares two values and treats null as a value.
    fn null_safe(&self, equality: Equality) -> &'static str;

    /// Orders two JSON scalars as SQLite orders its values: null, numbers, texts.
    fn compare_scalars(&self, left: Sql, sign: &'static str, right: Sql) -> Sql;

    /// Compares two JSON scalars of different types, with null equal to the empty text.
    fn compare_or_empty(&self, equality: Equality, left: Sql, right: Sql) -> Sql;

    /// A text that a filter computes as a JSON scalar.
    fn scalar_of_text(&self, text: Sql) -> Sql;

    /// A number or a text column as a JSON scalar.
    fn scalar(&self, value: Sql) -> Sql;

    /// A bool as a JSON scalar: 0 or 1.
    fn scalar_of_bool(&self, bool: Sql) -> Sql;

    /// A JSON column as a JSON scalar; lists and objects become their text.
    fn scalar_of_json(&self, json: Sql) -> Sql;

    /// A bound value as a JSON scalar.
    fn scalar_of_value(&self, value: Value) -> Sql;

    /// A JSON scalar as text.
    fn text_of_scalar(&self, scalar: Sql) -> Sql;

    /// A JSON scalar that is compared with a number: a text that looks like a number becomes one. SQLite does so by itself
    /// (type affinity).
    fn scalar_beside_number(&self, scalar: Sql) -> Sql;

    /// A JSON scalar that is compared with a text column: it becomes a text. SQLite does so by itself (type affinity).
    fn scalar_beside_text(&self, scalar: Sql) -> Sql;

    /// The number that a JSON scalar is, or that its text looks like.
    fn number_of_scalar(&self, scalar: Sql) -> Sql;

    /// A bool as a number: 0 or 1.
    fn number_of_bool(&self, bool: Sql) -> Sql;

    /// The keys that sort JSON scalars as SQLite does: null, numbers, texts.
    fn scalar_sort_keys(&self, scalar: Sql) -> Vec<Sql>;

    // JSON.

    /// The value at `keys` in a JSON column; JSON's `null` becomes SQL's.
    fn json_at(&self, column: Sql, keys: &[&str]) -> Sql;

    /// The value at `keys` in a JSON column, as text.
    fn json_text_at(&self, column: Sql, keys: &[&str]) -> Sql;

    /// The number of items of the JSON list at `keys`: 0 for null, 1 for any other value that is not a list.
    fn json_length_at(&self, column: Sql, keys: &[&str]) -> Sql;

    /// A JSON list of texts as compact JSON text.
    fn list_text(&self, list: Sql) -> Sql;

    /// A geo point as it is stored and sent: the longitude first.
    fn geo_point_text(&self, point: Sql) -> Sql;

    /// ` LEFT JOIN <items of a JSON list> AS alias`: a row for each item, in column `value`.
    fn join_items(&self, list: Sql, alias: &Ident) -> Sql;

    // Sets and references.

    /// ` IN (…)`, for any number of texts.
    fn is_one_of(&self, texts: &[String]) -> Sql;

    /// Whether the list `alias.column` contains `item`.
    fn list_contains(&self, alias: &Ident, column: &Ident, item: Sql) -> Sql;

    /// Whether the list `alias.column` contains one of `items`.
    fn list_contains_any(&self, alias: &Ident, column: &Ident, items: &[String]) -> Sql;

    // Inserts.

    /// Ends an `INSERT` so that it skips rows whose `keys`, which a unique index covers, exist already.
    fn skip_existing(&self, out: &mut Sql, keys: &[&'static str]) {
        on_conflict(out, keys);
        out.text(" DO NOTHING");
    }

    /// Ends an `INSERT` so that it updates `columns` of rows whose `keys`, which a unique index covers, exist already.
    fn update_existing(&self, out: &mut Sql, keys: &[&'static str], columns: &[&'static str]) {
        on_conflict(out, keys);
        for (position, column) in columns.iter().enumerate() {
            out.text(if position == 0 {
                " DO UPDATE SET \""
            } else {
                ", \""
            });
            out.text(column).text("\" = excluded.\"");
            out.text(column).text("\"");
        }
    }

    /// A whole number, read as [`ColumnType::Int`]: a text before its expression, and one after it.
    fn whole_number(&self) -> view::Around {
        ("CAST(", " AS BIGINT)")
    }

    /// The stored form of a value as text, read as [`ColumnType::Text`] or [`ColumnType::Json`]: a text before its
    /// expression, and one after it.
    fn as_text(&self) -> view::Around {
        ("CAST(", " AS TEXT)")
    }

    // Durability.

    /// A statement after which a transaction need not reach the disk before it is acknowledged. For log entries only.
    fn relaxed_durability(&self) -> Option<&'static str>;
}

impl dyn SqlDialect {
    /// A bound number or null, as an argument of a function.
    pub fn number(&self, number: Option<f64>) -> Sql {
        let value = number.map_or(Value::Null, Value::Number);
        self.typed(value, ColumnType::Number)
    }

    /// Joins the items of a list column: see [`SqlDialect::join_items`].
    pub fn join_column_items(&'static self, table: &Ident, column: &Ident, alias: &Ident) -> Sql {
        let mut list = Sql::new(self);
        list.column(table, column);
        self.join_items(list, alias)
    }

    /// Joins the items of a known list: see [`SqlDialect::join_items`].
    pub fn join_value_items(&'static self, list: Value, alias: &Ident) -> Sql {
        let mut bound = Sql::new(self);
        bound.bind(list);
        self.join_items(bound, alias)
    }

    /// Indexes in the order in which to create them, so that an insert that violates several names the first of the
    /// list.
    pub fn in_creation_order<T>(&self, mut indexes: Vec<T>) -> Vec<T> {
        if self.reports_oldest_index() {
            indexes.reverse();
        }
        indexes
    }
}

/// The number of characters of each of `columns` texts that fit into one index entry along with a digest of each, on
/// every engine. PostgreSQL sets the limit: an entry has 2,704 bytes, a character up to 4.
pub fn max_index_prefix(columns: usize) -> usize {
    const ENTRY: usize = 2600;
    const DIGEST: usize = 32;
    ((ENTRY / columns.max(1)).saturating_sub(DIGEST) / 4).max(1)
}

/// `alias.column = target`
pub fn column_equals(alias: &Ident, column: &Ident, target: Sql) -> Sql {
    let mut out = Sql::new(target.dialect());
    out.column(alias, column).text(" = ").append(target);
    out
}

fn on_conflict(out: &mut Sql, keys: &[&'static str]) {
    for (position, key) in keys.iter().enumerate() {
        out.text(if position == 0 {
            " ON CONFLICT (\""
        } else {
            ", \""
        });
        out.text(key).text("\"");
    }
    out.text(")");
}

/// Puts a text before and after `inner`.
fn wrap(before: &'static str, inner: Sql, after: &'static str) -> Sql {
    let mut out = sql(inner.dialect(), before);
    out.append(inner).text(after);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_exist_are_skipped_or_updated() {
        for dialect in [SQLITE, POSTGRES] {
            let mut skip = Sql::new(dialect);
            skip.skip_existing(&["a"]);
            assert_eq!(skip.as_str(), " ON CONFLICT (\"a\") DO NOTHING");
            let mut update = Sql::new(dialect);
            update.update_existing(&["a", "b"], &["c", "d"]);
            assert_eq!(
                update.as_str(),
                " ON CONFLICT (\"a\", \"b\") DO UPDATE SET \"c\" = excluded.\"c\", \"d\" = excluded.\"d\""
            );
        }
    }
}
