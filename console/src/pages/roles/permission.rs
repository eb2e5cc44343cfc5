//! The editor of one permission.

use leptos::prelude::*;
use plinth_sdk::types::{Collection, Permission, names};
use serde_json::{Value, json};

use super::super::Schema;
use super::condition::check_live;
use super::lines::{ACTIONS, ALL};
use super::{Book, may_change};
use crate::api::{Failure, Outcome, act};
use crate::components::{
    Area, Bind, Button, Check, Checks, Dialog, Glyph, Look, Problem, Radios, Toaster,
};
use crate::session::Session;
use crate::text;

/// A permission while it is being changed.
#[derive(Clone, Copy)]
struct Draft {
    effect: RwSignal<String>,
    actions: RwSignal<Vec<String>>,
    condition: RwSignal<String>,
    fields: RwSignal<Vec<String>>,
    /// The presets, as JSON.
    presets: RwSignal<String>,
    /// Why it was not saved.
    failure: RwSignal<Option<Failure>>,
    /// The server's message about the current condition.
    checked: RwSignal<Option<String>>,
}

impl Draft {
    fn of(permission: &Permission) -> Self {
        Self {
            effect: RwSignal::new(permission.effect.clone()),
            actions: RwSignal::new(permission.actions.clone()),
            condition: RwSignal::new(permission.condition.clone()),
            fields: RwSignal::new(permission.fields.clone().unwrap_or_default()),
            presets: RwSignal::new(presets_text(permission)),
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
            "presets": self.presets_value(),
        })
    }

    /// Whether records are created by the permission.
    fn creates(self) -> bool {
        let is_create = |actions: &Vec<String>| actions.iter().any(|action| action == "create");
        self.effect.with(|effect| effect == "allow") && self.actions.with(is_create)
    }

    fn presets_value(self) -> Value {
        let text = self.presets.get_untracked();
        if text.trim().is_empty() || !untrack(|| self.creates()) {
            return Value::Null;
        }
        // What is no JSON the server refuses.
        serde_json::from_str(&text).unwrap_or(Value::String(text))
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
    title: String,
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
    let collections = about(&permission);
    let permission = StoredValue::new(permission);
    let permissions = move || {
        session
            .client()
            .collection::<Permission>(names::PERMISSIONS)
    };
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
        let permissions = permissions();
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
        let permissions = permissions();
        let id = permission.with_value(|permission| permission.id.clone());
        act(async move { permissions.delete(&id).await }, finish);
    };
    view! {
        <Dialog title side=true close>
            <form class="dialog-form" novalidate on:submit=save>
                <div class="dialog-body">
                    <fieldset class="stack" disabled=!may_write><Inputs draft collections /></fieldset>
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

#[component]
fn Inputs(
    draft: Draft,
    /// The collections that the permission is about.
    collections: Vec<Collection>,
) -> impl IntoView {
    let mut names = field_names(&collections);
    // A field that has gone since can still be taken out.
    let saved = draft.fields.get_untracked();
    let gone: Vec<_> = saved
        .into_iter()
        .filter(|name| !names.contains(name))
        .collect();
    names.extend(gone);
    check_live(draft.condition, draft.checked, draft.failure, collections);
    let has_names = !names.is_empty();
    let check = |value: &str, shown: &str| Check {
        value: value.to_owned(),
        shown: shown.to_owned(),
        ..Check::default()
    };
    let names: Vec<Check> = names.iter().map(|name| check(name, name)).collect();
    let actions = ACTIONS
        .map(|action| check(action, text::action(action)))
        .to_vec();
    let effects = vec![
        ("allow".to_owned(), text::allow_long().to_owned()),
        ("deny".to_owned(), text::deny_long().to_owned()),
    ];
    let summary = Signal::derive(move || {
        let shown = |path: &str| ["actions", "condition", "fields", "presets"].contains(&path);
        draft
            .failure
            .with(|failure| failure.as_ref().map(|failure| failure.summary(shown)))
    });
    let refused = draft.error("condition");
    let wrong = Signal::derive(move || draft.checked.get().or_else(|| refused.get()));
    let fields_help = Signal::derive(move || {
        let is_deny = draft.effect.with(|effect| effect == "deny");
        if is_deny {
            text::deny_fields_help()
        } else {
            text::allow_fields_help()
        }
        .to_owned()
    });
    view! {
        <Problem message=summary />
        <Radios label=text::effect().to_owned() value=Bind::from(draft.effect) choices=effects />
        <Checks
            label=text::actions().to_owned() value=Bind::from(draft.actions) inline=true
            choices=Signal::derive(move || actions.clone()) error=draft.error("actions")
        />
        <Area
            label=text::condition().to_owned() value=Bind::from(draft.condition) code=true rows=2
            placeholder=text::condition_placeholder().to_owned() help=text::condition_help() error=wrong
        />
        {move || draft.creates().then(|| view! {
            <Area
                label=text::presets().to_owned() value=Bind::from(draft.presets) code=true rows=2
                placeholder=text::presets_placeholder().to_owned() help=text::presets_help() error=draft.error("presets")
            />
        })}
        {has_names.then(|| view! {
            <Checks
                label=text::fields().to_owned() value=Bind::from(draft.fields) code=true inline=true help=fields_help
                choices=Signal::derive(move || names.clone()) error=draft.error("fields")
            />
        })}
    }
}

fn presets_text(permission: &Permission) -> String {
    let presets = permission.presets.as_ref();
    let presets = presets.filter(|presets| !presets.is_empty());
    presets
        .and_then(|presets| serde_json::to_string_pretty(presets).ok())
        .unwrap_or_default()
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
        assert_eq!(field_names(std::slice::from_ref(&posts)), ["title", "text"]);
        assert_eq!(field_names(&[posts.clone(), users]), ["text"]);
        assert_eq!(field_names(&[posts, hidden]), [] as [&str; 0]);
        assert!(field_names(&[]).is_empty());
    }
}
