//! A definition that is being edited.

use leptos::prelude::*;
use plinth_sdk::types::{Collection, CollectionType, Field, FieldKind};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::api::Failure;
use crate::components::Bind;
pub(super) use crate::drafts::{at, flag, lines, list, number, text};
use crate::{json, text as words};

/// A field that is being edited.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct FieldDraft {
    /// Identifies the field when it is moved.
    pub(super) key: usize,
    /// The field in its wire format.
    pub(super) value: RwSignal<Value>,
    /// Whether its options are shown.
    pub(super) is_open: RwSignal<bool>,
}

/// A definition that is being edited.
#[derive(Clone, Copy)]
pub(super) struct Draft {
    /// The owner of all signals of the draft, also of fields that are added later.
    owner: StoredValue<Owner>,
    /// The definition as it was loaded.
    saved: StoredValue<Value>,
    /// The definition without its fields.
    whole: RwSignal<Value>,
    /// The fields, in their order.
    pub(super) fields: RwSignal<Vec<FieldDraft>>,
    last_key: StoredValue<usize>,
    /// Why saving failed.
    pub(super) failure: RwSignal<Option<Failure>>,
    /// The server's check of the current draft.
    pub(super) checked: RwSignal<Option<Failure>>,
}

impl Draft {
    /// Returns a draft of a collection.
    pub(super) fn of(collection: &Collection) -> Self {
        let draft = Self {
            owner: StoredValue::new(Owner::current().unwrap_or_default()),
            saved: StoredValue::new(Value::Null),
            whole: RwSignal::new(Value::Null),
            fields: RwSignal::new(Vec::new()),
            last_key: StoredValue::new(0),
            failure: RwSignal::new(None),
            checked: RwSignal::new(None),
        };
        draft.reset(collection);
        draft
    }

    /// Discards all changes.
    pub(super) fn reset(self, collection: &Collection) {
        let mut whole = serde_json::to_value(collection).unwrap_or_default();
        self.saved.set_value(whole.clone());
        let fields = match whole
            .as_object_mut()
            .and_then(|whole| whole.remove("fields"))
        {
            Some(Value::Array(fields)) => fields,
            _ => Vec::new(),
        };
        self.whole.set(whole);
        self.fields.set(
            fields
                .into_iter()
                .map(|field| self.draft_of(field, false))
                .collect(),
        );
        self.failure.set(None);
        self.checked.set(None);
    }

    /// Adds `created` and `updated`, which nearly every collection wants.
    pub(super) fn add_stamps(self) {
        for field in [Field::created("created"), Field::updated("updated")] {
            let stamp = self.draft_of(serde_json::to_value(&field).unwrap_or_default(), false);
            self.fields.update(|fields| fields.push(stamp));
        }
    }

    fn draft_of(self, field: Value, is_open: bool) -> FieldDraft {
        self.last_key.update_value(|last| *last += 1);
        let key = self.last_key.get_value();
        self.owner.get_value().with(|| FieldDraft {
            key,
            value: RwSignal::new(field),
            is_open: RwSignal::new(is_open),
        })
    }

    /// Adds a field, before the autodate fields at the end.
    pub(super) fn add(self, field: &Field) -> FieldDraft {
        let added = self.draft_of(serde_json::to_value(field).unwrap_or_default(), true);
        self.fields.update(|fields| {
            let is_stamp = |field: &FieldDraft| {
                let kind = field.value.with_untracked(kind);
                matches!(kind, FieldKind::Autodate(_))
            };
            let end = fields
                .iter()
                .rposition(|field| !is_stamp(field))
                .map_or(0, |last| last + 1);
            fields.insert(end, added);
        });
        added
    }

    /// Returns the definition that would be saved.
    pub(super) fn value(self) -> Value {
        let mut value = self.whole.get();
        let fields: Vec<Value> = self
            .fields
            .get()
            .into_iter()
            .map(|field| field.value.with(trimmed))
            .collect();
        value["fields"] = Value::Array(fields);
        if let Some(providers) = value
            .pointer_mut("/oauth2/providers")
            .and_then(Value::as_array_mut)
        {
            for provider in providers.iter_mut() {
                provider["extra"] = trimmed(&provider["extra"]);
            }
        }
        value
    }

    /// Returns whether the draft differs from the saved definition.
    pub(super) fn is_changed(self) -> bool {
        let value = self.value();
        self.saved.with_value(|saved| *saved != value)
    }

    /// Describes the values that saving deletes: a sentence for each field that is removed or narrowed to one value.
    pub(super) fn losses(self) -> Vec<String> {
        let value = untrack(move || self.value());
        self.saved.with_value(|saved| losses(saved, &value))
    }

    pub(super) fn id(self) -> String {
        self.whole.with_untracked(|whole| json::shown(&whole["id"]))
    }

    /// Returns the collection's name as it is being typed.
    pub(super) fn name(self) -> String {
        self.whole.with(|whole| json::shown(&whole["name"]))
    }

    /// Returns the collection's name as it is saved.
    pub(super) fn saved_name(self) -> String {
        self.saved.with_value(|saved| json::shown(&saved["name"]))
    }

    /// Returns whether it is a system collection.
    pub(super) fn is_system(self) -> bool {
        self.whole.with_untracked(|whole| whole["system"] == true)
    }

