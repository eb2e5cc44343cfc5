//! The functions of filters: `geoDistance(lonA, latA, lonB, latB)` and `strftime(format, value, modifier, …)`.

use super::FilterError;
use super::casts::{number_of, scalar_of_operand};
use super::operand::{Column, Kind, Literal, Operand};
use super::path::Resolved;
use super::resolve::{Resolver, Trust};
use super::scope::Scope;
use crate::db::{Sql, Value, sql};
use crate::expression::{Call, Token};

/// How many modifiers a call of `strftime` has at most.
const MAX_MODIFIERS: usize = 8;

impl Resolver<'_> {
    pub(super) fn call(&mut self, scope: &mut Scope, call: &Call, trust: Trust) -> Resolved {
        let misused = || FilterError::Misused(call.name.clone());
        match (call.name.as_str(), call.arguments.as_slice()) {
            ("geoDistance", places @ [_, _, _, _]) => self.geo_distance(scope, places, trust),
            ("strftime", [Token::Text(format), rest @ ..]) => match rest {
                [] => self.strftime(scope, format, None, &[], trust),
                [value, modifiers @ ..] if modifiers.len() <= MAX_MODIFIERS => {
                    self.strftime(scope, format, Some(value), modifiers, trust)
                }
                _ => Err(misused()),
            },
            ("geoDistance" | "strftime", _) => Err(misused()),
            _ => Err(FilterError::UnknownFunction(call.name.clone())),
        }
    }

    fn geo_distance(&mut self, scope: &mut Scope, places: &[Token], trust: Trust) -> Resolved {
        let mut made = Made::new(sql(self.dialect, "\"_geo_distance\"("));
        for (position, token) in places.iter().enumerate() {
            if matches!(token, Token::Text(_) | Token::Call(_)) {
                return Err(FilterError::Misused("geoDistance".to_owned()));
            }
            let operand = made.take(self.operand(scope, token, trust)?);
            if position > 0 {
                made.sql.text(", ");
            }
            made.sql.append(number_of(self.dialect, &operand));
        }
        made.sql.text(")");
        let distance = self.dialect.scalar(made.sql.clone());
        // One of several values is enough, with or without a `?`, as in PocketBase.
        made.many = false;
        Ok(made.finish(distance, Kind::Json))
    }

    fn strftime(
        &mut self,
        scope: &mut Scope,
        format: &str,
        value: Option<&Token>,
        modifiers: &[Token],
        trust: Trust,
    ) -> Resolved {
        let dialect = self.dialect;
        let misused = |what: &str| FilterError::Misused(what.to_owned());
        let mut made = Made::new(Sql::new(dialect));
        let moment = match value {
            Some(Token::Call(_)) => return Err(misused("strftime")),
            Some(token) => made.take(self.operand(scope, token, trust)?),
            None => Operand::Literal(Literal::Text("now".to_owned())),
        };
        let mut words = Vec::with_capacity(modifiers.len());
        for modifier in modifiers {
            let Token::Text(word) = modifier else {
                return Err(misused("strftime"));
            };
            // The time zone would be that of the database server.
            let is_local = ["localtime", "utc"]
                .iter()
                .any(|w| word.eq_ignore_ascii_case(w));
            if is_local && !dialect.has_local_time() {
                return Err(misused(word));
            }
            words.push(word.as_str());
        }
        let scalar = scalar_of_operand(dialect, &moment);
        let format = Value::from(format);
        let text = dialect.strftime(format, scalar, &words);
        Ok(made.finish(text, Kind::ComputedText))
    }
}

/// The SQL of a call while its arguments are added.
struct Made {
    sql: Sql,
    many: bool,
    visibility_check: Option<Sql>,
}

impl Made {
    fn new(sql: Sql) -> Self {
        Self {
            sql,
            many: false,
            visibility_check: None,
        }
    }

    /// Takes over an argument's visibility check.
    fn take(&mut self, (operand, many): (Operand, bool)) -> Operand {
        self.many |= many;
        if let Operand::Column(column) = &operand
            && let Some(visibility_check) = &column.visibility_check
        {
            match &mut self.visibility_check {
                None => self.visibility_check = Some(visibility_check.clone()),
                Some(all) => drop(all.text(" AND ").append(visibility_check.clone())),
            }
        }
        operand
    }

    fn finish(self, sql: Sql, kind: Kind) -> (Operand, bool) {
        let column = Column {
            visibility_check: self.visibility_check,
            ..Column::new(sql, kind)
        };
        (Operand::Column(column), self.many)
    }
}
