//! Converts PocketBase's definitions: they are adopted, without what Plinth cannot keep.

use std::sync::Arc;

use anyhow::Context;
use plinth_sdk::types as wire;
use serde_json::{Map, Value as Json};

use super::mend;
use super::{Report, Source};
use crate::collections::adopt;
use crate::db::Dialect;
use crate::problems::in_one_line;
use crate::random::Random;
use crate::schema::{Author, Collection, Schema};

/// Returns the definitions of the source, adapted to the collections of `schema`. See [`settle`] for `takes_secrets`.
pub(super) fn read(
    source: &mut Source,
    schema: &Schema,
    dialect: Dialect,
    takes_secrets: bool,
    report: &mut Report,
    random: &Random,
) -> anyhow::Result<Vec<wire::Collection>> {
    let (mut definitions, mut views) = (Vec::<wire::Collection>::new(), Vec::new());
    for raw in source.definitions()? {
        let Some(given) = parse(raw, report)? else {
            continue;
        };
        let definition = settle(given, schema, takes_secrets, report);
        let is_same = |other: &wire::Collection| {
            other.id == definition.id || other.name.eq_ignore_ascii_case(&definition.name)
        };
        if definitions.iter().chain(&views).any(is_same) {
            report.note(
                &definition.name,
                "not taken: the name or the id is there twice",
            );
        } else if definition.kind == wire::CollectionType::View {
            views.push(definition);
        } else {
            definitions.push(definition);
        }
    }
    add_views(&mut definitions, views, schema, dialect, report);
    mend::mend(&mut definitions, schema, report, random);
    Ok(definitions)
}

/// Adapts a definition. A system collection keeps the built-in definition; with `takes_secrets`, the tokens of the
/// other server's superusers remain valid.
fn settle(
    mut given: wire::Collection,
    schema: &Schema,
    takes_secrets: bool,
    report: &mut Report,
) -> wire::Collection {
    let own = adopt::existing(schema, &given).filter(|own| adopt::is_merged(own));
    if let Some(own) = own {
        let adopted = adopt::merge(&own.def, &given);
        if !adopted.differs.is_empty() {
            let why = format!(
                "a system collection keeps Plinth's own rules and options; different there: {}",
                adopted.differs.join(", ")
            );
            report.note(&own.def.name, why);
        }
        let mut definition = adopted.definition;
        if takes_secrets && own.is_superusers() {
            adopt::copy_secrets(&mut definition, &given);
        }
        return definition;
    }
    adopt::complete_system_fields(&mut given);
    given
}

/// Parses a definition, with the fields of known types.
fn parse(
    mut raw: Map<String, Json>,
    report: &mut Report,
) -> anyhow::Result<Option<wire::Collection>> {
    let name = raw.get("name").and_then(Json::as_str).unwrap_or_default();
    let name = name.to_owned();
    let kind = raw.get("type").and_then(Json::as_str).unwrap_or_default();
    let kind = kind.to_owned();
    if serde_json::from_value::<wire::CollectionType>(kind.as_str().into()).is_err() {
        report.note(
            &name,
            format!("collections of the type {kind} are not there yet"),
        );
        return Ok(None);
    }
    let fields = match raw.remove("fields") {
        Some(Json::Array(fields)) => fields,
        _ => Vec::new(),
    };
    // The fields of views are derived again, so the given ones do not matter.
    let mut unsaid = Report::default();
    let said = if kind == "view" { &mut unsaid } else { report };
    let fields: Vec<wire::Field> = fields
        .into_iter()
        .filter_map(|field| parse_field(&name, field, said))
        .collect();
    let mut raw = Json::Object(raw);
    without_nulls(&mut raw);
    let mut definition: wire::Collection = serde_json::from_value(raw)
        .with_context(|| format!("the definition of {name} can't be read"))?;
    definition.fields = fields;
    Ok(Some(definition))
}

fn parse_field(collection: &str, mut raw: Json, report: &mut Report) -> Option<wire::Field> {
    without_nulls(&mut raw);
    let text = |key: &str| raw.get(key).and_then(Json::as_str).unwrap_or_default();
    let about = format!("{collection}.{}", text("name"));
    let kind = text("type").to_owned();
    let Ok(field) = serde_json::from_value::<wire::Field>(raw.clone()) else {
        report.note(
            &about,
            format!("fields of the type {kind} are not there yet"),
        );
        return None;
    };
    let kept = serde_json::to_value(&field).unwrap_or_default();
    for (key, value) in raw.as_object().into_iter().flatten() {
        if kept.get(key).is_none() && !is_nothing(value) {
            report.note(format!("{about}.{key}"), "the option is not known");
        }
    }
    Some(field)
}

/// PocketBase writes `null` for empty lists.
fn without_nulls(value: &mut Json) {
    match value {
        Json::Object(members) => {
            members.retain(|_, value| !value.is_null());
            members.values_mut().for_each(without_nulls);
        }
        Json::Array(items) => items.iter_mut().for_each(without_nulls),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
}

fn is_nothing(value: &Json) -> bool {
    match value {
        Json::Null => true,
        Json::Bool(bool) => !bool,
        Json::Number(number) => number.as_f64() == Some(0.0),
        Json::String(text) => text.is_empty(),
        Json::Array(items) => items.is_empty(),
        Json::Object(members) => members.is_empty(),
    }
}

/// Adds the views after what they read, with the fields that are derived from their queries.
fn add_views(
    definitions: &mut Vec<wire::Collection>,
    mut left: Vec<wire::Collection>,
    schema: &Schema,
    dialect: Dialect,
    report: &mut Report,
) {
    loop {
        let mut refused = Vec::new();
        let before = left.len();
        for mut view in left {
            let known = together(definitions, schema);
            if adopt::complete(&mut view, &known, Author::Operator, dialect).is_none() {
                definitions.push(view);
                continue;
            }
            match adopt::complete(&mut view, &known, Author::Superuser, dialect) {
                None => {
                    // The author of the rules may not know the data of the system collections here.
                    if view.list_rule.take().is_some() | view.view_rule.take().is_some() {
                        let why = "left to superusers: it reads a system collection";
                        report.note(&view.name, why);
                    }
                    definitions.push(view);
                }
                Some(problem) => refused.push((view, problem)),
            }
        }
        if refused.is_empty() || refused.len() == before {
            for (view, problem) in refused {
                report.note(view.name, format!("not taken: {}", in_one_line(&problem)));
            }
            return;
        }
        left = refused.into_iter().map(|(view, _)| view).collect();
    }
}

/// Returns all collections as they will be.
pub(super) fn together(definitions: &[wire::Collection], schema: &Schema) -> Schema {
    let is_replaced = |old: &&Arc<Collection>| {
        definitions
            .iter()
            .any(|new| new.id == old.def.id || new.name.eq_ignore_ascii_case(&old.def.name))
    };
    let kept = schema.iter().filter(|old| !is_replaced(old)).cloned();
    let new = definitions
        .iter()
        .cloned()
        .map(Collection::new)
        .map(Arc::new);
    Schema::new(schema.version, kept.chain(new).collect())
}
