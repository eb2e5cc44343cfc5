use leptos::prelude::*;
use plinth_sdk::types::JobPreview;

use super::draft::Draft;
use super::plan::{OWN, Plan, Time, WEEKDAYS};
use crate::api::{Failure, load};
use crate::components::{Bind, Combo, SelectField, TextField};
use crate::text::jobs as words;
use crate::{moments, repeat};

/// When a job runs: one of the usual plans, or any cron expression; and what that means.
#[component]
pub(super) fn Schedule(draft: Draft) -> impl IntoView {
    let schedule = draft.schedule;
    let plan = Memo::new(move |_| Plan::read(&schedule.get()));
    // Whether an expression is typed, even one that is a plan.
    let is_own = RwSignal::new(plan.get_untracked().is_none());
    let name = Bind::new(
        move || {
            if is_own.get() {
                OWN
            } else {
                Plan::name(plan.get())
            }
            .to_owned()
        },
        move |name: String| {
            is_own.set(name == OWN);
            if let Some(plan) = Plan::named(&name, plan.get_untracked()) {
                schedule.set(plan.write());
            }
        },
    );
    let plans = [
        ("minutes", words::every_minutes()),
        ("hour", words::every_hour()),
        ("day", words::every_day()),
        ("weekdays", words::every_weekday()),
        ("week", words::every_week()),
        ("month", words::every_month()),
        (OWN, words::own()),
    ];
    let plans = plans
        .map(|(value, shown)| (value.to_owned(), shown.to_owned()))
        .to_vec();
    let settled = repeat::settled(
        Signal::derive(move || (schedule.get(), draft.timezone.get())),
        repeat::TYPING,
    );
    let preview = load(move |client| {
        let (schedule, timezone) = settled.get();
        async move {
            client
                .jobs()
                .preview(schedule.trim(), timezone.trim())
                .await
        }
    });
    let preview = repeat::kept(preview);
    let error = move |field: &'static str| {
        let told = draft.error(field);
        Signal::derive(move || {
            let refused = preview.with(|preview| preview.as_ref()?.as_ref().err()?.at(field));
            refused.or_else(|| told.get())
        })
    };
    let own = move || {
        let own = is_own.get() || plan.with(Option::is_none);
        own.then(|| view! {
            <TextField
                label=words::cron().to_owned() value=Bind::from(schedule) code=true required=true
                help=words::cron_help() error=error("schedule")
            />
        })
    };
    let which = Memo::new(move |_| Plan::name(plan.get().filter(|_| !is_own.get())));
    view! {
        <div class="grid">
            <SelectField label=words::how_often().to_owned() value=name choices=Signal::stored(plans) />
            {move || parts(which.get(), plan, schedule)}
            {own}
            <Combo
                label=words::timezone().to_owned() value=Bind::from(draft.timezone) choices=moments::zones()
                help=words::timezone_help() error=error("timezone") placeholder="UTC"
            />
        </div>
        <Preview preview asked=settled />
    }
}

/// The inputs of a plan.
fn parts(
    which: &str,
    plan: Memo<Option<Plan>>,
    schedule: RwSignal<String>,
) -> impl IntoView + use<> {
    let change = move |to: fn(Plan, &str) -> Option<Plan>| {
        move |typed: String| {
            if let Some(plan) = plan.get_untracked().and_then(|plan| to(plan, &typed)) {
                schedule.set(plan.write());
            }
        }
    };
    let number = Bind::new(
        move || {
            plan.get()
                .map(|plan| plan.number().to_string())
                .unwrap_or_default()
        },
        change(|plan, typed| Some(plan.numbered(typed.parse().ok()?))),
    );
    let time = Bind::new(
        move || {
            plan.get()
                .and_then(Plan::time)
                .map(Time::write)
                .unwrap_or_default()
        },
        change(|plan, typed| Some(plan.at(Time::read(typed)?))),
    );
    let numbered = |label: &'static str, help: &'static str| {
        view! {
            <TextField label=label.to_owned() value=number kind="number" help=help />
        }
    };
    let first = match which {
        "minutes" => Some(numbered(words::minutes_apart(), "").into_any()),
        "hour" => Some(numbered(words::at_minute(), "").into_any()),
        "month" => Some(numbered(words::day_of_month(), words::day_of_month_help()).into_any()),
        "week" => Some(view! { <SelectField label=words::on_day().to_owned() value=number choices=Signal::stored(weekdays()) /> }.into_any()),
        _ => None,
    };
    let has_time = matches!(which, "day" | "weekdays" | "week" | "month");
    let second = has_time
        .then(|| view! { <TextField label=words::at_time().to_owned() value=time kind="time" /> });
    (first, second)
}

fn weekdays() -> Vec<(String, String)> {
    WEEKDAYS
        .map(|(number, name)| (number.to_string(), name().to_owned()))
        .to_vec()
}

/// An explanation of the schedule, and its next times.
#[component]
fn Preview(
    preview: Memo<Option<Result<JobPreview, Failure>>>,
    asked: Signal<(String, String)>,
) -> impl IntoView {
    let moments = move |preview: JobPreview| {
        let (schedule, zone) = asked.get();
        let said = Plan::read(&schedule).map_or(preview.description, Plan::words);
        let rows = preview.next.into_iter().map(|moment| view! {
            <li><span>{moments::in_zone(&moment, &zone)}</span><span class="muted">{moments::distance(&moment)}</span></li>
        });
        view! {
            <p class="preview-words">{said}</p>
            <h3 class="field-label">{words::next_runs()}</h3>
            <ol class="preview-next">{rows.collect_view()}</ol>
        }
    };
    view! {
        <section class="preview" aria-label=words::preview() aria-live="polite">
            {move || preview.get().and_then(Result::ok).map(moments)}
        </section>
    }
}
