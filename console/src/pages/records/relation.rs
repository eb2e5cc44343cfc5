//! The input of a relation: what is chosen, and a list of records to choose from.

use leptos::prelude::*;
use plinth_sdk::Record;
use plinth_sdk::types::RelationOptions;
use serde_json::Value;

use super::super::Schema;
use super::cell::{ids, label, referred};
use super::draft::Draft;
use super::picker::RecordList;
use crate::components::{Button, Dialog, Glyph, IconButton, Look};
use crate::text;

/// Chooses records of another collection.
#[component]
pub(super) fn RelationField(
    name: String,
    options: RelationOptions,
    draft: Draft,
    record: Option<Record>,
) -> impl IntoView {
    let schema = Schema::here();
    let target = untrack(|| schema.find(&options.collection_id));
    let value = draft.value(&name);
    let error = draft.error(&name);
    let is_list = options.max_select > 1;
    let choosing = RwSignal::new(false);
    // What chosen records are called, as far as that is known.
    let known = RwSignal::new(
        record
            .iter()
            .flat_map(|record| referred(record, &name))
            .filter_map(|(_, found)| found)
            .collect::<Vec<Record>>(),
    );
    let put = move |chosen: Vec<String>| {
        value.set(if is_list {
            chosen.into()
        } else {
            Value::String(chosen.into_iter().next_back().unwrap_or_default())
        });
    };
    let toggle = move |record: Record| {
        let mut chosen = ids(&value.get());
        if chosen.contains(&record.id) {
            chosen.retain(|id| *id != record.id);
        } else {
            chosen.push(record.id.clone());
        }
        known.update(|known| known.push(record));
        put(chosen);
        if !is_list {
            choosing.set(false);
        }
    };
    let same = StoredValue::new(target.clone());
    let chips = move || {
        ids(&value.get()).into_iter().map(|id| {
        let shown = known.with(|known| known.iter().find(|record| record.id == id).map(|record| same.with_value(|of| label(record, of.as_ref()))));
        let shown = shown.unwrap_or_else(|| id.clone());
        let remove = text::remove(&shown);
        view! {
            <li class="reference reference-own">
                <span class="cut">{shown}</span>
                <IconButton
                    of=Glyph::Close label=remove
                    on:click=move |_| put(untrack(|| ids(&value.get())).into_iter().filter(|other| *other != id).collect())
                />
            </li>
        }
    })
    .collect_view()
    };
    let label = name.clone();
    let required = options.required;
    let help = options.help.clone();
    let dialog = move || {
        choosing
            .get()
            .then(|| same.get_value())
            .flatten()
            .map(|target| {
                view! {
                    <Dialog title=text::choose_of(&target.name) close=move |()| choosing.set(false)>
                        <div class="dialog-body picker-body">
                            <RecordList of=target.clone() chosen=Signal::derive(move || ids(&value.get()))
                                label=super::label choose=toggle
                            />
                        </div>
                        <footer class="dialog-foot">
                            <Button look=Look::Primary on:click=move |_| choosing.set(false)>{text::done()}</Button>
                        </footer>
                    </Dialog>
                }
            })
    };
    view! {
        <div class="field" role="group" aria-label=name class:field-wrong=move || error.with(Option::is_some)>
            <span class="field-label" class:field-required=required>{label}</span>
            <div class="relation">
                <ul class="references">{chips}</ul>
                <Button icon=Glyph::Relation disabled=target.is_none() on:click=move |_| choosing.set(true)>
                    {text::choose()}
                </Button>
            </div>
            <div class="field-about">
                {move || error.get().map(|error| view! { <p class="field-error">{error}</p> })}
                {(!help.is_empty()).then(|| view! { <p class="field-help">{help}</p> })}
            </div>
        </div>
        {dialog}
    }
}
