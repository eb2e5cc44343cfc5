use std::time::Duration;

use leptos::prelude::*;
use plinth_sdk::filter;
use plinth_sdk::types::{Job, JobRun, Page as RecordPage};

use super::page::{Begun, JobPage};
use crate::address::Address;
use crate::api::{Outcome, load};
use crate::components::{Badge, Code, EmptyState, Glyph, Pagination, Tone, steady};
use crate::text::jobs as words;
use crate::{moments, repeat};

/// How often runs are asked for while one goes on or is about to.
const SOON: Duration = Duration::from_secs(2);
/// Of how many of these only one is taken while nothing goes on.
const SELDOM: usize = 5;
const PER_PAGE: u64 = 20;

/// The history of a job.
#[component]
pub(crate) fn JobRuns() -> impl IntoView {
    view! { <JobPage show=|job| view! { <History job /> }.into_any() /> }
}

#[component]
fn History(job: Job) -> impl IntoView {
    let Begun(begun) = expect_context();
    let page = Address::here().page();
    let id = StoredValue::new(job.id.clone());
    let asked = load(move |client| {
        begun.track();
        let (id, page) = (id.get_value(), page.get());
        let runs = client
            .jobs()
            .runs()
            .list()
            .filter(filter!("job = {}", id))
            .sort("-due,-attempt");
        async move { runs.page(page).per_page(PER_PAGE).send().await }
    });
    let kept = repeat::kept(asked);
    let goes_on = move || {
        kept.with_untracked(|kept| {
            let Some(Ok(page)) = kept else { return true };
            page.items
                .iter()
                .any(|run| matches!(&*run.outcome, "waiting" | "running"))
        })
    };
    let rounds = StoredValue::new(0_usize);
    repeat::every(SOON, move || {
        rounds.update_value(|rounds| *rounds += 1);
        if goes_on() || rounds.get_value().is_multiple_of(SELDOM) {
            asked.refetch();
        }
    });
    let pages = Signal::derive(move || match kept.get() {
        Some(Ok(page)) => u64::try_from(page.total_pages).unwrap_or(1),
        _ => 1,
    });
    let items = Memo::new(move |_| match kept.get() {
        Some(Ok(page)) => page.items,
        _ => Vec::new(),
    });
    // Rows are made anew when theirs has changed, so that an output stays open while others come.
    let is_any = Memo::new(move |_| kept.with(|kept| any(kept.as_ref())));
    let is_enabled = job.enabled;
    let show = move |any: bool| {
        if !any {
            let hint = if is_enabled {
                words::no_runs_hint()
            } else {
                words::no_runs_disabled()
            };
            return view! { <EmptyState icon=Glyph::Clock title=words::no_runs() hint /> }
                .into_any();
        }
        let newest = items.with_untracked(|items| items.first().map(|run| run.id.clone()));
        let newest = StoredValue::new(newest);
        view! {
            <ul class="rows runs">
                <For each=move || items.get() key=|run| (run.id.clone(), run.updated.clone()) let:run>
                    {
                        let is_open = newest.get_value().as_ref() == Some(&run.id);
                        view! { <Run run is_open /> }
                    }
                </For>
            </ul>
            {move || (pages.get() > 1).then(|| view! { <div class="row"><span class="grow"></span><Pagination pages /></div> })}
        }
        .into_any()
    };
    steady(is_any, move || asked.refetch(), show)
}

fn any(kept: Option<&Outcome<RecordPage<JobRun>>>) -> Option<Outcome<bool>> {
    let any = |page: &RecordPage<JobRun>| !page.items.is_empty();
    kept.map(|outcome| outcome.as_ref().map(any).map_err(Clone::clone))
}

/// The outcome of a run, as a badge.
pub(super) fn outcome(outcome: &str) -> impl IntoView + use<> {
    let (tone, word) = match outcome {
        "waiting" => (Tone::Plain, words::waiting()),
        "running" => (Tone::Accent, words::running()),
        "succeeded" => (Tone::Good, words::succeeded()),
        "failed" => (Tone::Bad, words::failed()),
        "lost" => (Tone::Warning, words::lost()),
        _ => (Tone::Plain, words::skipped()),
    };
    view! { <Badge tone>{word}</Badge> }
}

#[component]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "attempts are whole and few"
)]
fn Run(run: JobRun, is_open: bool) -> impl IntoView {
    let why = match &*run.outcome {
        "lost" => Some(words::lost_why()),
        "skipped" => Some(words::skipped_why()),
        "waiting" => Some(words::waiting_why()),
        _ => None,
    };
    let took = moments::took(&run.started, &run.ended);
    let is_over = !matches!(&*run.outcome, "waiting" | "running");
    let output = if !run.output.is_empty() {
        view! { <Code value=run.output.clone() /> }.into_any()
    } else if is_over {
        view! { <p class="muted">{words::no_output()}</p> }.into_any()
    } else {
        view! { <p class="muted">{words::not_yet()}</p> }.into_any()
    };
    let fact = |name: &'static str, value: String| {
        (!value.is_empty()).then(|| view! { <div><dt>{name}</dt><dd>{value}</dd></div> })
    };
    let at = |moment: &str| {
        if moment.is_empty() {
            String::new()
        } else {
            moments::here(moment)
        }
    };
    let not_before = if run.outcome == "waiting" {
        at(&run.not_before)
    } else {
        String::new()
    };
    view! {
        <li>
            <details class="run" open=is_open>
                <summary>
                    <span class="run-outcome">{outcome(&run.outcome)}</span>
                    <span class="run-due">{moments::here(&run.due)}</span>
                    <span class="run-notes muted">
                        {(run.attempt > 1.0).then(|| view! { <span>{words::attempt(run.attempt as u64)}</span> })}
                        {(run.trigger == "manual").then(|| view! { <span>{words::by_hand()}</span> })}
                    </span>
                    <span class="run-took muted">{took.clone().unwrap_or_default()}</span>
                </summary>
                <div class="run-body">
                    {why.map(|why| view! { <p>{why}</p> })}
                    <dl class="fact-row">
                        {fact(words::not_before(), not_before)}
                        {fact(words::started(), at(&run.started))}
                        {fact(words::ended(), at(&run.ended))}
                        {fact(words::took(), took.unwrap_or_default())}
                        {fact(words::worker(), run.worker.clone())}
                    </dl>
                    {output}
                </div>
            </details>
        </li>
    }
}
