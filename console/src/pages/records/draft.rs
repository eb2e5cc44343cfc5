//! A record while it is being changed.

use std::sync::Arc;

use leptos::prelude::*;
use plinth_sdk::types::{Collection, FieldKind};
use plinth_sdk::{Record, Upload};
use serde_json::{Map, Value};

use super::upload::Picked;
use crate::api::Failure;
use crate::browser;
use crate::components::Bind;
use crate::text::files as words;
use crate::{field_types, json, text};

/// A record while it is being changed.
#[derive(Clone, Copy)]
pub(super) struct Draft {
    saved: StoredValue<Map<String, Value>>,
    values: RwSignal<Map<String, Value>>,
    /// JSON as it is being typed, which need not be JSON yet.
    texts: RwSignal<Map<String, Value>>,
    /// Files that were chosen and are not sent yet.
    picked: RwSignal<Vec<Picked>, LocalStorage>,
    last_key: StoredValue<usize>,
    /// Why it was not saved.
    pub(super) failure: RwSignal<Option<Failure>>,
}

impl Draft {
    /// A draft of what there is, or of nothing.
    pub(super) fn of(record: Option<&Record>) -> Self {
        let saved = record
            .map(|record| record.fields.clone())
            .unwrap_or_default();
        Self {
            saved: StoredValue::new(saved.clone()),
            values: RwSignal::new(saved),
            texts: RwSignal::new(Map::new()),
            picked: RwSignal::new_local(Vec::new()),
            last_key: StoredValue::new(0),
            failure: RwSignal::new(None),
        }
    }

    /// A field's value.
    pub(super) fn value(self, name: &str) -> Bind<Value> {
        let (name, same) = (name.to_owned(), name.to_owned());
        Bind::new(
            move || {
                self.values
                    .with(|values| values.get(&name).cloned().unwrap_or_default())
            },
            move |value| {
                self.values.update(|values| {
                    values.insert(same.clone(), value);
                });
            },
        )
    }

    /// A field's value as text.
    pub(super) fn text(self, name: &str) -> Bind<String> {
        let bind = self.value(name);
        Bind::new(
            move || json::shown(&bind.get()),
            move |text| bind.set(Value::String(text)),
        )
    }

    /// A field's number as it is typed.
    pub(super) fn number(self, name: &str) -> Bind<String> {
        let bind = self.value(name);
        Bind::new(
            move || json::shown(&bind.get()),
            move |text: String| bind.set(json::number(&text, Value::Null)),
        )
    }

    /// A number inside a field's object, as it is typed.
    pub(super) fn member(self, name: &str, member: &'static str) -> Bind<String> {
        let bind = self.value(name);
        Bind::new(
            move || json::shown(&bind.get()[member]),
            move |text: String| {
                let mut object = bind.get().as_object().cloned().unwrap_or_default();
                object.insert(member.to_owned(), json::number(&text, Value::Null));
                bind.set(Value::Object(object));
            },
        )
    }

    /// A field's moment, as the browser's input has it.
    pub(super) fn moment(self, name: &str) -> Bind<String> {
        let bind = self.value(name);
        Bind::new(
            move || to_input(&json::shown(&bind.get())),
            move |text: String| bind.set(Value::String(from_input(&text))),
        )
    }

    /// A field's JSON as text.
    pub(super) fn json(self, name: &str) -> Bind<String> {
        let (typed, same) = (name.to_owned(), name.to_owned());
        let bind = self.value(name);
        Bind::new(
            move || match self.texts.with(|texts| texts.get(&typed).map(json::shown)) {
                Some(text) => text,
                None if bind.get().is_null() => String::new(),
                None => serde_json::to_string_pretty(&bind.get()).unwrap_or_default(),
            },
            move |text: String| {
                if let Some(value) = read(&text) {
                    bind.set(value);
                }
                self.texts.update(|texts| {
                    texts.insert(same.clone(), Value::String(text));
                });
            },
        )
    }

    /// Returns the problem of a field.
    pub(super) fn error(self, name: &str) -> Signal<Option<String>> {
        let name = name.to_owned();
        Signal::derive(move || {
            let bad = self.texts.with(|texts| {
                texts
                    .get(&name)
                    .is_some_and(|text| read(&json::shown(text)).is_none())
            });
            if bad {
                return Some(text::bad_json().to_owned());
            }
            self.failure
                .with(|failure| failure.as_ref().and_then(|failure| failure.at(&name)))
        })
    }

    /// The files that were chosen for a field.
    pub(super) fn picked(self, name: &str) -> Vec<Picked> {
        let mut all = self.picked.get();
        all.retain(|one| one.field == name);
        all
    }

