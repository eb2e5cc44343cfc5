use leptos::prelude::*;
use leptos_router::hooks::use_location;

/// Pages of the same thing, each with its own link.
#[component]
pub(crate) fn Tabs(#[prop(into)] label: String, children: Children) -> impl IntoView {
    view! { <nav class="tabs" aria-label=label>{children()}</nav> }
}

/// One of the [`Tabs`].
#[component]
pub(crate) fn Tab(#[prop(into)] href: String, children: Children) -> impl IntoView {
    let path = use_location().pathname;
    let target = href.clone();
    let current = move || path.with(|path| *path == target).then_some("page");
    view! { <a class="tab" href=href aria-current=current>{children()}</a> }
}
