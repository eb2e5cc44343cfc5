//! The overview: requests, their latency, and errors.

mod plots;
mod tiles;

use std::time::Duration;

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use plinth_sdk::types;

use crate::api::load;
use crate::components::{Chart, EmptyState, Glyph, Page, steady};
use crate::links;
use crate::text::overview as words;
use crate::{format, repeat, text};
pub(super) use plots::milliseconds;
use tiles::Tiles;

/// How often it is asked for anew.
const PAUSE: Duration = Duration::from_secs(10);

/// How much time is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Range {
    /// As the address has it.
    name: &'static str,
    hours: u32,
    /// How many minutes make a point of a chart.
    step: usize,
}

const RANGES: [Range; 3] = [
    Range {
        name: "1h",
        hours: 1,
        step: 1,
    },
    Range {
        name: "6h",
        hours: 6,
        step: 5,
    },
    Range {
        name: "24h",
        hours: 24,
        step: 20,
    },
];

impl Range {
    fn of(name: &str) -> Self {
        let found = RANGES.into_iter().find(|range| range.name == name);
        found.unwrap_or(RANGES[0])
    }

    fn words(self) -> String {
        match self.hours {
            1 => words::hour().to_owned(),
            hours => words::hours(hours),
        }
    }

    fn link(self) -> String {
        let name = if self == RANGES[0] { "" } else { self.name };
        links::with(links::HOME, [("range", name)])
    }
}

/// The first page: pictures of the last hours.
#[component]
pub(crate) fn Overview() -> impl IntoView {
    let query = use_query_map();
    let range =
        Memo::new(move |_| Range::of(&query.with(|query| query.get("range").unwrap_or_default())));
    let asked = load(move |client| {
        let minutes = range.get().hours * 60;
        async move { Ok((minutes, client.metrics().overview(minutes).await?)) }
    });
    repeat::every(PAUSE, move || asked.refetch());
    // The charts stay while their numbers change.
    let overview = repeat::kept(asked);
    let minutes = Memo::new(move |_| match overview.get() {
        Some(Ok((_, overview))) => overview.minutes,
        _ => Vec::new(),
    });
    // What is shown belongs to the range that was asked for, not to the one that is chosen since.
    let shown = Memo::new(move |_| match overview.get() {
        Some(Ok((minutes, _))) => RANGES
            .into_iter()
            .find(|range| range.hours * 60 == minutes)
            .unwrap_or(RANGES[0]),
        _ => range.get(),
    });
    let any = Memo::new(move |_| {
        let any = |(_, overview): &(u32, types::Overview)| {
            overview.minutes.iter().any(|minute| minute.requests > 0)
        };
        overview.with(|overview| {
            overview
                .as_ref()
                .map(|outcome| outcome.as_ref().map(any).map_err(Clone::clone))
        })
    });
    let ranges = move || {
        let one = |one: Range| {
            let current = move || (range.get() == one).then_some("true");
            view! { <a class="segment" href=one.link() aria-current=current>{one.words()}</a> }
        };
        view! { <nav class="segments" aria-label=words::range()>{RANGES.map(one).collect_view()}</nav> }
    };
    let show = move |any: bool| {
        if any {
            view! { <Charts minutes shown /> }.into_any()
        } else {
            view! { <EmptyState icon=Glyph::Overview title=words::nothing() hint=words::nothing_hint() /> }.into_any()
        }
    };
    view! {
        <Page title=text::overview().to_owned() actions=ranges wide=true>
            <Tiles minutes shown />
            {steady(any, move || asked.refetch(), show)}
        </Page>
    }
}

#[component]
fn Charts(minutes: Memo<Vec<types::Minute>>, shown: Memo<Range>) -> impl IntoView {
    let titled = |one: fn() -> &'static str, several: fn(usize) -> String| {
        Signal::derive(move || match shown.get().step {
            1 => one().to_owned(),
            step => several(step),
        })
    };
    let plot = |of: fn(&[plots::Point]) -> crate::components::Plot| {
        let points = Memo::new(move |_| {
            minutes.with(|minutes| of(&plots::points(minutes, shown.get().step)))
        });
        Signal::from(points)
    };
    view! {
        <div class="charts">
            <Chart title=titled(words::requests_chart, words::requests_chart_of) plot=plot(plots::requests) unit=whole />
            <Chart title=titled(words::latency_chart, words::latency_chart_of) plot=plot(plots::latency) unit=plots::milliseconds />
            <Chart title=titled(words::errors_chart, words::errors_chart_of) plot=plot(plots::errors) unit=whole />
        </div>
    }
}

#[expect(clippy::cast_possible_truncation, reason = "counts are far below")]
fn whole(number: f64) -> String {
    format::count(number.round() as i64)
}
