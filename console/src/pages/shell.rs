//! The frame of every page: the sidebar, the account, the theme.

use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::components::Outlet;
use leptos_router::hooks::{use_location, use_navigate};
use plinth_sdk::types::{self as wire, Collection};

use super::setup::Mark;
use crate::api::{Outcome, act, load};
use crate::components::{EmptyState, Glyph, Icon, IconButton, Menu, MenuItem, Spinner};
use crate::session::{SETTINGS, Session};
use crate::theme::Theme;
use crate::{browser, links, text};

/// The collections that there are. From the context of every page in the shell.
#[derive(Clone, Copy)]
pub(crate) struct Schema {
    loaded: LocalResource<Outcome<Vec<Collection>>>,
}

impl Schema {
    /// Asks for them; there are none for who may not see them.
    fn load(may_see: bool) -> Self {
        let loaded = load(move |client| async move {
            if !may_see {
                return Ok(Vec::new());
            }
            let mut all = client.collections().list().all().await?;
            all.sort_by(|a, b| (a.system, &a.name).cmp(&(b.system, &b.name)));
            Ok(all)
        });
        Self { loaded }
    }

    /// The one from the context.
    pub(crate) fn here() -> Self {
        expect_context()
    }

    /// As it was loaded; `None` until then.
    pub(crate) fn resource(self) -> LocalResource<Outcome<Vec<Collection>>> {
        self.loaded
    }

    /// All collections; none while they are not known.
    pub(crate) fn all(self) -> Vec<Collection> {
        self.loaded.get().and_then(Result::ok).unwrap_or_default()
    }

    /// The collection of this name or id.
    pub(crate) fn find(self, name: &str) -> Option<Collection> {
        self.all()
            .into_iter()
            .find(|collection| collection.name == name || collection.id == name)
    }

    /// Loads them again, because one has changed.
    pub(crate) fn reload(self) {
        self.loaded.refetch();
    }
}

/// An area: what lets one see it, where it is, its picture, what it is called.
type Area = (&'static str, &'static str, Glyph, fn() -> &'static str);

/// The areas.
const AREAS: [Area; 7] = [
    ("metrics", links::HOME, Glyph::Overview, text::overview),
    (
        "collections",
        links::COLLECTIONS,
        Glyph::Collections,
        text::collections,
    ),
    ("roles", links::ROLES, Glyph::Roles, text::roles),
    ("jobs", links::JOBS, Glyph::Jobs, text::jobs),
    ("mails", links::MAILS, Glyph::Mails, text::mails),
    ("logs", links::LOGS, Glyph::Logs, text::logs),
    (SETTINGS, links::SETTINGS, Glyph::Settings, text::settings),
];

/// Around every page of somebody who is signed in.
#[component]
pub(crate) fn Shell() -> impl IntoView {
    let session = Session::here();
    let navigate = use_navigate();
    leptos::task::spawn_local(async move { session.refresh().await });
    // Who is not signed in, or no longer, signs in and comes back.
    Effect::new(move || {
        if session.account().is_none() {
            navigate(
                &links::sign_in(&browser::here()),
                NavigateOptions::default(),
            );
        }
    });
    // Again for each account.
    Effect::new(move || {
        if session.account().is_some() && !session.knows_areas() {
            let (client, is_superuser) = (session.client(), session.is_superuser());
            act(async move { client.console_areas().await }, move |areas| {
                let everything = || wire::AREAS.map(str::to_owned).to_vec();
                session.set_areas(areas.unwrap_or_else(|_| {
                    if is_superuser {
                        everything()
                    } else {
                        Vec::new()
                    }
                }));
            });
        }
    });
    let ready = Memo::new(move |_| session.account().is_some() && session.knows_areas());
    view! {
        {move || {
            if ready.get() { view! { <Inside /> }.into_any() } else { view! { <main class="gate"><Spinner /></main> }.into_any() }
        }}
    }
}

#[component]
fn Inside() -> impl IntoView {
    let session = Session::here();
    let navigate = use_navigate();
    let open = RwSignal::new(false);
    let path = use_location().pathname;
    // On a small screen, the menu has done its work when it has led somewhere.
    Effect::watch(move || path.get(), move |_, _, _| open.set(false), false);
    provide_context(Schema::load(session.sees("collections")));
    // The overview is not for everyone; the first area that is takes its place.
    let first = AREAS
        .iter()
        .find(|(area, ..)| session.sees(area))
        .map(|(_, href, ..)| *href);
    let is_for_one =
        Memo::new(move |_| path.with(|path| needed(path).is_none_or(|area| session.may(area))));
    Effect::new(move || {
        if path.with(|path| path.trim_end_matches('/') == links::ROOT)
            && let Some(first) = first.filter(|first| *first != links::HOME)
        {
            navigate(first, NavigateOptions::default());
        }
    });
    view! {
        <a class="skip" href="#content" on:click=move |event| {
            event.prevent_default();
            browser::focus("#content");
        }>{text::skip()}</a>
        <div class="shell" class:shell-open=move || open.get()>
            <header class="topbar">
                <IconButton of=Glyph::Menu label=text::open_menu().to_owned() on:click=move |_| open.set(true) />
                <Mark />
            </header>
            <div class="shade" on:click=move |_| open.set(false)></div>
            <aside class="sidebar" on:keydown=move |event| {
                if event.key() == "Escape" {
                    open.set(false);
                }
            }>
                <div class="sidebar-head">
                    <a class="mark-link" href=links::HOME><Mark /></a>
                    <span class="sidebar-close">
                        <IconButton of=Glyph::Close label=text::close().to_owned() on:click=move |_| open.set(false) />
                    </span>
                </div>
                <Navigation />
                <AccountMenu />
            </aside>
            <main class="main" id="content" tabindex="-1">
                {if let Some(first) = first {
                    (move || if is_for_one.get() {
                        view! { <Outlet /> }.into_any()
                    } else {
                        view! { <super::NotForYou instead=first /> }.into_any()
                    })
                    .into_any()
                } else {
                    view! {
                        <div class="page-body">
                            <EmptyState
                                icon=Glyph::Lock title=text::nothing_allowed() hint=text::nothing_allowed_hint()
                            />
                        </div>
                    }
                    .into_any()
                }}
            </main>
        </div>
    }
}

/// The area of the console that a page is in; what is in none is for everyone who sees any.
fn needed(path: &str) -> Option<&'static str> {
    match path.strip_prefix(links::HOME)?.split('/').next()? {
        "collections" => Some("collections:read"),
        "new-collection" => Some("collections:write"),
        "roles" | "new-role" => Some("roles:read"),
        "jobs" => Some("jobs:read"),
        "mails" => Some("mails:read"),
        "logs" => Some("logs:read"),
        "settings" => Some(SETTINGS),
        _ => None,
    }
}

