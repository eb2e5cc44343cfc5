//! The few pieces of SQL that differ between the databases, one `match` each.

use super::{Engine, Ident, Sql, Storage, Value, sql};

/// The type of a column that stores values so, with what it holds when nothing was given.
pub fn column_type(engine: Engine, storage: Storage, is_list: bool) -> &'static str {
    match (engine, storage) {
        (Engine::Sqlite, Storage::Text) => " TEXT DEFAULT '' NOT NULL",
        (Engine::Sqlite, Storage::Number) => " NUMERIC DEFAULT 0 NOT NULL",
        (Engine::Sqlite, Storage::Int) => " INTEGER DEFAULT 0 NOT NULL",
        (Engine::Sqlite, Storage::Json) if is_list => " JSON DEFAULT '[]' NOT NULL",
        (Engine::Sqlite, Storage::Json) => " JSON DEFAULT NULL",
        (Engine::Sqlite, Storage::Point) => " JSON DEFAULT '{\"lon\":0,\"lat\":0}' NOT NULL",
        (Engine::Postgres, Storage::Text) => " TEXT COLLATE \"C\" DEFAULT '' NOT NULL",
        (Engine::Postgres, Storage::Number) => " DOUBLE PRECISION DEFAULT 0 NOT NULL",
        (Engine::Postgres, Storage::Int) => " BIGINT DEFAULT 0 NOT NULL",
        (Engine::Postgres, Storage::Json) if is_list => " JSONB DEFAULT '[]' NOT NULL",
        (Engine::Postgres, Storage::Json) => " JSONB DEFAULT NULL",
        (Engine::Postgres, Storage::Point) => " JSONB DEFAULT '{\"lon\":0,\"lat\":0}' NOT NULL",
        (Engine::Sqlite | Engine::Postgres, Storage::Bool) => " BOOLEAN DEFAULT FALSE NOT NULL",
    }
}

/// Whether a query that groups its rows has to group every column that it shows. SQLite shows one of the group's values.
pub fn groups_every_column(engine: Engine) -> bool {
    match engine {
        Engine::Sqlite => false,
        Engine::Postgres => true,
    }
}

/// Whether `WHERE` and `HAVING` may use the names that the select gives to its columns.
pub fn has_aliases_in_conditions(engine: Engine) -> bool {
    match engine {
        Engine::Sqlite => true,
        Engine::Postgres => false,
    }
}

/// The column that keeps the order of insertion.
pub fn row_id_type(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => "\"_rowid_\" INTEGER PRIMARY KEY",
        Engine::Postgres => "\"_rowid_\" BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
    }
}

/// ` LEFT JOIN <the texts of a list column> AS alias`, one row each, in column `value`.
pub fn join_items(engine: Engine, table: &Ident, column: &Ident, alias: &Ident) -> Sql {
    let mut list = Sql::new(engine);
    list.column(table, column);
    items(engine, list, alias)
}

/// The same for a list that is known.
pub fn join_items_of(engine: Engine, list: Value, alias: &Ident) -> Sql {
    let mut bind = Sql::new(engine);
    bind.bind(list);
    items(engine, bind, alias)
}

fn items(engine: Engine, list: Sql, alias: &Ident) -> Sql {
    let mut out = Sql::new(engine);
    match engine {
        Engine::Sqlite => {
            out.text(" LEFT JOIN json_each(").append(list);
            out.text(") AS ").ident(alias).text(" ON 1 = 1");
        }
        Engine::Postgres => {
            out.text(" LEFT JOIN LATERAL (SELECT \"value\" COLLATE \"C\" AS \"value\" FROM jsonb_array_elements_text(");
            out.append(list)
                .text(") AS \"items\"(\"value\")) AS ")
                .ident(alias);
            out.text(" ON TRUE");
        }
    }
    out
}

