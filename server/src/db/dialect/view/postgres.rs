//! Views on PostgreSQL.

use super::{Around, Cast, Collation, Equality, Function, Piece, Sql, ViewDialect, ViewType};
use crate::db::dialect::postgres::Postgres;
use crate::db::dialect::wrap;

impl ViewDialect for Postgres {
    fn view_column(&self, value: Sql, view_type: ViewType) -> Sql {
        match view_type {
            ViewType::Text => wrap("CAST(", value, " AS TEXT) COLLATE \"C\""),
            ViewType::Number => wrap("CAST(", value, " AS DOUBLE PRECISION)"),
            ViewType::Bool => wrap("CAST(", value, " AS BOOLEAN)"),
            ViewType::Json => wrap("\"_as_json\"(to_jsonb(", value, "))"),
        }
    }

    fn has_numeric_bools(&self) -> bool {
        false
    }

    fn groups_every_column(&self) -> bool {
        true
    }

    fn has_aliases_in_conditions(&self) -> bool {
        false
    }

    fn has_sqlite_precedence(&self) -> bool {
        false
    }

    fn view_like(&self, equality: Equality) -> &'static str {
        match equality {
            Equality::Equal => " ILIKE (",
            Equality::Different => " NOT ILIKE (",
        }
    }

    fn no_escape(&self) -> &'static str {
        " ESCAPE ''"
    }

    fn cast(&self, target: Cast) -> Around {
        match target {
            Cast::Text => ("CAST(", " AS TEXT)"),
            Cast::Integer => ("CAST(trunc(CAST(", " AS DOUBLE PRECISION)) AS BIGINT)"),
            Cast::Real | Cast::Numeric => ("CAST(", " AS DOUBLE PRECISION)"),
            Cast::Bool => ("\"_as_bool\"(to_jsonb(", "))"),
            Cast::Json => ("CAST(", " AS JSONB)"),
        }
    }

    fn collate(&self, collation: Collation) -> Around {
        match collation {
            Collation::NoCase => ("lower((", ") COLLATE \"C\")"),
            Collation::Binary => ("(", ") COLLATE \"C\""),
        }
    }

    fn json_each(&self) -> Around {
        ("\"_json_each\"(to_jsonb(", "))")
    }

    /// A path as SQLite has it, `$.a[0]`, becomes an array of keys.
    fn json_arrow(&self, is_text: bool, path: Option<&str>) -> Result<Vec<Piece>, String> {
        let path = path.filter(|path| path.starts_with('$'));
        Ok(match path {
            Some(path) => vec![
                Piece::Text(if is_text { " #>> " } else { " #> " }),
                Piece::Literal(path_array(path)?),
                Piece::Text("::text[]"),
            ],
            None => vec![
                Piece::Text(if is_text { " ->> " } else { " -> " }),
                Piece::Argument(0),
            ],
        })
    }

    fn function(&self, name: &'static str) -> Function {
        match name {
            "abs" | "ceil" | "ceiling" | "coalesce" | "concat" | "concat_ws" | "count"
            | "cume_dist" | "dense_rank" | "exp" | "first_value" | "floor" | "lag"
            | "last_value" | "lead" | "length" | "ln" | "lower" | "ltrim" | "mod" | "nth_value"
            | "ntile" | "nullif" | "percent_rank" | "pow" | "power" | "rank" | "replace"
            | "row_number" | "rtrim" | "sign" | "sqrt" | "string_agg" | "substr" | "sum"
            | "upper" => Function::Named(name),
            "ifnull" => Function::Named("coalesce"),
            "instr" => Function::Named("strpos"),
            "json_array" => Function::Named("jsonb_build_array"),
            "json_object" => Function::Named("jsonb_build_object"),
            "avg" => Function::Within("CAST(avg(", ") AS DOUBLE PRECISION)"),
            "json" => Function::Within("CAST(", " AS JSONB)"),
            "json_group_array" => Function::Within("coalesce(jsonb_agg(", "), '[]')"),
            "json_group_object" => Function::Within("coalesce(jsonb_object_agg(", "), '{}')"),
            "total" => Function::Within("coalesce(sum(", "), 0)"),
            "date" | "datetime" | "group_concat" | "iif" | "json_array_length" | "json_extract"
            | "max" | "min" | "round" | "strftime" | "time" => Function::Pieces,
            _ => Function::Missing,
        }
    }

    fn call(&self, name: &str, arguments: &[Option<&str>]) -> Result<Vec<Piece>, String> {
        use Piece::{Argument, Arguments, Literal, Text};
        Ok(match (name, arguments) {
            ("min", [_]) => vec![Text("min("), Argument(0), Text(")")],
            ("max", [_]) => vec![Text("max("), Argument(0), Text(")")],
            ("min", [_, _, ..]) => vec![Text("least("), Arguments, Text(")")],
            ("max", [_, _, ..]) => vec![Text("greatest("), Arguments, Text(")")],
            ("iif", [_, _, _]) => vec![
                Text("CASE WHEN "),
                Argument(0),
                Text(" THEN "),
                Argument(1),
                Text(" ELSE "),
                Argument(2),
                Text(" END"),
            ],
            ("group_concat", [_]) => vec![
                Text("string_agg(CAST("),
                Argument(0),
                Text(" AS TEXT), ',')"),
            ],
            ("group_concat", [_, _]) => vec![
                Text("string_agg(CAST("),
                Argument(0),
                Text(" AS TEXT), "),
                Argument(1),
                Text(")"),
            ],
            ("round", [_]) => vec![
                Text("CAST(round(CAST("),
                Argument(0),
                Text(" AS NUMERIC)) AS DOUBLE PRECISION)"),
            ],
            ("round", [_, _]) => vec![
                Text("CAST(round(CAST("),
                Argument(0),
                Text(" AS NUMERIC), "),
                Argument(1),
                Text(") AS DOUBLE PRECISION)"),
            ],
            ("json_array_length", [_]) => {
                vec![Text("jsonb_array_length("), Argument(0), Text(")")]
            }
            ("json_extract", [_, path]) => {
                let path = path.ok_or("json_extract needs its path as a text")?;
                vec![
                    Text("("),
                    Argument(0),
                    Text(" #>> "),
                    Literal(path_array(path)?),
                    Text("::text[])"),
                ]
            }
            ("strftime", [format, moment]) => {
                let format = format.ok_or("strftime needs its format as a text")?;
                date(format, 1, *moment)?
            }
            ("date", [moment]) => date("%Y-%m-%d", 0, *moment)?,
            ("time", [moment]) => date("%H:%M:%S", 0, *moment)?,
            ("datetime", [moment]) => date("%Y-%m-%d %H:%M:%S", 0, *moment)?,
            _ => return Err(format!("wrong number of arguments to function {name}()")),
        })
    }
}

