//! A job while it is being changed.

use leptos::prelude::*;
use plinth_sdk::types::Job;
use serde_json::{Map, Value, json};

use crate::api::Failure;
use crate::components::Bind;
use crate::text::jobs as words;
use crate::{json, moments};

/// A header of a call: which it is, its name, its value.
type Header = (usize, String, String);

/// A job while it is being changed. Everything is text, as it is typed.
#[derive(Clone, Copy)]
pub(super) struct Draft {
    pub(super) name: RwSignal<String>,
    pub(super) schedule: RwSignal<String>,
    pub(super) timezone: RwSignal<String>,
    pub(super) enabled: RwSignal<bool>,
    pub(super) kind: RwSignal<String>,
    /// The texts of the payloads of all kinds, by name, so that trying another kind loses nothing.
    texts: RwSignal<Map<String, Value>>,
    pub(super) headers: RwSignal<Vec<Header>>,
    pub(super) tasks: RwSignal<Vec<String>>,
    limits: RwSignal<Map<String, Value>>,
    /// As it was loaded.
    saved: StoredValue<Value>,
    /// Why it was not saved.
    pub(super) failure: RwSignal<Option<Failure>>,
}

/// The fields that have an input of their own.
const SHOWN: [&str; 8] = [
    "name", "schedule", "timezone", "kind", "timeout", "retries", "backoff", "enabled",
];

impl Draft {
    /// A draft of a new job: every day, on the clock of whoever makes it.
    pub(super) fn new() -> Self {
        Self::of(&Job {
            schedule: "0 9 * * *".to_owned(),
            timezone: moments::zone(),
            kind: "http".to_owned(),
            enabled: true,
            ..Job::default()
        })
    }

    /// A draft of what there is.
    pub(super) fn of(job: &Job) -> Self {
        let headers = job
            .payload
            .get("headers")
            .and_then(Value::as_object)
            .cloned()
            .unwrap_or_default();
        let headers = headers
            .iter()
            .enumerate()
            .map(|(key, (name, value))| (key, name.clone(), json::shown(value)));
        let tasks = job
            .payload
            .get("tasks")
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default();
        let limit = |number: f64| {
            if number == 0.0 {
                Value::Null
            } else {
                json!(number)
            }
        };
        let limits = [
            ("timeout", job.timeout),
            ("retries", job.retries),
            ("backoff", job.backoff),
        ];
        let draft = Self {
            name: RwSignal::new(job.name.clone()),
            schedule: RwSignal::new(job.schedule.clone()),
            timezone: RwSignal::new(job.timezone.clone()),
            enabled: RwSignal::new(job.enabled),
            kind: RwSignal::new(job.kind.clone()),
            texts: RwSignal::new(job.payload.clone()),
            headers: RwSignal::new(headers.collect()),
            tasks: RwSignal::new(tasks.iter().map(json::shown).collect()),
            limits: RwSignal::new(
                limits
                    .map(|(name, number)| (name.to_owned(), limit(number)))
                    .into_iter()
                    .collect(),
            ),
            saved: StoredValue::new(Value::Null),
            failure: RwSignal::new(None),
        };
        let saved = untrack(|| draft.value());
        draft.saved.set_value(saved);
        draft
    }

    /// A text of the payload.
    pub(super) fn text(self, name: &'static str) -> Bind<String> {
        Bind::new(
            move || {
                self.texts
                    .with(|texts| texts.get(name).map(json::shown).unwrap_or_default())
            },
            move |text| {
                self.texts
                    .update(|texts| drop(texts.insert(name.to_owned(), text.into())));
            },
        )
    }

    /// A limit, which is empty when it is left to the server.
    pub(super) fn limit(self, name: &'static str) -> Bind<String> {
        Bind::new(
            move || {
                self.limits
                    .with(|limits| limits.get(name).map(json::shown).unwrap_or_default())
            },
            move |text| {
                // What is no number is sent as it is, so that the server says what is wrong with it.
                let number = json::number(
                    &text,
                    if text.trim().is_empty() {
                        Value::Null
                    } else {
                        text.clone().into()
                    },
                );
                self.limits
                    .update(|limits| drop(limits.insert(name.to_owned(), number)));
            },
        )
    }

