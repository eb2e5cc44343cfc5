//! A value in the table, by its field's type.

use leptos::prelude::*;
use plinth_sdk::Record;
use plinth_sdk::types::{Collection, Field, FieldKind};
use serde_json::Value;
use wasm_bindgen::JsCast;

use super::files;
use crate::components::{Badge, Tone};
use crate::{format, json, links, text};

/// The relations of a collection, as `expand` takes them.
pub(super) fn relations(collection: &Collection) -> String {
    let is_relation = |field: &&Field| matches!(field.kind, FieldKind::Relation(_));
    let names: Vec<&str> = collection
        .fields
        .iter()
        .filter(is_relation)
        .map(|field| &*field.name)
        .collect();
    names.join(",")
}

/// The records that a relation's value names, as far as they came along, and the ids of the others.
pub(super) fn referred(record: &Record, field: &str) -> Vec<(String, Option<Record>)> {
    let expanded: Vec<Record> = match &record["expand"][field] {
        Value::Array(all) => all
            .iter()
            .filter_map(|one| serde_json::from_value(one.clone()).ok())
            .collect(),
        Value::Object(_) => serde_json::from_value(record["expand"][field].clone())
            .into_iter()
            .collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    };
    ids(&record[field])
        .into_iter()
        .map(|id| {
            let found = expanded.iter().find(|record| record.id == id).cloned();
            (id, found)
        })
        .collect()
}

/// The ids in a relation's value.
pub(super) fn ids(value: &Value) -> Vec<String> {
    match value {
        Value::String(id) if id.is_empty() => Vec::new(),
        Value::String(id) => vec![id.clone()],
        Value::Array(ids) => ids
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => Vec::new(),
    }
}

/// Returns the label of a record: its presentable fields, or the field that is most like a name.
pub(crate) fn label(record: &Record, collection: Option<&Collection>) -> String {
    let presentable = collection
        .into_iter()
        .flat_map(|collection| &collection.fields)
        .filter(|field| field.presentable);
    let words: Vec<String> = presentable
        .map(|field| format::value(&record[&*field.name]))
        .filter(|word| !word.is_empty())
        .collect();
    if !words.is_empty() {
        return words.join(" · ");
    }
    let likely = ["title", "name", "label", "username", "email", "slug"];
    likely
        .into_iter()
        .map(|name| format::value(&record[name]))
        .find(|word| !word.is_empty())
        .unwrap_or_else(|| record.id.clone())
}

/// The cell of a field.
pub(super) fn view(field: &Field, record: &Record) -> AnyView {
    if field.name == "id" {
        let link = links::record(&record.collection_name, &record.id);
        return view! { <td><a class="mono" href=link>{record.id.clone()}</a></td> }.into_any();
    }
    let value = &record[&*field.name];
    match &field.kind {
        FieldKind::Bool(_) => {
            let (tone, word) = if *value == true { (Tone::Good, text::yes()) } else { (Tone::Plain, text::no()) };
            view! { <td><Badge tone>{word}</Badge></td> }.into_any()
        }
        FieldKind::Editor(_) => {
            let words = format::words(value.as_str().unwrap_or_default());
            view! { <td class="cut">{words}</td> }.into_any()
        }
        FieldKind::Number(_) => view! { <td class="number">{format::value(value)}</td> }.into_any(),
        FieldKind::Date(_) | FieldKind::Autodate(_) => {
            view! { <td class="nowrap muted">{format::moment(value.as_str().unwrap_or_default())}</td> }.into_any()
        }
        FieldKind::Select(_) => {
            let badges = ids(value).into_iter().map(|value| view! { <Badge tone=Tone::Accent>{value}</Badge> }).collect_view();
            view! { <td><span class="row nowrap">{badges}</span></td> }.into_any()
        }
        FieldKind::Relation(_) => {
            let chips = referred(record, &field.name).into_iter().map(|(id, found)| match found {
                Some(found) => {
                    let link = links::record(&found.collection_name, &id);
                    view! { <a class="reference" href=link>{label(&found, None)}</a> }.into_any()
                }
                None => view! { <span class="reference mono">{id}</span> }.into_any(),
            });
            view! { <td><span class="row nowrap">{chips.collect_view()}</span></td> }.into_any()
        }
        FieldKind::Json(_) => {
            let shown = if value.is_null() { String::new() } else { format::line(&value.to_string()) };
            view! { <td class="cut mono">{shown}</td> }.into_any()
        }
        FieldKind::File(options) => files::cell(options, record, ids(value)),
        FieldKind::GeoPoint(_) => {
            let place = format!("{}, {}", json::shown(&value["lon"]), json::shown(&value["lat"]));
            view! { <td class="nowrap number">{place}</td> }.into_any()
        }
        FieldKind::Text(_) | FieldKind::Email(_) | FieldKind::Url(_) | FieldKind::Password(_) => {
            view! { <td class="cut">{format::value(value)}</td> }.into_any()
        }
    }
}

/// Whether a click is on nothing in particular: neither a link nor a box, and no text was marked.
pub(super) fn is_plain(event: &web_sys::MouseEvent) -> bool {
    let target = event
        .target()
        .and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    let is_own = |target: web_sys::Element| {
        target
            .closest("a, button, input, label")
            .ok()
            .flatten()
            .is_some()
    };
    !event.default_prevented() && !target.is_some_and(is_own)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_record_is_known_by_its_presentable_fields() {
        let record: Record = serde_json::from_value(json!({"id": "r1", "year": 1979, "name": "x"}))
            .expect("a record");
        let mut collection = Collection::base("films");
        assert_eq!(label(&record, Some(&collection)), "x");
        collection.fields = vec![Field {
            presentable: true,
            ..Field::number("year")
        }];
        assert_eq!(label(&record, Some(&collection)), "1979");
        assert_eq!(
            label(
                &Record {
                    id: "r2".to_owned(),
                    ..Record::default()
                },
                None
            ),
            "r2"
        );
    }

    #[test]
    fn what_is_referred_to_is_found_where_it_came_along() {
        let record: Record = serde_json::from_value(json!({
            "id": "r1", "tags": ["a", "b"], "expand": {"tags": [{"id": "b", "name": "news"}]}
        }))
        .expect("a record");
        let found = referred(&record, "tags");
        assert_eq!(found.len(), 2);
        assert_eq!(found[0], ("a".to_owned(), None));
        assert_eq!(
            found[1]
                .1
                .as_ref()
                .map(|record| label(record, None))
                .as_deref(),
            Some("news")
        );
        assert!(referred(&record, "nothing").is_empty());
    }
}
