use leptos::prelude::*;

use super::{Button, Glyph, Icon, IconButton, new_id};
use crate::api::Failure;
use crate::text;

/// Narrows a list by a filter, on Enter. What is wrong with it is said below.
#[component]
pub(crate) fn FilterBar(
    /// The filter that the list is narrowed by.
    filter: Memo<String>,
    /// Narrows it by another one.
    #[prop(into)]
    narrow: Callback<String>,
    /// An example of a filter.
    placeholder: &'static str,
    failure: Memo<Option<Failure>>,
) -> impl IntoView {
    let typed = RwSignal::new(filter.get_untracked());
    // The address may change otherwise: back, or a link.
    Effect::watch(
        move || filter.get(),
        move |filter, _, _| typed.set(filter.clone()),
        false,
    );
    let apply = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        narrow.run(typed.get_untracked().trim().to_owned());
    };
    let clear = move |_| {
        typed.set(String::new());
        narrow.run(String::new());
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
                    placeholder=placeholder
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
