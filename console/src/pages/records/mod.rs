//! The records of a collection: a table with a filter, and a form for one record over it.

mod account;
mod cell;
mod columns;
mod draft;
mod editor;
mod files;
mod form;
mod input;
mod limits;
mod picker;
mod point;
mod relation;
mod upload;

use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use plinth_sdk::types::{Collection, CollectionType, Field, Page as RecordPage};
use plinth_sdk::{Filter, Record};

use super::{CollectionPage, Schema};
use crate::address::Address;
use crate::api::{act, load};
use crate::components::{
    Button, Confirm, EmptyState, FilterBar, Glyph, IconButton, Look, Pagination, Problem, SortHead,
    Spinner, Table, Toaster,
};
use crate::session::Session;
use crate::{field_types, format, links, text};
pub(super) use cell::label;
use columns::{Columns, ColumnsButton};
use files::Files;
use form::RecordPanel;
pub(super) use picker::{RecordList, account_label};

/// How many records a page has, unless the address says otherwise.
const PER_PAGE: u64 = 30;
/// The other page sizes.
const SIZES: [u64; 4] = [30, 100, 200, 500];
/// The id of a new record in the address. No real id is as short.
const NEW: &str = "new";

/// The records of the collection in the address.
#[component]
pub(crate) fn Records() -> impl IntoView {
    let schema = Schema::here();
    let params = use_params_map();
    let name = Memo::new(move |_| params.with(|params| params.get("name").unwrap_or_default()));
    let collection = Memo::new(move |_| schema.find(&name.get()));
    move || match collection.get() {
        Some(collection) => view! { <OfCollection collection /> }.into_any(),
        None if schema.resource().get().is_none() => view! { <Spinner /> }.into_any(),
        None => super::NotFound().into_any(),
    }
}

/// Which records are shown: the address has it.
#[derive(Clone, Copy)]
struct Asked {
    filter: Memo<String>,
    sort: Memo<String>,
    page: Memo<u64>,
    per_page: Memo<u64>,
    record: Memo<String>,
    address: Address,
}

impl Asked {
    fn here() -> Self {
        let address = Address::here();
        Self {
            filter: address.text("filter"),
            sort: address.text("sort"),
            page: address.page(),
            per_page: address.number_or("perPage", PER_PAGE),
            record: address.text("record"),
            address,
        }
    }

    /// Closes the record that is shown over the table.
    fn close(self) {
        self.address.go([("record", "")]);
    }
}

#[component]
fn OfCollection(collection: Collection) -> impl IntoView {
    let asked = Asked::here();
    let columns = Columns::of(&collection);
    let name = collection.name.clone();
    let relations = cell::relations(&collection);
    let is_view = collection.kind == CollectionType::View;
    let schema = Schema::here();
    let page = load(move |client| {
        // The collections are loaded again when this one has been emptied.
        schema.resource().track();
        let records = client.collection::<Record>(name.clone()).list();
        let mut records = records
            .page(asked.page.get())
            .per_page(asked.per_page.get())
            .expand(relations.clone());
        records = records.filter(Filter::raw(asked.filter.get()));
        let sort = asked.sort.get();
        // The newest first, as far as the order of insertion goes; a view has none.
        let list = records.sort(if sort.is_empty() && !is_view {
            "-@rowid".to_owned()
        } else {
            sort
        });
        async move { list.send().await }
    });
    // Kept while the next one is on its way, so that the table does not vanish at each step.
    let shown = RwSignal::new(None::<RecordPage<Record>>);
    let failure = Memo::new(move |_| page.get().and_then(Result::err));
    Effect::new(move || {
        if let Some(Ok(page)) = page.get() {
            shown.set(Some(page));
        }
    });
    let selected = RwSignal::new(Vec::<String>::new());
    // A record that is no longer shown is no longer selected: nobody deletes what they do not see.
    Effect::new(move || {
        shown.with(|page| {
            let is_shown = |id: &String| {
                let mut records = page.iter().flat_map(|page| &page.items);
                records.any(|record| record.id == *id)
            };
            if selected.with_untracked(|selected| !selected.iter().all(is_shown)) {
                selected.update(|selected| selected.retain(is_shown));
            }
        });
    });
    let reload = move || {
        selected.set(Vec::new());
        page.refetch();
    };
    let may = May::of(&collection, shown);
    provide_context(may);
    provide_context(Files::of(&collection));
    let refused = Memo::new(move |_| {
        failure.with(|failure| {
            failure
                .as_ref()
                .is_some_and(|failure| failure.status == Some(403))
        })
    });
    let actions = move || {
        (!refused.get()).then(|| view! {
            <IconButton of=Glyph::Refresh label=text::reload().to_owned() on:click=move |_| reload() />
            <ColumnsButton columns />
            {may.create.get().then(|| view! { <NewButton asked look=Look::Primary /> })}
        })
    };
    let panel = {
        let collection = collection.clone();
        move || {
            let record = asked.record.get();
            (!record.is_empty()).then(|| {
                view! {
                    <RecordPanel
                        collection=collection.clone()
                        id=Some(record).filter(|record| record != NEW)
                        close=move |()| asked.close()
                        saved=move |()| { asked.close(); reload(); }
                    />
                }
            })
        }
    };
    let same = StoredValue::new(collection.clone());
    let table = move || {
        let Some(page) = shown.get() else {
            return failure
                .get()
                .is_none()
                .then(|| view! { <Spinner /> }.into_any());
        };
        if page.items.is_empty() {
            return Some(nothing(asked).into_any());
        }
        let (collection, shown) = (same.get_value(), columns.shown());
        Some(view! { <RecordTable collection page shown asked selected /> }.into_any())
    };
    let definition = links::definition(&collection.name, "fields");
    let body = move || {
        if refused.get() {
            // Whoever looks after definitions need not see what is kept by them.
            let definition = definition.clone();
            return view! {
                <EmptyState icon=Glyph::Lock title=text::records_not_for_you() hint=text::records_not_for_you_hint()>
                    <a class="button" href=definition>{text::to_the_fields()}</a>
                </EmptyState>
            }
            .into_any();
        }
        view! {
            <FilterBar
                filter=asked.filter placeholder=text::filter_placeholder() failure
                narrow=move |filter: String| asked.address.go([("filter", &*filter), ("page", "")])
            />
            <Problem message=Signal::derive(move || {
                failure.get().filter(|failure| failure.status != Some(400)).map(|failure| failure.message)
            }) />
            {table}
            <Foot shown asked />
            <Selection collection=same.get_value() selected done=move |()| reload() />
        }
        .into_any()
    };
    view! {
        <CollectionPage collection actions fill=true>
            {body}
            {panel}
        </CollectionPage>
    }
}

