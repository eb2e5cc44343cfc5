//! The frame of every page of one collection: its name, the tabs, and its actions.

use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;
use plinth_sdk::types::{Collection, CollectionType};

use super::Schema;
use crate::api::act;
use crate::components::{Badge, Confirm, Glyph, Icon, Menu, MenuItem, Page, Tab, Tabs, Toaster};
use crate::session::{SUPERUSERS, Session};
use crate::{links, text};

/// A page of a collection.
#[component]
pub(super) fn CollectionPage(
    collection: Collection,
    /// The actions of this page.
    #[prop(optional, into)]
    actions: ViewFn,
    /// See [`Page`].
    #[prop(optional)]
    fill: bool,
    children: Children,
) -> impl IntoView {
    let name = collection.name.clone();
    let is_system = collection.system;
    let is_view = collection.kind == CollectionType::View;
    let may_write = Session::here().may("collections:write");
    let trail = move || {
        view! {
            <a href=links::COLLECTIONS class="trail-start">{text::collections()}</a>
            <Icon of=Glyph::Right />
        }
    };
    let tabs = {
        let mut parts = vec![
            (links::collection(&name), text::records()),
            (
                links::definition(&name, "fields"),
                if is_view {
                    text::query()
                } else {
                    text::fields()
                },
            ),
            (links::definition(&name, "rules"), text::rules()),
        ];
        if !is_view {
            parts.push((links::definition(&name, "indexes"), text::indexes()));
        }
        if collection.kind == CollectionType::Auth {
            parts.push((
                links::definition(&name, "accounts"),
                text::sign_in_settings(),
            ));
        }
        move || {
            let tabs = parts
                .clone()
                .into_iter()
                .map(|(href, part)| view! { <Tab href>{part}</Tab> })
                .collect_view();
            view! { <Tabs label=text::collection_tabs()>{tabs}</Tabs> }
        }
    };
    let all_actions = {
        let name = name.clone();
        move || {
            let actions = actions.clone();
            view! {
                {is_system.then(|| view! { <Badge>{text::system()}</Badge> })}
                {move || actions.run()}
                {may_write.then(|| view! { <Whole name=name.clone() is_system is_view /> })}
            }
        }
    };
    view! { <Page title=name.clone() trail actions=all_actions below=tabs fill>{children()}</Page> }
}

/// The actions on the whole collection.
#[component]
fn Whole(name: String, is_system: bool, is_view: bool) -> impl IntoView {
    #[derive(Clone, Copy, PartialEq)]
    enum Asked {
        Truncate,
        Delete,
    }
    let schema = Schema::here();
    let session = Session::here();
    let toaster = Toaster::here();
    let navigate = StoredValue::new_local(use_navigate());
    let asked = RwSignal::new(None::<Asked>);
    let busy = RwSignal::new(false);
    let is_superusers = name == SUPERUSERS;
    let same = StoredValue::new(name.clone());
    let act_on_it = move |what: Asked| {
        let (client, name) = (session.client(), same.get_value());
        busy.set(true);
        let answer = async move {
            match what {
                Asked::Truncate => client.collections().truncate(&name).await,
                Asked::Delete => client.collections().delete(&name).await,
            }
        };
        act(answer, move |outcome| {
            busy.set(false);
            asked.set(None);
            match (outcome, what) {
                (Err(failure), _) => toaster.failed(failure.summary(|_| false)),
                (Ok(()), Asked::Truncate) => {
                    toaster.done(text::truncated(&same.get_value()));
                    schema.reload();
                    navigate.with_value(|navigate| {
                        navigate(
                            &links::collection(&same.get_value()),
                            NavigateOptions::default(),
                        );
                    });
                }
                (Ok(()), Asked::Delete) => {
                    toaster.done(text::collection_deleted(&same.get_value()));
                    schema.reload();
                    navigate.with_value(|navigate| {
                        navigate(links::COLLECTIONS, NavigateOptions::default());
                    });
                }
            }
        });
    };
    let confirm = move || {
        asked.get().map(|what| {
        let name = same.get_value();
        let (title, message, action) = match what {
            Asked::Truncate => (text::truncate_title(&name), text::truncate_hint(), text::truncate()),
            Asked::Delete => (text::delete_collection_title(&name), text::delete_collection_hint(), text::delete()),
        };
        view! {
            <Confirm
                title message action typed=name busy close=move |()| asked.set(None) confirm=move |()| act_on_it(what)
            />
        }
    })
    };
    view! {
        <Menu label=text::more().to_owned() button=|| view! { <Icon of=Glyph::More /> }>
            <MenuItem icon=Glyph::Trash danger=true disabled=is_superusers || is_view on:click=move |_| asked.set(Some(Asked::Truncate))>
                {text::truncate()}
            </MenuItem>
            <MenuItem icon=Glyph::Trash danger=true disabled=is_system on:click=move |_| asked.set(Some(Asked::Delete))>
                {text::delete_collection()}
            </MenuItem>
        </Menu>
        {confirm}
    }
}
