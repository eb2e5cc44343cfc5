//! The editor of one permission.

use std::time::Duration;

use leptos::prelude::*;
use plinth_sdk::types::{Collection, Permission, names};
use serde_json::{Value, json};

use super::super::Schema;
use super::lines::{ACTIONS, ALL};
use super::matrix::Row;
use super::{Book, may_change};
use crate::api::{Failure, Outcome, act};
use crate::components::{
    Area, Bind, Button, Check, Checks, Dialog, Glyph, Look, Problem, Segments, Toaster,
};
use crate::session::Session;
use crate::text;

/// How long nothing is typed before the server is asked what it says of the condition.
const PAUSE: Duration = Duration::from_millis(350);

/// A permission while it is being changed.
#[derive(Clone, Copy)]
struct Draft {
    effect: RwSignal<String>,
    actions: RwSignal<Vec<String>>,
    condition: RwSignal<String>,
    fields: RwSignal<Vec<String>>,
    /// Why it was not saved.
    failure: RwSignal<Option<Failure>>,
    /// What the server says of the condition as it is.
    checked: RwSignal<Option<String>>,
}

impl Draft {
    fn of(permission: &Permission) -> Self {
        Self {
            effect: RwSignal::new(permission.effect.clone()),
            actions: RwSignal::new(permission.actions.clone()),
            condition: RwSignal::new(permission.condition.clone()),
            fields: RwSignal::new(permission.fields.clone().unwrap_or_default()),
            failure: RwSignal::new(None),
            checked: RwSignal::new(None),
        }
    }

    fn value(self, permission: &Permission) -> Value {
        // In the order in which they are shown, whatever they were chosen in.
        let chosen = self.actions.get_untracked();
        let actions: Vec<_> = ACTIONS
            .into_iter()
            .filter(|one| chosen.iter().any(|other| other == one))
            .collect();
        let fields = self.fields.get_untracked();
        json!({
            "role": permission.role,
            "collection": permission.collection,
            "effect": self.effect.get_untracked(),
            "actions": actions,
            "condition": self.condition.get_untracked().trim(),
            "fields": (!fields.is_empty()).then_some(fields),
        })
    }

    fn error(self, field: &'static str) -> Signal<Option<String>> {
        Signal::derive(move || {
            self.failure
                .with(|failure| failure.as_ref().and_then(|failure| failure.at(field)))
        })
    }
}

/// Changes a permission, or makes one when it has no id yet.
#[component]
pub(super) fn PermissionDialog(
    row: Row,
    permission: Permission,
    book: Book,
    #[prop(into)] close: Callback<()>,
    /// Makes another one for the same cell.
    #[prop(into)]
    another: Callback<()>,
) -> impl IntoView {
    let session = Session::here();
    let toaster = Toaster::here();
    let may_write = may_change();
    let draft = Draft::of(&permission);
    let is_new = permission.id.is_empty();
    let busy = RwSignal::new(false);
    let about = about(&permission);
    check_live(draft, about.clone());
    let names = Signal::derive({
        let known = field_names(&about);
        let saved = permission.fields.clone().unwrap_or_default();
        move || {
            // A field that has gone since can still be taken out.
            let gone = saved.iter().filter(|name| !known.contains(name)).cloned();
            let all = known.iter().cloned().chain(gone);
            all.map(|name| Check {
                shown: name.clone(),
                value: name,
                ..Check::default()
            })
            .collect::<Vec<_>>()
        }
    });
    let has_names = names.with_untracked(|names| !names.is_empty());
    let is_deny = Memo::new(move |_| draft.effect.with(|effect| effect == "deny"));
    let permission = StoredValue::new(permission);
    let finish = move |outcome: Outcome<()>| {
        busy.set(false);
        match outcome {
            Ok(()) => {
                toaster.done(text::saved());
                book.reload();
                close.run(());
            }
            Err(failure) => draft.failure.set(Some(failure)),
        }
    };
    let save = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        busy.set(true);
        let permissions = session
            .client()
            .collection::<Permission>(names::PERMISSIONS);
        let (id, value) =
            permission.with_value(|permission| (permission.id.clone(), draft.value(permission)));
        let answer = async move {
            if id.is_empty() {
                permissions.create(&value).await.map(|_| ())
            } else {
                permissions.update(&id, &value).await.map(|_| ())
            }
        };
        act(answer, finish);
    };
    let delete = move |_| {
        busy.set(true);
        let permissions = session
            .client()
            .collection::<Permission>(names::PERMISSIONS);
        let id = permission.with_value(|permission| permission.id.clone());
        act(async move { permissions.delete(&id).await }, finish);
    };
    let summary = Signal::derive(move || {
        let shown = |path: &str| ["actions", "condition", "fields"].contains(&path);
        draft
            .failure
            .with(|failure| failure.as_ref().map(|failure| failure.summary(shown)))
    });
    let condition_error = {
        let saved = draft.error("condition");
        Signal::derive(move || draft.checked.get().or_else(|| saved.get()))
    };
    let actions = Signal::derive(|| {
        ACTIONS
            .map(|action| Check {
                value: action.to_owned(),
                shown: text::action(action).to_owned(),
                ..Check::default()
            })
            .to_vec()
    });
    let effects = vec![
        ("allow".to_owned(), text::allow_long().to_owned()),
        ("deny".to_owned(), text::deny_long().to_owned()),
    ];
    let fields_help = Signal::derive(move || {
        if is_deny.get() {
            text::deny_fields_help()
        } else {
            text::allow_fields_help()
        }
        .to_owned()
    });
    let title = if is_new {
        text::new_permission_on(&row.name)
    } else {
        text::permission_on(&row.name)
    };
    view! {
        <Dialog title side=true close>
            <form class="dialog-form" on:submit=save>
                <div class="dialog-body">
                    <fieldset class="stack" disabled=!may_write>
                        <Problem message=summary />
                        <Segments label=text::effect().to_owned() value=Bind::from(draft.effect) choices=effects />
                        <Checks
                            label=text::actions().to_owned() value=Bind::from(draft.actions) choices=actions inline=true
                            error=draft.error("actions")
                        />
                        <Area
                            label=text::condition().to_owned() value=Bind::from(draft.condition) code=true rows=2
                            placeholder=text::condition_placeholder().to_owned() help=text::condition_help()
                            error=condition_error
                        />
                        {has_names.then(|| view! {
                            <Checks
                                label=text::fields().to_owned() value=Bind::from(draft.fields) choices=names code=true
                                inline=true help=fields_help error=draft.error("fields")
                            />
                        })}
                    </fieldset>
                </div>
                <footer class="dialog-foot">
                    {(may_write && !is_new).then(|| view! {
                        <Button look=Look::Quiet icon=Glyph::Trash busy on:click=delete>{text::delete()}</Button>
                        <Button look=Look::Quiet icon=Glyph::Plus on:click=move |_| another.run(())>{text::another()}</Button>
                        <span class="grow"></span>
                    })}
                    <Button on:click=move |_| close.run(())>{if may_write { text::cancel() } else { text::close() }}</Button>
                    {may_write.then(|| view! { <Button look=Look::Primary submit=true busy>{text::save()}</Button> })}
                </footer>
            </form>
        </Dialog>
    }
}

