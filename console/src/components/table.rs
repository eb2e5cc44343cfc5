use leptos::prelude::*;

use super::{Glyph, Icon};

/// A table that scrolls sideways in its own box, with its head in view. Its children are `thead` and `tbody`.
#[component]
pub(crate) fn Table(#[prop(into)] label: String, children: Children) -> impl IntoView {
    view! {
        <div class="table-box" role="region" tabindex="0" aria-label=label>
            <table class="table">{children()}</table>
        </div>
    }
}

/// A column's head that sorts by it: once up, once down. `sort` is as the API has it: `name`, `-name`.
#[component]
pub(crate) fn SortHead(
    #[prop(into)] field: String,
    #[prop(into)] sort: Signal<String>,
    #[prop(into)] on_sort: Callback<String>,
    children: Children,
) -> impl IntoView {
    let name = field.clone();
    let state = Memo::new(move |_| {
        sort.with(|sort| match sort.strip_prefix('-') {
            Some(by) if by == name => Some(false),
            None if *sort == name => Some(true),
            _ => None,
        })
    });
    let press = move |_| {
        on_sort.run(match state.get_untracked() {
            Some(true) => format!("-{field}"),
            Some(false) | None => field.clone(),
        });
    };
    view! {
        <th
            scope="col"
            aria-sort=move || match state.get() {
                Some(true) => Some("ascending"),
                Some(false) => Some("descending"),
                None => None,
            }
        >
            <button type="button" class="sort" on:click=press>
                {children()}
                {move || state.get().map(|up| view! { <Icon of=if up { Glyph::Up } else { Glyph::Down } /> })}
            </button>
        </th>
    }
}
