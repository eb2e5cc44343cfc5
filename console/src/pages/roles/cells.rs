//! The permissions behind one cell.

use leptos::prelude::*;

use super::lines::{Line, Origin, has_fields};
use crate::components::{Button, Dialog, EmptyState, Glyph, Icon, Look};
use crate::{links, text};

/// A line as a mark: whether it gives or takes, whether of some records or fields, and whose it is.
#[component]
pub(super) fn Mark(line: Line) -> impl IntoView {
    let allows = line.allows();
    let Line { permission, origin } = line;
    let from = from(&origin);
    let has_condition = !permission.condition.is_empty();
    let has_fields = has_fields(&permission);
    let (class, of, word) = if allows {
        ("say say-allow", Glyph::Check, text::allow())
    } else {
        ("say say-deny", Glyph::Close, text::deny())
    };
    let class = if from.is_some() {
        format!("{class} say-above")
    } else {
        class.to_owned()
    };
    view! {
        <span class=class>
            <Icon of />
            {word}
            {has_condition.then(|| view! { <Icon of=Glyph::Filter /> })}
            {has_fields.then(|| view! { <Icon of=Glyph::Columns /> })}
            {from.map(|from| view! { <span class="say-from cut">{from}</span> })}
        </span>
    }
}

/// Returns the origin of a line, if it is not the role's own about this collection.
fn from(origin: &Origin) -> Option<String> {
    match origin {
        Origin::Own => None,
        Origin::Everywhere => Some(text::all_collections().to_owned()),
        Origin::Above(name) => Some(name.clone()),
    }
}

/// A line in words.
pub(super) fn in_words(line: &Line) -> String {
    let mut words = vec![
        if line.allows() {
            text::allow()
        } else {
            text::deny()
        }
        .to_owned(),
    ];
    if !line.permission.condition.is_empty() {
        words.push(text::where_condition(&line.permission.condition));
    }
    if let Some(fields) = line
        .permission
        .fields
        .as_ref()
        .filter(|fields| !fields.is_empty())
    {
        words.push(text::only_fields(&fields.join(", ")));
    }
    if let Some(from) = from(&line.origin) {
        words.push(text::from_role(&from));
    }
    words.join(", ")
}

/// All that is said of a cell.
#[component]
pub(super) fn CellDialog(
    title: String,
    here: Memo<Vec<Line>>,
    may_write: bool,
    #[prop(into)] edit: Callback<String>,
    #[prop(into)] add: Callback<()>,
    #[prop(into)] close: Callback<()>,
) -> impl IntoView {
    let lines = move || {
        here.get().into_iter().map(|line| {
            let permission = line.permission.clone();
            // What another role says is changed there.
            let way = match &line.origin {
                Origin::Own | Origin::Everywhere => {
                    let id = permission.id.clone();
                    let word = if may_write { text::edit() } else { text::look_at() };
                    view! { <Button on:click=move |_| edit.run(id.clone())>{word}</Button> }.into_any()
                }
                Origin::Above(_) => view! {
                    <a class="button" href=links::permission(&permission.role, &permission.id)>{text::to_the_role()}</a>
                }
                .into_any(),
            };
            let fields = permission.fields.unwrap_or_default();
            view! {
                <li class="row">
                    <div class="grow stack-small">
                        <div><Mark line /></div>
                        {(!permission.condition.is_empty()).then(|| view! { <code class="wrap">{permission.condition.clone()}</code> })}
                        {(!fields.is_empty()).then(|| view! {
                            <p class="chips">{fields.into_iter().map(|name| view! { <code class="chip">{name}</code> }).collect_view()}</p>
                        })}
                    </div>
                    {way}
                </li>
            }
        })
        .collect_view()
    };
    let is_empty = Memo::new(move |_| here.with(Vec::is_empty));
    view! {
        <Dialog title close>
            <div class="dialog-body">
                <p class="muted">{text::cell_hint()}</p>
                {move || if is_empty.get() {
                    view! { <EmptyState icon=Glyph::Roles title=text::says_nothing() /> }.into_any()
                } else {
                    view! { <ul class="rows">{lines}</ul> }.into_any()
                }}
            </div>
            <footer class="dialog-foot">
                <Button on:click=move |_| close.run(())>{text::close()}</Button>
                {may_write.then(|| view! {
                    <Button look=Look::Primary icon=Glyph::Plus on:click=move |_| add.run(())>{text::add_permission()}</Button>
                })}
            </footer>
        </Dialog>
    }
}
