//! The permissions of a role: collections × actions.

use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_navigate, use_query_map};
use plinth_sdk::types::{Collection, Role};
use wasm_bindgen::JsCast;

use super::super::Schema;
use super::cells::{Mark, in_words};
use super::lines::{self, ACTIONS, ALL, Line};
use super::overlay::{Open, Overlay};
use super::{Book, SUPERUSER, may_change};
use crate::components::{EmptyState, Glyph, Icon, Spinner, Table};
use crate::{browser, links, text};

/// How many lines a cell shows; the others are counted.
const SHOWN: usize = 3;

/// A collection, or all of them: its id, and what it is called.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Row {
    pub(super) id: String,
    pub(super) name: String,
}

/// The permissions of a role, with links to change them.
#[component]
pub(super) fn Matrix(role: Memo<Role>, book: Book) -> impl IntoView {
    let schema = Schema::here();
    let may_write = may_change();
    let id = Memo::new(move |_| role.with(|role| role.id.clone()));
    let all =
        Memo::new(move |_| id.with(|id| lines::of_role(id, &book.roles(), &book.permissions())));
    let rows = Memo::new(move |_| all.with(|lines| rows(schema.all(), lines)));
    let is_ready = Memo::new(move |_| schema.resource().get().is_some());
    let query = use_query_map();
    let open = Memo::new(move |_| query.with(|query| Open::read(|name| query.get(name))));
    let navigate = StoredValue::new_local(use_navigate());
    let show = Callback::new(move |what: Open| {
        let path = links::role(&id.get_untracked(), "permissions");
        let query = what.query();
        let query = query.iter().map(|(name, value)| (*name, &**value));
        let options = NavigateOptions {
            scroll: false,
            ..NavigateOptions::default()
        };
        navigate.with_value(|navigate| navigate(&links::with(&path, query), options));
    });
    // One permission of one's own is changed at once; where several say something, they are listed.
    let press = move |collection: String, action: &'static str, here: Vec<Line>| {
        show.run(match &*here {
            [] if may_write => Open::New(collection, action.to_owned()),
            [] => return,
            [only] if only.is_own() => Open::Permission(only.permission.id.clone()),
            _ => Open::Cell(collection, action.to_owned()),
        });
    };
    let heads = || {
        ACTIONS
            .map(|action| view! { <th scope="col">{text::action(action)}</th> })
            .collect_view()
    };
    let table = move || {
        view! {
            <Table label=text::permissions()>
                <thead><tr><th scope="col">{text::collection()}</th>{heads()}</tr></thead>
                <tbody class="matrix" on:keydown=|event| walk(&event)>
                    <For each=move || rows.get() key=Row::clone let:row>
                        {
                            let name = row.name.clone();
                            let cells = ACTIONS.map(|action| {
                                view! { <Cell row=row.clone() action all may_write press=move |(collection, here)| press(collection, action, here) /> }
                            });
                            view! { <tr><th scope="row"><RowHead row name /></th>{cells.collect_view()}</tr> }
                        }
                    </For>
                </tbody>
            </Table>
        }
    };
    move || {
        if id.with(|id| id == SUPERUSER) {
            view! { <EmptyState icon=Glyph::Roles title=text::superusers_title() hint=text::superusers_hint() /> }.into_any()
        } else if is_ready.get() {
            view! { <p class="muted">{text::matrix_hint()}</p>{table()}<Legend /><Overlay role=id open show book all rows /> }
                .into_any()
        } else {
            view! { <Spinner /> }.into_any()
        }
    }
}

/// All collections first, then each; those that are not known because one may not see them go by their ids.
fn rows(collections: Vec<Collection>, lines: &[Line]) -> Vec<Row> {
    let mut rows = vec![Row {
        id: ALL.to_owned(),
        name: text::all_collections().to_owned(),
    }];
    let ordinary = collections.into_iter().filter(|one| !one.system);
    rows.extend(ordinary.map(|Collection { id, name, .. }| Row { id, name }));
    for line in lines {
        let id = &line.permission.collection;
        if !rows.iter().any(|row| row.id == *id) {
            rows.push(Row {
                id: id.clone(),
                name: id.clone(),
            });
        }
    }
    rows
}

