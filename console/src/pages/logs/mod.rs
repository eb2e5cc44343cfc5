//! The log: what happened, the newest first, and how much of it in each hour.

mod entry;
mod hours;

use std::time::Duration;

use leptos::prelude::*;
use plinth_sdk::types::{Log, Page as LogPage};
use plinth_sdk::{Filter, filter};

use crate::address::Address;
use crate::api::load;
use crate::components::{
    Badge, EmptyState, FilterBar, Glyph, Page, Pagination, Problem, Spinner, Table, Tone,
};
use crate::text::logs as words;
use crate::{format, moments, repeat, text};
use entry::EntryPanel;
use hours::Hours;

type Words = fn() -> &'static str;

/// How often it is asked for anew.
const PAUSE: Duration = Duration::from_secs(5);
const PER_PAGE: u64 = 50;
/// The fields of an entry that the list shows.
const FIELDS: &str = "id,created,level,message,data.status,data.execTime,data.auth,data.type";
/// How much time can be shown: as the address has it, and in hours.
const RANGES: [(&str, u32, Words); 2] = [("", 24, words::day), ("7d", 168, words::week)];
/// From which level on: as the address has it, and in the filter's words.
const LEVELS: [(&str, Words); 3] = [
    ("", words::all),
    ("4", words::warnings),
    ("8", words::errors_only),
];
/// The query of the page, which its address has.
#[derive(Clone, Copy)]
struct Asked {
    filter: Memo<String>,
    level: Memo<String>,
    range: Memo<String>,
    page: Memo<u64>,
    entry: Memo<String>,
    address: Address,
}

impl Asked {
    fn here() -> Self {
        let address = Address::here();
        Self {
            filter: address.text("filter"),
            level: address.text("level"),
            range: address.text("range"),
            page: address.page(),
            entry: address.text("entry"),
            address,
        }
    }

    fn hours(self) -> u32 {
        let name = self.range.get();
        let found = RANGES.iter().find(|(range, ..)| *range == name);
        found.map_or(RANGES[0].1, |(_, hours, _)| *hours)
    }

    /// Returns the filter for the server.
    fn wanted(self) -> Filter {
        let since = moments::ago(f64::from(self.hours()) * 3600.0);
        let filter = Filter::raw(self.filter.get()).and(filter!("created >= {}", since));
        match self.level.with(|level| level.parse::<i64>()) {
            Ok(level) => filter.and(filter!("level >= {}", level)),
            Err(_) => filter,
        }
    }

    fn is_narrowed(self) -> bool {
        !self.filter.with(String::is_empty) || !self.level.with(String::is_empty)
    }
}

/// The page.
#[component]
pub(crate) fn Logs() -> impl IntoView {
    let asked = Asked::here();
    let resource = load(move |client| {
        let list = client.logs().list().filter(asked.wanted()).sort("-@rowid");
        let list = list
            .fields(FIELDS)
            .page(asked.page.get())
            .per_page(PER_PAGE);
        async move { list.send().await }
    });
    repeat::every(PAUSE, move || resource.refetch());
    let outcome = repeat::kept(resource);
    let failure = Memo::new(move |_| outcome.get().and_then(Result::err));
    // What was found last stays, whatever is typed next.
    let shown = Memo::new(move |last: Option<&Option<LogPage<Log>>>| {
        let found = outcome.get().and_then(Result::ok);
        found.or_else(|| last.cloned().flatten())
    });
    let table = move || match shown.get() {
        None if failure.with(Option::is_some) => ().into_any(),
        None => view! { <Spinner /> }.into_any(),
        Some(page) if page.items.is_empty() => nothing(asked).into_any(),
        Some(page) => view! { <Entries page asked /> }.into_any(),
    };
    let close = move |()| asked.address.go([("entry", "")]);
    view! {
        <Page title=text::logs().to_owned() actions=move || ranges(asked) wide=true>
            <Hours asked />
            <div class="filters log-filters">
                <FilterBar
                    filter=asked.filter placeholder=words::filter_placeholder() failure
                    narrow=move |filter: String| asked.address.go([("filter", &*filter), ("page", "")])
                />
                {levels(asked)}
            </div>
            <Problem message=Signal::derive(move || {
                failure.get().filter(|failure| failure.status != Some(400)).map(|failure| failure.message)
            }) />
            {table}
            <Foot shown />
            {move || {
                let id = asked.entry.get();
                (!id.is_empty()).then(|| view! { <EntryPanel id close /> })
            }}
        </Page>
    }
}

