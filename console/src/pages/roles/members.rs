//! Members of a role.

use std::collections::BTreeMap;

use leptos::prelude::*;
use plinth_sdk::types::{Collection, CollectionType, Member, Role, names};
use plinth_sdk::{Client, Filter, Record, filter};
use serde_json::json;

use super::super::Schema;
use super::super::records::{RecordList, account_label};
use super::{GUEST, SUPERUSER, is_built_in, may_change};
use crate::address::Address;
use crate::api::{Outcome, act, load};
use crate::components::{
    Bind, Button, Confirm, Dialog, EmptyState, Glyph, Icon, IconButton, Look, Pagination,
    SelectField, Table, Toaster, loaded,
};
use crate::session::{SUPERUSERS, Session};
use crate::{format, links, text};

const PER_PAGE: u64 = 50;

/// A member, and its account as far as it may be seen.
#[derive(Clone)]
struct Row {
    member: Member,
    account: Option<Record>,
}

/// A page of members.
#[derive(Clone)]
struct Found {
    rows: Vec<Row>,
    pages: u64,
    total: i64,
}

/// The accounts that have a role.
#[component]
pub(super) fn Members(role: Memo<Role>) -> impl IntoView {
    let built_in = Memo::new(move |_| role.with(is_built_in));
    move || {
        if !built_in.get() {
            return view! { <Chosen role /> }.into_any();
        }
        let hint = role.with(|role| match &*role.id {
            GUEST => text::guest_members(),
            SUPERUSER => text::superuser_members(),
            _ => text::user_members(),
        });
        view! { <EmptyState icon=Glyph::Account title=text::built_in_members() hint /> }.into_any()
    }
}

#[component]
fn Chosen(role: Memo<Role>) -> impl IntoView {
    let session = Session::here();
    let toaster = Toaster::here();
    let may_write = may_change();
    let schema = Schema::here();
    let id = Memo::new(move |_| role.with(|role| role.id.clone()));
    let page = Address::here().page();
    let members = load(move |client| find(client, id.get(), page.get()));
    let adding = RwSignal::new(false);
    let leaving = RwSignal::new(None::<Row>);
    let busy = RwSignal::new(false);
    let remove = move |row: Row| {
        busy.set(true);
        let all = session.client().collection::<Member>(names::MEMBERS);
        let answer = async move { all.delete(&row.member.id).await };
        act(answer, move |outcome| {
            busy.set(false);
            leaving.set(None);
            match outcome {
                Ok(()) => {
                    toaster.done(text::member_removed());
                    members.refetch();
                }
                Err(failure) => toaster.failed(failure.summary(|_| false)),
            }
        });
    };
    let show = move |found: Found| {
        if found.rows.is_empty() {
            return view! {
                <EmptyState icon=Glyph::Account title=text::no_members() hint=text::no_members_hint()>
                    {may_write.then(|| view! { <AddButton adding /> })}
                </EmptyState>
            }
            .into_any();
        }
        let (pages, total) = (found.pages, found.total);
        let rows = found
            .rows
            .into_iter()
            .map(|row| {
                let name_of = |id: &str| schema.find(id).map(|one| one.name);
                let collection = name_of(&row.member.collection_ref);
                let scope_collection = name_of(&row.member.scope_collection);
                view! { <MemberRow row collection scope_collection may_write leaving /> }
            })
            .collect_view();
        view! {
            <div class="row">
                <p class="muted">{text::members_total(&format::count(total))}</p>
                <span class="grow"></span>
                {may_write.then(|| view! { <AddButton adding /> })}
            </div>
            <Table label=text::members()>
                <thead>
                    <tr>
                        <th scope="col">{text::account_head()}</th>
                        <th scope="col">{text::collection()}</th>
                        <th scope="col">{text::scope()}</th>
                        <th scope="col">{text::member_since()}</th>
                        {may_write.then(|| view! { <th scope="col"><span class="visually-hidden">{text::remove_member()}</span></th> })}
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </Table>
            {(pages > 1).then(|| view! { <Pagination pages=Signal::derive(move || pages) /> })}
        }
        .into_any()
    };
    let dialogs = move || {
        adding.get().then(|| view! {
            <AddMember role_id=id.get_untracked() added=move |()| members.refetch() close=move |()| adding.set(false) />
        })
    };
    let confirm = move || {
        leaving.get().map(|row| {
            let (name, role) = (shown(&row), role.with_untracked(|role| role.name.clone()));
            let confirm = move |()| remove(row.clone());
            view! {
                <Confirm
                    title=text::remove_member_title(&name, &role) message=text::remove_member_hint() action=text::remove_member()
                    busy close=move |()| leaving.set(None) confirm
                />
            }
        })
    };
    view! { {loaded(members, show)}{dialogs}{confirm} }
}