#[component]
fn RowHead(row: Row, name: String) -> impl IntoView {
    if row.id == ALL || row.id == name {
        return view! { <span>{name}</span> }.into_any();
    }
    view! { <a href=links::definition(&name, "rules") title=text::rules_of(&name)>{name.clone()}</a> }.into_any()
}

#[component]
fn Cell(
    row: Row,
    action: &'static str,
    all: Memo<Vec<Line>>,
    may_write: bool,
    #[prop(into)] press: Callback<(String, Vec<Line>)>,
) -> impl IntoView {
    let id = row.id.clone();
    let here = Memo::new(move |_| all.with(|lines| lines::in_cell(lines, &id, action)));
    let about = text::action_on(text::action(action), &row.name);
    let label = Memo::new(move |_| {
        here.with(|here| {
            let said: Vec<String> = here.iter().map(in_words).collect();
            let said = if said.is_empty() {
                text::says_nothing().to_owned()
            } else {
                said.join("; ")
            };
            format!("{about}: {said}")
        })
    });
    let marks = move || {
        here.with(|here| {
            let rest = here.len().saturating_sub(SHOWN);
            let marks = here.iter().take(SHOWN).cloned().map(|line| view! { <Mark line /> }).collect_view();
            let none = here.is_empty().then(|| {
                let of = if may_write { Glyph::Plus } else { Glyph::Minus };
                view! { <span class="cell-none"><Icon of /></span> }
            });
            view! { {marks}{none}{(rest > 0).then(|| view! { <span class="muted">{format!("+{rest}")}</span> })} }
        })
    };
    view! {
        <td>
            <button
                type="button" class="cell" title=move || label.get()
                on:click=move |_| press.run((row.id.clone(), here.get_untracked()))
            >
                <span class="visually-hidden">{move || label.get()}</span>
                <span class="cell-marks" aria-hidden="true">{marks}</span>
            </button>
        </td>
    }
}

/// The arrows lead from cell to cell.
fn walk(event: &web_sys::KeyboardEvent) {
    let (down, right): (isize, isize) = match event.key().as_str() {
        "ArrowUp" => (-1, 0),
        "ArrowDown" => (1, 0),
        "ArrowLeft" => (0, -1),
        "ArrowRight" => (0, 1),
        _ => return,
    };
    let next = || {
        let cell = browser::focused()?;
        let row = cell.closest("tr").ok()??;
        let cells = row.query_selector_all(".cell").ok()?;
        let column = (0..cells.length()).find(|at| cells.item(*at).as_ref() == Some(&cell))?;
        let row = match down {
            -1 => row.previous_element_sibling()?,
            1 => row.next_element_sibling()?,
            _ => row,
        };
        let column = usize::try_from(column).ok()?.checked_add_signed(right)?;
        let cells = row.query_selector_all(".cell").ok()?;
        cells
            .item(u32::try_from(column).ok()?)?
            .dyn_into::<web_sys::HtmlElement>()
            .ok()
    };
    if let Some(cell) = next() {
        event.prevent_default();
        let _ = cell.focus();
    }
}

/// The meaning of the marks.
#[component]
fn Legend() -> impl IntoView {
    view! {
        <ul class="matrix-legend">
            <li><span class="say say-allow"><Icon of=Glyph::Check /></span>{text::legend_allow()}</li>
            <li><span class="say say-deny"><Icon of=Glyph::Close /></span>{text::legend_deny()}</li>
            <li><span class="say say-above"><Icon of=Glyph::Check /></span>{text::legend_above()}</li>
            <li><Icon of=Glyph::Filter />{text::legend_condition()}</li>
            <li><Icon of=Glyph::Columns />{text::legend_fields()}</li>
        </ul>
    }
}
