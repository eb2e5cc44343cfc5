//! The editor of a collection: fields, rules, indexes, and options of auth collections.

mod accounts;
mod draft;
mod fields;
mod indexes;
mod query;
mod rules;

use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_navigate, use_params_map};
use plinth_sdk::types::{Collection, CollectionType, FieldKind};

use super::{CollectionPage, Schema};
use crate::api::act;
use crate::components::{
    Bind, Button, Confirm, Glyph, Icon, Look, Page, Problem, SelectField, Spinner, TextField,
    Toaster, loaded,
};
use crate::session::Session;
use crate::{browser, links, repeat, text};
use accounts::Accounts;
use draft::Draft;
use fields::Fields;
use indexes::Indexes;
use query::Query;
use rules::Rules;

/// A part of a collection's definition.
#[component]
pub(crate) fn Definition() -> impl IntoView {
    let schema = Schema::here();
    let params = use_params_map();
    let name = Memo::new(move |_| params.with(|params| params.get("name").unwrap_or_default()));
    // Made anew when another collection is shown or this one has been saved, and not for each part.
    let collection = Memo::new(move |_| schema.find(&name.get()));
    move || match collection.get() {
        Some(collection) => view! { <Editor collection /> }.into_any(),
        None if schema.resource().get().is_none() => view! { <Spinner /> }.into_any(),
        None => super::NotFound().into_any(),
    }
}

#[component]
fn Editor(collection: Collection) -> impl IntoView {
    let draft = Draft::of(&collection);
    let schema = Schema::here();
    let session = Session::here();
    let toaster = Toaster::here();
    let navigate = StoredValue::new_local(use_navigate());
    let params = use_params_map();
    let part = Memo::new(move |_| params.with(|params| params.get("part").unwrap_or_default()));
    let busy = RwSignal::new(false);
    let changed = Memo::new(move |_| draft.is_changed());
    let may_write = session.may("collections:write");
    check_live(draft);
    let save = move || {
        busy.set(true);
        let (client, id, value) = (session.client(), draft.id(), draft.value());
        act(
            async move { client.collections().update(&id, &value).await },
            move |outcome| {
                busy.set(false);
                match outcome {
                    Ok(saved) => {
                        toaster.done(text::saved());
                        schema.reload();
                        let options = NavigateOptions {
                            replace: true,
                            ..NavigateOptions::default()
                        };
                        let link = links::definition(&saved.name, &part.get_untracked());
                        navigate.with_value(|navigate| navigate(&link, options));
                    }
                    Err(failure) => {
                        draft.failure.set(Some(failure));
                        request_animation_frame(|| browser::focus("[aria-invalid=true]"));
                    }
                }
            },
        );
    };
    let losing = RwSignal::new(Vec::<String>::new());
    let try_save = move || match draft.losses() {
        losses if losses.is_empty() => save(),
        losses => losing.set(losses),
    };
    let discard = {
        let collection = collection.clone();
        move || draft.reset(&collection)
    };
    let discard = StoredValue::new(discard);
    let actions = move || {
        (may_write && changed.get()).then(|| view! {
        <span class="unsaved">{text::unsaved()}</span>
        <Button look=Look::Quiet on:click=move |_| discard.with_value(|discard| discard())>{text::discard()}</Button>
        <Button look=Look::Primary busy on:click=move |_| try_save()>{text::save()}</Button>
    })
    };
    let body = move || match &*part.get() {
        "fields" if draft.is_view() => view! { <Query draft /> }.into_any(),
        "fields" => view! { <Fields draft /> }.into_any(),
        "rules" => view! { <Rules draft /> }.into_any(),
        "indexes" if !draft.is_view() => view! { <Indexes draft /> }.into_any(),
        "accounts" if draft.is_auth() => view! { <Accounts draft /> }.into_any(),
        _ => super::NotFound().into_any(),
    };
    view! {
        <CollectionPage collection actions>
            <DraftProblem draft part />
            <fieldset class="stack" disabled=!may_write>{body}</fieldset>
        </CollectionPage>
        {move || losing.with(|losses| !losses.is_empty()).then(|| view! {
            <Confirm
                title=text::lose_data_title() message=format!("{} {}", losing.get().join(" "), text::cannot_undo())
                action=text::lose_data_action() close=move |()| losing.set(Vec::new())
                confirm=move |()| { losing.set(Vec::new()); save(); }
            />
        })}
    }
}

/// Makes a new collection refuse the commonest passwords. The server's scaffold is `PocketBase`'s, which has no such option.
fn refuse_common_passwords(collection: &mut Collection) {
    for field in &mut collection.fields {
        if let FieldKind::Password(options) = &mut field.kind {
            options.refuse_common = true;
        }
    }
}

