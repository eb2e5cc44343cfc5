//! The functions that views may call: they compute something from their arguments, and do nothing else.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "of all SQL, views have only what is named"
)]

use sqlparser::ast::{
    DuplicateTreatment, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments,
    TableFunctionArgs, WindowFrameBound, WindowFrameUnits, WindowSpec, WindowType,
};

use super::expr::text_of;
use super::names::alias;
use super::query::{Writer, last};
use super::{Outcome, refuse};
use crate::db::{Engine, Ident, Sql};

/// A function, by its name in SQLite.
struct Known {
    name: &'static str,
    postgres: Form,
}

/// What stands for it in PostgreSQL.
#[derive(Clone, Copy)]
enum Form {
    /// The same.
    Same,
    /// Another function.
    Named(&'static str),
    /// Something around another function's call.
    Within(&'static str, &'static str),
    /// See [`Writer::special`].
    Special,
    /// Nothing.
    None,
}

const fn known(name: &'static str, postgres: Form) -> Known {
    Known { name, postgres }
}

const FUNCTIONS: [Known; 65] = [
    known("abs", Form::Same),
    known("avg", Form::Within("CAST(avg(", ") AS DOUBLE PRECISION)")),
    known("ceil", Form::Same),
    known("ceiling", Form::Same),
    known("coalesce", Form::Same),
    known("concat", Form::Same),
    known("concat_ws", Form::Same),
    known("count", Form::Same),
    known("cume_dist", Form::Same),
    known("date", Form::Special),
    known("datetime", Form::Special),
    known("dense_rank", Form::Same),
    known("exp", Form::Same),
    known("first_value", Form::Same),
    known("floor", Form::Same),
    known("format", Form::None),
    known("group_concat", Form::Special),
    known("hex", Form::None),
    known("ifnull", Form::Named("coalesce")),
    known("iif", Form::Special),
    known("instr", Form::Named("strpos")),
    known("json", Form::Within("CAST(", " AS JSONB)")),
    known("json_array", Form::Named("jsonb_build_array")),
    known("json_array_length", Form::Special),
    known("json_extract", Form::Special),
    known(
        "json_group_array",
        Form::Within("coalesce(jsonb_agg(", "), '[]')"),
    ),
    known(
        "json_group_object",
        Form::Within("coalesce(jsonb_object_agg(", "), '{}')"),
    ),
    known("json_object", Form::Named("jsonb_build_object")),
    known("json_quote", Form::None),
    known("json_type", Form::None),
    known("json_valid", Form::None),
    known("julianday", Form::None),
    known("lag", Form::Same),
    known("last_value", Form::Same),
    known("lead", Form::Same),
    known("length", Form::Same),
    known("ln", Form::Same),
    known("lower", Form::Same),
    known("ltrim", Form::Same),
    known("max", Form::Special),
    known("min", Form::Special),
    known("mod", Form::Same),
    known("nth_value", Form::Same),
    known("ntile", Form::Same),
    known("nullif", Form::Same),
    known("percent_rank", Form::Same),
    known("pow", Form::Same),
    known("power", Form::Same),
    known("printf", Form::None),
    known("rank", Form::Same),
    known("replace", Form::Same),
    known("round", Form::Special),
    known("row_number", Form::Same),
    known("rtrim", Form::Same),
    known("sign", Form::Same),
    known("sqrt", Form::Same),
    known("strftime", Form::Special),
    known("string_agg", Form::Same),
    known("substr", Form::Same),
    known("sum", Form::Same),
    known("time", Form::Special),
    known("total", Form::Within("coalesce(sum(", "), 0)")),
    known("typeof", Form::None),
    known("unixepoch", Form::None),
    known("upper", Form::Same),
];

impl Writer<'_> {
    pub(super) fn function(&mut self, out: &mut Sql, function: &Function) -> Outcome<()> {
        let name = last(&function.name).unwrap_or_default().to_lowercase();
        let Some(known) = FUNCTIONS.iter().find(|known| known.name == name) else {
            return Err(refuse(format!("no such function: {}", function.name)));
        };
        let FunctionArguments::List(list) = &function.args else {
            return Err(refuse(format!("{name} has a list of arguments")));
        };
        let is_plain = !function.uses_odbc_syntax
            && matches!(function.parameters, FunctionArguments::None)
            && function.within_group.is_empty()
            && function.null_treatment.is_none()
            && list.clauses.is_empty();
        if !is_plain {
            return Err(refuse(format!(
                "this call of {name} is not supported in views"
            )));
        }
        let args = arguments(&list.args)?;
        if matches!(known.name, "format" | "printf") && !has_short_format(&args) {
            return Err(refuse(format!(
                "{name} needs its format as a text, with short widths"
            )));
        }
        let is_distinct = list.duplicate_treatment == Some(DuplicateTreatment::Distinct);
        let mut call = Sql::new(self.engine);
        let form = match self.engine {
            Engine::Sqlite => Form::Same,
            Engine::Postgres => known.postgres,
        };
        match form {
            Form::Special => {
                if is_distinct {
                    return Err(refuse(format!("{name}(DISTINCT …) is not supported here")));
                }
                self.special(&mut call, known.name, &args)?;
            }
            Form::None => return Err(refuse(format!("no such function in PostgreSQL: {name}"))),
            Form::Same | Form::Named(_) | Form::Within(..) => {
                let (before, after) = match form {
                    Form::Within(before, after) => (before, after),
                    Form::Named(other) => (other, ")"),
                    Form::Same | Form::Special | Form::None => (known.name, ")"),
                };
                call.text(before);
                if !matches!(form, Form::Within(..)) {
                    call.text("(");
                }
                if is_distinct {
                    call.text("DISTINCT ");
                }
                self.arguments(&mut call, &args)?;
                call.text(after);
            }
        }
        out.append(call);
        if let Some(filter) = &function.filter {
            self.around(out, " FILTER (WHERE ", filter, ")")?;
        }
        match &function.over {
            None => Ok(()),
            Some(WindowType::WindowSpec(window)) => self.over(out, window),
            Some(WindowType::NamedWindow(_)) => {
                Err(refuse("named windows are not supported in views"))
            }
        }
    }