    /// Adds files to a field; where there can be only one, in the place of another.
    pub(super) fn pick(self, name: &str, files: Vec<web_sys::File>, is_list: bool) {
        self.picked.update(|picked| {
            if !is_list {
                picked.retain(|one| one.field != name);
            }
            for file in files {
                self.last_key.update_value(|key| *key += 1);
                picked.push(Picked {
                    field: name.to_owned(),
                    key: self.last_key.get_value(),
                    preview: browser::Picture::of(&file).map(Arc::new),
                    file,
                });
            }
        });
    }

    /// Forgets a file that was chosen.
    pub(super) fn unpick(self, key: usize) {
        self.picked
            .update(|picked| picked.retain(|one| one.key != key));
    }

    /// How many bytes the files that were chosen have together.
    pub(super) fn size(self) -> f64 {
        self.picked
            .with(|picked| picked.iter().map(|one| one.file.size()).sum())
    }

    /// Reads the files that were chosen. Those that there are stay, unless `changes` says which of them do.
    pub(super) async fn uploads(
        self,
        collection: &Collection,
        changes: &Map<String, Value>,
    ) -> plinth_sdk::Result<Vec<Upload>> {
        let mut uploads = Vec::new();
        for Picked { field, file, .. } in self.picked.get_untracked() {
            let is_list = collection
                .fields
                .iter()
                .any(|one| one.name == field && one.kind.is_multiple());
            let key = if is_list && !changes.contains_key(&field) {
                format!("{field}+")
            } else {
                field
            };
            let content = browser::content(&file).await;
            let content = content
                .ok_or_else(|| plinth_sdk::Error::Request(words::cannot_read(&file.name())))?;
            uploads.push(Upload::new(key, file.name(), content));
        }
        Ok(uploads)
    }

    /// Whether anything is different from what is saved.
    pub(super) fn is_changed(self, collection: &Collection) -> bool {
        self.picked.with(|picked| !picked.is_empty()) || !self.changes(collection).is_empty()
    }

    /// Whether it can be sent: what is typed as JSON is JSON, and numbers are numbers.
    pub(super) fn is_readable(self, collection: &Collection) -> bool {
        let is_json = self.texts.with_untracked(|texts| {
            let mut texts = texts.values();
            texts.all(|text| read(&json::shown(text)).is_some())
        });
        is_json
            && self.values.with_untracked(|values| {
                let mut fields = collection.fields.iter();
                fields.all(|field| has_numbers(&field.kind, values.get(&field.name)))
            })
    }

    /// Returns the changes since the record was saved, as a request has them. A password that was not typed stays.
    pub(super) fn changes(self, collection: &Collection) -> Map<String, Value> {
        let is_password = |name: &str| {
            name == "passwordConfirm"
                || collection
                    .fields
                    .iter()
                    .any(|field| field.name == name && matches!(field.kind, FieldKind::Password(_)))
        };
        let values = self.values.get();
        self.saved.with_value(|saved| {
            let is_changed = |(name, value): &(String, Value)| {
                saved.get(name) != Some(value)
                    && !(is_password(name) && json::shown(value).is_empty())
            };
            values.into_iter().filter(is_changed).collect()
        })
    }
}

/// Returns whether the numbers in a field's value are numbers, not texts that are being typed.
fn has_numbers(kind: &FieldKind, value: Option<&Value>) -> bool {
    let is_text = |pointer: &&str| {
        let number = value.and_then(|value| value.pointer(pointer));
        number.is_some_and(Value::is_string)
    };
    !field_types::of(kind).numbers.iter().any(is_text)
}

/// The JSON in a text; nothing is `null`.
fn read(text: &str) -> Option<Value> {
    if text.trim().is_empty() {
        return Some(Value::Null);
    }
    serde_json::from_str(text).ok()
}

/// `2026-01-31 12:30:45.678Z` as `2026-01-31T12:30:45`.
fn to_input(moment: &str) -> String {
    moment
        .get(..19)
        .map(|moment| moment.replace(' ', "T"))
        .unwrap_or_default()
}

/// The other way round. What was typed to the minute is that minute's first second.
fn from_input(text: &str) -> String {
    match text.len() {
        16 => format!("{}:00.000Z", text.replace('T', " ")),
        19 => format!("{}.000Z", text.replace('T', " ")),
        23 => format!("{}Z", text.replace('T', " ")),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_go_to_the_input_and_back() {
        assert_eq!(to_input("2026-01-31 12:30:45.678Z"), "2026-01-31T12:30:45");
        assert_eq!(to_input(""), "");
        assert_eq!(
            from_input("2026-01-31T12:30:45"),
            "2026-01-31 12:30:45.000Z"
        );
        assert_eq!(from_input("2026-01-31T12:30"), "2026-01-31 12:30:00.000Z");
        assert_eq!(from_input(""), "");
    }

    #[test]
    fn json_is_read_and_nothing_is_null() {
        assert_eq!(read(" "), Some(Value::Null));
        assert_eq!(read("[1]"), Some(serde_json::json!([1])));
        assert_eq!(read("{"), None);
    }
}
