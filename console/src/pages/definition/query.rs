//! A view's query, and what would come of it.

use leptos::prelude::*;
use plinth_sdk::types::{Field, ViewSample};
use serde_json::Value;

use super::draft::Draft;
use crate::api::{Failure, act};
use crate::components::{Area, Button, Glyph, Problem, Table, TextField};
use crate::session::Session;
use crate::{json, text};

/// What a new view starts from.
const EXAMPLE: &str = "SELECT posts.id, posts.title, count(comments.id) AS comments\nFROM posts LEFT JOIN comments ON comments.post = posts.id\nGROUP BY posts.id, posts.title";

/// The view's name and its query, with the fields and the first records that it makes when it is tried.
#[component]
pub(super) fn Query(draft: Draft) -> impl IntoView {
    let is_new = draft.id().is_empty();
    let session = Session::here();
    let query = draft.text("viewQuery");
    let busy = RwSignal::new(false);
    let tried = RwSignal::new(None::<Result<ViewSample, Failure>>);
    let try_it = move |_| {
        busy.set(true);
        let (client, query) = (session.client(), untrack(move || query.get()));
        let answer = async move { client.collections().dry_run_view(&query).await };
        act(answer, move |outcome| {
            busy.set(false);
            tried.set(Some(outcome));
        });
    };
    let error = Signal::derive(move || {
        let at = |failure: &Option<Failure>| {
            failure.as_ref().and_then(|failure| failure.at("viewQuery"))
        };
        draft.checked.with(at).or_else(|| draft.failure.with(at))
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
        <div><Button icon=Glyph::Play busy on:click=try_it>{text::try_query()}</Button></div>
        {move || tried.get().map(|outcome| match outcome {
            Ok(sample) => view! { <Sample sample /> }.into_any(),
            Err(failure) => {
                view! { <Problem message=Signal::stored(Some(failure.summary(|_| false))) /> }.into_any()
            }
        })}
    }
}

#[component]
fn Sample(sample: ViewSample) -> impl IntoView {
    let head = |field: &Field| {
        view! {
            <th scope="col">
                <span class="mono">{field.name.clone()}</span>" "<span class="muted">{field.kind.name()}</span>
            </th>
        }
    };
    let head = sample.fields.iter().map(head).collect_view();
    let row = |record: &Value| {
        let cell = |field: &Field| {
            view! { <td><span class="cut">{json::shown(&record[&field.name])}</span></td> }
        };
        view! { <tr>{sample.fields.iter().map(cell).collect_view()}</tr> }
    };
    let rows = sample.sample.iter().map(row).collect_view();
    view! {
        <Table label=text::query_sample()>
            <thead><tr>{head}</tr></thead>
            <tbody>{rows}</tbody>
        </Table>
        {sample.sample.is_empty().then(|| view! { <p class="muted">{text::query_finds_nothing()}</p> })}
    }
}
