//! The settings while they are being changed.

use leptos::prelude::*;
use plinth_sdk::types::Settings;
use serde_json::{Map, Value};

use crate::api::Failure;
use crate::components::Bind;
use crate::drafts;

/// The settings that the page has inputs for.
const SHOWN: [&str; 12] = [
    "meta.appName",
    "meta.appURL",
    "meta.senderName",
    "meta.senderAddress",
    "batch.enabled",
    "batch.maxRequests",
    "batch.timeout",
    "batch.maxBodySize",
    "logs.maxDays",
    "logs.minLevel",
    "logs.logIP",
    "logs.logAuthId",
];

/// The settings while they are being changed, as they travel.
#[derive(Clone, Copy)]
pub(super) struct Draft {
    saved: RwSignal<Value>,
    whole: RwSignal<Value>,
    /// Why they were not saved.
    pub(super) failure: RwSignal<Option<Failure>>,
}

impl Draft {
    /// A draft of what is in force.
    pub(super) fn of(saved: &Settings) -> Self {
        let draft = Self {
            saved: RwSignal::default(),
            whole: RwSignal::default(),
            failure: RwSignal::new(None),
        };
        draft.reset(saved);
        draft
    }

    /// Takes what is in force now.
    pub(super) fn reset(self, saved: &Settings) {
        self.saved
            .set(serde_json::to_value(saved).unwrap_or_default());
        self.discard();
    }

    /// Forgets all changes.
    pub(super) fn discard(self) {
        self.whole.set(self.saved.get_untracked());
        self.failure.set(None);
    }

    /// Whether anything is different from what is in force.
    pub(super) fn is_changed(self) -> bool {
        self.whole
            .with(|whole| self.saved.with(|saved| saved != whole))
    }

    /// Returns the changed settings alone: somebody may change others meanwhile.
    pub(super) fn change(self) -> Value {
        let change = |saved: &Value| self.whole.with_untracked(|whole| difference(saved, whole));
        self.saved.with_untracked(change).unwrap_or_default()
    }

    /// The value at `path`.
    pub(super) fn at(self, path: &str) -> Bind<Value> {
        drafts::at(self.whole, path)
    }

    /// The text at `path`.
    pub(super) fn text(self, path: &str) -> Bind<String> {
        drafts::text(self.whole, path)
    }

    /// The flag at `path`.
    pub(super) fn flag(self, path: &str) -> Bind<bool> {
        drafts::flag(self.whole, path)
    }

    /// The number at `path`, as it is typed; nothing is 0.
    pub(super) fn number(self, path: &str) -> Bind<String> {
        drafts::number(self.whole, path, 0.into())
    }

    /// Returns the problem at `path`.
    pub(super) fn error(self, path: &'static str) -> Signal<Option<String>> {
        Signal::derive(move || {
            self.failure
                .with(|failure| failure.as_ref().and_then(|failure| failure.at(path)))
        })
    }

    /// Why they were not saved, with what no input shows.
    pub(super) fn problem(self) -> Option<String> {
        self.failure.with(|failure| {
            let failure = failure.as_ref()?;
            Some(failure.summary(|path| SHOWN.contains(&path)))
        })
    }
}

/// The members of `now` that are not the same in `was`, at any depth.
fn difference(was: &Value, now: &Value) -> Option<Value> {
    if was == now {
        return None;
    }
    let (Value::Object(was), Value::Object(now)) = (was, now) else {
        return Some(now.clone());
    };
    let changed = now.iter().filter_map(|(name, now)| {
        let was = was.get(name).unwrap_or(&Value::Null);
        Some((name.clone(), difference(was, now)?))
    });
    Some(Value::Object(changed.collect::<Map<_, _>>()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_sent_is_what_is_different() {
        let was = json!({"meta": {"appName": "a", "appURL": "b"}, "logs": {"maxDays": 5}});
        let now = json!({"meta": {"appName": "c", "appURL": "b"}, "logs": {"maxDays": 5}});
        let change = json!({"meta": {"appName": "c"}});
        assert_eq!(difference(&was, &now), Some(change));
        assert_eq!(difference(&was, &was), None);
    }

    #[test]
    fn every_input_is_of_a_setting() {
        let settings = serde_json::to_value(Settings::default()).expect("settings");
        for path in SHOWN {
            assert!(!crate::json::at(&settings, path).is_null(), "{path}");
        }
    }
}
