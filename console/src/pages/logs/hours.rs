use std::collections::HashMap;

use leptos::prelude::*;
use plinth_sdk::filter;
use plinth_sdk::types::LogHour;

use super::{Asked, PAUSE};
use crate::api::load;
use crate::components::{Chart, Plot, Series, Stroke};
use crate::text::logs as words;
use crate::{format, moments, repeat};

/// How many entries there were in each hour, and how many of them were errors.
#[component]
pub(super) fn Hours(asked: Asked) -> impl IntoView {
    let counted = load(move |client| {
        let (hours, wanted) = (asked.hours(), asked.wanted());
        async move {
            let all = client.logs().stats(wanted.clone()).await?;
            let errors = client
                .logs()
                .stats(wanted.and(filter!("level >= 8")))
                .await?;
            Ok((hours, all, errors))
        }
    });
    repeat::every(PAUSE, move || counted.refetch());
    let kept = repeat::kept(counted);
    // What is wrong with a filter is said where it stands; the picture stays as it was.
    let plot = Memo::new(move |last: Option<&Plot>| match kept.get() {
        Some(Ok((hours, all, errors))) => counts(&moments::hours(hours), &all, &errors),
        _ => last
            .cloned()
            .unwrap_or_else(|| plot(&moments::hours(asked.hours()), Vec::new())),
    });
    view! {
        <div class="log-chart">
            <Chart title=words::per_hour() plot=Signal::from(plot) unit=whole />
        </div>
    }
}

fn counts(hours: &[String], all: &[LogHour], errors: &[LogHour]) -> Plot {
    let series = |name, stroke, counts: &[LogHour]| Series {
        name,
        stroke,
        values: values(hours, counts),
    };
    let series = vec![
        series(words::entries(), Stroke::First, all),
        series(words::failed(), Stroke::Bad, errors),
    ];
    plot(hours, series)
}

fn plot(hours: &[String], series: Vec<Series>) -> Plot {
    let is_day = hours.len() <= 24;
    let told = |hour: &String| {
        if is_day {
            moments::clock(hour)
        } else {
            moments::day_and_hour(hour)
        }
    };
    Plot {
        times: hours.iter().map(told).collect(),
        series,
        least: 4.0,
        // An hour is long: what counts is the present one.
        told: hours.len().saturating_sub(1),
    }
}

/// An hour that the server does not name has none.
#[expect(clippy::cast_precision_loss, reason = "counts are far below")]
fn values(hours: &[String], counts: &[LogHour]) -> Vec<Option<f64>> {
    let counts: HashMap<&str, i64> = counts
        .iter()
        .map(|hour| (&*hour.date, hour.total))
        .collect();
    let count = |hour: &String| counts.get(&**hour).copied().unwrap_or(0);
    hours.iter().map(|hour| Some(count(hour) as f64)).collect()
}

#[expect(clippy::cast_possible_truncation, reason = "counts are far below")]
fn whole(number: f64) -> String {
    format::count(number.round() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_without_entries_are_there_too() {
        let hours = ["a", "b", "c"].map(str::to_owned);
        let counts = [("a", 2), ("c", 5), ("before", 9)].map(|(date, total)| LogHour {
            date: date.to_owned(),
            total,
        });
        assert_eq!(values(&hours, &counts), [Some(2.0), Some(0.0), Some(5.0)]);
    }
}
