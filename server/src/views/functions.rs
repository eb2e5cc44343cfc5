//! The functions that views may call: they compute a value from their arguments and have no effects.

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
use crate::db::dialect::view::{self as dialect, Piece};
use crate::db::{Ident, Sql};

/// The functions, by their names in SQLite, in alphabetical order. A dialect says how it calls each.
const FUNCTIONS: [&str; 65] = [
    "abs",
    "avg",
    "ceil",
    "ceiling",
    "coalesce",
    "concat",
    "concat_ws",
    "count",
    "cume_dist",
    "date",
    "datetime",
    "dense_rank",
    "exp",
    "first_value",
    "floor",
    "format",
    "group_concat",
    "hex",
    "ifnull",
    "iif",
    "instr",
    "json",
    "json_array",
    "json_array_length",
    "json_extract",
    "json_group_array",
    "json_group_object",
    "json_object",
    "json_quote",
    "json_type",
    "json_valid",
    "julianday",
    "lag",
    "last_value",
    "lead",
    "length",
    "ln",
    "lower",
    "ltrim",
    "max",
    "min",
    "mod",
    "nth_value",
    "ntile",
    "nullif",
    "percent_rank",
    "pow",
    "power",
    "printf",
    "rank",
    "replace",
    "round",
    "row_number",
    "rtrim",
    "sign",
    "sqrt",
    "strftime",
    "string_agg",
    "substr",
    "sum",
    "time",
    "total",
    "typeof",
    "unixepoch",
    "upper",
];

impl Writer<'_> {
    pub(super) fn function(&mut self, out: &mut Sql, function: &Function) -> Outcome<()> {
        let name = last(&function.name).unwrap_or_default().to_lowercase();
        let Some(known) = FUNCTIONS.into_iter().find(|known| *known == name) else {
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
        if matches!(known, "format" | "printf") && !has_short_format(&args) {
            return Err(refuse(format!(
                "{name} needs its format as a text, with short widths"
            )));
        }
        let is_distinct = list.duplicate_treatment == Some(DuplicateTreatment::Distinct);
        let distinct = if is_distinct { "DISTINCT " } else { "" };
        let mut call = Sql::new(self.dialect);
        match self.dialect.function(known) {
            dialect::Function::Pieces => {
                if is_distinct {
                    return Err(refuse(format!("{name}(DISTINCT …) is not supported here")));
                }
                self.pieces(&mut call, known, &args)?;
            }
            dialect::Function::Missing => {
                let dialect = self.dialect.name();
                return Err(refuse(format!("no such function in {dialect}: {name}")));
            }
            dialect::Function::Named(name) => {
                call.text(name).text("(").text(distinct);
                self.arguments(&mut call, &args)?;
                call.text(")");
            }
            dialect::Function::Within(before, after) => {
                call.text(before).text(distinct);
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

    /// Writes a call whose form depends on its arguments.
    fn pieces(&mut self, out: &mut Sql, name: &str, args: &[Argument<'_>]) -> Outcome<()> {
        let exprs: Vec<&Expr> = args
            .iter()
            .filter_map(|arg| match arg {
                Argument::Expr(expr) => Some(*expr),
                Argument::Everything => None,
            })
            .collect();
        let texts: Vec<Option<&str>> = exprs.iter().map(|expr| text_of(expr)).collect();
        // An argument that occurs several times is written once: its columns are noted while it is written.
        let mut written = vec![None; exprs.len()];
        for piece in self.dialect.call(name, &texts).map_err(refuse)? {
            match piece {
                Piece::Text(text) => drop(out.text(text)),
                Piece::Literal(text) => drop(out.literal(&text)),
                Piece::Arguments => self.arguments(out, args)?,
                Piece::Argument(position) => {
                    if written[position].is_none() {
                        let mut argument = Sql::new(self.dialect);
                        self.expr(&mut argument, exprs[position])?;
                        written[position] = Some(argument);
                    }
                    out.join("", written[position].clone());
                }
            }
        }
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
        let (before, after) = self.dialect.json_each();
        self.around(out, before, list, after)?;
        out.text(" AS ").ident(&goes_by);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_function_is_there_twice() {
        for pair in FUNCTIONS.windows(2) {
            assert!(pair[0] < pair[1], "{}", pair[1]);
        }
    }
}
