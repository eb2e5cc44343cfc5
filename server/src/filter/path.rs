//! Resolves the path of an identifier (`author.name`, `@request.auth.id`, `comments_via_post.text:lower`) to SQL.

use super::operand::{Column, Kind, Literal, Operand};
use super::request_path::parameter;
use super::resolve::{Resolver, Trust};
use super::scope::Scope;
use super::visibility::{Listable, RowCondition};
use super::{FilterError, macros};
use crate::db::{ColumnType, Ident, Sql, dialect, sql};
use crate::schema::{Collection, Shape};

/// How many relations a path may follow.
const MAX_RELATIONS: usize = 6;

/// A path that is being followed.
pub(super) struct PathWalk<'w> {
    /// The whole path, for messages.
    pub(super) text: &'w str,
    /// Identifies the joins made so far.
    pub(super) key: String,
    pub(super) table: Ident,
    /// Whether the table's row may be missing.
    pub(super) nullable: bool,
    pub(super) many: bool,
    pub(super) relations: usize,
    pub(super) trust: Trust,
    /// Conditions on the records along the path: the client may see the value only if all hold.
    pub(super) visibility_checks: Vec<Sql>,
}

impl<'w> PathWalk<'w> {
    /// Starts a path at a row of `table`, which may be missing.
    pub(super) fn new(text: &'w str, key: String, table: Ident, trust: Trust) -> Self {
        Self {
            text,
            key,
            table,
            nullable: true,
            many: false,
            relations: 0,
            trust,
            visibility_checks: Vec::new(),
        }
    }

    /// Counts one relation.
    fn step(&mut self, name: &str) -> Result<(), FilterError> {
        self.relations += 1;
        if self.relations > MAX_RELATIONS {
            return Err(FilterError::TooBig("deep"));
        }
        self.key.push('.');
        self.key.push_str(name);
        Ok(())
    }
}

pub(super) type Resolved = Result<(Operand, bool), FilterError>;