/// `alias.column` is, or is a list with, `target`.
pub fn refers_to(engine: Engine, alias: &Ident, column: &Ident, is_list: bool, target: Sql) -> Sql {
    let mut out = Sql::new(engine);
    match (engine, is_list) {
        (_, false) => {
            out.column(alias, column).text(" = ").append(target);
        }
        (Engine::Sqlite, true) => {
            out.text("EXISTS (SELECT 1 FROM json_each(")
                .column(alias, column);
            out.text(") AS \"item\" WHERE \"item\".\"value\" = ")
                .append(target)
                .text(")");
        }
        (Engine::Postgres, true) => {
            out.column(alias, column)
                .text(" @> jsonb_build_array(")
                .append(target)
                .text(")");
        }
    }
    out
}

/// A place as it is stored and sent, with its longitude first. jsonb has an order of its own.
pub fn point_text(engine: Engine, point: Sql) -> Sql {
    match engine {
        Engine::Sqlite => point,
        Engine::Postgres => {
            let mut out = sql(engine, "('{\"lon\":' || (");
            out.append(point.clone())
                .text(" ->> 'lon') || ',\"lat\":' || (");
            out.append(point).text(" ->> 'lat') || '}')");
            out
        }
    }
}

/// A text as a scalar of JSON, which compares with values of any type.
pub fn json_of_text(engine: Engine, text: Sql) -> Sql {
    let mut out = Sql::new(engine);
    match engine {
        // An expression has no affinity; a column has one.
        Engine::Sqlite => out.text("(+").append(text).text(")"),
        Engine::Postgres => out.text("to_jsonb(").append(text).text(")"),
    };
    out
}

/// A number, or no value, as a function's argument.
pub fn number(engine: Engine, number: Option<f64>) -> Sql {
    typed(
        engine,
        number.map_or(Value::Null, Value::Number),
        Storage::Number,
    )
}

/// A bool as a function's argument.
pub fn number_of_bool(engine: Engine, bool: Sql) -> Sql {
    let mut out = Sql::new(engine);
    match engine {
        Engine::Sqlite => return bool,
        Engine::Postgres => out.text("(").append(bool).text(")::int::double precision"),
    };
    out
}

/// The number that a value of any type is, or that its text looks like.
pub fn number_of_scalar(engine: Engine, scalar: Sql) -> Sql {
    let mut out = Sql::new(engine);
    match engine {
        Engine::Sqlite => {
            out.text("(CASE typeof(").append(scalar.clone());
            out.text(") WHEN 'text' THEN \"_number\"(")
                .append(scalar.clone());
            out.text(") ELSE ").append(scalar).text(" END)");
        }
        Engine::Postgres => {
            out.text("\"_double\"(").append(scalar).text(")");
        }
    }
    out
}

/// A number that an expression makes, as a scalar of JSON.
pub fn scalar_of_number(engine: Engine, number: Sql) -> Sql {
    let mut out = Sql::new(engine);
    match engine {
        Engine::Sqlite => return number,
        Engine::Postgres => out.text("to_jsonb(").append(number).text(")"),
    };
    out
}

/// A moment in words; no value when something is none.
pub fn strftime(engine: Engine, format: Value, moment: Sql, modifiers: &[&str]) -> Sql {
    let mut out = Sql::new(engine);
    match engine {
        Engine::Sqlite => {
            out.text("strftime(").bind(format).text(", ").append(moment);
            for modifier in modifiers {
                out.text(", ").bind(Value::from(*modifier));
            }
            out.text(")");
        }
        Engine::Postgres => {
            let list = Value::Json(crate::json::canonical(&serde_json::Value::from(modifiers)));
            out.text("(\"_strftime\"(")
                .bind(format)
                .text("::text, ")
                .append(moment);
            out.text(", ARRAY(SELECT jsonb_array_elements_text(")
                .bind(list);
            out.text("))) COLLATE \"C\")");
        }
    }
    out
}

/// A list as compact JSON text. In jsonb's own layout the items, which are texts, are separated by `", "`.
pub fn list_text(engine: Engine, list: Sql) -> Sql {
    match engine {
        // An expression: what a column equals, SQLite puts in its place elsewhere, and not every text is a list.
        Engine::Sqlite => {
            let mut out = sql(engine, "(+");
            out.append(list).text(")");
            out
        }
        Engine::Postgres => {
            let mut out = sql(engine, "(replace((");
            out.append(list)
                .text(")::text, '\", \"', '\",\"') COLLATE \"C\")");
            out
        }
    }
}

