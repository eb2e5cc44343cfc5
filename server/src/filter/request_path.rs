//! `@request.…` in a path: what is known of the request.

use serde_json::Value as Json;

use super::FilterError;
use super::condition::Condition;
use super::operand::{Column, Kind, Known, Operand};
use super::path::{Resolved, Walk, known, modifier, unknown};
use super::resolve::{Resolver, Trust};
use super::scope::Scope;
use crate::collections::Shape;
use crate::db::{Ident, Point, Sql, Value, dialect, sql};
use crate::json;
use crate::request::Caller;

impl Resolver<'_> {
    /// `@request.auth.…`
    pub(super) fn auth(&mut self, scope: &mut Scope, text: &str, path: &[&str]) -> Resolved {
        let Caller::Account(account) = &self.request.caller else {
            let is_isset = path.last().is_some_and(|name| name.ends_with(":isset"));
            return known(if is_isset {
                Known::Bool(false)
            } else {
                Known::Null
            });
        };
        let collection = account.record.collection.as_ref();
        if let [name] = path {
            let (name, modifier) = modifier(name);
            let value = account.record.known(name);
            match (modifier, value) {
                (Some("isset"), value) => return known(Known::Bool(value.is_some())),
                (None, value) => return known(value.map_or(Known::Null, |v| Known::from_json(&v))),
                (Some("lower"), Some(Json::String(value))) => {
                    return known(Known::Text(value.to_lowercase()));
                }
                _ => {}
            }
        }
        let id = account.record.id().to_owned();
        let key = "@request.auth".to_owned();
        let table = scope.join(&key, false, self.alias(), |alias| {
            let mut on = Sql::new(self.engine);
            on.column(alias, &Ident::new("id"))
                .text(" = ")
                .bind(Value::Text(id));
            Ok(self.left_join(collection, alias, on))
        })?;
        let walk = Walk::new(text, key, table, Trust::Full);
        let schema = self.schema;
        let collection = schema
            .find(&collection.def.id)
            .ok_or_else(|| unknown(text))?;
        match self.walk(scope, walk, collection, path) {
            // Accounts of another collection may have it.
            Err(FilterError::UnknownField(_)) => known(Known::Null),
            resolved => resolved,
        }
    }

    /// `@request.body.…`
    pub(super) fn body(&mut self, scope: &mut Scope, text: &str, path: &[&str]) -> Resolved {
        let (name, modifier) = modifier(path[0]);
        let value = self.request.body.get(name).cloned();
        let root = self.root;
        if path.len() > 1 {
            let Some(Shape::Relation { target, .. }) = root.column(name).map(|c| &c.shape) else {
                let mut inside = value.as_ref();
                for key in &path[1..] {
                    inside = inside.and_then(|value| value.get(*key));
                }
                return known(inside.map_or(Known::Null, Known::from_json));
            };
            let ids = strings(value.as_ref());
            let many = ids.len() > 1;
            let schema = self.schema;
            let target = schema.find(target).ok_or_else(|| unknown(text))?;
            let key = format!("@request.body.{name}");
            let table = scope.join(&key, many, self.alias(), |alias| {
                Ok(self.left_join(target, alias, among(self.engine, alias, &ids)))
            })?;
            let walk = Walk {
                many,
                relations: 1,
                ..Walk::new(text, key, table, Trust::Full)
            };
            return self.walk(scope, walk, target, &path[1..]);
        }
        let is_point = root.column(name).is_some_and(|c| c.shape == Shape::Point);
        let given = match &value {
            None => Known::Null,
            Some(value) if is_point => Known::Text(Point::of(value).to_json()),
            Some(value) => Known::from_json(value),
        };
        match modifier {
            None => known(given),
            Some("isset") => known(Known::Bool(value.is_some())),
            Some("lower") => known(match given {
                Known::Text(ref value) => Known::Text(value.to_lowercase()),
                Known::Null | Known::Number(_) | Known::Whole(_) | Known::Bool(_) => given,
            }),
            Some("length") => known(Known::Number(match &value {
                Some(Json::Array(items)) => crate::number(items.len()),
                other => f64::from(u8::from(!strings(other.as_ref()).is_empty())),
            })),
            Some("changed") => {
                if value.is_none() {
                    return known(Known::Bool(false));
                }
                let (stored, many) = self.path(scope, name, Trust::Full)?;
                let condition = self.differ(&Operand::Known(given), &stored);
                Ok((self.truth(condition), many))
            }
            Some("each") => {
                let items = strings(value.as_ref());
                let key = format!("@request.body.{name}:each");
                let table = scope.join(&key, true, self.alias(), |alias| {
                    let list = Value::Json(json::canonical(&Json::from(items)));
                    Ok(dialect::join_items_of(self.engine, list, alias))
                })?;
                Ok((Operand::Column(self.item(&table)), true))
            }
            Some(_) => Err(FilterError::Misused(text.to_owned())),
        }
    }

    fn truth(&self, condition: Condition) -> Operand {
        match condition {
            Condition::True => Operand::Known(Known::Bool(true)),
            Condition::False => Operand::Known(Known::Bool(false)),
            Condition::All(_) => {
                let mut out = sql(self.engine, "(");
                out.append(condition.into_sql(self.engine)).text(")");
                Operand::Column(Column {
                    nullable: false,
                    ..Column::new(out, Kind::Bool)
                })
            }
        }
    }
}

/// `@request.query.x`, `@request.headers.x`
pub(super) fn parameter(
    text: &str,
    name: &str,
    parameters: &std::collections::BTreeMap<String, String>,
) -> Resolved {
    let (name, modifier) = modifier(name);
    let value = parameters.get(name);
    known(match modifier {
        None => value.map_or(Known::Null, |v| Known::Text(v.clone())),
        Some("isset") => Known::Bool(value.is_some()),
        Some("lower") => value.map_or(Known::Null, |v| Known::Text(v.to_lowercase())),
        Some(_) => return Err(FilterError::Misused(text.to_owned())),
    })
}

/// The texts of a list, or of a single value.
fn strings(value: Option<&Json>) -> Vec<String> {
    match value {
        Some(Json::Array(items)) => items
            .iter()
            .filter_map(Json::as_str)
            .map(str::to_owned)
            .collect(),
        Some(Json::String(text)) if !text.is_empty() => vec![text.clone()],
        _ => Vec::new(),
    }
}

/// `alias.id IN (…)`
fn among(engine: crate::db::Engine, alias: &Ident, ids: &[String]) -> Sql {
    let mut out = Sql::new(engine);
    out.column(alias, &Ident::new("id"));
    out.append(dialect::is_one_of(engine, ids));
    out
}