impl Resolver<'_> {
    pub(super) fn path(&mut self, scope: &mut Scope, text: &str, trust: Trust) -> Resolved {
        // Sort keys have not been parsed by the filter's grammar.
        let is_word = |part: &str| {
            let is_letter = |c: char| c.is_ascii_alphanumeric() || "_:@#".contains(c);
            !part.is_empty() && part.chars().all(is_letter)
        };
        if !text.split('.').all(is_word) {
            return Err(unknown(text));
        }
        let Some(special) = text.strip_prefix('@') else {
            let walk = PathWalk {
                nullable: self.root_nullable,
                ..PathWalk::new(text, String::new(), self.root_alias.clone(), trust)
            };
            let path = segments(text);
            no_modifier_before_end(text, &path)?;
            return self.walk(scope, walk, self.root, &path);
        };
        let parts = segments(special);
        // A collection may have an alias behind a colon; nothing else has a modifier before its end.
        let inner = match parts.as_slice() {
            ["collection", _, rest @ ..] => rest,
            all => all,
        };
        no_modifier_before_end(text, inner)?;
        // Otherwise clients could find out the values that rules compare with.
        if trust == Trust::Client && matches!(parts[0], "request" | "collection") {
            return Err(unknown(text));
        }
        match parts.as_slice() {
            ["request", "auth", path @ ..] if !path.is_empty() => self.auth(scope, text, path),
            ["request", "body", path @ ..] if !path.is_empty() => self.body(scope, text, path),
            ["request", "method"] => literal(Literal::Text(self.request.method.clone())),
            ["request", "context"] => literal(Literal::Text(self.request.context.to_owned())),
            ["request", "query", name] => parameter(text, name, &self.request.query),
            ["request", "headers", name] => {
                parameter(text, &name.to_ascii_lowercase(), &self.request.headers)
            }
            ["collection", name, path @ ..] if !path.is_empty() => {
                self.other(scope, text, name, path, trust)
            }
            [name] => macros::value(name, self.request.now)
                .map(|value| (Operand::Literal(value), false))
                .ok_or_else(|| unknown(text)),
            _ => Err(unknown(text)),
        }
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
        self.enter(collection, text)?;
        let key = format!("@collection.{name}");
        let table = scope.join(&key, true, self.alias(), |alias| {
            Ok(self.left_join(collection, alias, sql(self.dialect, "1 = 1")))
        })?;
        let walk = PathWalk {
            many: true,
            ..PathWalk::new(text, key, table, trust)
        };
        self.walk(scope, walk, collection, path)
    }

    /// Follows `path` from a row of `collection`.
    pub(super) fn walk(
        &mut self,
        scope: &mut Scope,
        mut walk: PathWalk<'_>,
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
        if column.secret || (walk.trust == Trust::Client && self.hides(collection, column)) {
            return Err(unknown(walk.text));
        }
        match &column.shape {
            Shape::Json => self.inside_json(&walk, &column.ident, path),
            Shape::Point if matches!(rest, [] | ["lon" | "lat" | "lon:lower" | "lat:lower"]) => {
                self.inside_point(&walk, &column.ident, path)
            }
            // The column itself holds the id.
            Shape::Relation { is_list: false, .. } if rest == ["id"] => {
                self.column(scope, &walk, collection, column, None)
            }
            Shape::Relation { target, .. } if !rest.is_empty() => {
                let schema = self.schema;
                let target = schema.find(target).ok_or_else(|| unknown(walk.text))?;
                self.relation(
                    scope,
                    &mut walk,
                    &column.ident,
                    column.is_list(),
                    target,
                    plain,
                )?;
                self.walk(scope, walk, target, rest)
            }
            _ if !rest.is_empty() => Err(unknown(walk.text)),
            Shape::Scalar
            | Shape::Select { .. }
            | Shape::File { .. }
            | Shape::Relation { .. }
            | Shape::Point
            | Shape::Secret => {
                if walk.trust == Trust::Client && collection.is_auth() && plain == "email" {
                    let mut visibility_check = Sql::new(self.dialect);
                    visibility_check.column(&walk.table, &Ident::new("emailVisibility"));
                    visibility_check.text(" = TRUE");
                    walk.visibility_checks.push(visibility_check);
                }
                self.column(scope, &walk, collection, column, modifier)
            }
        }
    }

    /// Joins the records that a relation field refers to.
    fn relation(
        &mut self,
        scope: &mut Scope,
        walk: &mut PathWalk<'_>,
        field: &Ident,
        is_list: bool,
        target: &Collection,
        name: &str,
    ) -> Result<(), FilterError> {
        walk.step(name)?;
        self.enter(target, walk.text)?;
        let mut from = Sql::new(self.dialect);
        from.column(&walk.table, field);
        if is_list {
            walk.many = true;
            let key = format!("{}:each", walk.key);
            let table = walk.table.clone();
            let items = scope.join(&key, true, self.alias(), |alias| {
                Ok(self.dialect.join_column_items(&table, field, alias))
            })?;
            from = Sql::new(self.dialect);
            from.column(&items, &Ident::new("value"));
        }
        let listable = self.visibility(target, walk)?;
        if scope.is_isolated && listable.is_none() && !target.is_view() {
            // The query has joined the record already, and there is at most one.
            let here = self.scope.one(&walk.key, &walk.table, &self.root_alias);
            if let Some(table) = here {
                walk.table = table;
                walk.nullable = true;
                return Ok(());
            }
        }
        walk.table = scope.join(&walk.key, walk.many, self.alias(), |alias| {
            let mut on = Sql::new(self.dialect);
            on.column(alias, &Ident::new("id")).text(" = ").append(from);
            self.and_listed(&mut on, listable.as_deref(), target, alias)?;
            Ok(self.left_join(target, alias, on))
        })?;
        walk.nullable = true;
        Ok(())
    }

    /// `comments_via_post`: the records of another collection that refer to this one.
    fn back_relation(
        &mut self,
        scope: &mut Scope,
        mut walk: PathWalk<'_>,
        collection: &Collection,
        name: &str,
        rest: &[&str],
    ) -> Resolved {
        let schema = self.schema;
        let found = schema.back_relation(collection, name);
        let (source, column) = found.ok_or_else(|| unknown(walk.text))?;
        if walk.trust == Trust::Client && self.hides(source, column) {
            return Err(unknown(walk.text));
        }
        if rest.is_empty() {
            return Err(unknown(walk.text));
        }
        walk.step(name)?;
        self.enter(source, walk.text)?;
        walk.many |= column.is_list() || !source.is_unique(&column.name);
        let table = walk.table.clone();
        let listable = self.visibility(source, &mut walk)?;
        walk.table = scope.join(&walk.key, walk.many, self.alias(), |alias| {
            let mut target = Sql::new(self.dialect);
            target.column(&table, &Ident::new("id"));
            let mut on = if column.is_list() {
                self.dialect.list_contains(alias, &column.ident, target)
            } else {
                dialect::column_equals(alias, &column.ident, target)
            };
            self.and_listed(&mut on, listable.as_deref(), source, alias)?;
            Ok(self.left_join(source, alias, on))
        })?;
        walk.nullable = true;
        self.walk(scope, walk, source, rest)
    }

    /// Resolves a value inside a JSON field; `path[0]` is the field itself.
    fn inside_json(&self, walk: &PathWalk<'_>, field: &Ident, path: &[&str]) -> Resolved {
        let (last, modifier) = modifier(path[path.len() - 1]);
        let mut keys: Vec<&str> = path[1..].to_vec();
        if let Some(end) = keys.last_mut() {
            *end = last;
        }
        let mut column = Sql::new(self.dialect);
        column.column(&walk.table, field);
        let operand = match modifier {
            None => Column::new(self.dialect.json_at(column, &keys), Kind::Json),
            Some("length") => {
                let length = self.dialect.json_length_at(column, &keys);
                Column::new(self.dialect.scalar(length), Kind::JsonScalar)
            }
            Some("lower") => {
                let text = self.dialect.json_text_at(column, &keys);
                Column::new(self.dialect.lower(text), Kind::ComputedText)
            }
            Some(_) => return Err(FilterError::Misused(walk.text.to_owned())),
        };
        Ok((
            Operand::Column(with_checks(operand, &walk.visibility_checks)),
            walk.many,
        ))
    }

    /// Resolves a geo point or one of its coordinates; `path[0]` is the field itself.
    fn inside_point(&self, walk: &PathWalk<'_>, field: &Ident, path: &[&str]) -> Resolved {
        let modifier = modifier(path[path.len() - 1]).1;
        if !matches!(modifier, None | Some("lower")) {
            return Err(FilterError::Misused(walk.text.to_owned()));
        }
        if path.len() > 1 {
            return self.inside_json(walk, field, path);
        }
        let mut column = Sql::new(self.dialect);
        column.column(&walk.table, field);
        let text = self.dialect.geo_point_text(column);
        let operand = if modifier.is_some() {
            Column::new(self.dialect.lower(text), Kind::ComputedText)
        } else {
            Column::new(self.dialect.scalar_of_text(text), Kind::Json)
        };
        Ok((
            Operand::Column(with_checks(operand, &walk.visibility_checks)),
            walk.many,
        ))
    }

    /// Resolves the field at the end of a path.
    fn column(
        &mut self,
        scope: &mut Scope,
        walk: &PathWalk<'_>,
        collection: &Collection,
        column: &crate::schema::Column,
        modifier: Option<&str>,
    ) -> Resolved {
        let names = self.named_collection(collection, column);
        let mut plain = Sql::new(self.dialect);
        plain.column(&walk.table, &column.ident);
        let (sql, kind) = match (modifier, column.is_list()) {
            (Some("each"), true) => {
                let key = format!("{}.{}:each", walk.key, column.name);
                let items = scope.join(&key, true, self.alias(), |alias| {
                    let table = &walk.table;
                    Ok(self.dialect.join_column_items(table, &column.ident, alias))
                })?;
                let mut item = with_checks(self.item(&items), &walk.visibility_checks);
                item.names = names;
                return Ok((Operand::Column(item), true));
            }
            (Some("length"), true) => {
                let length = self.dialect.json_length_at(plain, &[]);
                (self.dialect.scalar(length), Kind::JsonScalar)
            }
            (Some("length"), false) if column.shape.is_choice() => {
                let mut length = sql(self.dialect, "(CASE WHEN ");
                length.append(plain).text(" = '' THEN 0 ELSE 1 END)");
                (self.dialect.scalar(length), Kind::JsonScalar)
            }
            (Some("each"), false) if column.shape.is_choice() => (plain, Kind::Text),
            (Some("lower"), false) => {
                let text = self.dialect.text(plain, column.storage);
                (self.dialect.lower(text), Kind::ComputedText)
            }
            (Some("lower"), true) => {
                let text = self.dialect.list_text(plain);
                (self.dialect.lower(text), Kind::ComputedText)
            }
            (None, true) => (self.dialect.list_text(plain), Kind::Text),
            (None, false) => match column.storage {
                ColumnType::Text | ColumnType::Json | ColumnType::GeoPoint => (plain, Kind::Text),
                ColumnType::Number | ColumnType::Int => (plain, Kind::Number),
                ColumnType::Bool => (plain, Kind::Bool),
            },
            (Some(_), _) => return Err(FilterError::Misused(walk.text.to_owned())),
        };
        let column = Column {
            nullable: walk.nullable || column.nullable,
            prefix: match modifier {
                None => column.prefix,
                Some("lower") => column.lower_prefix,
                Some(_) => None,
            },
            names: names.filter(|_| modifier.is_none() && !column.is_list()),
            ..Column::new(sql, kind)
        };
        Ok((
            Operand::Column(with_checks(column, &walk.visibility_checks)),
            walk.many,
        ))
    }

    pub(super) fn left_join(&self, collection: &Collection, alias: &Ident, on: Sql) -> Sql {
        let mut out = sql(self.dialect, " LEFT JOIN ");
        out.ident(&collection.table).text(" AS ").ident(alias);
        out.text(" ON ").append(on);
        out
    }

    /// Adds the condition of a join that the client may list the record. For filters and sorts, other records do not exist.
    fn and_listed(
        &self,
        on: &mut Sql,
        listable: Option<&dyn RowCondition>,
        collection: &Collection,
        alias: &Ident,
    ) -> Result<(), FilterError> {
        if let Some(listable) = listable {
            on.text(" AND ")
                .append(self.listed(listable, collection, alias)?);
        }
        Ok(())
    }

    fn listed(
        &self,
        listable: &dyn RowCondition,
        collection: &Collection,
        alias: &Ident,
    ) -> Result<Sql, FilterError> {
        let mut nested = self.nested(collection, alias.clone());
        let condition = listable.resolve(&mut nested);
        let condition = condition.map_err(|_| unknown(&collection.def.name))?;
        Ok(nested.emit_inside(condition).into_sql(self.dialect))
    }

    /// Returns the condition that rows of a collection must meet for the client to reach them; `None` if all rows do. The same
    /// path in a rule reaches all records, so the client's join gets a key of its own.
    fn visibility(
        &self,
        collection: &Collection,
        walk: &mut PathWalk<'_>,
    ) -> Result<Option<Box<dyn RowCondition>>, FilterError> {
        if walk.trust == Trust::Full {
            return Ok(None);
        }
        match self.visibility.listable(&self.request.caller, collection) {
            Listable::Nothing => Err(unknown(walk.text)),
            Listable::All => Ok(None),
            Listable::Some(condition) => {
                walk.key.push('!');
                Ok(Some(condition))
            }
        }
    }

    /// Says whether the client must not find out the values of a column.
    fn hides(&self, collection: &Collection, column: &crate::schema::Column) -> bool {
        let caller = &self.request.caller;
        column.hidden || self.visibility.hides(caller, collection, &column.name)
    }

    pub(super) fn item(&self, items: &Ident) -> Column {
        let mut value = Sql::new(self.dialect);
        value.column(items, &Ident::new("value"));
        Column::new(value, Kind::ComputedText)
    }
}

