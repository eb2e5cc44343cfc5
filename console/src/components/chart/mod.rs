//! A picture of numbers over time.

mod line;

use leptos::html;
use leptos::prelude::*;

use super::{Glyph, IconButton};
use crate::browser;
use crate::text::overview as text;
use line::{HEIGHT, Line, WIDTH};

/// How a line is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stroke {
    /// The most important line, with the area below it filled.
    First,
    Second,
    Third,
    Warning,
    Bad,
}

impl Stroke {
    const fn class(self) -> &'static str {
        match self {
            Self::First => "stroke stroke-first",
            Self::Second => "stroke stroke-second",
            Self::Third => "stroke stroke-third",
            Self::Warning => "stroke stroke-warning",
            Self::Bad => "stroke stroke-bad",
        }
    }
}

/// Numbers with a name; none where there is nothing to say.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Series {
    pub(crate) name: &'static str,
    pub(crate) stroke: Stroke,
    pub(crate) values: Vec<Option<f64>>,
}

/// The data of a chart.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Plot {
    /// When each point was, in words, the oldest first. The last is not over yet.
    pub(crate) times: Vec<String>,
    pub(crate) series: Vec<Series>,
    /// The top of the scale at least.
    pub(crate) least: f64,
    /// The point that is read out when none is pointed at.
    pub(crate) told: usize,
}

impl Plot {
    /// The top of the scale: a round number.
    fn top(&self) -> f64 {
        let values = self.series.iter().flat_map(|series| &series.values);
        let most = values
            .flatten()
            .fold(self.least, |most, value| most.max(*value));
        line::round(most)
    }

    /// Returns the labels of the time axis, from left to right.
    fn marks(&self) -> Vec<String> {
        let last = self.times.len().saturating_sub(1);
        let marks = (0..5).map(|mark| self.times.get(last * mark / 4).cloned());
        marks.map(Option::unwrap_or_default).collect()
    }

    fn said(&self, series: &Series, point: usize, unit: fn(f64) -> String) -> String {
        let value = series.values.get(point).copied().flatten();
        debug_assert_eq!(series.values.len(), self.times.len());
        value.map_or_else(|| text::no_value().to_owned(), unit)
    }
}

/// Lines over time. The point below the pointer is read out in the legend; arrow keys lead from point to point.
#[component]
pub(crate) fn Chart(
    #[prop(into)] title: Signal<String>,
    #[prop(into)] plot: Signal<Plot>,
    /// Writes a value.
    unit: fn(f64) -> String,
) -> impl IntoView {
    let pointed = RwSignal::new(None::<usize>);
    let point = Memo::new(move |_| {
        plot.with(|plot| {
            let last = plot.times.len().saturating_sub(1);
            pointed.get().map_or(plot.told, |point| point.min(last))
        })
    });
    let time = Memo::new(move |_| {
        plot.with(|plot| plot.times.get(point.get()).cloned().unwrap_or_default())
    });
    let legend = move || {
        plot.with(|plot| {
            let one = |series: &Series| {
                let value = plot.said(series, point.get(), unit);
                view! {
                    <li class=series.stroke.class()><span class="muted">{series.name}</span><strong>{value}</strong></li>
                }
            };
            plot.series.iter().map(one).collect_view()
        })
    };
    let scale = move || {
        let top = plot.with(Plot::top);
        [top, top / 2.0, 0.0]
            .map(|value| view! { <span>{unit(value)}</span> })
            .collect_view()
    };
    let marks = move || {
        plot.with(Plot::marks)
            .into_iter()
            .map(|mark| view! { <span>{mark}</span> })
            .collect_view()
    };
    let shows_numbers = RwSignal::new(false);
    view! {
        <section class="chart" aria-label=move || title.get()>
            <header class="chart-head">
                <h2>{move || title.get()}</h2>
                <ul class="legend">{legend}</ul>
                <span class="muted chart-time">{move || time.get()}</span>
                <IconButton
                    of=Glyph::Table label=text::numbers().to_owned()
                    on:click=move |_| shows_numbers.update(|shows| *shows = !*shows)
                />
            </header>
            <div class="chart-body">
                <div class="chart-scale" aria-hidden="true">{scale}</div>
                <Drawing title plot point pointed unit time />
                <div class="chart-marks" aria-hidden="true">{marks}</div>
            </div>
            {move || shows_numbers.get().then(|| view! { <Numbers title plot unit /> })}
        </section>
    }
}

