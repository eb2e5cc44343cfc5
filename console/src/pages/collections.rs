use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_navigate, use_query_map};
use plinth_sdk::types::{Collection, CollectionType};

use super::Schema;
use crate::components::{Badge, EmptyState, Glyph, Icon, Page, Table, Tone, loaded};
use crate::session::Session;
use crate::{format, links, text};

/// The list of collections, with search.
#[component]
pub(crate) fn Collections() -> impl IntoView {
    let schema = Schema::here();
    let session = Session::here();
    let query = use_query_map();
    let search = Memo::new(move |_| query.with(|query| query.get("q").unwrap_or_default()));
    let navigate = use_navigate();
    let find = move |event| {
        let options = NavigateOptions {
            replace: true,
            scroll: false,
            ..NavigateOptions::default()
        };
        navigate(
            &links::with(links::COLLECTIONS, [("q", &*event_target_value(&event))]),
            options,
        );
    };
    let show = move |all: Vec<Collection>| {
        let wanted = search.get().to_lowercase();
        let found: Vec<_> = all
            .into_iter()
            .filter(|one| one.name.to_lowercase().contains(&wanted))
            .collect();
        if found.is_empty() {
            return view! {
                <EmptyState icon=Glyph::Search title=text::no_collection_found() hint=text::no_collection_found_hint() />
            }
            .into_any();
        }
        view! {
            <Table label=text::collections()>
                <thead>
                    <tr>
                        <th scope="col">{text::name()}</th>
                        <th scope="col">{text::kind()}</th>
                        <th scope="col">{text::fields()}</th>
                        <th scope="col">{text::access()}</th>
                        <th scope="col">{text::changed()}</th>
                    </tr>
                </thead>
                <tbody>{found.iter().map(row).collect_view()}</tbody>
            </Table>
        }
        .into_any()
    };
    let actions = move || {
        session.may("collections:write").then(|| view! {
        <a class="button button-primary" href=links::NEW_COLLECTION><Icon of=Glyph::Plus />{text::new_collection()}</a>
    })
    };
    view! {
        <Page title=text::collections().to_owned() actions wide=true>
            <div class="search">
                <Icon of=Glyph::Search />
                <input
                    class="input" type="search" placeholder=text::find_collection() aria-label=text::find_collection()
                    prop:value=move || search.get()
                    on:input=find
                />
            </div>
            {loaded(schema.resource(), show)}
        </Page>
    }
}

/// The picture of a type of collections, and what it is called.
pub(super) fn picture(kind: CollectionType) -> (Glyph, &'static str) {
    match kind {
        CollectionType::Auth => (Glyph::Account, text::kind_auth()),
        CollectionType::Base => (Glyph::Table, text::kind_base()),
        CollectionType::View => (Glyph::View, text::kind_view()),
    }
}

fn row(collection: &Collection) -> impl IntoView + use<> {
    let (glyph, kind) = picture(collection.kind);
    view! {
        <tr>
            <td>
                <span class="row nowrap">
                    <Icon of=glyph />
                    <a href=links::collection(&collection.name)>{collection.name.clone()}</a>
                    {collection.system.then(|| view! { <Badge>{text::system()}</Badge> })}
                </span>
            </td>
            <td>{kind}</td>
            <td>{collection.fields.len()}</td>
            <td><span class="row nowrap">{access(collection)}</span></td>
            <td class="muted nowrap">{format::moment(&collection.updated)}</td>
        </tr>
    }
}

/// In a word each: who may read and who may write. Nobody writes what a view shows.
fn access(collection: &Collection) -> impl IntoView + use<> {
    let reading = [&collection.list_rule, &collection.view_rule];
    let writing = [
        &collection.create_rule,
        &collection.update_rule,
        &collection.delete_rule,
    ];
    let badge = |what: &'static str, rules: &[&Option<String>]| {
        let open = rules.iter().any(|rule| rule.as_deref() == Some(""));
        let locked = rules.iter().all(|rule| rule.is_none());
        let (tone, who) = match (open, locked) {
            (true, _) => (Tone::Warning, text::everyone()),
            (false, true) => (Tone::Plain, text::locked()),
            (false, false) => (Tone::Accent, text::by_rule()),
        };
        view! { <Badge tone>{what}": "{who}</Badge> }
    };
    let is_view = collection.kind == CollectionType::View;
    (
        badge(text::reading(), &reading),
        (!is_view).then(|| badge(text::writing(), &writing)),
    )
}
