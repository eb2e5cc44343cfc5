//! `@request.…` in a path: what is known of the request.
//!
//! A path is judged by the definitions first and given a value afterwards: one that names nothing, or steps into
//! what has no inside, is an error whoever asks and whatever was sent. No value means only that none was sent.

use serde_json::Value as Json;

use super::FilterError;
use super::condition::Condition;
use super::forms::known_text;
use super::operand::{Column, Kind, Known, Operand};
use super::path::{Resolved, Walk, known, modifier, unknown};
use super::resolve::{Resolver, Trust};
use super::scope::Scope;
use crate::db::{Ident, Point, Sql, Value, dialect, sql};
use crate::json;
use crate::request::Caller;
use crate::schema::{Collection, Record, Shape};

impl Resolver<'_> {
    /// `@request.auth.…`
    pub(super) fn auth(&mut self, scope: &mut Scope, text: &str, path: &[&str]) -> Resolved {
        let schema = self.schema;
        if let Caller::Account(account) = &self.request.caller {
            let id = &account.record.collection.def.id;
            let collection = schema.find(id).ok_or_else(|| unknown(text))?;
            if self.begins(collection, path) {
                let path = AuthPath { text, path };
                return self.auth_of(scope, &path, collection, Some(&account.record));
            }
        }
        self.absent(text, path)
    }

    /// Whether a path below `@request.auth` can begin at an account of this collection.
    fn begins(&self, collection: &Collection, path: &[&str]) -> bool {
        let name = modifier(path[0]).0;
        matches!(name, "collectionId" | "collectionName")
            || collection.column(name).is_some()
            || self.schema.back_relation(collection, name).is_some()
    }

    /// What a path below `@request.auth` is for a guest, or an account of a collection that lacks its first field:
    /// no value, if it leads somewhere from the accounts of every collection that has that field.
    fn absent(&self, text: &str, path: &[&str]) -> Resolved {
        // The commonest by far needs no search.
        if path == ["id"] {
            return known(Known::Null);
        }
        let open = self
            .schema
            .iter()
            .filter(|one| one.is_auth() && !self.is_closed(one));
        let mut is_known = false;
        for collection in open.filter(|one| self.begins(one, path)) {
            let path = AuthPath { text, path };
            self.apart_from_query()
                .auth_of(&mut Scope::default(), &path, collection, None)?;
            is_known = true;
        }
        if !is_known {
            return Err(unknown(text));
        }
        let is_isset = path
            .last()
            .is_some_and(|name| modifier(name).1 == Some("isset"));
        known(if is_isset {
            Known::Bool(false)
        } else {
            Known::Null
        })
    }

    /// A path that begins at an account of `collection`; without a record it is judged alone.
    fn auth_of(
        &mut self,
        scope: &mut Scope,
        path: &AuthPath<'_>,
        collection: &Collection,
        record: Option<&Record>,
    ) -> Resolved {
        let AuthPath { text, path } = *path;
        let (last, modifier) = modifier(path[path.len() - 1]);
        let name = if path.len() == 1 { last } else { path[0] };
        let column = collection.column(name);
        if column.is_some_and(|column| column.secret) {
            return Err(unknown(text));
        }
        let is_plain = column.is_some() || matches!(name, "collectionId" | "collectionName");
        let value = || record.and_then(|record| record.known(name));
        match (path, modifier) {
            ([_], None) if is_plain => {
                return known(value().map_or(Known::Null, |value| Known::from_json(&value)));
            }
            ([_], Some("isset")) if is_plain => return known(Known::Bool(value().is_some())),
            ([_], Some("lower"))
                if column.is_none_or(|column| column.shape == Shape::Scalar) && is_plain =>
            {
                match value() {
                    Some(Json::String(value)) => return known(Known::Text(value.to_lowercase())),
                    _ if column.is_none() => return known(Known::Null),
                    _ => {}
                }
            }
            ([_, _], None | Some("isset" | "lower"))
                if column.is_some_and(crate::schema::Column::is_list) && is_index(last) =>
            {
                let value = value();
                return of_value(text, inside(value.as_ref(), &[last]), modifier);
            }
            _ => {}
        }
        let id = record.map_or("", Record::id).to_owned();
        let key = "@request.auth".to_owned();
        let table = scope.join(&key, false, self.alias(), |alias| {
            let mut on = Sql::new(self.engine);
            on.column(alias, &Ident::new("id"))
                .text(" = ")
                .bind(Value::Text(id));
            Ok(self.left_join(collection, alias, on))
        })?;
        let walk = Walk::new(text, key, table, Trust::Full);
        self.walk(scope, walk, collection, path)
    }

    /// `@request.body.…`: of a field of the collection as far as its type goes, of any other key what was sent.
    pub(super) fn body(&mut self, scope: &mut Scope, text: &str, path: &[&str]) -> Resolved {
        let (last, modifier) = modifier(path[path.len() - 1]);
        let mut keys = path.to_vec();
        keys[path.len() - 1] = last;
        let (name, rest) = (keys[0], &keys[1..]);
        let request = self.request;
        let value = request.body.get(name);
        let root = self.root;
        let Some(column) = root.column(name) else {
            return of_value(text, inside(value, rest), modifier);
        };
        if column.secret {
            // A given password is a new one, even if it is the old one again.
            return match (rest, modifier) {
                ([], Some("isset" | "changed")) => known(Known::Bool(value.is_some())),
                _ => Err(unknown(text)),
            };
        }
        match (&column.shape, rest) {
            (_, []) => self.body_field(scope, text, column, modifier),
            (Shape::Json, _) => match (inside(value, rest), modifier) {
                (value, Some("length")) => known(Known::Number(length(value))),
                (value, modifier) => of_value(text, value, modifier),
            },
            (Shape::Point, [part @ ("lon" | "lat")]) => {
                let point = value.map(Point::of);
                let part = point.map(|at| Json::from(if *part == "lon" { at.lon } else { at.lat }));
                of_value(text, part.as_ref(), modifier)
            }
            (_, [index]) if column.is_list() && is_index(index) => {
                of_value(text, inside(value, rest), modifier)
            }
            (Shape::Relation { target, .. }, _) => {
                let ids = strings(value);
                let many = ids.len() > 1;
                let schema = self.schema;
                let target = schema.find(target).ok_or_else(|| unknown(text))?;
                self.enter(target, text)?;
                let key = format!("@request.body.{name}");
                let table = scope.join(&key, many, self.alias(), |alias| {
                    Ok(self.left_join(target, alias, among(self.engine, alias, &ids)))
                })?;
                let walk = Walk {
                    many,
                    relations: 1,
                    ..Walk::new(text, key, table, Trust::Full)
                };
                self.walk(scope, walk, target, &path[1..])
            }
            _ => Err(unknown(text)),
        }
    }

    /// The whole value that was sent for a field.
    fn body_field(
        &mut self,
        scope: &mut Scope,
        text: &str,
        column: &crate::schema::Column,
        modifier: Option<&str>,
    ) -> Resolved {
        let request = self.request;
        let value = request.body.get(&column.name);
        let is_choice = column.shape.is_choice();
        let given = match value {
            None => Known::Null,
            Some(value) if column.shape == Shape::Point => Known::Text(Point::of(value).to_json()),
            Some(value) => Known::from_json(value),
        };
        match modifier {
            None => known(given),
            Some("lower") => known(lower(given)),
            Some("length") if column.shape == Shape::Json => known(Known::Number(length(value))),
            Some("length") if is_choice => {
                known(Known::Number(crate::number(strings(value).len())))
            }
            Some("each") if is_choice => {
                let items = strings(value);
                let key = format!("@request.body.{}:each", column.name);
                let table = scope.join(&key, true, self.alias(), |alias| {
                    let list = Value::Json(json::canonical(&Json::from(items)));
                    Ok(dialect::join_items_of(self.engine, list, alias))
                })?;
                Ok((Operand::Column(self.item(&table)), true))
            }
            Some("changed") => {
                let (stored, many) = self.path(scope, &column.name, Trust::Full)?;
                if value.is_none() {
                    return known(Known::Bool(false));
                }
                let condition = self.differ(&Operand::Known(given), &stored);
                Ok((self.truth(condition), many))
            }
            modifier => of_value(text, value, modifier),
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

/// A path below `@request.auth`, and the whole of it, for messages.
struct AuthPath<'p> {
    text: &'p str,
    path: &'p [&'p str],
}

