//! The editor of a view's query, with a preview of its records.

use leptos::prelude::*;
use plinth_sdk::types::{Field, ViewSample};
use serde_json::Value;

use super::draft::Draft;
use crate::api::{Failure, act};
use crate::components::{Area, Icon, Table, TextField};
use crate::session::Session;
use crate::{field_types, format, repeat, text};

/// The query of a new view.
const EXAMPLE: &str = "SELECT posts.id, posts.title, count(comments.id) AS comments\nFROM posts LEFT JOIN comments ON comments.post = posts.id\nGROUP BY posts.id, posts.title";

/// The editor of a view's name and query, with a preview of its fields and first records.
#[component]
pub(super) fn Query(draft: Draft) -> impl IntoView {
    let is_new = draft.id().is_empty();
    let query = draft.text("viewQuery");
    let (sample, problem) = tried(Signal::derive(move || query.get()));
    let error = Signal::derive(move || {
        let at = |failure: &Option<Failure>| {
            failure.as_ref().and_then(|failure| failure.at("viewQuery"))
        };
        // What was said when it was to be saved may be mended by now.
        problem.get().or_else(|| {
            draft
                .failure
                .with(at)
                .filter(|_| sample.with(Option::is_none))
        })
    });
    view! {
        {(!is_new).then(|| view! {
            <TextField
                label=text::name().to_owned() value=draft.text("name") code=true required=true
                help=text::rename_help() error=draft.error("name")
            />
        })}
        <Area
            label=text::query().to_owned() value=query help=text::query_help() placeholder=EXAMPLE.to_owned()
            code=true rows=8 required=true error
        />
        <section class="stack-small" aria-label=text::query_sample()>
            <h2>{text::query_sample()}</h2>
            {move || match sample.get() {
                Some(sample) => view! { <Sample sample stale=Signal::derive(move || problem.with(Option::is_some)) /> }.into_any(),
                None => view! { <p class="muted">{text::query_untried()}</p> }.into_any(),
            }}
        </section>
    }
}

/// Runs the query shortly after each change; returns the preview and the problem. The preview of an earlier query stays
/// while there is no newer one.
fn tried(query: Signal<String>) -> (RwSignal<Option<ViewSample>>, RwSignal<Option<String>>) {
    let session = Session::here();
    let sample = RwSignal::new(None);
    let problem = RwSignal::new(None);
    let query = Memo::new(move |_| query.get().trim().to_owned());
    let settled = repeat::settled(query, repeat::TYPING);
    Effect::new(move || {
        let asked = settled.get();
        if asked.is_empty() {
            sample.set(None);
            problem.set(None);
            return;
        }
        let (client, sent) = (session.client(), asked.clone());
        let answer = async move { client.collections().dry_run_view(&sent).await };
        act(answer, move |outcome| {
            // An answer that came late is about what was typed before, or for nobody.
            if settled.try_get_untracked() != Some(asked) {
                return;
            }
            match outcome {
                Ok(found) => {
                    sample.set(Some(found));
                    problem.set(None);
                }
                Err(failure) => problem.set(Some(in_words(&failure))),
            }
        });
    });
    (sample, problem)
}

/// Describes what is wrong with a query: the problem of its field if there is one.
fn in_words(failure: &Failure) -> String {
    failure
        .at("query")
        .unwrap_or_else(|| failure.summary(|_| false))
}

#[component]
fn Sample(sample: ViewSample, stale: Signal<bool>) -> impl IntoView {
    let head = |field: &Field| {
        let shown = field_types::of(&field.kind);
        let (name, glyph) = ((shown.name)(), shown.glyph);
        view! {
            <th scope="col">
                <span class="row nowrap" title=name><Icon of=glyph /><span>{field.name.clone()}</span></span>
            </th>
        }
    };
    let head = sample.fields.iter().map(head).collect_view();
    let row = |record: &Value| {
        let cell =
            |field: &Field| view! { <td class="cut">{format::value(&record[&field.name])}</td> };
        view! { <tr>{sample.fields.iter().map(cell).collect_view()}</tr> }
    };
    let rows = sample.sample.iter().map(row).collect_view();
    view! {
        <div class:stale=move || stale.get()>
            <Table label=text::query_sample()>
                <thead><tr>{head}</tr></thead>
                <tbody>{rows}</tbody>
            </Table>
        </div>
        {sample.sample.is_empty().then(|| view! { <p class="muted">{text::query_finds_nothing()}</p> })}
    }
}
