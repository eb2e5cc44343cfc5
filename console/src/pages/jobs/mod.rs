//! Scheduled jobs: which there are, when they run, what came of it.

mod draft;
mod editor;
mod kinds;
mod page;
mod plan;
mod runs;
mod schedule;

use std::collections::HashMap;
use std::time::Duration;

use leptos::prelude::*;
use plinth_sdk::filter;
use plinth_sdk::types::{Job, JobRun};
use serde_json::json;

use crate::api::{act, load};
use crate::components::{
    Badge, Bind, EmptyState, Glyph, Icon, IconButton, Page, Switch, Table, Toaster, loaded,
};
use crate::session::Session;
use crate::text::jobs as words;
use crate::{links, moments, repeat, text};
pub(crate) use editor::{JobDefinition, NewJob};
pub(crate) use runs::JobRuns;

/// How often the last runs are asked for.
const PAUSE: Duration = Duration::from_secs(5);
/// How many of the last runs of all jobs are looked at together.
const LAST: u64 = 200;
/// The fields of a run that the list shows.
const FIELDS: &str = "id,job,outcome,due,started,ended,updated";

/// The last run of each job that ran lately, by the job's id; nothing while they are not known.
type LastRuns = Option<HashMap<String, JobRun>>;

/// The list of jobs.
#[component]
pub(crate) fn Jobs() -> impl IntoView {
    let session = Session::here();
    let may_write = session.may("jobs:write");
    let jobs =
        load(|client| async move { client.jobs().definitions().list().sort("name").all().await });
    let runs = load(|client| async move {
        let runs = client.jobs().runs().fields(FIELDS);
        Ok(runs
            .list()
            .sort("-created")
            .per_page(LAST)
            .skip_total()
            .send()
            .await?
            .items)
    });
    repeat::every(PAUSE, move || runs.refetch());
    let runs = repeat::kept(runs);
    let last = Memo::new(move |_| -> LastRuns {
        let runs = runs.get()?.ok()?;
        // The newest comes first, and stays.
        Some(
            runs.into_iter()
                .rev()
                .map(|run| (run.job.clone(), run))
                .collect(),
        )
    });
    let new = || view! { <a class="button button-primary" href=links::NEW_JOB><Icon of=Glyph::Plus />{words::new()}</a> };
    let show = move |jobs: Vec<Job>| {
        if jobs.is_empty() {
            return view! {
                <EmptyState icon=Glyph::Jobs title=words::none() hint=words::none_hint()>
                    {may_write.then(new)}
                </EmptyState>
            }
            .into_any();
        }
        let rows = jobs
            .into_iter()
            .map(|job| view! { <Row job last may_write /> })
            .collect_view();
        view! {
            <Table label=text::jobs()>
                <thead>
                    <tr>
                        <th scope="col">{text::name()}</th>
                        <th scope="col">{words::schedule()}</th>
                        <th scope="col">{words::next()}</th>
                        <th scope="col">{words::last()}</th>
                        <th scope="col">{words::enabled()}</th>
                        <th scope="col"><span class="visually-hidden">{words::run_now()}</span></th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </Table>
        }
        .into_any()
    };
    let actions = move || may_write.then(new);
    view! { <Page title=text::jobs().to_owned() actions wide=true>{loaded(jobs, show)}</Page> }
}