/// The value at `keys` inside a JSON column; JSON's `null` is no value.
pub fn inside_json(engine: Engine, column: Sql, keys: &[&str]) -> Sql {
    let mut out = Sql::new(engine);
    match engine {
        // SQLite's own parser of doubles is a bit off where exponents are large, and it writes them with 15 digits.
        Engine::Sqlite if keys.is_empty() => {
            out.text("(CASE typeof(").append(column.clone());
            out.text(") WHEN 'real' THEN ").append(column.clone());
            out.text(" ELSE json_extract(").append(column);
            out.text(", '$') END)");
        }
        Engine::Sqlite => {
            let path = Value::Text(json_path(keys));
            out.text("(CASE json_type(").append(column.clone());
            out.text(", ").bind(path.clone());
            out.text(") WHEN 'real' THEN \"_number\"(")
                .append(column.clone());
            out.text(" -> ").bind(path.clone());
            out.text(") ELSE json_extract(").append(column);
            out.text(", ").bind(path).text(") END)");
        }
        Engine::Postgres => {
            out.text("NULLIF(").append(jsonb_at(column, keys));
            out.text(", 'null'::jsonb)");
        }
    }
    out
}

/// The same as text.
pub fn json_text(engine: Engine, column: Sql, keys: &[&str]) -> Sql {
    match engine {
        Engine::Sqlite => inside_json(engine, column, keys),
        Engine::Postgres => {
            let mut out = sql(engine, "(");
            out.append(jsonb_at(column, keys)).text(" #>> '{}')");
            out
        }
    }
}

/// How many items the JSON list at `keys` has: 0 for nothing, 1 for what is no list.
pub fn json_length(engine: Engine, column: Sql, keys: &[&str]) -> Sql {
    let mut out = Sql::new(engine);
    match engine {
        Engine::Sqlite => {
            let path = Value::Text(json_path(keys));
            out.text("(CASE json_type(")
                .append(column.clone())
                .text(", ")
                .bind(path.clone());
            out.text(") WHEN 'array' THEN json_array_length(")
                .append(column.clone());
            out.text(", ")
                .bind(path.clone())
                .text(") WHEN 'null' THEN 0 ELSE (json_type(");
            out.append(column)
                .text(", ")
                .bind(path)
                .text(") IS NOT NULL) END)");
        }
        Engine::Postgres => {
            let value = jsonb_at(column, keys);
            out.text("(CASE jsonb_typeof(").append(value.clone());
            out.text(") WHEN 'array' THEN jsonb_array_length(")
                .append(value.clone());
            out.text(") WHEN 'null' THEN 0 ELSE (").append(value);
            out.text(" IS NOT NULL)::int END)");
        }
    }
    out
}

/// ASCII letters in lower case.
pub fn lower(engine: Engine, text: Sql) -> Sql {
    let mut out = sql(engine, "lower((");
    out.append(text);
    out.text(match engine {
        Engine::Sqlite => "))",
        Engine::Postgres => ") COLLATE \"C\")",
    });
    out
}

/// Whether a text matches a pattern, in which `\` escapes, in whatever case its ASCII letters are.
pub fn like(engine: Engine, positive: bool, text: Sql, pattern: Sql) -> Sql {
    let mut out = text;
    match (engine, positive) {
        (Engine::Sqlite, true) => out.text(" LIKE "),
        (Engine::Sqlite, false) => out.text(" NOT LIKE "),
        // Of a column in this very collation nothing is left of COLLATE, so its statistics and indexes count.
        (Engine::Postgres, true) => out.text(" COLLATE \"C\" ILIKE "),
        (Engine::Postgres, false) => out.text(" COLLATE \"C\" NOT ILIKE "),
    };
    out.append(pattern);
    if engine == Engine::Sqlite {
        out.text(" ESCAPE '\\'");
    }
    out
}

