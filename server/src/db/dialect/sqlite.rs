//! SQLite's SQL.

use super::json_path::json_path;
use super::{
    ColumnType, Dialect, Equality, Ident, IndexCase, Lock, Order, Sql, SqlDialect, Value, wrap,
};
use crate::json;

/// The dialect of SQLite.
#[derive(Debug)]
pub(super) struct Sqlite;

/// See [`Sqlite`].
pub(in crate::db) const SQLITE: Dialect = &Sqlite;

fn sql(text: &'static str) -> Sql {
    super::sql(SQLITE, text)
}

impl SqlDialect for Sqlite {
    fn name(&self) -> &'static str {
        "SQLite"
    }

    fn label(&self) -> &'static str {
        "sqlite"
    }

    /// SQLite may take a name in double quotes for a text; in backticks it is always a name.
    fn quote(&self) -> char {
        '`'
    }

    fn placeholder(&self, _: &Value) -> &'static str {
        "?"
    }

    fn read_suffix(&self, _: ColumnType) -> &'static str {
        ""
    }

    fn typed(&self, value: Value, _: ColumnType) -> Sql {
        bind(value)
    }

    fn as_stored(&self, value: Value, column_type: ColumnType) -> Sql {
        let (value, end) = match (column_type, value) {
            (ColumnType::Text, value) => (value, " AS TEXT)"),
            // A column keeps a whole number without a decimal point.
            (ColumnType::Number, Value::Number(number)) => (whole(number), " AS NUMERIC)"),
            (ColumnType::Number | ColumnType::Int | ColumnType::Bool, value) => {
                (value, " AS NUMERIC)")
            }
            // Nothing compares one of these as a whole.
            (ColumnType::Json | ColumnType::GeoPoint, value) => return bind(value),
        };
        wrap("CAST(", bind(value), end)
    }

    fn column_definition(&self, column_type: ColumnType) -> &'static str {
        match column_type {
            ColumnType::Text => " TEXT DEFAULT '' NOT NULL",
            ColumnType::Number => " NUMERIC DEFAULT 0 NOT NULL",
            ColumnType::Int => " INTEGER DEFAULT 0 NOT NULL",
            ColumnType::Bool => " BOOLEAN DEFAULT FALSE NOT NULL",
            ColumnType::Json => " JSON DEFAULT NULL",
            ColumnType::GeoPoint => " JSON DEFAULT '{\"lon\":0,\"lat\":0}' NOT NULL",
        }
    }

    fn list_column_definition(&self) -> &'static str {
        " JSON DEFAULT '[]' NOT NULL"
    }

    fn row_id_definition(&self) -> &'static str {
        "\"_rowid_\" INTEGER PRIMARY KEY"
    }

    fn row_count_triggers(&self, table: &Ident, collection: &str) -> Vec<Sql> {
        let trigger = |name: &str, after: &'static str, update: &'static str| {
            let mut out = sql("CREATE TRIGGER ");
            out.ident(&Ident::new(&format!("_{name}_{collection}")))
                .text(after)
                .ident(table);
            out.text(update).literal(collection).text("; END");
            out
        };
        let mut start = sql("INSERT INTO \"_totals\" VALUES (");
        start.literal(collection).text(", 0)");
        vec![
            start,
            trigger(
                "inserted",
                " AFTER INSERT ON ",
                " BEGIN UPDATE \"_totals\" SET \"total\" = \"total\" + 1 WHERE \"collection\" = ",
            ),
            trigger(
                "deleted",
                " AFTER DELETE ON ",
                " BEGIN UPDATE \"_totals\" SET \"total\" = \"total\" - 1 WHERE \"collection\" = ",
            ),
        ]
    }

    fn list_of_single(&self, column: &Ident) -> Sql {
        let mut out = sql("CASE ");
        out.ident(column)
            .text(" WHEN '' THEN '[]' ELSE json_array(");
        out.ident(column).text(") END");
        out
    }

    fn last_of_list(&self, column: &Ident) -> Sql {
        let mut out = sql("COALESCE(json_extract(");
        out.ident(column).text(", '$[#-1]'), '')");
        out
    }

    fn limits_index_entries(&self) -> bool {
        false
    }

    fn concurrently(&self) -> &'static str {
        ""
    }

    fn index_prefix(&self, text: Sql, _: usize) -> Sql {
        text
    }

    fn index_digest(&self, value: Sql) -> Sql {
        value
    }

    fn digest_of_longer(&self, _: Vec<(Sql, usize)>) -> Option<Sql> {
        None
    }

    fn index_text(&self, column: &Ident, case: IndexCase) -> Sql {
        let mut out = Sql::new(SQLITE);
        match case {
            IndexCase::Exact => out.ident(column),
            IndexCase::Insensitive => out.ident(column).text(" COLLATE NOCASE"),
            IndexCase::Lower => out.text("lower(").ident(column).text(")"),
        };
        out
    }

    fn compare_indexed(
        &self,
        mut left: Sql,
        (_, sign): (&'static str, &'static str),
        right: Sql,
        _: Option<usize>,
    ) -> Sql {
        left.text(sign).append(right);
        left
    }

    fn indexed_sort_keys(&self, text: Sql, _: Option<usize>) -> Vec<Sql> {
        vec![text]
    }

    fn can_rename_indexes(&self) -> bool {
        false
    }

    fn reports_oldest_index(&self) -> bool {
        false
    }

    fn direction(&self, order: Order) -> &'static str {
        if order.descending { " DESC" } else { " ASC" }
    }

    fn has_stable_order(&self) -> bool {
        true
    }

    fn numbers_deep_rows(&self) -> bool {
        true
    }

    fn memoized(&self, condition: Sql, _: &Ident) -> (Sql, Sql) {
        (Sql::new(SQLITE), condition)
    }

    /// There is one writer.
    fn locks_rows(&self) -> bool {
        false
    }

    fn lock(&self, _: &Ident, _: Lock) -> Sql {
        Sql::new(SQLITE)
    }

    fn key_share_lock(&self) -> &'static str {
        ""
    }

    fn lower(&self, text: Sql) -> Sql {
        wrap("lower((", text, "))")
    }

    fn like(&self, equality: Equality, mut text: Sql, pattern: Sql) -> Sql {
        text.text(match equality {
            Equality::Equal => " LIKE ",
            Equality::Different => " NOT LIKE ",
        });
        text.append(pattern).text(" ESCAPE '\\'");
        text
    }

    fn text(&self, value: Sql, _: ColumnType) -> Sql {
        value
    }

    fn strftime(&self, format: Value, moment: Sql, modifiers: &[&str]) -> Sql {
        let mut out = sql("strftime(");
        out.bind(format).text(", ").append(moment);
        for modifier in modifiers {
            out.text(", ").bind(Value::from(*modifier));
        }
        out.text(")");
        out
    }

    fn has_local_time(&self) -> bool {
        true
    }

    fn null_safe(&self, equality: Equality) -> &'static str {
        match equality {
            Equality::Equal => " IS ",
            Equality::Different => " IS NOT ",
        }
    }

    fn compare_scalars(&self, mut left: Sql, sign: &'static str, right: Sql) -> Sql {
        left.text(sign).append(right);
        left
    }

    fn compare_or_empty(&self, equality: Equality, left: Sql, right: Sql) -> Sql {
        let mut out = wrap("COALESCE(", left, ", '')");
        out.text(self.null_safe(equality));
        out.append(wrap("COALESCE(", right, ", '')"));
        out
    }

    /// An expression has no affinity; a column has one.
    fn scalar_of_text(&self, text: Sql) -> Sql {
        wrap("(+", text, ")")
    }

    fn scalar(&self, value: Sql) -> Sql {
        value
    }

    fn scalar_of_bool(&self, bool: Sql) -> Sql {
        bool
    }

    fn scalar_of_json(&self, json: Sql) -> Sql {
        json
    }

    fn scalar_of_value(&self, value: Value) -> Sql {
        bind(value)
    }

    fn text_of_scalar(&self, scalar: Sql) -> Sql {
        scalar
    }

    fn scalar_beside_number(&self, scalar: Sql) -> Sql {
        scalar
    }

    fn scalar_beside_text(&self, scalar: Sql) -> Sql {
        scalar
    }

    fn number_of_scalar(&self, scalar: Sql) -> Sql {
        let mut out = sql("(CASE typeof(");
        out.append(scalar.clone())
            .text(") WHEN 'text' THEN \"_number\"(")
            .append(scalar.clone());
        out.text(") ELSE ").append(scalar).text(" END)");
        out
    }

    fn number_of_bool(&self, bool: Sql) -> Sql {
        bool
    }

    fn scalar_sort_keys(&self, scalar: Sql) -> Vec<Sql> {
        vec![scalar]
    }

    /// SQLite's own parser of doubles is slightly inexact where exponents are large, and it writes them with 15 digits.
    fn json_at(&self, column: Sql, keys: &[&str]) -> Sql {
        if keys.is_empty() {
            let mut out = sql("(CASE typeof(");
            out.append(column.clone())
                .text(") WHEN 'real' THEN ")
                .append(column.clone());
            out.text(" ELSE json_extract(").append(column);
            out.text(", '$') END)");
            return out;
        }
        let path = Value::Text(json_path(keys));
        let mut out = sql("(CASE json_type(");
        out.append(column.clone()).text(", ").bind(path.clone());
        out.text(") WHEN 'real' THEN \"_number\"(")
            .append(column.clone());
        out.text(" -> ").bind(path.clone());
        out.text(") ELSE json_extract(").append(column);
        out.text(", ").bind(path).text(") END)");
        out
    }

    fn json_text_at(&self, column: Sql, keys: &[&str]) -> Sql {
        self.json_at(column, keys)
    }

    fn json_length_at(&self, column: Sql, keys: &[&str]) -> Sql {
        let path = Value::Text(json_path(keys));
        let mut out = sql("(CASE json_type(");
        out.append(column.clone()).text(", ").bind(path.clone());
        out.text(") WHEN 'array' THEN json_array_length(")
            .append(column.clone());
        out.text(", ")
            .bind(path.clone())
            .text(") WHEN 'null' THEN 0 ELSE (json_type(");
        out.append(column)
            .text(", ")
            .bind(path)
            .text(") IS NOT NULL) END)");
        out
    }

    /// An expression: SQLite puts what a column is known to equal in place of the column elsewhere in the query, and not
    /// every text is a list.
    fn list_text(&self, list: Sql) -> Sql {
        wrap("(+", list, ")")
    }

    fn geo_point_text(&self, point: Sql) -> Sql {
        point
    }

    fn join_items(&self, list: Sql, alias: &Ident) -> Sql {
        let mut out = wrap(" LEFT JOIN json_each(", list, ") AS ");
        out.ident(alias).text(" ON 1 = 1");
        out
    }

    fn is_one_of(&self, texts: &[String]) -> Sql {
        wrap(
            " IN (SELECT \"value\" FROM json_each(",
            bind(Value::Json(json::canonical(&texts.into()))),
            "))",
        )
    }

    fn list_contains(&self, alias: &Ident, column: &Ident, item: Sql) -> Sql {
        let mut out = sql("EXISTS (SELECT 1 FROM json_each(");
        out.column(alias, column);
        out.text(") AS \"item\" WHERE \"item\".\"value\" = ")
            .append(item)
            .text(")");
        out
    }

    fn list_contains_any(&self, alias: &Ident, column: &Ident, items: &[String]) -> Sql {
        let mut out = sql("EXISTS (SELECT 1 FROM json_each(");
        out.column(alias, column);
        out.text(") AS \"item\" WHERE \"item\".\"value\"");
        out.append(self.is_one_of(items)).text(")");
        out
    }

    /// The log is a database of its own, which is opened so.
    fn relaxed_durability(&self) -> Option<&'static str> {
        None
    }
}

fn bind(value: Value) -> Sql {
    let mut out = Sql::new(SQLITE);
    out.bind(value);
    out
}

/// The number as an integer, where a double holds it exactly.
fn whole(number: f64) -> Value {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if number.fract() != 0.0 || number.abs() >= EXACT {
        return Value::Number(number);
    }
    #[expect(clippy::cast_possible_truncation, reason = "it is whole and in range")]
    let whole = number as i64;
    Value::Int(whole)
}