/// The actions that the account may try. Superusers may do everything. Nobody else may do what a rule locks,
/// unless a role allows it: which is so for who lists records although the list is locked.
#[derive(Clone, Copy)]
struct May {
    create: Signal<bool>,
    update: Signal<bool>,
    delete: Signal<bool>,
}

impl May {
    fn of(collection: &Collection, shown: RwSignal<Option<RecordPage<Record>>>) -> Self {
        let is_superuser = untrack(|| Session::here().is_superuser());
        let is_locked = collection.list_rule.is_none();
        let is_view = collection.kind == CollectionType::View;
        let by_role = Memo::new(move |_| is_locked && shown.with(Option::is_some));
        let unless_locked = |rule: &Option<String>| {
            let may = is_superuser || rule.is_some();
            Signal::derive(move || !is_view && (may || by_role.get()))
        };
        Self {
            create: unless_locked(&collection.create_rule),
            update: unless_locked(&collection.update_rule),
            delete: unless_locked(&collection.delete_rule),
        }
    }

    /// That of the collection that is shown.
    fn here() -> Self {
        expect_context()
    }
}

#[component]
fn NewButton(asked: Asked, look: Look) -> impl IntoView {
    view! {
        <Button look icon=Glyph::Plus on:click=move |_| asked.address.go([("record", NEW)])>{text::new_record()}</Button>
    }
}

/// There is nothing to show, and why.
fn nothing(asked: Asked) -> impl IntoView {
    let may = May::here();
    if asked.filter.get_untracked().is_empty() {
        let hint = if may.create.get_untracked() {
            text::no_records_hint()
        } else {
            text::no_records_to_see()
        };
        view! {
            <EmptyState icon=Glyph::Table title=text::no_records() hint>
                {move || may.create.get().then(|| view! { <NewButton asked look=Look::Plain /> })}
            </EmptyState>
        }
        .into_any()
    } else {
        view! {
            <EmptyState icon=Glyph::Filter title=text::no_match() hint=text::no_match_hint()>
                <Button on:click=move |_| asked.address.go([("filter", ""), ("page", "")])>
                    {text::clear_filter()}
                </Button>
            </EmptyState>
        }
        .into_any()
    }
}

