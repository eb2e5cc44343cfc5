use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_navigate, use_params_map};
use plinth_sdk::types::{Role, names};

use super::form::{RoleDraft, RoleInputs};
use super::matrix::Matrix;
use super::members::Members;
use super::{Book, is_built_in, may_change};
use crate::api::act;
use crate::components::{
    Badge, Button, Confirm, Glyph, Icon, Look, Menu, MenuItem, Page, Problem, Spinner, Tab, Tabs,
    Toaster,
};
use crate::session::Session;
use crate::{links, text};

/// The state of the role in the address.
#[derive(Clone, PartialEq)]
enum State {
    Waiting,
    Failed(String),
    Unknown,
    Here,
}

/// A part of a role.
#[component]
pub(crate) fn RolePage() -> impl IntoView {
    let book = Book::load();
    let params = use_params_map();
    let [id, part] = ["id", "part"]
        .map(|name| Memo::new(move |_| params.with(|params| params.get(name).unwrap_or_default())));
    let state = Memo::new(move |_| match book.loaded.get() {
        None => State::Waiting,
        Some(Err(failure)) => State::Failed(failure.message),
        Some(Ok((roles, _))) if roles.iter().any(|role| role.id == id.get()) => State::Here,
        Some(Ok(_)) => State::Unknown,
    });
    let role = Memo::new(move |_| book.find(&id.get()).unwrap_or_default());
    let body = move || match &*part.get() {
        "permissions" => view! { <Frame role><Matrix role book /></Frame> }.into_any(),
        "members" => view! { <Frame role><Members role /></Frame> }.into_any(),
        "settings" => {
            // Another role is another draft.
            id.track();
            view! { <Settings role book /> }.into_any()
        }
        _ => super::super::NotFound().into_any(),
    };
    move || match state.get() {
        State::Waiting => view! { <Spinner /> }.into_any(),
        State::Failed(message) => {
            view! { <div class="page-body"><Problem message=Some(message) /></div> }.into_any()
        }
        State::Unknown => super::super::NotFound().into_any(),
        State::Here => body.into_any(),
    }
}

/// The frame of every part of a role.
#[component]
fn Frame(
    role: Memo<Role>,
    #[prop(optional, into)] actions: ViewFn,
    children: Children,
) -> impl IntoView {
    let may_write = may_change();
    let id = Memo::new(move |_| role.with(|role| role.id.clone()));
    let built_in = Memo::new(move |_| role.with(is_built_in));
    let trail = || {
        view! { <a href=links::ROLES class="trail-start">{text::roles()}</a><Icon of=Glyph::Right /> }
    };
    let tabs = move || {
        let parts = [
            ("permissions", text::permissions()),
            ("members", text::members()),
            ("settings", text::settings()),
        ];
        let tabs =
            parts.map(|(part, name)| view! { <Tab href=links::role(&id.get(), part)>{name}</Tab> });
        view! { <Tabs label=text::role_tabs()>{tabs.collect_view()}</Tabs> }
    };
    let all_actions = move || {
        let actions = actions.clone();
        view! {
            {built_in.get().then(|| view! { <Badge>{text::built_in()}</Badge> })}
            {move || actions.run()}
            {(may_write && !built_in.get()).then(|| view! { <Whole role /> })}
        }
    };
    let title = Signal::derive(move || role.with(|role| role.name.clone()));
    view! { <Page title trail actions=all_actions below=tabs wide=true>{children()}</Page> }
}

/// The actions on the whole role.
#[component]
fn Whole(role: Memo<Role>) -> impl IntoView {
    let session = Session::here();
    let toaster = Toaster::here();
    let navigate = StoredValue::new_local(use_navigate());
    let asked = RwSignal::new(false);
    let busy = RwSignal::new(false);
    let delete = move |()| {
        busy.set(true);
        let Role { id, name, .. } = role.get_untracked();
        let roles = session.client().collection::<Role>(names::ROLES);
        act(async move { roles.delete(&id).await }, move |outcome| {
            busy.set(false);
            asked.set(false);
            match outcome {
                Ok(()) => {
                    toaster.done(text::role_deleted(&name));
                    navigate
                        .with_value(|navigate| navigate(links::ROLES, NavigateOptions::default()));
                }
                Err(failure) => toaster.failed(failure.summary(|_| false)),
            }
        });
    };
    let confirm = move || {
        asked.get().then(|| {
            let name = role.with_untracked(|role| role.name.clone());
            view! {
                <Confirm
                    title=text::delete_role_title(&name) message=text::delete_role_hint() action=text::delete() busy
                    close=move |()| asked.set(false) confirm=delete
                />
            }
        })
    };
    view! {
        <Menu label=text::more().to_owned() button=|| view! { <Icon of=Glyph::More /> }>
            <MenuItem icon=Glyph::Trash danger=true on:click=move |_| asked.set(true)>{text::delete_role()}</MenuItem>
        </Menu>
        {confirm}
    }
}

#[component]
fn Settings(role: Memo<Role>, book: Book) -> impl IntoView {
    let draft = RoleDraft::of(&role.get_untracked());
    let toaster = Toaster::here();
    let may_write = may_change();
    let changed = Memo::new(move |_| role.with(|role| draft.is_changed(role)));
    let save = move || {
        let id = role.with_untracked(|role| role.id.clone());
        draft.save(Some(id), move |_| {
            toaster.done(text::saved());
            book.reload();
        });
    };
    let actions = move || {
        (may_write && changed.get()).then(|| view! {
            <span class="unsaved">{text::unsaved()}</span>
            <Button look=Look::Quiet on:click=move |_| draft.reset(&role.get_untracked())>{text::discard()}</Button>
            <Button look=Look::Primary busy=draft.busy on:click=move |_| save()>{text::save()}</Button>
        })
    };
    view! {
        <Frame role actions>
            <fieldset class="stack narrow" disabled=!may_write>
                <RoleInputs draft book role=Signal::derive(move || Some(role.get())) />
            </fieldset>
        </Frame>
    }
}
