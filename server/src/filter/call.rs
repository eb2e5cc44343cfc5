//! The functions of filters: `geoDistance(lonA, latA, lonB, latB)` and `strftime(format, value, modifier, …)`.

use super::FilterError;
use super::forms::{as_number, as_scalar};
use super::operand::{Column, Kind, Known, Operand};
use super::path::Resolved;
use super::resolve::{Resolver, Trust};
use super::scope::Scope;
use crate::db::{Engine, Sql, Value, dialect, sql};
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
        let mut made = Made::new(sql(self.engine, "\"_geo_distance\"("));
        for (position, token) in places.iter().enumerate() {
            if matches!(token, Token::Text(_) | Token::Call(_)) {
                return Err(FilterError::Misused("geoDistance".to_owned()));
            }
            let operand = made.take(self.operand(scope, token, trust)?);
            if position > 0 {
                made.sql.text(", ");
            }
            made.sql.append(as_number(self.engine, &operand));
        }
        made.sql.text(")");
        let distance = dialect::scalar_of_number(self.engine, made.sql.clone());
        // One of several is enough, with or without a `?`: so PocketBase has it.
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
        let engine = self.engine;
        let misused = |what: &str| FilterError::Misused(what.to_owned());
        let mut made = Made::new(Sql::new(engine));
        let moment = match value {
            Some(Token::Call(_)) => return Err(misused("strftime")),
            Some(token) => made.take(self.operand(scope, token, trust)?),
            None => Operand::Known(Known::Text("now".to_owned())),
        };
        let mut words = Vec::with_capacity(modifiers.len());
        for modifier in modifiers {
            let Token::Text(word) = modifier else {
                return Err(misused("strftime"));
            };
            // The time zone would be that of the database's server.
            let is_local = ["localtime", "utc"]
                .iter()
                .any(|w| word.eq_ignore_ascii_case(w));
            if is_local && engine == Engine::Postgres {
                return Err(misused(word));
            }
            words.push(word.as_str());
        }
        let scalar = as_scalar(engine, &moment);
        let format = Value::from(format);
        let text = dialect::strftime(engine, format, scalar, &words);
        Ok(made.finish(text, Kind::Computed))
    }
}

/// A call's SQL while its arguments are gathered.
struct Made {
    sql: Sql,
    many: bool,
    guard: Option<Sql>,
}

impl Made {
    fn new(sql: Sql) -> Self {
        Self {
            sql,
            many: false,
            guard: None,
        }
    }

    /// What must hold for the argument must hold for the call.
    fn take(&mut self, (operand, many): (Operand, bool)) -> Operand {
        self.many |= many;
        if let Operand::Column(column) = &operand
            && let Some(guard) = &column.guard
        {
            match &mut self.guard {
                None => self.guard = Some(guard.clone()),
                Some(all) => drop(all.text(" AND ").append(guard.clone())),
            }
        }
        operand
    }

    fn finish(self, sql: Sql, kind: Kind) -> (Operand, bool) {
        let column = Column {
            guard: self.guard,
            ..Column::new(sql, kind)
        };
        (Operand::Column(column), self.many)
    }
}