#[component]
fn AddButton(adding: RwSignal<bool>) -> impl IntoView {
    view! {
        <Button look=Look::Primary icon=Glyph::Plus on:click=move |_| adding.set(true)>{text::add_member()}</Button>
    }
}

#[component]
fn MemberRow(
    row: Row,
    collection: Option<String>,
    scope_collection: Option<String>,
    may_write: bool,
    leaving: RwSignal<Option<Row>>,
) -> impl IntoView {
    let name = shown(&row);
    let link = collection
        .clone()
        .map(|collection| links::record(&collection, &row.member.record_ref));
    let account = match link.filter(|_| row.account.is_some()) {
        Some(href) => view! { <a href=href>{name.clone()}</a> }.into_any(),
        None => view! { <code>{name.clone()}</code> }.into_any(),
    };
    let scope = match scope_collection {
        None => view! { <span class="muted">{text::everywhere()}</span> }.into_any(),
        Some(collection) => {
            let id = row.member.scope.clone();
            let href = links::record(&collection, &id);
            view! { {collection} " " <a href=href><code>{id}</code></a> }.into_any()
        }
    };
    let since = format::moment(&row.member.created);
    let collection = collection.unwrap_or_else(|| row.member.collection_ref.clone());
    let remove = may_write.then(|| {
        let label = text::remove_member_named(&name);
        view! { <td class="cell-end"><IconButton of=Glyph::Close label on:click=move |_| leaving.set(Some(row.clone())) /></td> }
    });
    view! {
        <tr>
            <td><span class="row nowrap"><Icon of=Glyph::Account />{account}</span></td>
            <td>{collection}</td>
            <td>{scope}</td>
            <td class="muted nowrap">{since}</td>
            {remove}
        </tr>
    }
}

/// Returns the label of an account.
fn shown(row: &Row) -> String {
    let account = row
        .account
        .as_ref()
        .map(|account| account_label(account, None));
    account.unwrap_or_else(|| row.member.record_ref.clone())
}

async fn find(client: Client, role: String, page: u64) -> plinth_sdk::Result<Found> {
    let members = client.collection::<Member>(names::MEMBERS).list();
    let members = members.filter(filter!("role = {}", role)).sort("-@rowid");
    let members = members.page(page).per_page(PER_PAGE).send().await?;
    let mut wanted: BTreeMap<&str, Filter> = BTreeMap::new();
    for member in &members.items {
        let one = filter!("id = {}", member.record_ref);
        let known = wanted.remove(&*member.collection_ref);
        let known = known.map_or_else(|| one.clone(), |known| known.or(one.clone()));
        wanted.insert(&member.collection_ref, known);
    }
    let mut accounts = Vec::new();
    for (collection, filter) in wanted {
        let list = client
            .collection::<Record>(collection)
            .list()
            .filter(filter);
        // Who may see roles may not see every account: then ids have to do.
        if let Ok(found) = list.per_page(PER_PAGE).skip_total().send().await {
            accounts.extend(found.items);
        }
    }
    let row = |member: Member| {
        let is_it = |account: &&Record| {
            account.id == member.record_ref && account.collection_id == member.collection_ref
        };
        let account = accounts.iter().find(is_it).cloned();
        Row { member, account }
    };
    Ok(Found {
        pages: u64::try_from(members.total_pages).unwrap_or_default(),
        total: members.total_items,
        rows: members.items.into_iter().map(row).collect(),
    })
}

