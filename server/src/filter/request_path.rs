//! Paths that begin with `@request`: values of the request.
//!
//! A path is first checked against the definitions and then given a value. A path that names nothing, or goes into a value
//! that has no members, is an error for every caller and every request. Null means only that no value was sent.

use serde_json::Value as Json;

use super::FilterError;
use super::casts::literal_text;
use super::condition::Condition;
use super::operand::{Column, Kind, Literal, Operand};
use super::path::{PathWalk, Resolved, literal, modifier, unknown};
use super::resolve::{Resolver, Trust};
use super::scope::Scope;
use crate::db::{GeoPoint, Ident, Sql, Value, sql};
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

    /// Says whether a path below `@request.auth` can begin at an account of this collection.
    fn begins(&self, collection: &Collection, path: &[&str]) -> bool {
        let name = modifier(path[0]).0;
        matches!(name, "collectionId" | "collectionName")
            || collection.column(name).is_some()
            || self.schema.back_relation(collection, name).is_some()
    }

    /// Resolves a path below `@request.auth` for a guest, or for an account of a collection that lacks its first field: null,
    /// if the path is valid for the accounts of every collection that has that field.
    fn absent(&self, text: &str, path: &[&str]) -> Resolved {
        // By far the most common path needs no search.
        if path == ["id"] {
            return literal(Literal::Null);
        }
        let open = self
            .schema
            .iter()
            .filter(|one| one.is_auth() && !self.is_closed(one));
        let mut is_known = false;
        for collection in open.filter(|one| self.begins(one, path)) {
            let path = AuthPath { text, path };
            self.detached()
                .auth_of(&mut Scope::default(), &path, collection, None)?;
            is_known = true;
        }
        if !is_known {
            return Err(unknown(text));
        }
        let is_isset = path
            .last()
            .is_some_and(|name| modifier(name).1 == Some("isset"));
        literal(if is_isset {
            Literal::Bool(false)
        } else {
            Literal::Null
        })
    }

    /// Resolves a path that begins at an account of `collection`. Without a record, the path is only checked.
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
                return literal(value().map_or(Literal::Null, |value| Literal::from_json(&value)));
            }
            ([_], Some("isset")) if is_plain => return literal(Literal::Bool(value().is_some())),
            ([_], Some("lower"))
                if column.is_none_or(|column| column.shape == Shape::Scalar) && is_plain =>
            {
                match value() {
                    Some(Json::String(value)) => {
                        return literal(Literal::Text(value.to_lowercase()));
                    }
                    _ if column.is_none() => return literal(Literal::Null),
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
            let mut on = Sql::new(self.dialect);
            on.column(alias, &Ident::new("id"))
                .text(" = ")
                .bind(Value::Text(id));
            Ok(self.left_join(collection, alias, on))
        })?;
        let walk = PathWalk::new(text, key, table, Trust::Full);
        self.walk(scope, walk, collection, path)
    }

    /// `@request.body.…`: below a field of the collection, only what its type has; below any other key, what was sent.
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
            // A password that is sent counts as changed, even if it is the old one.
            return match (rest, modifier) {
                ([], Some("isset" | "changed")) => literal(Literal::Bool(value.is_some())),
                _ => Err(unknown(text)),
            };
        }
        match (&column.shape, rest) {
            (_, []) => self.body_field(scope, text, column, modifier),
            (Shape::Json, _) => match (inside(value, rest), modifier) {
                (value, Some("length")) => literal(Literal::Number(length(value))),
                (value, modifier) => of_value(text, value, modifier),
            },
            (Shape::Point, [part @ ("lon" | "lat")]) => {
                let point = value.map(GeoPoint::of);
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
                    Ok(self.left_join(target, alias, among(self.dialect, alias, &ids)))
                })?;
                let walk = PathWalk {
                    many,
                    relations: 1,
                    ..PathWalk::new(text, key, table, Trust::Full)
                };
                self.walk(scope, walk, target, &path[1..])
            }
            _ => Err(unknown(text)),
        }
    }

    /// Resolves the whole value that was sent for a field.
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
            None => Literal::Null,
            Some(value) if column.shape == Shape::Point => {
                Literal::Text(GeoPoint::of(value).to_json())
            }
            Some(value) => Literal::from_json(value),
        };
        match modifier {
            None => literal(given),
            Some("lower") => literal(lower(given)),
            Some("length") if column.shape == Shape::Json => {
                literal(Literal::Number(length(value)))
            }
            Some("length") if is_choice => {
                literal(Literal::Number(crate::number(strings(value).len())))
            }
            Some("each") if is_choice => {
                let items = strings(value);
                let key = format!("@request.body.{}:each", column.name);
                let table = scope.join(&key, true, self.alias(), |alias| {
                    let list = Value::Json(json::canonical(&Json::from(items)));
                    Ok(self.dialect.join_value_items(list, alias))
                })?;
                Ok((Operand::Column(self.item(&table)), true))
            }
            Some("changed") => {
                let (stored, many) = self.path(scope, &column.name, Trust::Full)?;
                if value.is_none() {
                    return literal(Literal::Bool(false));
                }
                let condition = self.differ(&Operand::Literal(given), &stored);
                Ok((self.truth(condition), many))
            }
            modifier => of_value(text, value, modifier),
        }
    }

    fn truth(&self, condition: Condition) -> Operand {
        match condition {
            Condition::True => Operand::Literal(Literal::Bool(true)),
            Condition::False => Operand::Literal(Literal::Bool(false)),
            Condition::All(_) => {
                let mut out = sql(self.dialect, "(");
                out.append(condition.into_sql(self.dialect)).text(")");
                Operand::Column(Column {
                    nullable: false,
                    ..Column::new(out, Kind::Bool)
                })
            }
        }
    }
}

/// A path below `@request.auth`, and the whole path for messages.
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

/// Resolves a value that was sent and belongs to no field.
fn of_value(text: &str, value: Option<&Json>, modifier: Option<&str>) -> Resolved {
    let given = value.map_or(Literal::Null, Literal::from_json);
    match modifier {
        None => literal(given),
        Some("isset") => literal(Literal::Bool(value.is_some())),
        Some("lower") => literal(lower(given)),
        Some(_) => Err(FilterError::Misused(text.to_owned())),
    }
}

/// Returns the value as a text in lower case; a bool becomes `true` or `false`.
fn lower(value: Literal) -> Literal {
    match value {
        Literal::Null => Literal::Null,
        Literal::Bool(value) => Literal::Text(value.to_string()),
        value @ (Literal::Text(_) | Literal::Number(_) | Literal::Whole(_)) => {
            Literal::Text(literal_text(&value).to_lowercase())
        }
    }
}

/// Returns the value at `keys`: members of objects, and items of lists by their index.
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

/// Returns the number of items of a list: 0 for null, 1 for any other value.
fn length(value: Option<&Json>) -> f64 {
    match value {
        None | Some(Json::Null) => 0.0,
        Some(Json::Array(items)) => crate::number(items.len()),
        Some(_) => 1.0,
    }
}

/// Returns the items of a list, or a single value, as texts.
fn strings(value: Option<&Json>) -> Vec<String> {
    let text = |value: &Json| literal_text(&Literal::from_json(value));
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
fn among(dialect: crate::db::Dialect, alias: &Ident, ids: &[String]) -> Sql {
    let mut out = Sql::new(dialect);
    out.column(alias, &Ident::new("id"));
    out.append(dialect.is_one_of(ids));
    out
}
