//! From the path of an identifier (`author.name`, `@request.auth.id`, `comments_via_post.text:lower`) to what
//! stands for it in SQL.

use serde_json::Value as Json;

use super::operand::{Column, Kind, Known, Operand};
use super::resolve::{Condition, Resolver, Scope, Trust};
use super::{FilterError, macros};
use super::parse::Expression;
use crate::collections::{Collection, Rule, Shape};
use crate::db::{Ident, Sql, Storage, Value, dialect, sql};
use crate::json;
use crate::request::Caller;

/// How many relations a path may follow.
const MAX_RELATIONS: usize = 6;

/// A path that is being followed.
struct Walk<'w> {
    /// The whole path, for messages.
    text: &'w str,
    /// What identifies the joins made so far.
    key: String,
    table: Ident,
    /// Whether the table's row may be missing.
    nullable: bool,
    many: bool,
    relations: usize,
    trust: Trust,
    /// What must hold of the records on the way for the client to see them.
    guards: Vec<Sql>,
}

type Resolved = Result<(Operand, bool), FilterError>;

impl Resolver<'_> {
    pub(super) fn path(&mut self, scope: &mut Scope, text: &str, trust: Trust) -> Resolved {
        let Some(special) = text.strip_prefix('@') else {
            let walk = Walk {
                text,
                key: String::new(),
                table: self.root_alias.clone(),
                nullable: self.root_nullable,
                many: false,
                relations: 0,
                trust,
            guards: Vec::new(),
            };
            return self.walk(scope, walk, self.root, &segments(text));
        };
        let parts = segments(special);
        match parts.as_slice() {
            ["request", "auth", path @ ..] if !path.is_empty() => self.auth(scope, text, path),
            ["request", "body", path @ ..] if !path.is_empty() => self.body(scope, text, path),
            ["request", "method"] => known(Known::Text(self.request.method.clone())),
            ["request", "context"] => known(Known::Text(self.request.context.to_owned())),
            ["request", "query", name] => self.parameter(text, name, &self.request.query),
            ["request", "headers", name] => self.parameter(text, name, &self.request.headers),
            ["collection", name, path @ ..] if !path.is_empty() => {
                self.other(scope, text, name, path, trust)
            }
            [name] => macros::value(name, self.request.now)
                .map(|value| (Operand::Known(value), false))
                .ok_or_else(|| unknown(text)),
            _ => Err(unknown(text)),
        }
    }

    /// `@request.query.x`, `@request.headers.x`
    fn parameter(
        &self,
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

    /// `@collection.name.field`, `@collection.name:alias.field`
    fn other(
        &mut self,
        scope: &mut Scope,
        text: &str,
        name: &str,
        path: &[&str],
        trust: Trust,
    ) -> Resolved {
        let collection_name = name.split(':').next().unwrap_or_default();
        let schema = self.schema;
        let collection = schema.find(collection_name).ok_or_else(|| unknown(text))?;
        let key = format!("@collection.{name}");
        let table = scope.join(&key, true, self.alias(), |alias| {
            Ok(self.left_join(collection, alias, sql(self.engine, "1 = 1")))
        })?;
        let walk = Walk {
            text,
            key,
            table,
            nullable: true,
            many: true,
            relations: 0,
            trust,
            guards: Vec::new(),
        };
        self.walk(scope, walk, collection, path)
    }

    /// `@request.auth.…`
    fn auth(&mut self, scope: &mut Scope, text: &str, path: &[&str]) -> Resolved {
        let Caller::Account(account) = &self.request.caller else {
            let is_isset = path.last().is_some_and(|name| name.ends_with(":isset"));
            return known(if is_isset { Known::Bool(false) } else { Known::Null });
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
        let walk = Walk {
            text,
            key,
            table,
            nullable: true,
            many: false,
            relations: 0,
            trust: Trust::Full,
            guards: Vec::new(),
        };
        let schema = self.schema;
        let collection = schema.find(&collection.def.id).ok_or_else(|| unknown(text))?;
        match self.walk(scope, walk, collection, path) {
            // Accounts of another collection may have it.
            Err(FilterError::UnknownField(_)) => known(Known::Null),
            resolved => resolved,
        }
    }

    /// `@request.body.…`
    fn body(&mut self, scope: &mut Scope, text: &str, path: &[&str]) -> Resolved {
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
                Ok(self.left_join(target, alias, among(self.engine, alias, ids)))
            })?;
            let walk = Walk {
                text,
                key,
                table,
                nullable: true,
                many,
                relations: 1,
                trust: Trust::Full,
            guards: Vec::new(),
            };
            return self.walk(scope, walk, target, &path[1..]);
        }
        let given = value.clone().map_or(Known::Null, |v| Known::from_json(&v));
        match modifier {
            None => known(given),
            Some("isset") => known(Known::Bool(value.is_some())),
            Some("lower") => known(match given {
                Known::Text(value) => Known::Text(value.to_lowercase()),
                other => other,
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

    /// Follows `path` from a row of `collection`.
    fn walk(
        &mut self,
        scope: &mut Scope,
        mut walk: Walk<'_>,
        collection: &Collection,
        path: &[&str],
    ) -> Resolved {
        let [name, rest @ ..] = path else {
            return Err(unknown(walk.text));
        };
        let (plain, modifier) = modifier(name);
        let Some(column) = collection.column(plain) else {
            return self.back_relation(scope, walk, collection, plain, rest);
        };
        if walk.trust == Trust::Client && column.hidden {
            return Err(unknown(walk.text));
        }
        match &column.shape {
            Shape::Json => self.inside_json(&walk, &column.ident, path),
            // The column has it already.
            Shape::Relation { is_list: false, .. } if rest == ["id"] => {
                self.column(scope, &walk, column, None)
            }
            Shape::Relation { target, .. } if !rest.is_empty() => {
                let schema = self.schema;
                let target = schema.find(target).ok_or_else(|| unknown(walk.text))?;
                self.relation(scope, &mut walk, &column.ident, column.is_list(), target, plain)?;
                self.walk(scope, walk, target, rest)
            }
            _ if !rest.is_empty() => Err(unknown(walk.text)),
            _ => {
                let guarded = walk.trust == Trust::Client && collection.is_auth() && plain == "email";
                if guarded {
                    let mut guard = Sql::new(self.engine);
                    guard.column(&walk.table, &Ident::new("emailVisibility"));
                    guard.text(if self.is_sqlite() { " = 1" } else { " = TRUE" });
                    walk.guards.push(guard);
                }
                self.column(scope, &walk, column, modifier)
            }
        }
    }

    /// Joins the records that a relation field refers to.
    fn relation(
        &mut self,
        scope: &mut Scope,
        walk: &mut Walk<'_>,
        field: &Ident,
        is_list: bool,
        target: &Collection,
        name: &str,
    ) -> Result<(), FilterError> {
        self.step(walk, name)?;
        let mut from = Sql::new(self.engine);
        from.column(&walk.table, field);
        if is_list {
            walk.many = true;
            let key = format!("{}:each", walk.key);
            let table = walk.table.clone();
            let items = scope.join(&key, true, self.alias(), |alias| {
                Ok(dialect::join_items(self.engine, &table, field, alias))
            })?;
            from = Sql::new(self.engine);
            from.column(&items, &Ident::new("value"));
        }
        let rule = self.visibility(target, walk)?;
        let is_own = scope.is_own;
        walk.table = scope.join(&walk.key, walk.many, self.alias(), |alias| {
            let mut on = Sql::new(self.engine);
            on.column(alias, &Ident::new("id")).text(" = ").append(from);
            self.and_if(&mut on, is_own, rule, target, alias)?;
            Ok(self.left_join(target, alias, on))
        })?;
        walk.nullable = true;
        self.guard(walk, is_own, rule, target)
    }

    /// `comments_via_post`: the records of another collection that refer to this one.
    fn back_relation(
        &mut self,
        scope: &mut Scope,
        mut walk: Walk<'_>,
        collection: &Collection,
        name: &str,
        rest: &[&str],
    ) -> Resolved {
        let schema = self.schema;
        let found = schema.back_relation(collection, name);
        let (source, column) = found.ok_or_else(|| unknown(walk.text))?;
        if walk.trust == Trust::Client && column.hidden {
            return Err(unknown(walk.text));
        }
        if rest.is_empty() {
            return Err(unknown(walk.text));
        }
        self.step(&mut walk, name)?;
        walk.many |= !source.is_unique(&column.name);
        let table = walk.table.clone();
        let rule = self.visibility(source, &walk)?;
        let is_own = scope.is_own;
        walk.table = scope.join(&walk.key, walk.many, self.alias(), |alias| {
            let mut target = Sql::new(self.engine);
            target.column(&table, &Ident::new("id"));
            let mut on = dialect::refers_to(self.engine, alias, &column.ident, column.is_list(), target);
            self.and_if(&mut on, is_own, rule, source, alias)?;
            Ok(self.left_join(source, alias, on))
        })?;
        walk.nullable = true;
        self.guard(&mut walk, is_own, rule, source)?;
        self.walk(scope, walk, source, rest)
    }

    /// A value inside a JSON field; `path[0]` is the field itself.
    fn inside_json(&self, walk: &Walk<'_>, field: &Ident, path: &[&str]) -> Resolved {
        let (last, modifier) = modifier(path[path.len() - 1]);
        let mut keys: Vec<&str> = path[1..].to_vec();
        if let Some(end) = keys.last_mut() {
            *end = last;
        }
        let mut column = Sql::new(self.engine);
        column.column(&walk.table, field);
        let operand = match modifier {
            None => Column::new(dialect::inside_json(self.engine, column, &keys), Kind::Json),
            Some("length") => {
                Column::new(dialect::json_length(self.engine, column, &keys), Kind::Number)
            }
            Some("lower") => {
                let text = dialect::json_text(self.engine, column, &keys);
                Column::new(dialect::lower(self.engine, text), Kind::Text)
            }
            Some(_) => return Err(FilterError::Misused(walk.text.to_owned())),
        };
        Ok((Operand::Column(guarded(operand, &walk.guards)), walk.many))
    }

    /// The field at the end of a path.
    fn column(
        &mut self,
        scope: &mut Scope,
        walk: &Walk<'_>,
        column: &crate::collections::Column,
        modifier: Option<&str>,
    ) -> Resolved {
        let mut plain = Sql::new(self.engine);
        plain.column(&walk.table, &column.ident);
        let (sql, kind) = match (modifier, column.is_list()) {
            (Some("each"), true) => {
                let key = format!("{}.{}:each", walk.key, column.name);
                let items = scope.join(&key, true, self.alias(), |alias| {
                    Ok(dialect::join_items(self.engine, &walk.table, &column.ident, alias))
                })?;
                return Ok((Operand::Column(guarded(self.item(&items), &walk.guards)), true));
            }
            (Some("length"), true) => {
                (dialect::json_length(self.engine, plain, &[]), Kind::Number)
            }
            (Some("length"), false) if column.shape.is_choice() => {
                let mut length = sql(self.engine, "(CASE WHEN ");
                length.append(plain).text(" = '' THEN 0 ELSE 1 END)");
                (length, Kind::Number)
            }
            (Some("each"), false) if column.shape.is_choice() => (plain, Kind::Text),
            (Some("lower"), false) => {
                let text = dialect::text(self.engine, plain, column.storage);
                (dialect::lower(self.engine, text), Kind::Text)
            }
            (Some("lower"), true) => {
                let text = dialect::list_text(self.engine, plain);
                (dialect::lower(self.engine, text), Kind::Text)
            }
            (None, true) => (dialect::list_text(self.engine, plain), Kind::Text),
            (None, false) => match column.storage {
                Storage::Text | Storage::Json => (plain, Kind::Text),
                Storage::Number | Storage::Int => (plain, Kind::Number),
                Storage::Bool => (plain, Kind::Bool),
            },
            (Some(_), _) => return Err(FilterError::Misused(walk.text.to_owned())),
        };
        let column = Column {
            nullable: walk.nullable,
            ..Column::new(sql, kind)
        };
        Ok((Operand::Column(guarded(column, &walk.guards)), walk.many))
    }

    fn step(&self, walk: &mut Walk<'_>, name: &str) -> Result<(), FilterError> {
        walk.relations += 1;
        if walk.relations > MAX_RELATIONS {
            return Err(FilterError::TooBig("deep"));
        }
        walk.key.push('.');
        walk.key.push_str(name);
        Ok(())
    }

    fn left_join(&self, collection: &Collection, alias: &Ident, on: Sql) -> Sql {
        let mut out = sql(self.engine, " LEFT JOIN ");
        out.ident(&collection.table).text(" AS ").ident(alias);
        out.text(" ON ").append(on);
        out
    }

    /// What a client must be allowed to list to reach a collection; `None` when nothing has to hold.
    fn visibility<'c>(
        &self,
        collection: &'c Collection,
        walk: &Walk<'_>,
    ) -> Result<Option<&'c Expression>, FilterError> {
        match &collection.rules.list {
            _ if walk.trust == Trust::Full => Ok(None),
            Rule::Locked => Err(unknown(walk.text)),
            Rule::Open => Ok(None),
            Rule::Filter(rule) => Ok(Some(rule)),
        }
    }

    /// Where every joined record has to satisfy a comparison, or one to sort by, those that the client may not
    /// list are not joined at all: what they hold must not show.
    fn and_if(
        &self,
        on: &mut Sql,
        is_own: bool,
        rule: Option<&Expression>,
        collection: &Collection,
        alias: &Ident,
    ) -> Result<(), FilterError> {
        if let Some(rule) = rule.filter(|_| is_own) {
            on.text(" AND ").append(self.listed(rule, collection, alias)?);
        }
        Ok(())
    }

    /// Elsewhere a comparison holds only for records that the client may list.
    fn guard(
        &self,
        walk: &mut Walk<'_>,
        is_own: bool,
        rule: Option<&Expression>,
        collection: &Collection,
    ) -> Result<(), FilterError> {
        if let Some(rule) = rule.filter(|_| !is_own) {
            walk.guards.push(self.listed(rule, collection, &walk.table)?);
        }
        Ok(())
    }

    fn listed(
        &self,
        rule: &Expression,
        collection: &Collection,
        alias: &Ident,
    ) -> Result<Sql, FilterError> {
        let mut nested = self.nested(collection, alias.clone());
        let condition = nested.condition(rule, Trust::Full)?;
        Ok(nested.finish_inside(condition).into_sql(self.engine))
    }

    fn item(&self, items: &Ident) -> Column {
        let mut value = Sql::new(self.engine);
        value.column(items, &Ident::new("value"));
        Column::new(value, Kind::Text)
    }

    fn truth(&self, condition: Condition) -> Operand {
        match condition {
            Condition::True => Operand::Known(Known::Bool(true)),
            Condition::False => Operand::Known(Known::Bool(false)),
            Condition::Sql(condition) => {
                let mut out = sql(self.engine, "(");
                out.append(condition).text(")");
                Operand::Column(Column {
                    nullable: false,
                    ..Column::new(out, Kind::Bool)
                })
            }
        }
    }

    fn is_sqlite(&self) -> bool {
        self.engine == crate::db::Engine::Sqlite
    }
}

