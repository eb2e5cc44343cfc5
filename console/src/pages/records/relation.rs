//! The input of a relation: what is chosen, and a list of records to choose from.

use leptos::prelude::*;
use plinth_sdk::Record;
use plinth_sdk::filter;
use plinth_sdk::types::{Collection, Field, FieldKind, RelationOptions};
use serde_json::Value;

use super::super::Schema;
use super::cell::{ids, label, referred};
use super::draft::Draft;
use crate::api::load;
use crate::components::{Button, Dialog, EmptyState, Glyph, IconButton, Look, loaded};
use crate::text;

/// How many records are offered; the search finds the others.
const OFFERED: u64 = 50;

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
                    <Picker
                        target chosen=Signal::derive(move || ids(&value.get())) toggle
                        close=move |()| choosing.set(false)
                    />
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

/// A list of records to choose from.
#[component]
fn Picker(
    target: Collection,
    chosen: Signal<Vec<String>>,
    #[prop(into)] toggle: Callback<Record>,
    #[prop(into)] close: Callback<()>,
) -> impl IntoView {
    let search = RwSignal::new(String::new());
    let (name, fields) = (target.name.clone(), searchable(&target));
    let found = load(move |client| {
        let wanted = search.get().trim().to_owned();
        let mut list = client
            .collection::<Record>(name.clone())
            .list()
            .per_page(OFFERED)
            .skip_total();
        if !wanted.is_empty() {
            let mut matching = filter!("id ~ {}", wanted);
            for field in &fields {
                // The field's name comes from the definition, the text is quoted.
                let quoted = filter!("{}", wanted);
                matching = matching.or(plinth_sdk::Filter::raw(format!("{field} ~ {quoted}")));
            }
            list = list.filter(matching);
        }
        async move { list.sort("-@rowid").send().await }
    });
    let title = text::choose_of(&target.name);
    let target = StoredValue::new(target);
    let show = move |page: plinth_sdk::types::Page<Record>| {
        if page.items.is_empty() {
            return view! { <EmptyState icon=Glyph::Search title=text::no_match() /> }.into_any();
        }
        let rows = page.items.into_iter().map(|record| {
            let (id, shown) = (record.id.clone(), target.with_value(|target| label(&record, Some(target))));
            let is_chosen = Memo::new(move |_| chosen.with(|chosen| chosen.contains(&id)));
            let id = (shown != record.id).then(|| view! { <span class="muted mono">{record.id.clone()}</span> });
            view! {
                <li>
                    <button
                        type="button" class="menu-item" aria-pressed=move || if is_chosen.get() { "true" } else { "false" }
                        on:click=move |_| toggle.run(record.clone())
                    >
                        <span class="cut">{shown}</span>
                        {id}
                        {move || is_chosen.get().then(|| view! { <crate::components::Icon of=Glyph::Check /> })}
                    </button>
                </li>
            }
        });
        view! { <ul>{rows.collect_view()}</ul> }.into_any()
    };
    view! {
        <Dialog title close>
            <div class="dialog-body picker">
                <input
                    class="input" type="search" placeholder=text::find_record() aria-label=text::find_record() autofocus=true
                    prop:value=move || search.get() on:input=move |event| search.set(event_target_value(&event))
                />
                <div class="picker-list">{loaded(found, show)}</div>
            </div>
            <footer class="dialog-foot">
                <Button look=Look::Primary on:click=move |_| close.run(())>{text::done()}</Button>
            </footer>
        </Dialog>
    }
}

/// The fields that are searched: texts that a person reads.
fn searchable(collection: &Collection) -> Vec<String> {
    let is_text = |field: &&Field| {
        matches!(
            field.kind,
            FieldKind::Text(_) | FieldKind::Email(_) | FieldKind::Url(_)
        ) && field.name != "id"
            && !field.hidden
    };
    collection
        .fields
        .iter()
        .filter(is_text)
        .map(|field| field.name.clone())
        .collect()
}