/// The failure of a save, with the problems that no input shows.
#[component]
fn DraftProblem(
    draft: Draft,
    /// The part of the definition that is shown.
    #[prop(into)]
    part: Signal<String>,
) -> impl IntoView {
    let message = Signal::derive(move || {
        let part = part.get();
        let is_shown = |path: &str| match &*part {
            "accounts" => path
                .split('.')
                .next()
                .is_some_and(|key| accounts::SHOWN.contains(&key)),
            _ => path.starts_with("fields.") || path == "name" || path == "viewQuery",
        };
        draft
            .failure
            .with(|failure| Some(failure.as_ref()?.summary(is_shown)))
    });
    view! { <Problem message /> }
}

/// Lets the server check the draft, shortly after each change.
fn check_live(draft: Draft) {
    let session = Session::here();
    let value = Memo::new(move |_| draft.value());
    let number = StoredValue::new(0_usize);
    let check = move || {
        number.update_value(|number| *number += 1);
        let mine = number.get_value();
        let (client, value) = (session.client(), value.get_untracked());
        leptos::task::spawn_local(async move {
            let checked = session.outcome(client.collections().check(&value).await);
            // An answer that came late is about what was typed before.
            if number.try_get_value() == Some(mine) {
                let problem = checked.err();
                // What was wrong when it was to be saved may be mended by now.
                draft.failure.try_update(|failure| {
                    if failure.is_some() {
                        failure.clone_from(&problem);
                    }
                });
                draft.checked.try_set(problem);
            }
        });
    };
    let settled = repeat::settled(value, repeat::TYPING);
    Effect::watch(move || settled.get(), move |_, _, _| check(), false);
}

/// The form of a new collection.
#[component]
pub(crate) fn NewCollection() -> impl IntoView {
    let session = Session::here();
    let scaffolds =
        crate::api::load(|client| async move { client.collections().scaffolds().await });
    let trail = move || {
        view! {
            <a href=links::COLLECTIONS>{text::collections()}</a>
            <Icon of=Glyph::Right />
        }
    };
    let kind = RwSignal::new("base".to_owned());
    let name = RwSignal::new(String::new());
    let busy = RwSignal::new(false);
    let current = StoredValue::new(None::<Draft>);
    let new_part = Signal::stored("fields".to_owned());
    let schema = Schema::here();
    let toaster = Toaster::here();
    let navigate = StoredValue::new_local(use_navigate());
    let create = move || {
        let Some(draft) = current.get_value() else {
            return;
        };
        busy.set(true);
        let mut value = draft.value();
        value["name"] = name.get_untracked().trim().into();
        let client = session.client();
        let answer = async move {
            let definition: Collection = serde_json::from_value(value).unwrap_or_default();
            client.collections().create(&definition).await
        };
        act(answer, move |outcome| {
            busy.set(false);
            match outcome {
                Ok(created) => {
                    toaster.done(text::collection_created(&created.name));
                    schema.reload();
                    navigate.with_value(|navigate| {
                        navigate(
                            &links::collection(&created.name),
                            NavigateOptions::default(),
                        );
                    });
                }
                Err(failure) => draft.failure.set(Some(failure)),
            }
        });
    };
    let actions = move || {
        view! {
            <a class="button" href=links::COLLECTIONS>{text::cancel()}</a>
            <Button look=Look::Primary busy on:click=move |_| create()>{text::create()}</Button>
        }
    };
    let kinds = || {
        vec![
            ("base".to_owned(), text::kind_base_long().to_owned()),
            ("auth".to_owned(), text::kind_auth_long().to_owned()),
            ("view".to_owned(), text::kind_view_long().to_owned()),
        ]
    };
    let show = move |scaffolds: plinth_sdk::types::Scaffolds| {
        move || {
            let scaffold = match &*kind.get() {
                "auth" => scaffolds.auth.clone(),
                "view" => scaffolds.view.clone(),
                _ => scaffolds.base.clone(),
            };
            let mut new = Collection {
                id: String::new(),
                ..scaffold
            };
            refuse_common_passwords(&mut new);
            let draft = Draft::of(&new);
            if scaffolds.base.kind == CollectionType::Base && kind.get_untracked() == "base" {
                draft.add_stamps();
            }
            current.set_value(Some(draft));
            view! {
                <DraftProblem draft part=new_part />
                <div class="grid">
                    <TextField
                        label=text::name().to_owned() value=Bind::from(name) code=true required=true focus=true
                        help=text::name_help() placeholder="posts".to_owned() error=draft.error("name")
                    />
                    <SelectField
                        label=text::kind().to_owned() value=Bind::from(kind) choices=Signal::derive(kinds)
                        help=text::kind_help()
                    />
                </div>
                {if draft.is_view() {
                    view! { <Query draft /> }.into_any()
                } else {
                    view! { <Fields draft /> }.into_any()
                }}
            }
        }
    };
    view! {
        <Page title=text::new_collection().to_owned() trail actions>{loaded(scaffolds, show)}</Page>
    }
}