/// A join, and a condition that with it holds where `condition` does. PostgreSQL remembers what a joined subquery comes
/// to for the values that it was asked about, where few of them differ; of a condition it does not. `OFFSET 0` keeps it
/// from making a condition of it again.
pub fn once_for_equal(condition: Sql, alias: &Ident) -> (Sql, Sql) {
    let engine = condition.engine();
    let mut join = Sql::new(engine);
    match engine {
        Engine::Sqlite => return (join, condition),
        Engine::Postgres => {
            join.text(" LEFT JOIN LATERAL (SELECT ").append(condition);
            join.text(" AS \"holds\" OFFSET 0) AS ").ident(alias);
            join.text(" ON TRUE");
        }
    }
    let mut holds = Sql::new(engine);
    holds.column(alias, &Ident::new("holds"));
    (join, holds)
}

/// Ends a `SELECT` such that its rows are not deleted until the transaction's end.
pub fn for_key_share(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => "",
        Engine::Postgres => " FOR KEY SHARE",
    }
}

/// The value at `keys` inside a jsonb value. Strict, and silent about its errors: a number is an index of a list and
/// never a key of an object, as it is for SQLite.
fn jsonb_at(value: Sql, keys: &[&str]) -> Sql {
    if keys.is_empty() {
        return value;
    }
    let mut out = sql(Engine::Postgres, "jsonb_path_query_first(");
    let path = format!("strict {}", json_path(keys));
    out.append(value).text(", ").bind(Value::Text(path));
    out.text("::jsonpath, '{}', TRUE)");
    out
}

/// `$."a"[0]`
fn json_path(keys: &[&str]) -> String {
    /// No list is that long; SQLite's indexes start at 0 again after 2^32.
    const MAX_INDEX: u32 = 999_999_999;
    let is_index = |key: &str| key.bytes().all(|b| b.is_ascii_digit());
    let steps = keys.iter().map(|key| {
        if is_index(key) {
            let index = key.parse().map_or(MAX_INDEX, |n: u32| n.min(MAX_INDEX));
            format!("[{index}]")
        } else {
            format!(".\"{key}\"")
        }
    });
    std::iter::once("$".to_owned()).chain(steps).collect()
}

/// A value that has its column's type even where no column says so.
pub fn typed(engine: Engine, value: Value, storage: Storage) -> Sql {
    let mut out = Sql::new(engine);
    out.bind(value);
    if engine == Engine::Postgres {
        out.text(match storage {
            Storage::Text => "::text COLLATE \"C\"",
            Storage::Number => "::double precision",
            Storage::Int => "::bigint",
            Storage::Bool => "::boolean",
            Storage::Json | Storage::Point => "::jsonb",
        });
    }
    out
}

/// A value such that it compares as one of a column that stores values so.
pub fn as_stored(engine: Engine, value: Value, storage: Storage) -> Sql {
    let plain = typed(engine, value.clone(), storage);
    if engine == Engine::Postgres {
        return plain;
    }
    let (value, end) = match (storage, value) {
        (Storage::Text, value) => (value, " AS TEXT)"),
        // A column keeps a whole number without a point.
        (Storage::Number, Value::Number(number)) => (whole(number), " AS NUMERIC)"),
        (Storage::Number | Storage::Int | Storage::Bool, value) => (value, " AS NUMERIC)"),
        // Nothing compares with one of these as it is.
        (Storage::Json | Storage::Point, _) => return plain,
    };
    let mut out = sql(engine, "CAST(");
    out.bind(value).text(end);
    out
}

/// The number as an integer, where it is one that a double has exactly.
fn whole(number: f64) -> Value {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if number.fract() != 0.0 || number.abs() >= EXACT {
        return Value::Number(number);
    }
    #[expect(clippy::cast_possible_truncation, reason = "it is whole and in range")]
    let whole = number as i64;
    Value::Int(whole)
}

/// ` IN (…)`: is one of these texts, however many they are.
pub fn is_one_of(engine: Engine, texts: &[String]) -> Sql {
    let list = Value::Json(crate::json::canonical(&serde_json::Value::from(texts)));
    let mut out = Sql::new(engine);
    match engine {
        Engine::Sqlite => out
            .text(" IN (SELECT \"value\" FROM json_each(")
            .bind(list)
            .text("))"),
        Engine::Postgres => out
            .text(" = ANY(ARRAY(SELECT jsonb_array_elements_text(")
            .bind(list)
            .text(")))"),
    };
    out
}

