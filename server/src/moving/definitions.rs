//! What Plinth makes of PocketBase's collections: the same, without what it cannot keep.

use std::sync::Arc;

use anyhow::Context;
use plinth_sdk::types::{self as wire, FieldProblem, FieldProblems};
use serde_json::{Map, Value as Json};

use super::{Report, Source};
use crate::collections::{Collection, Schema, take};
use crate::db::Engine;

/// The rules of a definition, by their names.
const RULES: [&str; 7] = [
    "listRule",
    "viewRule",
    "createRule",
    "updateRule",
    "deleteRule",
    "authRule",
    "manageRule",
];

/// The definitions of the source, as they are to be among those of `schema`.
pub(super) fn read(
    source: &mut Source,
    schema: &Schema,
    engine: Engine,
    report: &mut Report,
) -> anyhow::Result<Vec<wire::Collection>> {
    let (mut definitions, mut views) = (Vec::new(), Vec::new());
    for raw in source.definitions()? {
        match parse(raw, report)? {
            Some(view) if view.kind == wire::CollectionType::View => views.push(view),
            Some(definition) => definitions.push(definition),
            None => {}
        }
    }
    add_views(&mut definitions, views, schema, engine, report);
    mend(&mut definitions, schema, report);
    Ok(definitions)
}

/// A definition, with the fields whose types are known.
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
    // Those of views are made anew, so nothing that is said of them counts.
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

/// PocketBase writes `null` for lists that nobody has filled.
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

/// Adds the views behind what they read, each with the fields that its query makes here.
fn add_views(
    definitions: &mut Vec<wire::Collection>,
    mut left: Vec<wire::Collection>,
    schema: &Schema,
    engine: Engine,
    report: &mut Report,
) {
    loop {
        let mut refused = Vec::new();
        let before = left.len();
        for mut view in left {
            let known = together(definitions, schema);
            match take::complete(&mut view, &known, engine) {
                None => definitions.push(view),
                Some(problem) => refused.push((view, problem)),
            }
        }
        if refused.is_empty() || refused.len() == before {
            for (view, problem) in refused {
                report.note(view.name, format!("not taken: {}", words(&problem)));
            }
            return;
        }
        left = refused.into_iter().map(|(view, _)| view).collect();
    }
}

/// Takes out of the definitions what cannot be kept, and says so. What is only refused when it is written anew stays.
fn mend(definitions: &mut Vec<wire::Collection>, schema: &Schema, report: &mut Report) {
    let mut position = 0;
    while position < definitions.len() {
        let problems = take::problems(&definitions[position], &together(definitions, schema));
        let definition = &mut definitions[position];
        if mend_one(definition, problems, report) {
            position += 1;
        } else {
            definitions.remove(position);
            // Others may have asked about it.
            position = 0;
        }
    }
}

/// All collections as they will be.
fn together(definitions: &[wire::Collection], schema: &Schema) -> Schema {
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

/// Mends one definition; whether it can be kept at all.
fn mend_one(
    definition: &mut wire::Collection,
    problems: FieldProblems,
    report: &mut Report,
) -> bool {
    let name = definition.name.clone();
    for (key, problem) in problems {
        let about = format!("{name}.{key}");
        match (key.as_str(), problem) {
            ("name" | "id" | "type", problem) => {
                report.note(&name, format!("not taken at all: {}", words(&problem)));
                return false;
            }
            ("indexes", FieldProblem::Inside(indexes)) => {
                let mut gone = Vec::new();
                for (position, problem) in indexes {
                    let position = position.parse().unwrap_or(usize::MAX);
                    if let Some(index) = definition.indexes.get(position) {
                        report.note(&about, format!("left out: {index}: {}", words(&problem)));
                        gone.push(index.clone());
                    }
                }
                definition.indexes.retain(|index| !gone.contains(index));
            }
            (rule, problem) if RULES.contains(&rule) => {
                let why = format!(
                    "left to superusers: {}: {}",
                    rule_of(definition, rule),
                    words(&problem)
                );
                report.note(&about, why);
                lock(definition, rule);
            }
            (_, problem) => report.note(&about, format!("kept, but: {}", words(&problem))),
        }
    }
    true
}

fn rule<'a>(definition: &'a mut wire::Collection, name: &str) -> Option<&'a mut Option<String>> {
    match name {
        "listRule" => Some(&mut definition.list_rule),
        "viewRule" => Some(&mut definition.view_rule),
        "createRule" => Some(&mut definition.create_rule),
        "updateRule" => Some(&mut definition.update_rule),
        "deleteRule" => Some(&mut definition.delete_rule),
        "authRule" => definition.auth.as_mut().map(|auth| &mut auth.auth_rule),
        "manageRule" => definition.auth.as_mut().map(|auth| &mut auth.manage_rule),
        _ => None,
    }
}

fn rule_of(definition: &mut wire::Collection, name: &str) -> String {
    let rule = rule(definition, name).and_then(|rule| rule.clone());
    rule.unwrap_or_default()
}

fn lock(definition: &mut wire::Collection, name: &str) {
    if let Some(rule) = rule(definition, name) {
        *rule = None;
    }
}

/// A problem in one line.
pub(super) fn words(problem: &FieldProblem) -> String {
    match problem {
        FieldProblem::Broken { message, .. } | FieldProblem::Failed { message, .. } => {
            message.clone()
        }
        FieldProblem::Inside(inside) => {
            let parts = inside.iter().map(|(key, problem)| match problem {
                FieldProblem::Inside(_) => format!("{key}.{}", words(problem)),
                FieldProblem::Broken { .. } | FieldProblem::Failed { .. } => {
                    format!("{key}: {}", words(problem))
                }
            });
            parts.collect::<Vec<_>>().join(" ")
        }
    }
}