/// Fails if a part before the last has a modifier.
fn no_modifier_before_end(text: &str, path: &[&str]) -> Result<(), FilterError> {
    match path.split_last() {
        Some((_, before)) if before.iter().any(|part| part.contains(':')) => {
            Err(FilterError::Misused(text.to_owned()))
        }
        _ => Ok(()),
    }
}

/// Adds visibility checks to a column.
fn with_checks(column: Column, visibility_checks: &[Sql]) -> Column {
    let visibility_check = visibility_checks.iter().cloned().reduce(|mut all, next| {
        all.text(" AND ").append(next);
        all
    });
    Column {
        visibility_check,
        ..column
    }
}

/// Splits at dots.
fn segments(text: &str) -> Vec<&str> {
    text.split('.').collect()
}

/// Splits `name:modifier`.
pub(super) fn modifier(segment: &str) -> (&str, Option<&str>) {
    match segment.split_once(':') {
        Some((name, modifier)) => (name, Some(modifier)),
        None => (segment, None),
    }
}

#[expect(clippy::unnecessary_wraps, reason = "it ends functions that resolve")]
pub(super) fn literal(value: Literal) -> Resolved {
    Ok((Operand::Literal(value), false))
}

pub(super) fn unknown(text: &str) -> FilterError {
    FilterError::UnknownField(text.to_owned())
}
