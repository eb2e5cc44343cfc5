use leptos::prelude::*;

use super::Asked;
use crate::api::Failure;
use crate::components::{Button, Glyph, Icon, IconButton, new_id};
use crate::text;

/// Narrows the list by a filter, on Enter. What is wrong with it is said below.
#[component]
pub(super) fn FilterBar(asked: Asked, failure: Memo<Option<Failure>>) -> impl IntoView {
    let typed = RwSignal::new(asked.filter.get_untracked());
    // The address may change otherwise: back, or a link.
    Effect::watch(
        move || asked.filter.get(),
        move |filter, _, _| typed.set(filter.clone()),
        false,
    );
    let apply = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        asked.go([
            ("filter", typed.get_untracked().trim().to_owned()),
            ("page", String::new()),
        ]);
    };
    let clear = move |_| {
        typed.set(String::new());
        asked.go([("filter", String::new()), ("page", String::new())]);
    };
    let error = Memo::new(move |_| {
        failure
            .get()
            .filter(|failure| failure.status == Some(400))
            .map(|_| text::bad_filter())
    });
    let about = new_id();
    view! {
        <form class="filter" role="search" on:submit=apply class:field-wrong=move || error.with(Option::is_some)>
            <div class="search grow">
                <Icon of=Glyph::Filter />
                <input
                    class="input input-code" type="text" spellcheck="false" autocomplete="off" aria-label=text::filter()
                    placeholder=text::filter_placeholder()
                    prop:value=move || typed.get()
                    on:input=move |event| typed.set(event_target_value(&event))
                    aria-describedby=about.clone()
                    aria-invalid=move || error.with(Option::is_some).then_some("true")
                />
                {move || (!typed.with(String::is_empty)).then(|| view! {
                    <span class="search-end">
                        <IconButton of=Glyph::Close label=text::clear_filter().to_owned() on:click=clear />
                    </span>
                })}
            </div>
            <Button submit=true>{text::apply()}</Button>
            <p id=about class="field-error filter-error" role="status">{move || error.get()}</p>
        </form>
    }
}