/// `@request.query.x`, `@request.headers.x`
pub(super) fn parameter(
    text: &str,
    name: &str,
    parameters: &std::collections::BTreeMap<String, String>,
) -> Resolved {
    let (name, modifier) = modifier(name);
    let value = parameters.get(name).map(|value| Json::from(value.as_str()));
    of_value(text, value.as_ref(), modifier)
}

/// A value that was sent, which has no type but its own.
fn of_value(text: &str, value: Option<&Json>, modifier: Option<&str>) -> Resolved {
    let given = value.map_or(Known::Null, Known::from_json);
    match modifier {
        None => known(given),
        Some("isset") => known(Known::Bool(value.is_some())),
        Some("lower") => known(lower(given)),
        Some(_) => Err(FilterError::Misused(text.to_owned())),
    }
}

/// The value in lower case, as a text: that of a bool is its name.
fn lower(value: Known) -> Known {
    match value {
        Known::Null => Known::Null,
        Known::Bool(value) => Known::Text(value.to_string()),
        value @ (Known::Text(_) | Known::Number(_) | Known::Whole(_)) => {
            Known::Text(known_text(&value).to_lowercase())
        }
    }
}

/// What is at `keys` inside a value: members of objects, and items of lists by their number.
fn inside<'v>(value: Option<&'v Json>, keys: &[&str]) -> Option<&'v Json> {
    keys.iter().try_fold(value?, |value, key| match value {
        Json::Object(members) => members.get(*key),
        Json::Array(items) if is_index(key) => items.get(key.parse::<usize>().ok()?),
        Json::Array(_) | Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => None,
    })
}

fn is_index(key: &str) -> bool {
    key.bytes().all(|b| b.is_ascii_digit())
}

/// How many items a list has: 0 for nothing, 1 for what is no list.
fn length(value: Option<&Json>) -> f64 {
    match value {
        None | Some(Json::Null) => 0.0,
        Some(Json::Array(items)) => crate::number(items.len()),
        Some(_) => 1.0,
    }
}

/// The items of a list, or a single value, as texts.
fn strings(value: Option<&Json>) -> Vec<String> {
    let text = |value: &Json| known_text(&Known::from_json(value));
    match value {
        None => Vec::new(),
        Some(Json::Array(items)) => items.iter().map(text).collect(),
        Some(value) => Some(text(value))
            .filter(|text| !text.is_empty())
            .into_iter()
            .collect(),
    }
}

/// `alias.id IN (…)`
fn among(engine: crate::db::Engine, alias: &Ident, ids: &[String]) -> Sql {
    let mut out = Sql::new(engine);
    out.column(alias, &Ident::new("id"));
    out.append(dialect::is_one_of(engine, ids));
    out
}
