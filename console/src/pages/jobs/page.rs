//! The frame of every page of one job: its name, the tabs, and its actions.

use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_navigate, use_params_map};
use plinth_sdk::types::Job;

use super::run_now;
use crate::api::{act, load};
use crate::components::{
    Badge, Button, Confirm, EmptyState, Glyph, Icon, Menu, MenuItem, Page, Tab, Tabs, Toaster,
    loaded,
};
use crate::session::Session;
use crate::text::jobs as words;
use crate::{links, text};

/// Loads the job of this page again. From the context.
#[derive(Clone, Copy)]
pub(super) struct Reload(Callback<()>);

impl Reload {
    /// The one from the context.
    pub(super) fn here() -> Self {
        expect_context()
    }

    /// Does it.
    pub(super) fn now(self) {
        self.0.run(());
    }
}

/// That the job has just been run by hand. From the context.
#[derive(Clone, Copy)]
pub(super) struct Begun(pub(super) RwSignal<usize>);

/// A page of the job in the address.
#[component]
pub(super) fn JobPage(show: fn(Job) -> AnyView) -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| params.with(|params| params.get("id").unwrap_or_default()));
    let job = load(move |client| {
        let id = id.get();
        async move {
            match client.jobs().definitions().get(&id).await {
                Ok(job) => Ok(Some(job)),
                Err(error) if error.is_not_found() => Ok(None),
                Err(error) => Err(error),
            }
        }
    });
    provide_context(Reload(Callback::new(move |()| job.refetch())));
    let around = move |job: Option<Job>| match job {
        Some(job) => view! { <Around job show /> }.into_any(),
        None => view! {
            <Page title=text::jobs().to_owned()>
                <EmptyState icon=Glyph::Jobs title=words::gone() hint=words::gone_hint()>
                    <a class="button" href=links::JOBS>{text::jobs()}</a>
                </EmptyState>
            </Page>
        }
        .into_any(),
    };
    loaded(job, around)
}

#[component]
fn Around(job: Job, show: fn(Job) -> AnyView) -> impl IntoView {
    let session = Session::here();
    let toaster = Toaster::here();
    let begun = RwSignal::new(0);
    provide_context(Begun(begun));
    let trail = move || {
        view! {
            <a href=links::JOBS class="trail-start">{text::jobs()}</a>
            <Icon of=Glyph::Right />
        }
    };
    let tabs = {
        let links = (links::job(&job.id), links::job_definition(&job.id));
        move || {
            let (runs, definition) = links.clone();
            view! {
                <Tabs label=words::parts()>
                    <Tab href=runs>{words::runs()}</Tab>
                    <Tab href=definition>{words::definition()}</Tab>
                </Tabs>
            }
        }
    };
    let may_write = session.may("jobs:write");
    let is_enabled = job.enabled;
    let same = StoredValue::new(job.clone());
    let actions = move || {
        let run = move |_| {
            let job = same.get_value();
            run_now(session, toaster, job.id, job.name, move || {
                begun.update(|count| *count += 1);
            });
        };
        view! {
            {(!is_enabled).then(|| view! { <Badge>{words::disabled()}</Badge> })}
            {may_write.then(|| view! {
                <Button icon=Glyph::Play on:click=run>{words::run_now()}</Button>
                <More job=same.get_value() />
            })}
        }
    };
    view! { <Page title=job.name.clone() trail actions below=tabs>{show(job)}</Page> }
}

#[component]
fn More(job: Job) -> impl IntoView {
    let session = Session::here();
    let toaster = Toaster::here();
    let navigate = StoredValue::new_local(use_navigate());
    let asking = RwSignal::new(false);
    let busy = RwSignal::new(false);
    let job = StoredValue::new(job);
    let delete = move || {
        busy.set(true);
        let (client, job) = (session.client(), job.get_value());
        let answer = async move { client.jobs().definitions().delete(&job.id).await };
        act(answer, move |outcome| {
            busy.set(false);
            asking.set(false);
            match outcome {
                Ok(()) => {
                    toaster.done(words::deleted(&job.name));
                    navigate
                        .with_value(|navigate| navigate(links::JOBS, NavigateOptions::default()));
                }
                Err(failure) => toaster.failed(failure.summary(|_| false)),
            }
        });
    };
    view! {
        <Menu label=text::more().to_owned() button=|| view! { <Icon of=Glyph::More /> }>
            <MenuItem icon=Glyph::Trash danger=true on:click=move |_| asking.set(true)>{words::delete()}</MenuItem>
        </Menu>
        {move || asking.get().then(|| view! {
            <Confirm
                title=words::delete_title(&job.get_value().name) message=words::delete_hint() action=text::delete() busy
                close=move |()| asking.set(false) confirm=move |()| delete()
            />
        })}
    }
}
