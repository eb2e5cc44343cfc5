use leptos::prelude::*;

use super::{Glyph, IconButton};
use crate::address::Address;
use crate::text;

/// Which page of how many is shown, as the address says, and the way to the others.
#[component]
pub(crate) fn Pagination(#[prop(into)] pages: Signal<u64>) -> impl IntoView {
    let address = Address::here();
    let page = address.page();
    let step = move |by: i64| {
        let next = page.get_untracked().saturating_add_signed(by);
        let next = next.clamp(1, pages.get_untracked().max(1));
        address.go([("page", &*next.to_string())]);
    };
    view! {
        <nav class="pagination" aria-label=text::pages()>
            <IconButton
                of=Glyph::Left
                label=text::previous_page().to_owned()
                disabled=Signal::derive(move || page.get() <= 1)
                on:click=move |_| step(-1)
            />
            <span aria-live="polite">{move || text::page_of(page.get(), pages.get().max(1))}</span>
            <IconButton
                of=Glyph::Right
                label=text::next_page().to_owned()
                disabled=Signal::derive(move || page.get() >= pages.get())
                on:click=move |_| step(1)
            />
        </nav>
    }
}
