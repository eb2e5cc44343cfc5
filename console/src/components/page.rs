use leptos::prelude::*;

use crate::text;

/// Names the browser's tab.
pub(crate) fn titled(title: impl Fn() -> String + 'static) {
    Effect::new(move || document().set_title(&text::page_title(&title())));
}

/// A page: its title, what can be done with all of it, and what is in it.
#[component]
pub(crate) fn Page(
    #[prop(into)] title: Signal<String>,
    /// The way here, before the title.
    #[prop(optional, into)]
    trail: ViewFn,
    #[prop(optional, into)] actions: ViewFn,
    /// The part below the title that stays when the page is scrolled: tabs.
    #[prop(optional, into)]
    below: ViewFn,
    /// Whether what is in it takes the whole width.
    #[prop(optional)]
    wide: bool,
    /// Whether it takes the whole window, and what is in it scrolls by itself.
    #[prop(optional)]
    fill: bool,
    children: Children,
) -> impl IntoView {
    titled(move || title.get());
    view! {
        <header class="page-head">
            <div class="page-title">
                <div class="trail">{move || trail.run()}<h1>{move || title.get()}</h1></div>
                <div class="actions">{move || actions.run()}</div>
            </div>
            {move || below.run()}
        </header>
        <div class="page-body" class:page-wide=wide || fill class:page-fill=fill>{children()}</div>
    }
}