#[component]
fn Row(job: Job, last: Memo<LastRuns>, may_write: bool) -> impl IntoView {
    let session = Session::here();
    let toaster = Toaster::here();
    let enabled = RwSignal::new(job.enabled);
    let schedule = StoredValue::new((job.schedule.clone(), job.timezone.clone()));
    let preview = load(move |client| {
        let (schedule, timezone) = schedule.get_value();
        async move { client.jobs().preview(&schedule, &timezone).await }
    });
    let preview = repeat::kept(preview);
    // The server has words for any schedule, but those of plans are better.
    let plan = plan::Plan::read(&job.schedule).map(plan::Plan::words);
    let in_words = move || {
        plan.clone()
            .or_else(|| Some(preview.get()?.ok()?.description))
    };
    let next = move || {
        if !enabled.get() {
            return view! { <span class="muted">{words::not_scheduled()}</span> }.into_any();
        }
        let next = preview
            .get()
            .and_then(Result::ok)
            .and_then(|preview| preview.next.into_iter().next());
        next.map(|next| view! {
            <span>{moments::here(&next)}</span>" "<span class="muted">{moments::distance(&next)}</span>
        })
        .into_any()
    };
    let (id, name) = (job.id.clone(), job.name.clone());
    let switch = Bind::new(
        move || enabled.get(),
        move |on| {
            let (client, id, name) = (session.client(), id.clone(), name.clone());
            enabled.set(on);
            let answer = async move {
                client
                    .jobs()
                    .definitions()
                    .update(&id, &json!({ "enabled": on }))
                    .await
            };
            act(answer, move |outcome| match outcome {
                Ok(_) if on => toaster.done(words::switched_on(&name)),
                Ok(_) => toaster.done(words::switched_off(&name)),
                Err(failure) => {
                    enabled.set(!on);
                    toaster.failed(failure.summary(|_| false));
                }
            });
        },
    );
    let (id, name) = (job.id.clone(), job.name.clone());
    let run = move |_| run_now(session, toaster, id.clone(), name.clone(), || {});
    let kind = kinds::KINDS
        .iter()
        .find(|(kind, _)| *kind == job.kind)
        .map(|(_, shown)| shown());
    let zone = if job.timezone.is_empty() {
        "UTC".to_owned()
    } else {
        job.timezone.clone()
    };
    view! {
        <tr>
            <td>
                <div class="two-lines">
                    <a href=links::job(&job.id)>{job.name.clone()}</a>
                    <span class="muted">{kind}</span>
                </div>
            </td>
            <td>
                <div class="two-lines">
                    <span>{in_words}</span>
                    <span class="muted"><code>{job.schedule.clone()}</code>" · "{zone}</span>
                </div>
            </td>
            <td class="nowrap">{next}</td>
            <td class="nowrap"><LastRun job=job.id.clone() last /></td>
            <td>
                <Switch
                    label=words::enabled_named(&job.name) value=switch bare=true
                    disabled=Signal::derive(move || !may_write)
                />
            </td>
            <td>{may_write.then(|| view! {
                <IconButton of=Glyph::Play label=words::run_now_named(&job.name) on:click=run />
            })}</td>
        </tr>
    }
}

/// The outcome of the last run of a job.
#[component]
fn LastRun(job: String, last: Memo<LastRuns>) -> impl IntoView {
    let job = StoredValue::new(job);
    let lately = Memo::new(move |_| Some(last.get()?.get(&job.get_value()).cloned()));
    // Runs of busy jobs may be so many that this one's is not among the last of all.
    let alone = Memo::new(move |_| matches!(lately.get(), Some(None)));
    let other = load(move |client| {
        let wanted = alone.get();
        let run = client
            .jobs()
            .runs()
            .fields(FIELDS)
            .list()
            .filter(filter!("job = {}", job.get_value()));
        async move {
            if wanted {
                run.sort("-created").first().await
            } else {
                Ok(None)
            }
        }
    });
    let shown = move |run: JobRun| {
        let when = if run.started.is_empty() {
            &run.due
        } else {
            &run.started
        };
        view! { {runs::outcome(&run.outcome)}" "<span class="muted">{moments::distance(when)}</span> }.into_any()
    };
    move || match (lately.get(), other.get()) {
        (Some(Some(run)), _) | (Some(None), Some(Ok(Some(run)))) => shown(run),
        (Some(None), Some(Ok(None))) => view! { <Badge>{words::never()}</Badge> }.into_any(),
        _ => ().into_any(),
    }
}

/// Runs a job now.
fn run_now(
    session: Session,
    toaster: Toaster,
    id: String,
    name: String,
    then: impl FnOnce() + 'static,
) {
    let client = session.client();
    act(
        async move { client.jobs().run(&id).await },
        move |outcome| match outcome {
            Ok(()) => {
                toaster.done(words::begun(&name));
                then();
            }
            Err(failure) => toaster.failed(failure.summary(|_| false)),
        },
    );
}