#[component]
fn Navigation() -> impl IntoView {
    let session = Session::here();
    let path = use_location().pathname;
    let areas = AREAS
        .into_iter()
        .filter(|(area, ..)| session.sees(area))
        .map(|(area, href, glyph, name)| {
            let here = move || {
                path.with(|path| {
                    let (path, href) = (path.trim_end_matches('/'), href.trim_end_matches('/'));
                    if path == href {
                        Some("page")
                    } else if href != links::ROOT && path.starts_with(href) {
                        Some("true")
                    } else {
                        None
                    }
                })
            };
            view! {
                <a class="nav-item" href=href aria-current=here><Icon of=glyph />{name()}</a>
                {(area == "collections").then(|| view! { <CollectionLinks /> })}
            }
        });
    view! { <nav class="nav" aria-label=text::areas()>{areas.collect_view()}</nav> }
}

/// From how many collections on they are searched, not read.
const MANY: usize = 8;

#[component]
fn CollectionLinks() -> impl IntoView {
    let schema = Schema::here();
    let path = use_location().pathname;
    let search = RwSignal::new(String::new());
    let found = move |system: bool| {
        let search = search.get().to_lowercase();
        let mut all = schema.all();
        all.retain(|one| one.system == system && one.name.to_lowercase().contains(&search));
        all
    };
    let many = Memo::new(move |_| schema.all().len() > MANY);
    // What the server itself needs is out of the way, unless one is there or looks for it.
    let is_open = Memo::new(move |_| {
        let within = |one: &Collection| path.with(|path| is_within(path, &one.name));
        !search.with(String::is_empty) || schema.all().iter().any(|one| one.system && within(one))
    });
    let any_system = Memo::new(move |_| !found(true).is_empty());
    view! {
        <div class="nav-sub">
            {move || many.get().then(|| view! {
                <input
                    class="input nav-search" type="search" placeholder=text::find_collection()
                    aria-label=text::find_collection()
                    prop:value=move || search.get()
                    on:input=move |event| search.set(event_target_value(&event))
                />
            })}
            <For each=move || found(false) key=identity let:collection><CollectionLink collection /></For>
            {move || any_system.get().then(|| view! {
                <details class="nav-more" prop:open=move || is_open.get()>
                    <summary>{text::system_collections()}</summary>
                    <For each=move || found(true) key=identity let:collection><CollectionLink collection /></For>
                </details>
            })}
        </div>
    }
}

fn identity(collection: &Collection) -> (String, String) {
    (collection.id.clone(), collection.name.clone())
}

/// Whether a page is one of the collection's.
fn is_within(path: &str, collection: &str) -> bool {
    let within = path.strip_prefix(&links::collection(collection));
    within.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[component]
fn CollectionLink(collection: Collection) -> impl IntoView {
    let path = use_location().pathname;
    let href = links::collection(&collection.name);
    let name = collection.name.clone();
    let current = move || path.with(|path| is_within(path, &name)).then_some("true");
    let (glyph, _) = super::collections::picture(collection.kind);
    view! {
        <a class="nav-item nav-small" href=href aria-current=current>
            <Icon of=glyph /><span class="cut">{collection.name}</span>
        </a>
    }
}

#[component]
fn AccountMenu() -> impl IntoView {
    let session = Session::here();
    let name = Memo::new(move |_| {
        session
            .account()
            .map(|account| account.name)
            .unwrap_or_default()
    });
    let theme = RwSignal::new(Theme::kept());
    let button = move || {
        view! {
            <Icon of=Glyph::Account /><span class="cut">{name.get()}</span><Icon of=Glyph::Up />
        }
    };
    let themes = [
        (Theme::System, Glyph::Screen, text::theme_system()),
        (Theme::Light, Glyph::Sun, text::theme_light()),
        (Theme::Dark, Glyph::Moon, text::theme_dark()),
    ];
    view! {
        <div class="sidebar-foot">
            <Menu label=Signal::derive(move || text::account(&name.get())) class="account" up=true button=button>
                <p class="menu-title">{text::theme()}</p>
                {themes
                    .into_iter()
                    .map(|(of, icon, name)| view! {
                        <MenuItem
                            icon chosen=Signal::derive(move || theme.get() == of)
                            on:click=move |_| { of.choose(); theme.set(of); }
                        >
                            {name}
                        </MenuItem>
                    })
                    .collect_view()}
                <hr />
                <MenuItem icon=Glyph::SignOut on:click=move |_| session.sign_out()>{text::sign_out()}</MenuItem>
            </Menu>
        </div>
    }
}