/// The collections that a permission is about.
fn about(permission: &Permission) -> Vec<Collection> {
    let mut all = untrack(|| Schema::here().all());
    all.retain(|one| {
        !one.system && (permission.collection == ALL || one.id == permission.collection)
    });
    all
}

/// The fields that all of the collections have, and that can be shown.
fn field_names(collections: &[Collection]) -> Vec<String> {
    let Some((first, rest)) = collections.split_first() else {
        return Vec::new();
    };
    let has = |collection: &Collection, name: &str| {
        collection
            .fields
            .iter()
            .any(|field| field.name == name && !field.hidden)
    };
    let fields = first.fields.iter().map(|field| field.name.clone());
    // The id is always among them.
    fields
        .filter(|name| {
            name != "id" && has(first, name) && rest.iter().all(|other| has(other, name))
        })
        .collect()
}

/// Asks the server what it says of the condition, a moment after it was changed. A condition is written like a rule.
fn check_live(draft: Draft, about: Vec<Collection>) {
    let session = Session::here();
    let about = StoredValue::new(about);
    let waiting = StoredValue::new(None::<TimeoutHandle>);
    let check = move || {
        let condition = draft.condition.get_untracked();
        let client = session.client();
        leptos::task::spawn_local(async move {
            let mut problem = None;
            if !condition.trim().is_empty() {
                for collection in about.try_get_value().unwrap_or_default() {
                    let mut definition = serde_json::to_value(&collection).unwrap_or_default();
                    definition["listRule"] = condition.trim().into();
                    let checked = session.outcome(client.collections().check(&definition).await);
                    let reason = checked.err().and_then(|failure| failure.at("listRule"));
                    problem = reason.map(|reason| about_condition(&reason, &collection.name));
                    if problem.is_some() {
                        break;
                    }
                }
            }
            // An answer that came late is about what was typed before.
            if draft.condition.try_get_untracked() == Some(condition) {
                draft.checked.set(problem);
            }
        });
    };
    Effect::watch(
        move || draft.condition.get(),
        move |_, _, _| {
            // What was wrong when it was to be saved may be mended by now.
            draft.failure.set(None);
            if let Some(waiting) = waiting.get_value() {
                waiting.clear();
            }
            waiting.set_value(set_timeout_with_handle(check, PAUSE).ok());
        },
        false,
    );
    on_cleanup(move || {
        if let Some(waiting) = waiting.try_get_value().flatten() {
            waiting.clear();
        }
    });
}

/// What the server says of a rule, said of a condition.
fn about_condition(reason: &str, collection: &str) -> String {
    let reason = reason
        .strip_prefix("Invalid rule. Raw error: ")
        .unwrap_or(reason);
    text::bad_condition(collection, reason)
}

#[cfg(test)]
mod tests {
    use plinth_sdk::types::Field;

    use super::*;

    #[test]
    fn a_permission_for_all_collections_names_fields_that_all_have() {
        let of = |names: &[&str]| Collection {
            fields: names.iter().map(|name| Field::text(*name)).collect(),
            ..Collection::base("x")
        };
        let mut hidden = of(&["id", "title"]);
        hidden.fields[1].hidden = true;
        let (posts, users) = (of(&["id", "title", "text"]), of(&["id", "text"]));
        assert_eq!(field_names(&[posts.clone()]), ["title", "text"]);
        assert_eq!(field_names(&[posts.clone(), users]), ["text"]);
        assert_eq!(field_names(&[posts, hidden]), [] as [&str; 0]);
        assert!(field_names(&[]).is_empty());
    }
}