    /// The name or the value of a header.
    pub(super) fn header(self, key: usize, is_name: bool) -> Bind<String> {
        let part = move |header: &Header| {
            if is_name {
                header.1.clone()
            } else {
                header.2.clone()
            }
        };
        Bind::new(
            move || {
                self.headers.with(|all| {
                    all.iter()
                        .find(|header| header.0 == key)
                        .map(part)
                        .unwrap_or_default()
                })
            },
            move |text| {
                self.headers.update(|all| {
                    for header in all.iter_mut().filter(|header| header.0 == key) {
                        let part = if is_name {
                            &mut header.1
                        } else {
                            &mut header.2
                        };
                        part.clone_from(&text);
                    }
                });
            },
        )
    }

    /// Adds a header that is still empty.
    pub(super) fn add_header(self) {
        self.headers.update(|all| {
            let key = all.iter().map(|header| header.0 + 1).max().unwrap_or(0);
            all.push((key, String::new(), String::new()));
        });
    }

    /// Whether a task of maintenance is done.
    pub(super) fn task(self, name: &'static str) -> Bind<bool> {
        Bind::new(
            move || {
                self.tasks
                    .with(|tasks| tasks.iter().any(|task| task == name))
            },
            move |on| {
                self.tasks.update(|tasks| {
                    tasks.retain(|task| task != name);
                    if on {
                        tasks.push(name.to_owned());
                    }
                });
            },
        )
    }

    /// The job as it would be saved.
    pub(super) fn value(self) -> Value {
        let limit = |name: &str| {
            let limit = self
                .limits
                .with(|limits| limits.get(name).cloned().unwrap_or_default());
            if limit.is_null() { json!(0) } else { limit }
        };
        json!({
            "name": self.name.get().trim(),
            "schedule": self.schedule.get().trim(),
            "timezone": self.timezone.get().trim(),
            "enabled": self.enabled.get(),
            "kind": self.kind.get(),
            "payload": self.payload(),
            "timeout": limit("timeout"),
            "retries": limit("retries"),
            "backoff": limit("backoff"),
        })
    }

    fn payload(self) -> Value {
        let text = |name| self.text(name).get();
        match &*self.kind.get() {
            "http" => {
                let headers = self
                    .headers
                    .get()
                    .into_iter()
                    .filter(|(_, name, value)| !name.trim().is_empty() || !value.is_empty());
                let headers: Map<String, Value> = headers
                    .map(|(_, name, value)| (name.trim().to_owned(), value.into()))
                    .collect();
                let method = match text("method") {
                    method if method.is_empty() => "GET".to_owned(),
                    method => method.to_ascii_uppercase(),
                };
                json!({ "url": text("url").trim(), "method": method, "headers": headers, "body": text("body") })
            }
            "mail" => {
                json!({ "to": text("to").trim(), "subject": text("subject"), "html": text("html"), "text": text("text") })
            }
            _ => json!({ "tasks": self.tasks.get() }),
        }
    }

    /// Whether anything is different from what is saved.
    pub(super) fn is_changed(self) -> bool {
        let value = self.value();
        self.saved.with_value(|saved| *saved != value)
    }

    /// Returns the problem of a field.
    pub(super) fn error(self, name: &'static str) -> Signal<Option<String>> {
        Signal::derive(move || self.failure.with(|failure| failure.as_ref()?.at(name)))
    }

    /// Returns the problem of a field of the payload: the server answers `url: Cannot be blank.` for the whole payload.
    pub(super) fn inside(self, name: &'static str) -> Signal<Option<String>> {
        Signal::derive(move || {
            let message = self
                .failure
                .with(|failure| failure.as_ref()?.at("payload"))?;
            let (field, message) = message.split_once(": ")?;
            (field == name).then(|| message.to_owned())
        })
    }

    /// Why it was not saved, with what no input shows.
    pub(super) fn problem(self) -> Option<String> {
        let inputs: &[&str] = match &*self.kind.get() {
            "http" => &["url", "method", "headers", "body"],
            "mail" => &["to", "subject", "html", "text"],
            _ => &["tasks"],
        };
        self.failure.with(|failure| {
            let mut failure = failure.clone()?;
            if !failure.fields.is_empty() {
                words::refused().clone_into(&mut failure.message);
            }
            let inside = failure.at("payload");
            let is_told = inside.is_some_and(|inside| {
                inputs
                    .iter()
                    .any(|name| inside.starts_with(&format!("{name}: ")))
            });
            Some(failure.summary(|path| SHOWN.contains(&path) || path == "payload" && is_told))
        })
    }
}
