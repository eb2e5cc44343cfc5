//! Fields of a view: each column's is the field that it comes from, or follows from its expression.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "of all SQL, views have only what is named"
)]

use std::sync::Arc;

use plinth_sdk::types::{
    BoolOptions, Field, FieldKind, JsonOptions, NumberOptions, RelationOptions, TextOptions,
};
use sqlparser::ast::{
    DataType, Expr, FunctionArguments, Query, Select, SelectItem, SetExpr, TableFactor,
};

use super::names::{Names, is_open};
use super::query::{cte_names, last};
use super::tables::table_name;
use super::{Column, Outcome, Source, refuse};
use crate::db::ColumnType;
use crate::db::dialect::view::ViewType;
use crate::fields::storage;
use crate::random::ALPHANUMERIC;
use crate::schema::{Collection, names};
use crate::system::defaults;

/// The columns of a query's rows.
pub(super) fn columns(query: &Query, names: &Names) -> Outcome<Vec<Column>> {
    let First { select, ctes } = first(query)?;
    let tables = match ctes {
        Some(ctes) => tables(select, &ctes, names),
        // A row comes from one select or another.
        None => Vec::new(),
    };
    let mut columns: Vec<Column> = Vec::with_capacity(select.projection.len());
    for (position, item) in select.projection.iter().enumerate() {
        let (expr, name) = named(item, names)?;
        let invalid =
            |reason: &str| refuse(format!("invalid field {name:?} ({position}): {reason}"));
        if columns
            .iter()
            .any(|c| c.field.name.eq_ignore_ascii_case(&name))
        {
            return Err(invalid("name: there is another of this name"));
        }
        if let Some(reason) = names::problem(&name) {
            return Err(invalid(&format!("name: {reason}")));
        }
        columns.push(column(expr, name, &tables));
    }
    if columns.iter().any(|column| column.field.name == "id") {
        Ok(columns)
    } else {
        Err(refuse(
            "missing required id column (you can use `(ROW_NUMBER() OVER()) as id` if you don't have one)",
        ))
    }
}

/// The select that names a query's columns.
pub(super) struct First<'a> {
    pub(super) select: &'a Select,
    /// The names that the query gives by `WITH`; `None` if it is one of several selects.
    ctes: Option<Vec<String>>,
}

pub(super) fn first(query: &Query) -> Outcome<First<'_>> {
    fn of(body: &SetExpr, mut ctes: Option<Vec<String>>) -> Outcome<First<'_>> {
        match body {
            SetExpr::Select(select) => Ok(First { select, ctes }),
            SetExpr::Query(query) => {
                if let Some(ctes) = &mut ctes {
                    ctes.extend(cte_names(query));
                }
                of(&query.body, ctes)
            }
            SetExpr::SetOperation { left, .. } => of(left, None),
            SetExpr::Values(_)
            | SetExpr::Insert(_)
            | SetExpr::Update(_)
            | SetExpr::Delete(_)
            | SetExpr::Merge(_)
            | SetExpr::Table(_) => Err(refuse("a view is one SELECT statement")),
        }
    }
    of(&query.body, Some(cte_names(query)))
}

/// An item's expression, and the name of its column.
pub(super) fn named<'a>(item: &'a SelectItem, names: &Names) -> Outcome<(&'a Expr, String)> {
    match item {
        SelectItem::ExprWithAlias { expr, alias } => Ok((expr, alias.value.clone())),
        SelectItem::UnnamedExpr(expr) => Ok((expr, own_name(expr, names))),
        SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..) => Err(refuse(
            "wildcard columns (*) are not supported - manually type the collection field names you want the view query to have",
        )),
        SelectItem::ExprWithAliases { .. } => Err(refuse("a column has one name")),
    }
}

fn own_name(expr: &Expr, names: &Names) -> String {
    let name = match expr {
        Expr::Identifier(name) => Some(name),
        Expr::CompoundIdentifier(parts) => parts.last(),
        _ => None,
    };
    name.map_or_else(
        || expr.to_string(),
        |name| names.column(name).as_str().to_owned(),
    )
}

/// The collections that a select reads, by the names that they go by in it. Those of subqueries are not among them.
pub(super) fn tables<'n>(
    select: &Select,
    ctes: &[String],
    names: &'n Names,
) -> Vec<(String, Option<&'n Arc<Collection>>)> {
    let joined = |from: &'_ sqlparser::ast::TableWithJoins| {
        let relations = from.joins.iter().map(|join| join.relation.clone());
        std::iter::once(from.relation.clone())
            .chain(relations)
            .collect::<Vec<_>>()
    };
    let factors = select.from.iter().flat_map(joined);
    factors
        .map(|factor| match factor {
            TableFactor::Table {
                name,
                alias,
                args: None,
                ..
            } => {
                let table = table_name(&name).unwrap_or_default();
                let goes_by = alias.map_or_else(|| table.clone(), |alias| alias.name.value);
                let is_cte = ctes.iter().any(|cte| cte.eq_ignore_ascii_case(&table));
                let collection = (!is_cte).then(|| names.collection(&table)).flatten();
                (goes_by, collection)
            }
            _ => (String::new(), None),
        })
        .collect()
}