/// `alias.column`, a list, has one of `targets` in it.
pub fn refers_to_any(engine: Engine, alias: &Ident, column: &Ident, targets: &[String]) -> Sql {
    let mut out = Sql::new(engine);
    out.text("EXISTS (SELECT 1 FROM ");
    out.text(match engine {
        Engine::Sqlite => "json_each(",
        Engine::Postgres => "jsonb_array_elements_text(",
    });
    out.column(alias, column);
    out.text(match engine {
        Engine::Sqlite => ") AS \"item\" WHERE \"item\".\"value\"",
        Engine::Postgres => ") AS \"item\"(\"value\") WHERE \"item\".\"value\"",
    });
    out.append(is_one_of(engine, targets)).text(")");
    out
}

/// A single value made a list, or a list's last value made the single one.
pub fn convert(engine: Engine, column: &Ident, to_list: bool) -> Sql {
    let mut out = Sql::new(engine);
    match (engine, to_list) {
        (Engine::Sqlite, true) => {
            out.text("CASE ")
                .ident(column)
                .text(" WHEN '' THEN '[]' ELSE json_array(");
            out.ident(column).text(") END");
        }
        (Engine::Postgres, true) => {
            out.text("CASE ")
                .ident(column)
                .text(" WHEN '' THEN '[]'::jsonb ELSE jsonb_build_array(");
            out.ident(column).text(") END");
        }
        (Engine::Sqlite, false) => {
            out.text("COALESCE(json_extract(")
                .ident(column)
                .text(", '$[#-1]'), '')");
        }
        (Engine::Postgres, false) => {
            out.text("COALESCE(").ident(column).text(" ->> -1, '')");
        }
    }
    out
}

/// A value as text.
pub fn text(engine: Engine, value: Sql, storage: Storage) -> Sql {
    if engine == Engine::Sqlite || storage == Storage::Text {
        return value;
    }
    let mut out = sql(engine, "(");
    out.append(value);
    out.text(if storage == Storage::Bool {
        ")::int::text"
    } else {
        ")::text"
    });
    out
}

/// Whether several write at once, so that rows are locked.
pub fn locks_rows(engine: Engine) -> bool {
    engine == Engine::Postgres
}

/// Why rows are locked until the transaction's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lock {
    /// To change them; others may go on referring to them.
    Update,
    /// To delete them; nobody may begin to refer to them.
    Delete,
    /// To change them, if no other transaction has locked them: those are left out.
    Claim,
}

/// Ends a `SELECT` such that the rows of one of its tables are locked. SQLite has one writer.
pub fn lock(engine: Engine, table: &Ident, lock: Lock) -> Sql {
    let mut out = Sql::new(engine);
    if engine == Engine::Postgres {
        out.text(match lock {
            Lock::Update | Lock::Claim => " FOR NO KEY UPDATE OF ",
            Lock::Delete => " FOR UPDATE OF ",
        });
        out.ident(table);
        if lock == Lock::Claim {
            out.text(" SKIP LOCKED");
        }
    }
    out
}

/// The direction of an `ORDER BY` term. Nulls come first, as SQLite has it; where there are none, PostgreSQL must not
/// hear of them, since its indexes have them last.
pub fn direction(engine: Engine, descending: bool, nullable: bool) -> &'static str {
    match (engine, descending, nullable) {
        (Engine::Postgres, false, true) => " ASC NULLS FIRST",
        (Engine::Postgres, true, true) => " DESC NULLS LAST",
        (_, false, _) => " ASC",
        (_, true, _) => " DESC",
    }
}