fn ranges(asked: Asked) -> impl IntoView {
    let one = move |(name, _, words): (&'static str, u32, Words)| {
        let href = move || asked.address.link([("range", name), ("page", "")]);
        let current = move || asked.range.with(|range| range == name).then_some("true");
        view! { <a class="segment" href=href aria-current=current>{words()}</a> }
    };
    view! { <nav class="segments" aria-label=words::range()>{RANGES.map(one).collect_view()}</nav> }
}

fn levels(asked: Asked) -> impl IntoView {
    let one = move |(name, words): (&'static str, Words)| {
        let href = move || asked.address.link([("level", name), ("page", "")]);
        let current = move || asked.level.with(|level| level == name).then_some("true");
        view! { <a class="segment" href=href aria-current=current>{words()}</a> }
    };
    view! { <nav class="segments" aria-label=words::levels()>{LEVELS.map(one).collect_view()}</nav> }
}

fn nothing(asked: Asked) -> impl IntoView {
    if asked.is_narrowed() {
        view! { <EmptyState icon=Glyph::Search title=words::none_like_this() hint=words::none_like_this_hint() /> }
    } else {
        view! { <EmptyState icon=Glyph::Logs title=words::none() hint=words::none_hint() /> }
    }
}

#[component]
fn Entries(page: LogPage<Log>, asked: Asked) -> impl IntoView {
    let row = move |log: Log| {
        let id = log.id.clone();
        let href = move || asked.address.link([("entry", &*id)]);
        view! {
            <tr>
                <td>{badge(log.level)}</td>
                <td class="cut log-message"><a href=href>{format::line(&log.message)}</a></td>
                <td class="number">{log.data.get("status").map(ToString::to_string)}</td>
                <td class="number nowrap">{took(&log)}</td>
                <td class="nowrap">{who(&log)}</td>
                <td class="nowrap muted">{moments::to_the_second(&log.created)}</td>
            </tr>
        }
    };
    view! {
        <Table label=text::logs()>
            <thead>
                <tr>
                    <th scope="col">{words::level()}</th>
                    <th scope="col">{words::message()}</th>
                    <th scope="col" class="number">{words::status()}</th>
                    <th scope="col" class="number">{words::took()}</th>
                    <th scope="col">{words::who()}</th>
                    <th scope="col">{words::when()}</th>
                </tr>
            </thead>
            <tbody>{page.items.into_iter().map(row).collect_view()}</tbody>
        </Table>
    }
}

#[component]
fn Foot(shown: Memo<Option<LogPage<Log>>>) -> impl IntoView {
    let number = move |of: fn(&LogPage<Log>) -> i64| {
        shown.with(|shown| shown.as_ref().map(of).unwrap_or_default())
    };
    let pages = Signal::derive(move || u64::try_from(number(|page| page.total_pages)).unwrap_or(1));
    move || {
        (pages.get() > 1).then(|| {
            view! {
                <footer class="foot">
                    <span class="muted">{move || text::total(&format::count(number(|page| page.total_items)))}</span>
                    <span class="grow"></span>
                    <Pagination pages />
                </footer>
            }
        })
    }
}

/// How much an entry matters, in a word.
fn badge(level: i64) -> impl IntoView + use<> {
    let (tone, name) = match level {
        8.. => (Tone::Bad, words::error()),
        4.. => (Tone::Warning, words::warning()),
        0.. => (Tone::Plain, words::info()),
        _ => (Tone::Plain, words::debug()),
    };
    view! { <Badge tone>{name}</Badge> }
}

fn took(log: &Log) -> Option<String> {
    let took = log.data.get("execTime")?.as_f64()?;
    Some(super::overview::milliseconds(took))
}

fn who(log: &Log) -> String {
    let of = |name: &str| log.data.get(name).and_then(|value| value.as_str());
    match (of("type"), of("auth").unwrap_or_default()) {
        (Some("request"), "") => words::guest().to_owned(),
        (Some("request"), collection) => collection.to_owned(),
        _ => words::server().to_owned(),
    }
}
