//! The form of a role, without its permissions and members.

use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;
use plinth_sdk::types::{AREAS, Role, names};
use serde_json::{Value, json};

use super::{Book, SUPERUSER, is_built_in, may_change};
use crate::api::{Failure, Outcome, act};
use crate::components::{
    Area, Bind, Button, Check, Checks, Glyph, Icon, Look, Page, Problem, Spinner, TextField,
    Toaster,
};
use crate::session::Session;
use crate::{links, text};

/// A role while it is being changed.
#[derive(Clone, Copy)]
pub(super) struct RoleDraft {
    name: RwSignal<String>,
    description: RwSignal<String>,
    parents: RwSignal<Vec<String>>,
    areas: RwSignal<Vec<String>>,
    pub(super) failure: RwSignal<Option<Failure>>,
    pub(super) busy: RwSignal<bool>,
}

impl RoleDraft {
    pub(super) fn of(role: &Role) -> Self {
        let draft = Self {
            name: RwSignal::default(),
            description: RwSignal::default(),
            parents: RwSignal::default(),
            areas: RwSignal::default(),
            failure: RwSignal::new(None),
            busy: RwSignal::new(false),
        };
        draft.reset(role);
        draft
    }

    /// Forgets all changes.
    pub(super) fn reset(self, role: &Role) {
        self.name.set(role.name.clone());
        self.description.set(role.description.clone());
        self.parents.set(role.parents.clone());
        self.areas.set(role.areas.clone());
        self.failure.set(None);
    }

    /// Whether anything is different from what is saved.
    pub(super) fn is_changed(self, role: &Role) -> bool {
        let differ = |now: RwSignal<Vec<String>>, was: &[String]| {
            now.with(|now| now.len() != was.len() || was.iter().any(|one| !now.contains(one)))
        };
        self.name.with(|name| *name != role.name)
            || self.description.with(|now| *now != role.description)
            || differ(self.parents, &role.parents)
            || differ(self.areas, &role.areas)
    }

    fn value(self) -> Value {
        json!({
            "name": self.name.get_untracked().trim(),
            "description": self.description.get_untracked(),
            "parents": self.parents.get_untracked(),
            "areas": self.areas.get_untracked(),
        })
    }

    /// Saves it under the id, or as a new role; then hands on what it has become.
    pub(super) fn save(self, id: Option<String>, then: impl FnOnce(Role) + 'static) {
        self.busy.set(true);
        let roles = Session::here().client().collection::<Role>(names::ROLES);
        let value = self.value();
        let answer = async move {
            match id {
                Some(id) => roles.update(&id, &value).await,
                None => roles.create(&value).await,
            }
        };
        act(answer, move |outcome: Outcome<Role>| {
            self.busy.set(false);
            match outcome {
                Ok(role) => {
                    self.failure.set(None);
                    then(role);
                }
                Err(failure) => self.failure.set(Some(failure)),
            }
        });
    }

    fn error(self, field: &'static str) -> Signal<Option<String>> {
        Signal::derive(move || {
            self.failure
                .with(|failure| failure.as_ref().and_then(|failure| failure.at(field)))
        })
    }
}

/// The inputs of a role.
#[component]
pub(super) fn RoleInputs(
    draft: RoleDraft,
    book: Book,
    /// The role that there is already.
    #[prop(into)]
    role: Signal<Option<Role>>,
) -> impl IntoView {
    let built_in = role.with_untracked(|role| role.as_ref().is_some_and(is_built_in));
    let summary = Signal::derive(move || {
        let shown = |path: &str| ["name", "description", "parents", "areas"].contains(&path);
        draft
            .failure
            .with(|failure| failure.as_ref().map(|failure| failure.summary(shown)))
    });
    let others = Signal::derive(move || {
        let own = role.with(|role| role.as_ref().map(|role| role.id.clone()));
        book.roles()
            .into_iter()
            .filter(|other| Some(&other.id) != own.as_ref() && other.id != SUPERUSER)
            .map(|other| Check {
                value: other.id,
                shown: other.name,
                help: other.description,
                is_fixed: false,
            })
            .collect::<Vec<_>>()
    });
    let is_alone = Memo::new(move |_| others.with(Vec::is_empty));
    let areas = Signal::derive(move || {
        draft.areas.with(|chosen| {
            AREAS
                .iter()
                .map(|area| Check {
                    value: (*area).to_owned(),
                    shown: area_long(area).to_owned(),
                    help: String::new(),
                    // Who changes things sees them.
                    is_fixed: area
                        .strip_suffix(":read")
                        .is_some_and(|name| chosen.contains(&format!("{name}:write"))),
                })
                .collect::<Vec<_>>()
        })
    });
    view! {
        <Problem message=summary />
        <TextField
            label=text::name().to_owned() value=Bind::from(draft.name) required=true focus=role.with_untracked(Option::is_none)
            error=draft.error("name") disabled=built_in
            help=if built_in { text::built_in_name_help() } else { "" }
        />
        <Area
            label=text::description().to_owned() value=Bind::from(draft.description) rows=2
            error=draft.error("description")
        />
        {move || (!is_alone.get()).then(|| view! {
            <Checks
                label=text::parents().to_owned() value=Bind::from(draft.parents) choices=others
                help=text::parents_help().to_owned() error=draft.error("parents")
            />
        })}
        <Checks
            label=text::console_areas().to_owned() value=Bind::from(draft.areas) choices=areas
            help=text::console_areas_help().to_owned() error=draft.error("areas")
        />
    }
}

/// Returns the explanation of an area.
fn area_long(area: &str) -> &'static str {
    match area {
        "accounts:read" => text::area_accounts_read(),
        "accounts:write" => text::area_accounts_write(),
        "collections:read" => text::area_collections_read(),
        "collections:write" => text::area_collections_write(),
        "roles:read" => text::area_roles_read(),
        "jobs:read" => text::area_jobs_read(),
        "jobs:write" => text::area_jobs_write(),
        "mails:read" => text::area_mails_read(),
        "metrics:read" => text::area_metrics_read(),
        _ => text::area_logs_read(),
    }
}

/// A new role.
#[component]
pub(crate) fn NewRole() -> impl IntoView {
    if !may_change() {
        return view! { <super::super::NotForYou instead=links::ROLES /> }.into_any();
    }
    let book = Book::load();
    let draft = RoleDraft::of(&Role::default());
    let toaster = Toaster::here();
    let navigate = StoredValue::new_local(use_navigate());
    let create = move || {
        draft.save(None, move |role| {
            toaster.done(text::role_created(&role.name));
            let link = links::role(&role.id, "permissions");
            navigate.with_value(|navigate| navigate(&link, NavigateOptions::default()));
        });
    };
    let trail = || {
        view! { <a href=links::ROLES>{text::roles()}</a><Icon of=Glyph::Right /> }
    };
    let actions = move || {
        view! {
            <a class="button" href=links::ROLES>{text::cancel()}</a>
            <Button look=Look::Primary busy=draft.busy on:click=move |_| create()>{text::create()}</Button>
        }
    };
    let is_ready = Memo::new(move |_| book.loaded.get().is_some());
    let body = move || {
        if is_ready.get() {
            view! { <RoleInputs draft book role=None /> }.into_any()
        } else {
            view! { <Spinner /> }.into_any()
        }
    };
    view! { <Page title=text::new_role().to_owned() trail actions>{body}</Page> }.into_any()
}