/// What orders scalars out of JSON as SQLite does: nothing, then numbers, then texts.
pub fn order_keys_of_json(engine: Engine, value: Sql) -> Vec<Sql> {
    if engine == Engine::Sqlite {
        return vec![value];
    }
    let wrap = |before: &'static str, after: &'static str| {
        let mut out = sql(engine, before);
        out.append(value.clone()).text(after);
        out
    };
    vec![
        wrap(
            "(CASE jsonb_typeof(",
            ") WHEN 'number' THEN 1 WHEN 'boolean' THEN 1 WHEN 'string' THEN 2 WHEN 'array' THEN 2 WHEN 'object' THEN 2 END)",
        ),
        wrap("\"_number\"(", ")"),
        // Numbers that are equal are no text that differs: `0` and `false`, `1` and `1.0`.
        wrap("(\"_sort_text\"(", ") COLLATE \"C\")"),
    ]
}

/// Whether an index takes no values beyond some size.
pub fn limits_entries(engine: Engine) -> bool {
    engine == Engine::Postgres
}

/// How many characters of each of so many texts fit into one entry of PostgreSQL's indexes, with a digest of each: an
/// entry has 2,704 bytes, a character up to 4.
pub fn max_prefix(columns: usize) -> usize {
    const ENTRY: usize = 2600;
    const DIGEST: usize = 32;
    ((ENTRY / columns.max(1)).saturating_sub(DIGEST) / 4).max(1)
}

/// The first characters of a text, for an index. SQLite's entries have any size.
pub fn prefix(engine: Engine, text: Sql, length: usize) -> Sql {
    match engine {
        Engine::Sqlite => text,
        Engine::Postgres => {
            let mut out = sql(engine, "left(");
            out.append(text).text(", ").int(length).text(")");
            out
        }
    }
}

/// A digest of a value, for an index.
pub fn digest(engine: Engine, value: Sql) -> Sql {
    match engine {
        Engine::Sqlite => value,
        Engine::Postgres => {
            let mut out = sql(engine, "\"_digest\"((");
            out.append(value).text(")::text)");
            out
        }
    }
}

/// What tells texts apart of which an index has only prefixes: nothing where all are short.
pub fn digest_of_longer(engine: Engine, texts: Vec<(Sql, usize)>) -> Option<Sql> {
    if engine == Engine::Sqlite || texts.is_empty() {
        return None;
    }
    let short = texts.iter().map(|(text, length)| {
        let mut short = sql(engine, "length(");
        short.append(text.clone()).text(") <= ").int(*length);
        short
    });
    let mut out = sql(engine, "(CASE WHEN ");
    out.join(" AND ", short).text(" THEN ''::bytea ELSE ");
    let digests = texts.into_iter().map(|(text, _)| digest(engine, text));
    out.join(" || ", digests).text(" END)");
    Some(out)
}

/// Whether `left sign right`, of texts of which an index may have only a prefix: it is asked about that first.
pub fn compare_indexed(
    left: Sql,
    signs: (&'static str, &'static str),
    right: Sql,
    indexed: Option<usize>,
) -> Sql {
    let engine = left.engine();
    let (of_prefixes, sign) = signs;
    let mut out = Sql::new(engine);
    match indexed {
        Some(length) if engine == Engine::Postgres => {
            out.text("(").append(prefix(engine, left.clone(), length));
            out.text(of_prefixes)
                .append(prefix(engine, right.clone(), length));
            out.text(" AND ").append(left).text(sign).append(right);
            out.text(")");
        }
        Some(_) | None => {
            out.append(left).text(sign).append(right);
        }
    }
    out
}

/// What orders texts of which an index may have only a prefix: by that first, so that the index does most of it.
pub fn order_keys_of_indexed(engine: Engine, text: Sql, indexed: Option<usize>) -> Vec<Sql> {
    match indexed {
        Some(length) if engine == Engine::Postgres => {
            vec![prefix(engine, text.clone(), length), text]
        }
        Some(_) | None => vec![text],
    }
}

/// Whether an index can get another name. In SQLite it is made again.
pub fn can_rename_indexes(engine: Engine) -> bool {
    engine == Engine::Postgres
}

/// Indexes in the order in which to make them. The database names the first index that objects: the newest in SQLite,
/// the oldest in PostgreSQL; so the first of the list is named on both.
pub fn in_order_of_blame<T>(engine: Engine, mut indexes: Vec<T>) -> Vec<T> {
    if engine == Engine::Postgres {
        indexes.reverse();
    }
    indexes
}