/// Formats a stored moment, the argument at `position`. Stored moments are texts of one layout, whose parts are always at
/// the same place.
fn date(format: &str, position: usize, literal: Option<&str>) -> Result<Vec<Piece>, String> {
    if literal.is_some() {
        return Err("dates in PostgreSQL views come from fields".to_owned());
    }
    let mut out = vec![
        Piece::Text("CASE WHEN length("),
        Piece::Argument(position),
        Piece::Text(") >= 19 THEN ''"),
    ];
    let mut rest = format.chars();
    while let Some(next) = rest.next() {
        if next != '%' {
            out.extend([Piece::Text(" || "), Piece::Literal(next.to_string())]);
            continue;
        }
        let place = match rest.next() {
            Some('Y') => ", 1, 4)",
            Some('m') => ", 6, 2)",
            Some('d') => ", 9, 2)",
            Some('H') => ", 12, 2)",
            Some('M') => ", 15, 2)",
            Some('S') => ", 18, 2)",
            Some('%') => {
                out.push(Piece::Text(" || '%'"));
                continue;
            }
            other => {
                let part = other.map(String::from).unwrap_or_default();
                return Err(format!("no %{part} in PostgreSQL views"));
            }
        };
        out.extend([
            Piece::Text(" || substr("),
            Piece::Argument(position),
            Piece::Text(place),
        ]);
    }
    out.push(Piece::Text(" END"));
    Ok(out)
}

/// A path `$.a[0]` as an array of keys: `{"a","0"}`.
fn path_array(path: &str) -> Result<String, String> {
    let wrong = || format!("{path:?} is no path of names and positions");
    let mut rest = path.strip_prefix('$').ok_or_else(wrong)?;
    let mut keys = Vec::new();
    while let Some(first) = rest.chars().next() {
        let (key, after) = match first {
            '.' => {
                let key = &rest[1..];
                key.split_at(key.find(['.', '[']).unwrap_or(key.len()))
            }
            '[' => rest[1..].split_once(']').ok_or_else(wrong)?,
            _ => return Err(wrong()),
        };
        let key = key.trim_matches('"');
        let is_word = |c: char| c.is_alphanumeric() || "_- ".contains(c);
        if key.is_empty() || !key.chars().all(is_word) {
            return Err(wrong());
        }
        keys.push(format!("\"{key}\""));
        rest = after;
    }
    Ok(format!("{{{}}}", keys.join(",")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_arrays() {
        assert_eq!(
            path_array("$.a[0].\"b c\"").unwrap(),
            "{\"a\",\"0\",\"b c\"}"
        );
        for wrong in ["a", "$a", "$.", "$.a[0", "$.a\\b", "$.{}"] {
            path_array(wrong).unwrap_err();
        }
    }
}
