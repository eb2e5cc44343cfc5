//! PostgreSQL's SQL. The functions that begin with `_` are made by its migrations.

use super::json_path::json_path;
use super::{
    ColumnType, Dialect, Equality, Ident, IndexCase, Lock, Order, Sql, SqlDialect, Value, wrap,
};
use crate::json;

/// The dialect of PostgreSQL.
#[derive(Debug)]
pub(super) struct Postgres;

/// See [`Postgres`].
pub(in crate::db) const POSTGRES: Dialect = &Postgres;

fn sql(text: &'static str) -> Sql {
    super::sql(POSTGRES, text)
}

impl SqlDialect for Postgres {
    fn name(&self) -> &'static str {
        "PostgreSQL"
    }

    fn label(&self) -> &'static str {
        "postgres"
    }

    fn quote(&self) -> char {
        '"'
    }

    /// The driver numbers the places itself.
    fn placeholder(&self, value: &Value) -> &'static str {
        if matches!(value, Value::Json(_)) {
            "::jsonb"
        } else {
            ""
        }
    }

    fn read_suffix(&self, column_type: ColumnType) -> &'static str {
        match column_type {
            ColumnType::Json | ColumnType::GeoPoint => "::text",
            ColumnType::Text | ColumnType::Number | ColumnType::Int | ColumnType::Bool => "",
        }
    }

    fn typed(&self, value: Value, column_type: ColumnType) -> Sql {
        let mut out = bind(value);
        out.text(match column_type {
            ColumnType::Text => "::text COLLATE \"C\"",
            ColumnType::Number => "::double precision",
            ColumnType::Int => "::bigint",
            ColumnType::Bool => "::boolean",
            ColumnType::Json | ColumnType::GeoPoint => "::jsonb",
        });
        out
    }

    fn as_stored(&self, value: Value, column_type: ColumnType) -> Sql {
        self.typed(value, column_type)
    }

    fn column_definition(&self, column_type: ColumnType) -> &'static str {
        match column_type {
            ColumnType::Text => " TEXT COLLATE \"C\" DEFAULT '' NOT NULL",
            ColumnType::Number => " DOUBLE PRECISION DEFAULT 0 NOT NULL",
            ColumnType::Int => " BIGINT DEFAULT 0 NOT NULL",
            ColumnType::Bool => " BOOLEAN DEFAULT FALSE NOT NULL",
            ColumnType::Json => " JSONB DEFAULT NULL",
            ColumnType::GeoPoint => " JSONB DEFAULT '{\"lon\":0,\"lat\":0}' NOT NULL",
        }
    }

    fn list_column_definition(&self) -> &'static str {
        " JSONB DEFAULT '[]' NOT NULL"
    }

    fn row_id_definition(&self) -> &'static str {
        "\"_rowid_\" BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY"
    }

    fn row_count_triggers(&self, table: &Ident, collection: &str) -> Vec<Sql> {
        let trigger = |name: &str, after: &'static str, run: &'static str| {
            let mut out = sql("CREATE TRIGGER ");
            out.ident(&Ident::new(&format!("_{name}_{collection}")))
                .text(after)
                .ident(table);
            out.text(run).literal(collection).text(")");
            out
        };
        vec![
            trigger(
                "inserted",
                " AFTER INSERT ON ",
                " REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION \"_count_rows\"(",
            ),
            trigger(
                "deleted",
                " AFTER DELETE ON ",
                " REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION \"_count_rows\"(",
            ),
        ]
    }

    fn list_of_single(&self, column: &Ident) -> Sql {
        let mut out = sql("CASE ");
        out.ident(column)
            .text(" WHEN '' THEN '[]'::jsonb ELSE jsonb_build_array(");
        out.ident(column).text(") END");
        out
    }

    fn last_of_list(&self, column: &Ident) -> Sql {
        let mut out = sql("COALESCE(");
        out.ident(column).text(" ->> -1, '')");
        out
    }

    fn limits_index_entries(&self) -> bool {
        true
    }

    fn concurrently(&self) -> &'static str {
        "CONCURRENTLY "
    }

    fn index_prefix(&self, text: Sql, length: usize) -> Sql {
        let mut out = wrap("left(", text, ", ");
        out.int(length).text(")");
        out
    }

    fn index_digest(&self, value: Sql) -> Sql {
        wrap("\"_digest\"((", value, ")::text)")
    }

    fn digest_of_longer(&self, texts: Vec<(Sql, usize)>) -> Option<Sql> {
        if texts.is_empty() {
            return None;
        }
        let short = texts.iter().map(|(text, length)| {
            let mut short = wrap("length(", text.clone(), ") <= ");
            short.int(*length);
            short
        });
        let mut out = sql("(CASE WHEN ");
        out.join(" AND ", short).text(" THEN ''::bytea ELSE ");
        let digests = texts.into_iter().map(|(text, _)| self.index_digest(text));
        out.join(" || ", digests).text(" END)");
        Some(out)
    }

    fn index_text(&self, column: &Ident, case: IndexCase) -> Sql {
        let mut out = Sql::new(POSTGRES);
        match case {
            IndexCase::Exact => out.ident(column),
            IndexCase::Insensitive | IndexCase::Lower => {
                out.text("lower((").ident(column).text(") COLLATE \"C\")")
            }
        };
        out
    }

    fn compare_indexed(
        &self,
        mut left: Sql,
        (of_prefixes, sign): (&'static str, &'static str),
        right: Sql,
        prefix: Option<usize>,
    ) -> Sql {
        let Some(length) = prefix else {
            left.text(sign).append(right);
            return left;
        };
        let mut out = sql("(");
        out.append(self.index_prefix(left.clone(), length));
        out.text(of_prefixes)
            .append(self.index_prefix(right.clone(), length));
        out.text(" AND ").append(left).text(sign).append(right);
        out.text(")");
        out
    }

    fn indexed_sort_keys(&self, text: Sql, prefix: Option<usize>) -> Vec<Sql> {
        match prefix {
            Some(length) => vec![self.index_prefix(text.clone(), length), text],
            None => vec![text],
        }
    }

    fn can_rename_indexes(&self) -> bool {
        true
    }

    fn reports_oldest_index(&self) -> bool {
        true
    }

    /// Indexes have nulls last, so a term without nulls must not mention them: otherwise no index would fit.
    fn direction(&self, order: Order) -> &'static str {
        match (order.descending, order.nullable) {
            (false, true) => " ASC NULLS FIRST",
            (true, true) => " DESC NULLS LAST",
            (false, false) => " ASC",
            (true, false) => " DESC",
        }
    }

    fn has_stable_order(&self) -> bool {
        false
    }

    fn numbers_deep_rows(&self) -> bool {
        false
    }

    /// A `LEFT JOIN LATERAL` can be memoized, an `EXISTS` in `WHERE` cannot. `OFFSET 0` is an optimization fence: it stops
    /// the planner from pulling the subquery back up.
    fn memoized(&self, condition: Sql, alias: &Ident) -> (Sql, Sql) {
        let mut join = wrap(
            " LEFT JOIN LATERAL (SELECT ",
            condition,
            " AS \"holds\" OFFSET 0) AS ",
        );
        join.ident(alias).text(" ON TRUE");
        let mut holds = Sql::new(POSTGRES);
        holds.column(alias, &Ident::new("holds"));
        (join, holds)
    }

    fn locks_rows(&self) -> bool {
        true
    }

    fn lock(&self, table: &Ident, lock: Lock) -> Sql {
        let mut out = sql(match lock {
            Lock::Update | Lock::Claim => " FOR NO KEY UPDATE OF ",
            Lock::Delete => " FOR UPDATE OF ",
        });
        out.ident(table);
        if lock == Lock::Claim {
            out.text(" SKIP LOCKED");
        }
        out
    }

    fn key_share_lock(&self) -> &'static str {
        " FOR KEY SHARE"
    }

    fn lower(&self, text: Sql) -> Sql {
        wrap("lower((", text, ") COLLATE \"C\")")
    }

    /// On a column that already has this collation, `COLLATE` changes nothing and its statistics and indexes are used.
    fn like(&self, equality: Equality, mut text: Sql, pattern: Sql) -> Sql {
        text.text(match equality {
            Equality::Equal => " COLLATE \"C\" ILIKE ",
            Equality::Different => " COLLATE \"C\" NOT ILIKE ",
        });
        text.append(pattern);
        text
    }

    fn text(&self, value: Sql, column_type: ColumnType) -> Sql {
        match column_type {
            ColumnType::Text => value,
            ColumnType::Bool => wrap("(", value, ")::int::text"),
            ColumnType::Number | ColumnType::Int | ColumnType::Json | ColumnType::GeoPoint => {
                wrap("(", value, ")::text")
            }
        }
    }

    fn strftime(&self, format: Value, moment: Sql, modifiers: &[&str]) -> Sql {
        let list = Value::Json(json::canonical(&serde_json::Value::from(modifiers)));
        let mut out = sql("(\"_strftime\"(");
        out.bind(format).text("::text, ").append(moment);
        out.text(", ARRAY(SELECT jsonb_array_elements_text(")
            .bind(list);
        out.text("))) COLLATE \"C\")");
        out
    }

    fn has_local_time(&self) -> bool {
        false
    }

    fn null_safe(&self, equality: Equality) -> &'static str {
        match equality {
            Equality::Equal => " IS NOT DISTINCT FROM ",
            Equality::Different => " IS DISTINCT FROM ",
        }
    }

    fn compare_scalars(&self, left: Sql, sign: &'static str, right: Sql) -> Sql {
        let mut out = wrap("\"_compare\"(", left, ", ");
        out.append(right).text(")").text(sign).text("0");
        out
    }

    fn compare_or_empty(&self, equality: Equality, left: Sql, right: Sql) -> Sql {
        let mut out = wrap("(\"_compare\"(COALESCE(", left, ", '\"\"'), COALESCE(");
        out.append(right);
        out.text(match equality {
            Equality::Equal => ", '\"\"')) = 0)",
            Equality::Different => ", '\"\"')) <> 0)",
        });
        out
    }

    fn scalar_of_text(&self, text: Sql) -> Sql {
        self.scalar(text)
    }

    fn scalar(&self, value: Sql) -> Sql {
        wrap("to_jsonb(", value, ")")
    }

    fn scalar_of_bool(&self, bool: Sql) -> Sql {
        wrap("to_jsonb((", bool, ")::int)")
    }

    fn scalar_of_json(&self, json: Sql) -> Sql {
        wrap("\"_scalar\"(", json, ")")
    }

    fn scalar_of_value(&self, value: Value) -> Sql {
        match value {
            // The text that JSON is stored with: PostgreSQL writes some doubles differently.
            Value::Number(number) => bind(Value::Json(json::number_text(number))),
            Value::Null => sql("NULL::jsonb"),
            Value::Text(_) | Value::Int(_) | Value::Bool(_) | Value::Json(_) => {
                self.scalar(bind(value))
            }
        }
    }

    fn text_of_scalar(&self, scalar: Sql) -> Sql {
        wrap("((", scalar, ") #>> '{}')")
    }

    fn scalar_beside_number(&self, scalar: Sql) -> Sql {
        wrap("\"_as_number\"(", scalar, ")")
    }

    fn scalar_beside_text(&self, scalar: Sql) -> Sql {
        wrap("to_jsonb((", scalar, ") #>> '{}')")
    }

    fn number_of_scalar(&self, scalar: Sql) -> Sql {
        wrap("\"_double\"(", scalar, ")")
    }

    fn number_of_bool(&self, bool: Sql) -> Sql {
        wrap("(", bool, ")::int::double precision")
    }

    fn scalar_sort_keys(&self, scalar: Sql) -> Vec<Sql> {
        vec![
            wrap(
                "(CASE jsonb_typeof(",
                scalar.clone(),
                ") WHEN 'number' THEN 1 WHEN 'boolean' THEN 1 WHEN 'string' THEN 2 WHEN 'array' THEN 2 WHEN 'object' THEN 2 END)",
            ),
            wrap("\"_number\"(", scalar.clone(), ")"),
            // Numbers that are equal have no text that differs: `0` and `false`, `1` and `1.0`.
            wrap("(\"_sort_text\"(", scalar, ") COLLATE \"C\")"),
        ]
    }

    fn json_at(&self, column: Sql, keys: &[&str]) -> Sql {
        wrap("NULLIF(", jsonb_at(column, keys), ", 'null'::jsonb)")
    }

    fn json_text_at(&self, column: Sql, keys: &[&str]) -> Sql {
        wrap("(", jsonb_at(column, keys), " #>> '{}')")
    }

    fn json_length_at(&self, column: Sql, keys: &[&str]) -> Sql {
        let value = jsonb_at(column, keys);
        let mut out = sql("(CASE jsonb_typeof(");
        out.append(value.clone());
        out.text(") WHEN 'array' THEN jsonb_array_length(")
            .append(value.clone());
        out.text(") WHEN 'null' THEN 0 ELSE (").append(value);
        out.text(" IS NOT NULL)::int END)");
        out
    }

    /// jsonb's own layout puts `", "` between items; all items are texts.
    fn list_text(&self, list: Sql) -> Sql {
        wrap(
            "(replace((",
            list,
            ")::text, '\", \"', '\",\"') COLLATE \"C\")",
        )
    }

    /// jsonb sorts keys in its own order.
    fn geo_point_text(&self, point: Sql) -> Sql {
        let mut out = wrap(
            "('{\"lon\":' || (",
            point.clone(),
            " ->> 'lon') || ',\"lat\":' || (",
        );
        out.append(point).text(" ->> 'lat') || '}')");
        out
    }

    fn join_items(&self, list: Sql, alias: &Ident) -> Sql {
        let mut out = wrap(
            " LEFT JOIN LATERAL (SELECT \"value\" COLLATE \"C\" AS \"value\" FROM jsonb_array_elements_text(",
            list,
            ") AS \"items\"(\"value\")) AS ",
        );
        out.ident(alias).text(" ON TRUE");
        out
    }

    fn is_one_of(&self, texts: &[String]) -> Sql {
        wrap(
            " = ANY(ARRAY(SELECT jsonb_array_elements_text(",
            bind(Value::Json(json::canonical(&texts.into()))),
            ")))",
        )
    }

    fn list_contains(&self, alias: &Ident, column: &Ident, item: Sql) -> Sql {
        let mut out = Sql::new(POSTGRES);
        out.column(alias, column)
            .text(" @> jsonb_build_array(")
            .append(item)
            .text(")");
        out
    }

    fn list_contains_any(&self, alias: &Ident, column: &Ident, items: &[String]) -> Sql {
        let mut out = sql("EXISTS (SELECT 1 FROM jsonb_array_elements_text(");
        out.column(alias, column);
        out.text(") AS \"item\"(\"value\") WHERE \"item\".\"value\"");
        out.append(self.is_one_of(items)).text(")");
        out
    }

    fn relaxed_durability(&self) -> Option<&'static str> {
        Some("SET LOCAL synchronous_commit = off")
    }
}

fn bind(value: Value) -> Sql {
    let mut out = Sql::new(POSTGRES);
    out.bind(value);
    out
}

/// The value at `keys` in a jsonb value. `strict`: a number is an index of a list and never a key of an object, as in
/// SQLite. Silent about errors: what is not there is null.
fn jsonb_at(value: Sql, keys: &[&str]) -> Sql {
    if keys.is_empty() {
        return value;
    }
    let mut out = wrap("jsonb_path_query_first(", value, ", ");
    out.bind(Value::Text(format!("strict {}", json_path(keys))));
    out.text("::jsonpath, '{}', TRUE)");
    out
}
