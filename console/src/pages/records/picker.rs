//! Records to choose from.

use leptos::prelude::*;
use plinth_sdk::types::{Collection, Field, Page};
use plinth_sdk::{Filter, Record, filter};

use super::cell::label;
use crate::api::load;
use crate::components::{EmptyState, Glyph, Icon, loaded};
use crate::{field_types, text};

/// How many are offered; the search finds the others.
const OFFERED: u64 = 30;

/// Returns the label of a record for operators; for an account its address, unless its collection has presentable fields.
pub(crate) fn account_label(record: &Record, collection: Option<&Collection>) -> String {
    let mut fields = collection.into_iter().flat_map(|one| &one.fields);
    match record["email"].as_str() {
        Some(email) if !email.is_empty() && !fields.any(|field| field.presentable) => {
            email.to_owned()
        }
        _ => label(record, collection),
    }
}

/// The records of a collection, with a search.
#[component]
pub(crate) fn RecordList(
    of: Collection,
    /// The ids of those that are chosen.
    #[prop(into)]
    chosen: Signal<Vec<String>>,
    /// Returns the label of a record.
    label: fn(&Record, Option<&Collection>) -> String,
    #[prop(into)] choose: Callback<Record>,
) -> impl IntoView {
    let search = RwSignal::new(String::new());
    let (id, fields) = (of.id.clone(), searched(&of));
    let found = load(move |client| {
        let wanted = search.get().trim().to_owned();
        let mut list = client
            .collection::<Record>(id.clone())
            .list()
            .per_page(OFFERED)
            .skip_total();
        if !wanted.is_empty() {
            let quoted = filter!("{}", wanted);
            // The names come from the definition, and the text is quoted.
            let matching = fields
                .iter()
                .map(|name| Filter::raw(format!("{name} ~ {quoted}")));
            list = list.filter(matching.fold(filter!("id ~ {}", wanted), Filter::or));
        }
        list.sort("-@rowid").send()
    });
    let of = StoredValue::new(of);
    let show = move |page: Page<Record>| {
        if page.items.is_empty() {
            return view! { <EmptyState icon=Glyph::Search title=text::no_match() /> }.into_any();
        }
        let rows = page.items.into_iter().map(|record| {
            let (id, shown) = (record.id.clone(), of.with_value(|of| label(&record, Some(of))));
            let is_chosen = Memo::new(move |_| chosen.with(|chosen| chosen.contains(&id)));
            let id = (shown != record.id).then(|| view! { <code class="muted">{record.id.clone()}</code> });
            view! {
                <li>
                    <button
                        type="button" class="menu-item" aria-pressed=move || if is_chosen.get() { "true" } else { "false" }
                        on:click=move |_| choose.run(record.clone())
                    >
                        <span class="cut">{shown}</span>
                        {id}
                        {move || is_chosen.get().then(|| view! { <Icon of=Glyph::Check /> })}
                    </button>
                </li>
            }
        });
        view! { <ul class="found">{rows.collect_view()}</ul> }.into_any()
    };
    view! {
        <div class="search search-wide">
            <Icon of=Glyph::Search />
            <input
                class="input" type="search" placeholder=text::find_record() aria-label=text::find_record()
                autofocus=true prop:value=move || search.get()
                on:input=move |event| search.set(event_target_value(&event))
            />
        </div>
        <div class="found-box">{loaded(found, show)}</div>
    }
}

/// The fields that are searched: texts that a person reads.
fn searched(collection: &Collection) -> Vec<String> {
    let is_text = |field: &&Field| {
        field_types::of(&field.kind).is_searched && field.name != "id" && !field.hidden
    };
    collection
        .fields
        .iter()
        .filter(is_text)
        .map(|field| field.name.clone())
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_account_is_known_by_what_a_person_reads() {
        let record = |value| serde_json::from_value::<Record>(value).expect("a record");
        let mut users = Collection::base("users");
        let ann = record(json!({"id": "a1", "email": "ann@example.com", "name": "Ann"}));
        assert_eq!(account_label(&ann, Some(&users)), "ann@example.com");
        users.fields.push(Field {
            presentable: true,
            ..Field::text("name")
        });
        assert_eq!(account_label(&ann, Some(&users)), "Ann");
        assert_eq!(
            account_label(&record(json!({"id": "a1", "email": ""})), None),
            "a1"
        );
    }
}