    /// Returns whether it is an auth collection.
    pub(super) fn is_auth(self) -> bool {
        self.whole
            .with_untracked(|whole| whole["type"] == CollectionType::Auth.name())
    }

    /// Returns whether it is a view.
    pub(super) fn is_view(self) -> bool {
        self.whole
            .with_untracked(|whole| whole["type"] == CollectionType::View.name())
    }

    /// Binds the value at `path`.
    pub(super) fn at(self, path: impl Into<String>) -> Bind<Value> {
        at(self.whole, path)
    }

    /// Binds the text at `path`.
    pub(super) fn text(self, path: impl Into<String>) -> Bind<String> {
        text(self.whole, path)
    }

    /// Binds the flag at `path`.
    pub(super) fn flag(self, path: impl Into<String>) -> Bind<bool> {
        flag(self.whole, path)
    }

    /// Binds the number at `path`, as it is typed; an empty input is 0.
    pub(super) fn number(self, path: impl Into<String>) -> Bind<String> {
        number(self.whole, path, json!(0))
    }

    /// Binds the list of texts at `path`.
    pub(super) fn list(self, path: impl Into<String>) -> Bind<Vec<String>> {
        list(self.whole, path)
    }

    /// Binds the list at `path`, one item a line.
    pub(super) fn lines(self, path: impl Into<String>) -> Bind<String> {
        lines(self.whole, path)
    }

    /// Returns whether the saved definition has an OAuth2 provider with this name, so that its secret is kept.
    pub(super) fn has_saved_provider(self, name: &str) -> bool {
        self.saved.with_value(|saved| {
            let providers = saved.pointer("/oauth2/providers").and_then(Value::as_array);
            providers.is_some_and(|all| all.iter().any(|provider| provider["name"] == name))
        })
    }

    /// Returns the names and the types of the fields as they are being typed.
    pub(super) fn typed_fields(self) -> Vec<(String, FieldKind)> {
        let typed = |field: FieldDraft| {
            field
                .value
                .with(|field| (json::shown(&field["name"]), kind(field)))
        };
        self.fields.get().into_iter().map(typed).collect()
    }

    /// Returns the names of the fields as they are being typed.
    pub(super) fn field_names(self) -> Vec<String> {
        let name = |field: FieldDraft| field.value.with(|field| json::shown(&field["name"]));
        self.fields.get().into_iter().map(name).collect()
    }

    /// Returns the problem at `path` of the failed save.
    pub(super) fn error(self, path: impl Into<String>) -> Signal<Option<String>> {
        let path = path.into();
        Signal::derive(move || {
            self.failure
                .with(|failure| failure.as_ref().and_then(|failure| failure.at(&path)))
        })
    }

    /// Returns whether the failed save had a problem at `path` or inside it. It stays true, so that what was opened to show
    /// a problem does not close while the problem is being mended.
    pub(super) fn was_wrong_within(self, path: impl Into<String>) -> Memo<bool> {
        let path = path.into();
        Memo::new(move |was: Option<&bool>| {
            let is_wrong = |failure: &Failure| failure.is_within(&path);
            was.copied().unwrap_or_default()
                || self
                    .failure
                    .with(|failure| failure.as_ref().is_some_and(is_wrong))
        })
    }
}

/// Returns the type of a field in its wire format. A field that is being edited may have options that cannot be read.
pub(super) fn kind(field: &Value) -> FieldKind {
    let kind = FieldKind::deserialize(field).ok();
    let plain = || FieldKind::deserialize(&json!({"type": field["type"]})).ok();
    kind.or_else(plain).unwrap_or_default()
}

fn losses(saved: &Value, value: &Value) -> Vec<String> {
    let fields = |definition: &Value| definition["fields"].as_array().cloned();
    let (saved, kept) = (
        fields(saved).unwrap_or_default(),
        fields(value).unwrap_or_default(),
    );
    let holds_several = |field: &Value| field["maxSelect"].as_i64().unwrap_or(0) > 1;
    let loss = |field: &Value| {
        let name = json::shown(&field["name"]);
        match kept.iter().find(|kept| kept["id"] == field["id"]) {
            None => Some(words::field_removed(&name)),
            Some(kept) if holds_several(field) && !holds_several(kept) => {
                Some(words::field_narrowed(&name))
            }
            Some(_) => None,
        }
    };
    saved.iter().filter_map(loss).collect()
}

fn trimmed(field: &Value) -> Value {
    let Value::Object(field) = field else {
        return field.clone();
    };
    field
        .iter()
        .map(|(key, value)| (key.clone(), json::trimmed(value)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_saving_deletes_is_named() {
        let tags = json!({"id": "a", "name": "tags", "maxSelect": 3});
        let title = json!({"id": "b", "name": "title"});
        let saved = json!({"fields": [tags, title]});
        assert!(losses(&saved, &saved).is_empty());
        let renamed = json!({"id": "b", "name": "heading"});
        let fewer = json!({"id": "a", "name": "tags", "maxSelect": 2});
        assert!(losses(&saved, &json!({"fields": [renamed, fewer]})).is_empty());
        let one = json!({"id": "a", "name": "tags", "maxSelect": 1});
        // A field of the same name is another field, whose values begin empty.
        let other = json!({"name": "title"});
        assert_eq!(
            losses(&saved, &json!({"fields": [one, other]})),
            [words::field_narrowed("tags"), words::field_removed("title")]
        );
    }
}