#[component]
fn RecordTable(
    collection: Collection,
    page: RecordPage<Record>,
    shown: Vec<Field>,
    asked: Asked,
    selected: RwSignal<Vec<String>>,
) -> impl IntoView {
    // Without anything to do with them, none is selected.
    let selects = May::here().delete.get_untracked();
    let ids: Vec<String> = page.items.iter().map(|record| record.id.clone()).collect();
    let all = ids.clone();
    let all_selected = move || selected.with(|selected| all.iter().all(|id| selected.contains(id)));
    let select_all = move |event| {
        selected.set(if event_target_checked(&event) {
            ids.clone()
        } else {
            Vec::new()
        });
    };
    let heads = shown.iter().map(|field| {
        let glyph = field_types::of(&field.kind).glyph;
        let name = field.name.clone();
        view! {
            <SortHead field=name.clone() sort=asked.sort on_sort=move |sort: String| asked.address.go([("sort", &*sort), ("page", "")])>
                <crate::components::Icon of=glyph />
                {name}
            </SortHead>
        }
    })
    .collect_view();
    let label = text::records_of(&collection.name);
    let rows = page
        .items
        .into_iter()
        .map(|record| {
            let id = record.id.clone();
            let (same, open) = (id.clone(), id.clone());
            let is_selected =
                Memo::new(move |_| selected.with(|selected| selected.contains(&same)));
            let select = move |event| {
                let on = event_target_checked(&event);
                selected.update(|selected| {
                    selected.retain(|other| *other != id);
                    if on {
                        selected.push(id.clone());
                    }
                });
            };
            let cells = shown
                .iter()
                .map(|field| cell::view(field, &record))
                .collect_view();
            view! {
                <tr
                    aria-selected=move || is_selected.get().then_some("true")
                    class="clickable"
                    on:click=move |event| {
                        if cell::is_plain(&event) {
                            asked.address.go([("record", &*open)]);
                        }
                    }
                >
                    {selects.then(|| view! {
                        <td class="check-cell">
                            <input
                                class="check" type="checkbox" aria-label=text::select_record(&record.id)
                                prop:checked=move || is_selected.get() on:change=select
                            />
                        </td>
                    })}
                    {cells}
                </tr>
            }
        })
        .collect_view();
    view! {
        <Table label>
            <thead>
                <tr>
                    {selects.then(|| view! {
                        <th scope="col" class="check-cell">
                            <input
                                class="check" type="checkbox" aria-label=text::select_all()
                                prop:checked=all_selected on:change=select_all
                            />
                        </th>
                    })}
                    {heads}
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </Table>
    }
}

/// How many there are, and the way to the others.
#[component]
fn Foot(shown: RwSignal<Option<RecordPage<Record>>>, asked: Asked) -> impl IntoView {
    let total = move || shown.with(|page| page.as_ref().map_or(0, |page| page.total_items));
    let pages = move || {
        shown.with(|page| {
            page.as_ref()
                .map_or(1, |page| u64::try_from(page.total_pages).unwrap_or(1))
        })
    };
    let sizes = SIZES.map(|size| view! {
        <option value=size.to_string() prop:selected=move || asked.per_page.get() == size>{size}</option>
    });
    view! {
        <footer class="foot">
            <span class="muted" role="status">{move || text::total(&format::count(total()))}</span>
            <span class="grow"></span>
            <label class="foot-size">
                <span class="muted">{text::per_page()}</span>
                <select
                    class="input select"
                    on:change=move |event| asked.address.go([("perPage", &*event_target_value(&event)), ("page", "")])
                >
                    {sizes}
                </select>
            </label>
            <Pagination pages=Signal::derive(pages) />
        </footer>
    }
}

/// The actions on the selected records.
#[component]
fn Selection(
    collection: Collection,
    selected: RwSignal<Vec<String>>,
    #[prop(into)] done: Callback<()>,
) -> impl IntoView {
    let session = Session::here();
    let toaster = Toaster::here();
    let may = May::here();
    let asking = RwSignal::new(false);
    let busy = RwSignal::new(false);
    let name = StoredValue::new(collection.name);
    let count = Memo::new(move |_| selected.with(Vec::len));
    let delete = move || {
        busy.set(true);
        let (client, ids) = (session.client(), selected.get_untracked());
        let records = client.collection::<Record>(name.get_value());
        let answer = async move {
            for id in &ids {
                match records.delete(id).await {
                    // Another record's deletion may have taken it along.
                    Err(error) if error.is_not_found() => {}
                    outcome => outcome?,
                }
            }
            Ok(ids.len())
        };
        act(answer, move |outcome| {
            busy.set(false);
            asking.set(false);
            match outcome {
                Ok(count) => toaster.done(text::records_deleted(count)),
                Err(failure) => toaster.failed(failure.summary(|_| false)),
            }
            done.run(());
        });
    };
    view! {
        {move || (count.get() > 0).then(|| view! {
            <div class="selection" role="region" aria-label=text::selection()>
                <span>{text::selected(count.get())}</span>
                <Button look=Look::Quiet on:click=move |_| selected.set(Vec::new())>{text::clear()}</Button>
                {may.delete.get().then(|| view! {
                    <Button look=Look::Danger icon=Glyph::Trash on:click=move |_| asking.set(true)>{text::delete()}</Button>
                })}
            </div>
        })}
        {move || asking.get().then(|| view! {
            <Confirm
                title=text::delete_records_title(count.get_untracked())
                message=format!("{} {}", selected.with_untracked(|ids| named(ids)), text::delete_records_hint())
                action=text::delete() busy close=move |()| asking.set(false) confirm=move |()| delete()
            />
        })}
    }
}

/// The first of the records by their ids, and how many there are besides.
fn named(ids: &[String]) -> String {
    const NAMED: usize = 5;
    let first = ids[..ids.len().min(NAMED)].join(", ");
    let names = match ids.len() - ids.len().min(NAMED) {
        0 => first,
        others => text::and_others(&first, others),
    };
    text::records_named(&names)
}
