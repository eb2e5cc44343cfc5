use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;
use plinth_sdk::types::Job;

use super::draft::Draft;
use super::kinds::{Call, KINDS, Letter, Tasks};
use super::page::JobPage;
use super::schedule::Schedule;
use crate::api::act;
use crate::components::{
    Bind, Button, Glyph, Icon, Look, Page, Problem, SelectField, Switch, TextField, Toaster,
};
use crate::session::Session;
use crate::text::jobs as words;
use crate::{links, text};

/// A new job.
#[component]
pub(crate) fn NewJob() -> impl IntoView {
    let session = Session::here();
    let toaster = Toaster::here();
    let navigate = StoredValue::new_local(use_navigate());
    let draft = Draft::new();
    let busy = RwSignal::new(false);
    let create = move || {
        busy.set(true);
        let (client, value) = (session.client(), draft.value());
        let answer = async move { client.jobs().definitions().create(&value).await };
        act(answer, move |outcome| {
            busy.set(false);
            match outcome {
                Ok(created) => {
                    toaster.done(words::created(&created.name));
                    navigate.with_value(|navigate| {
                        navigate(&links::job(&created.id), NavigateOptions::default());
                    });
                }
                Err(failure) => draft.failure.set(Some(failure)),
            }
        });
    };
    let trail = move || {
        view! {
            <a href=links::JOBS class="trail-start">{text::jobs()}</a>
            <Icon of=Glyph::Right />
        }
    };
    let actions = move || {
        view! {
            <a class="button" href=links::JOBS>{text::cancel()}</a>
            <Button look=Look::Primary busy on:click=move |_| untrack(create)>{text::create()}</Button>
        }
    };
    view! { <Page title=words::new().to_owned() trail actions><Form draft is_new=true /></Page> }
}

/// The definition of a job, as a form.
#[component]
pub(crate) fn JobDefinition() -> impl IntoView {
    view! { <JobPage show=|job| view! { <Editor job /> }.into_any() /> }
}

#[component]
fn Editor(job: Job) -> impl IntoView {
    let session = Session::here();
    let toaster = Toaster::here();
    let draft = Draft::of(&job);
    let busy = RwSignal::new(false);
    let changed = Memo::new(move |_| draft.is_changed());
    let may_write = session.may("jobs:write");
    let reload = super::page::Reload::here();
    let id = StoredValue::new(job.id);
    let save = move || {
        busy.set(true);
        let (client, id, value) = (session.client(), id.get_value(), draft.value());
        let answer = async move { client.jobs().definitions().update(&id, &value).await };
        act(answer, move |outcome| {
            busy.set(false);
            match outcome {
                Ok(_) => {
                    toaster.done(text::saved());
                    reload.now();
                }
                Err(failure) => draft.failure.set(Some(failure)),
            }
        });
    };
    view! {
        <fieldset disabled=!may_write><Form draft is_new=false /></fieldset>
        {move || (may_write && changed.get()).then(|| view! {
            <div class="save-bar" role="region" aria-label=text::unsaved()>
                <span class="unsaved">{text::unsaved()}</span>
                <span class="grow"></span>
                <Button look=Look::Quiet on:click=move |_| reload.now()>{text::discard()}</Button>
                <Button look=Look::Primary busy on:click=move |_| untrack(save)>{text::save()}</Button>
            </div>
        })}
    }
}

#[component]
fn Form(draft: Draft, is_new: bool) -> impl IntoView {
    let kinds = KINDS
        .map(|(name, shown)| (name.to_owned(), shown().to_owned()))
        .to_vec();
    let payload = move || match &*draft.kind.get() {
        "http" => view! { <Call draft /> }.into_any(),
        "mail" => view! { <Letter draft /> }.into_any(),
        _ => view! { <Tasks draft /> }.into_any(),
    };
    let limit = |name: &'static str, label: &'static str, help: &'static str| {
        view! {
            <TextField
                label=label.to_owned() value=draft.limit(name) kind="number" help=help error=draft.error(name)
                placeholder=if name == "retries" { "0" } else { "" }.to_owned()
            />
        }
    };
    view! {
        <div class="form">
            <Problem message=Signal::derive(move || draft.problem()) />
            <section class="form-part">
                <div class="grid">
                    <TextField
                        label=text::name().to_owned() value=Bind::from(draft.name) required=true focus=is_new
                        help=words::name_help() error=draft.error("name")
                    />
                    <Switch
                        label=words::enabled().to_owned() value=Bind::from(draft.enabled) help=words::enabled_help()
                        error=draft.error("enabled")
                    />
                </div>
            </section>
            <section class="form-part">
                <h2>{words::when()}</h2>
                <Schedule draft />
            </section>
            <section class="form-part">
                <h2>{words::what()}</h2>
                <div class="kind">
                    <SelectField
                        label=words::kind().to_owned() value=Bind::from(draft.kind) choices=Signal::stored(kinds)
                        error=draft.error("kind")
                    />
                </div>
                {payload}
            </section>
            <section class="form-part">
                <h2>{words::limits()}</h2>
                <div class="grid">
                    {limit("timeout", words::timeout(), words::timeout_help())}
                    {limit("retries", words::retries(), words::retries_help())}
                    {limit("backoff", words::backoff(), words::backoff_help())}
                </div>
            </section>
        </div>
    }
}