#[component]
fn Drawing(
    title: Signal<String>,
    plot: Signal<Plot>,
    point: Memo<usize>,
    pointed: RwSignal<Option<usize>>,
    unit: fn(f64) -> String,
    time: Memo<String>,
) -> impl IntoView {
    let element = NodeRef::<html::Div>::new();
    let last = move || plot.with(|plot| plot.times.len().saturating_sub(1));
    let follow = move |event: web_sys::PointerEvent| {
        let across = element
            .get_untracked()
            .and_then(|element| browser::across(&element, &event));
        pointed.set(across.map(|across| line::nearest(across, untrack(last))));
    };
    let on_key = move |event: web_sys::KeyboardEvent| {
        let (here, last) = (point.get_untracked(), untrack(last));
        let next = match event.key().as_str() {
            "ArrowLeft" | "ArrowDown" => here.saturating_sub(1),
            "ArrowRight" | "ArrowUp" => (here + 1).min(last),
            "Home" => 0,
            "End" => last,
            _ => return,
        };
        event.prevent_default();
        pointed.set(Some(next));
    };
    let lines = move || {
        plot.with(|plot| {
            let top = plot.top();
            let one = |series: &Series| {
                let Line { area, solid, open, dots } = Line::of(&series.values, top);
                view! {
                    <g class=series.stroke.class()>
                        {(series.stroke == Stroke::First).then(|| view! { <path class="chart-area" d=area /> })}
                        <path d=solid />
                        <path class="chart-open" d=open />
                        <path class="chart-dots" d=dots />
                    </g>
                }
            };
            plot.series.iter().map(one).collect_view()
        })
    };
    let said = move || {
        plot.with(|plot| {
            let values = plot
                .series
                .iter()
                .map(|series| format!("{} {}", series.name, plot.said(series, point.get(), unit)));
            format!("{}: {}", time.get(), values.collect::<Vec<_>>().join(", "))
        })
    };
    let pointer = move || {
        let point = pointed.get()?;
        let x = line::x(point, last());
        Some(view! { <line class="chart-pointer" x1=x x2=x y1="0" y2=HEIGHT /> })
    };
    view! {
        <div
            class="chart-plot" node_ref=element tabindex="0" role="slider"
            aria-label=move || title.get()
            aria-valuemin="0"
            aria-valuemax=move || last().to_string()
            aria-valuenow=move || point.get().to_string()
            aria-valuetext=said
            on:pointermove=follow
            on:pointerleave=move |_| pointed.set(None)
            on:blur=move |_| pointed.set(None)
            on:keydown=on_key
        >
            <svg viewBox=format!("0 0 {WIDTH} {HEIGHT}") preserveAspectRatio="none" aria-hidden="true" focusable="false">
                <path class="chart-grid" d=format!("M0 0H{WIDTH}M0 {}H{WIDTH}M0 {HEIGHT}H{WIDTH}", HEIGHT / 2.0) />
                {lines}
                {pointer}
            </svg>
        </div>
    }
}

/// The data of a chart as a table.
#[component]
fn Numbers(title: Signal<String>, plot: Signal<Plot>, unit: fn(f64) -> String) -> impl IntoView {
    let heads = move || {
        plot.with(|plot| {
            plot.series
                .iter()
                .map(|series| view! { <th scope="col" class="number">{series.name}</th> })
                .collect_view()
        })
    };
    let rows = move || {
        plot.with(|plot| {
            let row = |(point, time): (usize, &String)| {
                let cells = plot.series.iter().map(
                    |series| view! { <td class="number">{plot.said(series, point, unit)}</td> },
                );
                view! { <tr><th scope="row">{time.clone()}</th>{cells.collect_view()}</tr> }
            };
            plot.times.iter().enumerate().rev().map(row).collect_view()
        })
    };
    view! {
        <div class="table-box chart-numbers" role="region" tabindex="0" aria-label=move || title.get()>
            <table class="table">
                <thead><tr><th scope="col">{text::time()}</th>{heads}</tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
}
