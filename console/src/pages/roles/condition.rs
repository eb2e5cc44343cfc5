//! Problems of a condition, while it is being typed. A condition is written like a rule, so it is checked
//! as the rule of each collection that it is about.

use leptos::prelude::*;
use plinth_sdk::types::Collection;

use crate::api::Failure;
use crate::session::Session;
use crate::{repeat, text};

/// The scopes of a role, in conditions of permissions.
const ROLE_SCOPE: &str = "@role.scope";

/// Asks the server what it says of a condition, a moment after it was changed. `found` takes what is wrong; `failure` is
/// forgotten, since what was wrong before may be mended by now.
pub(super) fn check_live(
    condition: RwSignal<String>,
    found: RwSignal<Option<String>>,
    failure: RwSignal<Option<Failure>>,
    collections: Vec<Collection>,
) {
    let session = Session::here();
    let collections = StoredValue::new(collections);
    let check = move || {
        let asked = condition.get_untracked();
        let client = session.client();
        leptos::task::spawn_local(async move {
            let mut problem = None;
            // A rule has no scope to ask for: the server checks such a condition when it is saved.
            if !asked.trim().is_empty() && !asked.contains(ROLE_SCOPE) {
                for collection in collections.try_get_value().unwrap_or_default() {
                    let mut definition = serde_json::to_value(&collection).unwrap_or_default();
                    definition["listRule"] = asked.trim().into();
                    let checked = session.outcome(client.collections().check(&definition).await);
                    let reason = checked.err().and_then(|failure| failure.at("listRule"));
                    problem = reason.map(|reason| about_condition(&reason, &collection.name));
                    if problem.is_some() {
                        break;
                    }
                }
            }
            // An answer that came late is about what was typed before.
            if condition.try_get_untracked() == Some(asked) {
                found.try_set(problem);
            }
        });
    };
    let settled = repeat::settled(condition, repeat::TYPING);
    Effect::watch(
        move || condition.track(),
        move |(), _, _| failure.set(None),
        false,
    );
    Effect::watch(move || settled.get(), move |_, _, _| check(), false);
}

/// Rewrites a message about a rule for a condition.
fn about_condition(reason: &str, collection: &str) -> String {
    let reason = reason
        .strip_prefix("Invalid rule. Raw error: ")
        .unwrap_or(reason);
    text::bad_condition(collection, reason)
}