/// Chooses accounts, and gives them the role.
#[component]
fn AddMember(
    role_id: String,
    #[prop(into)] added: Callback<()>,
    #[prop(into)] close: Callback<()>,
) -> impl IntoView {
    let session = Session::here();
    let toaster = Toaster::here();
    let collections = untrack(accounts);
    let first = collections
        .first()
        .map(|one| one.id.clone())
        .unwrap_or_default();
    let collection = RwSignal::new(first);
    let chosen = RwSignal::new(Vec::<String>::new());
    let scope = Scope::default();
    let role_id = StoredValue::new(role_id);
    let choose = move |record: Record| {
        if chosen.with_untracked(|chosen| chosen.contains(&record.id)) {
            return;
        }
        let members = session.client().collection::<Member>(names::MEMBERS);
        let member = json!({
            "role": role_id.get_value(),
            "collectionRef": record.collection_id,
            "recordRef": record.id,
            "scopeCollection": scope.collection.get_untracked(),
            "scope": scope.record.get_untracked(),
        });
        let answer = async move { members.create(&member).await };
        act(answer, move |outcome: Outcome<Member>| match outcome {
            Ok(_) => {
                toaster.done(text::member_added(&account_label(&record, None)));
                chosen.update(|chosen| chosen.push(record.id));
                added.run(());
            }
            // Whoever is one already is shown as one.
            Err(failure) if failure.at("recordRef").is_some() => {
                toaster.done(text::already_member(&account_label(&record, None)));
                chosen.update(|chosen| chosen.push(record.id));
            }
            Err(failure) => toaster.failed(failure.summary(|_| false)),
        });
    };
    let choices = {
        let choices: Vec<_> = collections
            .iter()
            .map(|one| (one.id.clone(), one.name.clone()))
            .collect();
        Signal::derive(move || choices.clone())
    };
    let has_many = collections.len() > 1;
    let is_empty = collections.is_empty();
    let list = move || {
        if scope.is_open() {
            return None;
        }
        let id = collection.get();
        let of = collections.iter().find(|one| one.id == id)?.clone();
        Some(view! { <RecordList of chosen label=account_label choose /> })
    };
    view! {
        <Dialog title=text::add_member().to_owned() close>
            <div class="dialog-body picker-body">
                <ScopeField scope changed=move |()| chosen.set(Vec::new()) />
                {has_many.then(|| view! {
                    <SelectField label=text::collection().to_owned() value=Bind::from(collection) choices />
                })}
                {is_empty.then(|| view! {
                    <EmptyState icon=Glyph::Account title=text::no_accounts() hint=text::no_accounts_hint() />
                })}
                {list}
            </div>
            <footer class="dialog-foot">
                <Button look=Look::Primary on:click=move |_| close.run(())>{text::close()}</Button>
            </footer>
        </Dialog>
    }
}

/// The record to which a membership is limited, while it is being chosen.
#[derive(Clone, Copy, Default)]
struct Scope {
    /// The id of its collection; empty: everywhere.
    collection: RwSignal<String>,
    record: RwSignal<String>,
}

impl Scope {
    /// Whether the record is yet to be chosen.
    fn is_open(self) -> bool {
        !self.collection.with(String::is_empty) && self.record.with(String::is_empty)
    }
}

#[component]
fn ScopeField(scope: Scope, #[prop(into)] changed: Callback<()>) -> impl IntoView {
    let mut collections = untrack(|| Schema::here().all());
    collections.retain(|one| !one.system && one.kind != CollectionType::View);
    let choices: Vec<_> = std::iter::once((String::new(), text::everywhere().to_owned()))
        .chain(
            collections
                .iter()
                .map(|one| (one.id.clone(), one.name.clone())),
        )
        .collect();
    let value = Bind::new(
        move || scope.collection.get(),
        move |collection| {
            scope.collection.set(collection);
            scope.record.set(String::new());
            changed.run(());
        },
    );
    let clear = move |_| {
        scope.record.set(String::new());
        changed.run(());
    };
    let record = move || {
        let id = scope.collection.get();
        let of = collections.iter().find(|one| one.id == id)?.clone();
        if scope.is_open() {
            let choose = move |record: Record| scope.record.set(record.id);
            let chosen = Signal::derive(Vec::new);
            return Some(view! { <RecordList of chosen label=account_label choose /> }.into_any());
        }
        Some(view! {
            <p class="row">
                <code class="grow">{scope.record.get()}</code>
                <IconButton of=Glyph::Close label=text::clear_choice().to_owned() on:click=clear />
            </p>
        }
        .into_any())
    };
    view! {
        <SelectField
            label=text::scope().to_owned() value choices=Signal::derive(move || choices.clone()) help=text::scope_help()
        />
        {record}
    }
}

/// The collections whose accounts can have roles.
fn accounts() -> Vec<Collection> {
    let mut all = Schema::here().all();
    all.retain(|one| one.kind == CollectionType::Auth && one.name != SUPERUSERS);
    all
}