/// The column, for records on whose way all of `guards` hold.
fn guarded(column: Column, guards: &[Sql]) -> Column {
    let guard = guards.iter().cloned().reduce(|mut all, next| {
        all.text(" AND ").append(next);
        all
    });
    Column { guard, ..column }
}

/// Splits at dots.
fn segments(text: &str) -> Vec<&str> {
    text.split('.').collect()
}

/// Splits `name:modifier`.
fn modifier(segment: &str) -> (&str, Option<&str>) {
    match segment.split_once(':') {
        Some((name, modifier)) => (name, Some(modifier)),
        None => (segment, None),
    }
}

fn known(value: Known) -> Resolved {
    Ok((Operand::Known(value), false))
}

fn unknown(text: &str) -> FilterError {
    FilterError::UnknownField(text.to_owned())
}

/// The texts of a list, or of a single value.
fn strings(value: Option<&Json>) -> Vec<String> {
    match value {
        Some(Json::Array(items)) => items.iter().filter_map(Json::as_str).map(str::to_owned).collect(),
        Some(Json::String(text)) if !text.is_empty() => vec![text.clone()],
        _ => Vec::new(),
    }
}

/// `alias.id IN (…)`
fn among(engine: crate::db::Engine, alias: &Ident, ids: Vec<String>) -> Sql {
    if ids.is_empty() {
        return sql(engine, "1 = 0");
    }
    let mut out = Sql::new(engine);
    out.column(alias, &Ident::new("id")).text(" IN (");
    out.join(
        ", ",
        ids.into_iter().map(|id| {
            let mut bind = Sql::new(engine);
            bind.bind(Value::Text(id));
            bind
        }),
    );
    out.text(")");
    out
}