    fn arguments(&mut self, out: &mut Sql, args: &[Argument<'_>]) -> Outcome<()> {
        for (position, arg) in args.iter().enumerate() {
            if position > 0 {
                out.text(", ");
            }
            match arg {
                Argument::Everything => {
                    out.text("*");
                }
                Argument::Expr(expr) => self.expr(out, expr)?,
            }
        }
        Ok(())
    }

    fn over(&mut self, out: &mut Sql, window: &WindowSpec) -> Outcome<()> {
        let WindowSpec {
            window_name: None,
            partition_by,
            order_by,
            window_frame,
        } = window
        else {
            return Err(refuse("named windows are not supported in views"));
        };
        out.text(" OVER (");
        if !partition_by.is_empty() {
            out.text("PARTITION BY ");
            self.exprs(out, partition_by)?;
        }
        if !order_by.is_empty() {
            out.text(" ORDER BY ");
            self.order_terms(out, order_by)?;
        }
        if let Some(frame) = window_frame {
            out.text(match frame.units {
                WindowFrameUnits::Rows => " ROWS BETWEEN ",
                WindowFrameUnits::Range => " RANGE BETWEEN ",
                WindowFrameUnits::Groups => " GROUPS BETWEEN ",
            });
            self.bound(out, &frame.start_bound)?;
            out.text(" AND ");
            let current = WindowFrameBound::CurrentRow;
            self.bound(out, frame.end_bound.as_ref().unwrap_or(&current))?;
        }
        out.text(")");
        Ok(())
    }

    fn bound(&mut self, out: &mut Sql, bound: &WindowFrameBound) -> Outcome<()> {
        match bound {
            WindowFrameBound::CurrentRow => {
                out.text("CURRENT ROW");
                Ok(())
            }
            WindowFrameBound::Preceding(None) => {
                out.text("UNBOUNDED PRECEDING");
                Ok(())
            }
            WindowFrameBound::Following(None) => {
                out.text("UNBOUNDED FOLLOWING");
                Ok(())
            }
            WindowFrameBound::Preceding(Some(rows)) => self.around(out, "", rows, " PRECEDING"),
            WindowFrameBound::Following(Some(rows)) => self.around(out, "", rows, " FOLLOWING"),
        }
    }

    /// What PostgreSQL has for calls that take more than another name.
    fn special(&mut self, out: &mut Sql, name: &str, args: &[Argument<'_>]) -> Outcome<()> {
        let exprs: Vec<&Expr> = args
            .iter()
            .filter_map(|arg| match arg {
                Argument::Expr(expr) => Some(*expr),
                Argument::Everything => None,
            })
            .collect();
        let format = match name {
            "date" => Some("%Y-%m-%d"),
            "time" => Some("%H:%M:%S"),
            "datetime" => Some("%Y-%m-%d %H:%M:%S"),
            _ => None,
        };
        match (name, &exprs[..]) {
            ("min" | "max", [value]) => {
                out.text(if name == "min" { "min(" } else { "max(" });
                self.around(out, "", value, ")")
            }
            ("min" | "max", [_, _, ..]) => {
                out.text(if name == "min" { "least(" } else { "greatest(" });
                self.arguments(out, args)?;
                out.text(")");
                Ok(())
            }
            ("iif", [condition, then, otherwise]) => {
                self.around(out, "CASE WHEN ", condition, " THEN ")?;
                self.around(out, "", then, " ELSE ")?;
                self.around(out, "", otherwise, " END")
            }
            ("group_concat", [value]) => {
                self.around(out, "string_agg(CAST(", value, " AS TEXT), ',')")
            }
            ("group_concat", [value, separator]) => {
                self.around(out, "string_agg(CAST(", value, " AS TEXT), ")?;
                self.around(out, "", separator, ")")
            }
            ("round", [value]) => self.around(
                out,
                "CAST(round(CAST(",
                value,
                " AS NUMERIC)) AS DOUBLE PRECISION)",
            ),
            ("round", [value, digits]) => {
                self.around(out, "CAST(round(CAST(", value, " AS NUMERIC), ")?;
                self.around(out, "", digits, ") AS DOUBLE PRECISION)")
            }
            ("json_array_length", [list]) => self.around(out, "jsonb_array_length(", list, ")"),
            ("json_extract", [json, path]) => {
                let path =
                    text_of(path).ok_or_else(|| refuse("json_extract needs its path as a text"))?;
                self.around(out, "(", json, " #>> ")?;
                out.literal(&json_path(path)?).text("::text[])");
                Ok(())
            }
            ("strftime", [format, date]) => {
                let format = text_of(format);
                let format = format.ok_or_else(|| refuse("strftime needs its format as a text"))?;
                self.date(out, format, date)
            }
            (_, [date]) if format.is_some() => self.date(out, format.unwrap_or_default(), date),
            _ => Err(refuse(format!(
                "wrong number of arguments to function {name}()"
            ))),
        }
    }

    /// A stored moment in another format. Stored moments are texts of one layout, whose parts are always in the
    /// same place.
    fn date(&mut self, out: &mut Sql, format: &str, date: &Expr) -> Outcome<()> {
        if text_of(date).is_some() {
            return Err(refuse("dates in PostgreSQL views come from fields"));
        }
        let mut value = Sql::new(self.engine);
        self.expr(&mut value, date)?;
        out.text("CASE WHEN length(").append(value.clone());
        out.text(") >= 19 THEN ''");
        let mut rest = format.chars();
        while let Some(next) = rest.next() {
            if next != '%' {
                out.text(" || ").literal(&next.to_string());
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
                    out.text(" || '%'");
                    continue;
                }
                other => {
                    let part = other.map(String::from).unwrap_or_default();
                    return Err(refuse(format!("no %{part} in PostgreSQL views")));
                }
            };
            out.text(" || substr(").append(value.clone()).text(place);
        }
        out.text(" END");
        Ok(())
    }

    /// `json_each(posts.tags)`: a row for each item.
    pub(super) fn rows_of_json(
        &mut self,
        out: &mut Sql,
        name: &str,
        args: &TableFunctionArgs,
        goes_by: &Ident,
    ) -> Outcome<()> {
        let values = arguments(&args.args)?;
        let ([Argument::Expr(list)], None, true) = (
            &values[..],
            &args.settings,
            name.eq_ignore_ascii_case("json_each"),
        ) else {
            return Err(refuse(format!("no such table function: {name}")));
        };
        let goes_by = if goes_by.as_str() == name.to_lowercase() {
            alias("json_each")
        } else {
            goes_by.clone()
        };
        match self.engine {
            Engine::Sqlite => self.around(out, "json_each(", list, ") AS ")?,
            Engine::Postgres => self.around(out, "\"_json_each\"(to_jsonb(", list, ")) AS ")?,
        }
        out.ident(&goes_by);
        Ok(())
    }
}

/// An argument of a call.
enum Argument<'a> {
    Expr(&'a Expr),
    /// `*`
    Everything,
}

fn arguments(args: &[FunctionArg]) -> Outcome<Vec<Argument<'_>>> {
    let one = |arg: &'_ FunctionArg| match arg {
        FunctionArg::Unnamed(FunctionArgExpr::Wildcard) => Some(true),
        FunctionArg::Unnamed(FunctionArgExpr::Expr(_)) => Some(false),
        _ => None,
    };
    if args.iter().any(|arg| one(arg).is_none()) {
        return Err(refuse("arguments have no names in views"));
    }
    Ok(args
        .iter()
        .map(|arg| match arg {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Argument::Expr(expr),
            _ => Argument::Everything,
        })
        .collect())
}

/// Whether a format asks for no text of a million characters.
fn has_short_format(args: &[Argument<'_>]) -> bool {
    let Some(Argument::Expr(format)) = args.first() else {
        return false;
    };
    text_of(format).is_some_and(|format| {
        let longest = format.split(|c: char| !c.is_ascii_digit());
        !format.contains('*') && longest.map(str::len).max().unwrap_or_default() <= 2
    })
}

/// `$.a[0]` as PostgreSQL has it: `{"a","0"}`.
pub(super) fn json_path(path: &str) -> Outcome<String> {
    let wrong = || refuse(format!("{path:?} is no path of names and positions"));
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
    fn no_function_is_there_twice() {
        for pair in FUNCTIONS.windows(2) {
            assert!(pair[0].name < pair[1].name, "{}", pair[1].name);
        }
    }

    #[test]
    fn paths_become_arrays() {
        assert_eq!(
            json_path("$.a[0].\"b c\"").unwrap(),
            "{\"a\",\"0\",\"b c\"}"
        );
        for wrong in ["a", "$a", "$.", "$.a[0", "$.a\\b", "$.{}"] {
            json_path(wrong).unwrap_err();
        }
    }
}
