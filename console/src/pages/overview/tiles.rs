//! The most important numbers, large.

use std::time::Duration;

use leptos::prelude::*;
use plinth_sdk::filter;
use plinth_sdk::types::{JobRun, Mail, Minute, names};

use super::Range;
use super::plots::milliseconds;
use crate::api::load;
use crate::pages::Schema;
use crate::session::Session;
use crate::text::overview as words;
use crate::{format, links, moments, repeat, text};

/// How often what is not about requests is asked for anew.
const PAUSE: Duration = Duration::from_secs(30);
/// How long ago a run may have failed, in seconds.
const RECENT: f64 = 86_400.0;

/// The numbers of what the account may see.
#[component]
pub(super) fn Tiles(minutes: Memo<Vec<Minute>>, shown: Memo<Range>) -> impl IntoView {
    let session = Session::here();
    let total =
        move |of: fn(&Minute) -> u64| minutes.with(|minutes| minutes.iter().map(of).sum::<u64>());
    let requests = move || total(|minute| minute.requests);
    let refused = move || total(|minute| minute.client_errors);
    let broken = move || total(|minute| minute.server_errors);
    let latency = move || {
        minutes.with(|minutes| {
            // The present minute is not over; one without requests took no time.
            let full = minutes.split_last().map_or(&[][..], |(_, full)| full);
            let last = full.iter().rev().find(|minute| minute.requests > 0);
            last.map_or_else(
                || words::no_value().to_owned(),
                |minute| milliseconds(minute.p95),
            )
        })
    };
    view! {
        <ul class="tiles">
            <Tile label=text::overview::requests() value=move || whole(requests()) note=move || words::requests_note(&shown.get().words()) />
            <Tile label=words::latency_tile() value=latency note=move || words::latency_note().to_owned() />
            <Tile label=words::refused() value=move || whole(refused()) note=move || words::refused_note(&share(refused(), requests())) />
            <Tile
                label=words::broken() value=move || whole(broken()) note=move || words::broken_note(&share(broken(), requests()))
                bad=Signal::derive(move || broken() > 0)
            />
            {session.sees("collections").then(|| view! { <Collections /> })}
            {session.sees("jobs").then(|| view! { <FailedRuns /> })}
            {session.sees("mails").then(|| view! { <FailedMails /> })}
        </ul>
    }
}

#[component]
fn Tile(
    #[prop(into)] label: String,
    #[prop(into)] value: Signal<String>,
    #[prop(into)] note: Signal<String>,
    /// Whether somebody should look at it.
    #[prop(optional, into)]
    bad: Signal<bool>,
    /// Where there is more about it.
    #[prop(optional, into)]
    href: String,
) -> impl IntoView {
    let label = if href.is_empty() {
        view! { <span class="tile-label">{label}</span> }.into_any()
    } else {
        view! { <a class="tile-label" href=href>{label}</a> }.into_any()
    };
    view! {
        <li class="tile" class:tile-bad=move || bad.get()>
            {label}
            <strong class="tile-value">{move || value.get()}</strong>
            <span class="tile-note">{move || note.get()}</span>
        </li>
    }
}

#[component]
fn Collections() -> impl IntoView {
    let schema = Schema::here();
    let value = move || {
        schema
            .all()
            .iter()
            .filter(|one| !one.system)
            .count()
            .to_string()
    };
    view! {
        <Tile label=text::collections() value=Signal::derive(value) note=Signal::derive(|| words::collections_note().to_owned()) href=links::COLLECTIONS />
    }
}

#[component]
fn FailedRuns() -> impl IntoView {
    let count = load(|client| async move {
        let runs = client.collection::<JobRun>(names::JOB_RUNS).fields("id");
        let failed = filter!(
            "(outcome = 'failed' || outcome = 'lost') && created >= {}",
            moments::ago(RECENT)
        );
        Ok(runs
            .list()
            .filter(failed)
            .per_page(1)
            .send()
            .await?
            .total_items)
    });
    view! { <Failed count label=words::jobs_failed() note=words::jobs_note() href=links::JOBS /> }
}

#[component]
fn FailedMails() -> impl IntoView {
    let count = load(|client| async move {
        let mails = client.collection::<Mail>(names::MAILS).fields("id");
        Ok(mails
            .list()
            .filter(filter!("status = 'failed'"))
            .per_page(1)
            .send()
            .await?
            .total_items)
    });
    let href = links::with(links::MAILS, [("status", "failed")]);
    view! { <Failed count label=words::mails_failed() note=words::mails_note() href /> }
}

#[component]
fn Failed(
    count: LocalResource<crate::api::Outcome<i64>>,
    label: &'static str,
    note: &'static str,
    #[prop(into)] href: String,
) -> impl IntoView {
    repeat::every(PAUSE, move || count.refetch());
    let kept = repeat::kept(count);
    let number = move || kept.get().and_then(Result::ok);
    let value = move || number().map_or_else(|| words::no_value().to_owned(), format::count);
    view! {
        <Tile
            label value=Signal::derive(value) note=Signal::derive(move || note.to_owned()) href
            bad=Signal::derive(move || number().is_some_and(|number| number > 0))
        />
    }
}

fn whole(number: u64) -> String {
    format::count(i64::try_from(number).unwrap_or(i64::MAX))
}

/// A part of all in percent; the smallest is not nothing.
#[expect(clippy::cast_precision_loss, reason = "counts are far below")]
fn share(part: u64, all: u64) -> String {
    match (part, part as f64 / (all.max(1) as f64) * 100.0) {
        (0, _) => "0 %".to_owned(),
        (_, percent) if percent < 0.1 => "< 0.1 %".to_owned(),
        (_, percent) if percent < 10.0 => format!("{percent:.1} %"),
        (_, percent) => format!("{percent:.0} %"),
    }
}

#[cfg(test)]
mod tests {
    use super::share;

    #[test]
    fn shares_are_told_in_percent() {
        let told =
            [(0, 0), (1, 5000), (1, 100), (1, 3), (7, 7)].map(|(part, all)| share(part, all));
        assert_eq!(told, ["0 %", "< 0.1 %", "1.0 %", "33 %", "100 %"]);
    }
}