fn column(expr: &Expr, name: String, tables: &[(String, Option<&Arc<Collection>>)]) -> Column {
    let found = source(expr, tables);
    let origin = found.as_ref().map(|(collection, field)| Source {
        collection: collection.def.id.clone(),
        field: field.name.clone(),
    });
    if name == "id" {
        let is_text = found.is_some_and(|(_, field)| storage(&field.kind) == ColumnType::Text);
        return Column {
            field: id_field(),
            source: origin,
            view_type: (!is_text).then_some(ViewType::Text),
        };
    }
    if let Some((collection, field)) = found {
        let field = if field.name == "id" {
            made(
                name,
                FieldKind::Relation(RelationOptions {
                    collection_id: collection.def.id.clone(),
                    max_select: 1,
                    ..RelationOptions::default()
                }),
            )
        } else {
            Field {
                id: clone_id(collection, field, &name),
                name,
                ..field.clone()
            }
        };
        return Column {
            field,
            source: origin,
            view_type: None,
        };
    }
    let (kind, view_type) = computed(expr);
    Column {
        field: made(name, kind),
        source: None,
        view_type: Some(view_type),
    }
}

/// Makes the id of a field that shows a field of another collection: the same id each time the query is read.
fn clone_id(collection: &Collection, field: &Field, name: &str) -> String {
    let source = format!("{}.{}.{name}", collection.def.id, field.id);
    let checksum = crc32fast::hash(source.as_bytes());
    let mut left = usize::try_from(checksum).unwrap_or_default();
    let symbols = std::iter::repeat_with(|| {
        let symbol = ALPHANUMERIC[left % ALPHANUMERIC.len()];
        left /= ALPHANUMERIC.len();
        char::from(symbol)
    });
    symbols
        .take(4)
        .fold("_clone_".to_owned(), |id, symbol| format!("{id}{symbol}"))
}

fn made(name: String, kind: FieldKind) -> Field {
    Field {
        id: defaults::field_id(&kind, &name),
        ..Field::new(name, kind)
    }
}

/// The key of a view's records, which may be anything that has no two of the same.
fn id_field() -> Field {
    let mut field = defaults::id_field();
    if let FieldKind::Text(options) = &mut field.kind {
        *options = TextOptions {
            pattern: defaults::ID_PATTERN.to_owned(),
            primary_key: true,
            required: true,
            ..TextOptions::default()
        };
    }
    field
}

/// The field that an expression is.
fn source<'n>(
    expr: &Expr,
    tables: &[(String, Option<&'n Arc<Collection>>)],
) -> Option<(&'n Arc<Collection>, &'n Field)> {
    let field = |collection: &'n Arc<Collection>, name: &str| {
        let mut fields = collection.columns.iter().zip(&collection.def.fields);
        let found = fields.find(|(column, _)| {
            column.name.eq_ignore_ascii_case(name) && is_open(collection, column)
        });
        found.map(|(_, field)| (collection, field))
    };
    match expr {
        Expr::Identifier(name) => {
            let known = tables.iter().filter_map(|(_, collection)| *collection);
            let mut found = known.filter_map(|collection| field(collection, &name.value));
            found.next()
        }
        Expr::CompoundIdentifier(parts) => {
            let [.., table, name] = &parts[..] else {
                return None;
            };
            let mut named = tables.iter();
            let (_, collection) =
                named.find(|(goes_by, _)| goes_by.eq_ignore_ascii_case(&table.value))?;
            field((*collection)?, &name.value)
        }
        _ => None,
    }
}

/// The type of what is computed.
fn computed(expr: &Expr) -> (FieldKind, ViewType) {
    let number = |only_int| {
        let options = NumberOptions {
            only_int,
            ..NumberOptions::default()
        };
        (FieldKind::Number(options), ViewType::Number)
    };
    let any = || {
        let options = JsonOptions {
            max_size: 1,
            ..JsonOptions::default()
        };
        (FieldKind::Json(options), ViewType::Json)
    };
    match expr {
        Expr::Cast { data_type, .. } => match data_type {
            DataType::Text => (FieldKind::Text(TextOptions::default()), ViewType::Text),
            DataType::Bool | DataType::Boolean => {
                (FieldKind::Bool(BoolOptions::default()), ViewType::Bool)
            }
            DataType::Int(None) | DataType::Integer(None) => number(true),
            DataType::Real
            | DataType::Decimal(sqlparser::ast::ExactNumberInfo::None)
            | DataType::Numeric(sqlparser::ast::ExactNumberInfo::None) => number(false),
            _ => any(),
        },
        Expr::Function(function)
            if function.over.is_none() && matches!(function.args, FunctionArguments::List(_)) =>
        {
            match last(&function.name)
                .unwrap_or_default()
                .to_lowercase()
                .as_str()
            {
                "count" => number(true),
                "total" => number(false),
                _ => any(),
            }
        }
        _ => any(),
    }
}

/// The field with the id that it has in `old`, where it is there.
pub(super) fn keep_id(field: Field, old: &[Field]) -> Field {
    let target = |field: &Field| match &field.kind {
        FieldKind::Relation(options) => options.collection_id.clone(),
        _ => String::new(),
    };
    let is_same = |other: &&Field| {
        other.name == field.name
            && other.kind.name() == field.kind.name()
            && target(other) == target(&field)
    };
    match old.iter().find(is_same) {
        Some(old) => Field {
            id: old.id.clone(),
            ..field
        },
        None => field,
    }
}
