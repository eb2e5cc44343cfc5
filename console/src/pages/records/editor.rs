//! The input of HTML: its text, and what a browser makes of it.

use leptos::prelude::*;
use plinth_sdk::types::EditorOptions;

use super::draft::Draft;
use crate::components::{Field, Frame, Segments};
use crate::text::values as words;

/// Writes HTML, and shows what comes of it.
#[component]
pub(super) fn EditorField(
    name: String,
    options: EditorOptions,
    draft: Draft,
    /// Whether it is looked at first.
    shown: bool,
) -> impl IntoView {
    let value = draft.text(&name);
    let error = draft.error(&name);
    let is_shown = RwSignal::new(shown);
    let title = StoredValue::new(words::preview_of(&name));
    let choices = vec![(false, words::source()), (true, words::preview())];
    let views = words::html_views(&name);
    let control = move |id, about| {
        view! {
            <Segments label=views value=is_shown choices />
            // It stays, so that what is typed can be undone.
            <textarea
                class="input area input-code html"
                id=id
                rows="6"
                spellcheck="true"
                hidden=move || is_shown.get()
                prop:value=move || value.get()
                on:input=move |event| value.set(event_target_value(&event))
                aria-describedby=about
                aria-required=options.required.then_some("true")
                aria-invalid=move || error.with(Option::is_some).then_some("true")
            ></textarea>
            {move || is_shown.get().then(|| view! {
                <Frame title=title.get_value() html=untrack(|| value.get()) />
                <p class="field-help">{words::preview_hint()}</p>
            })}
        }
    };
    view! { <Field label=name help=options.help error required=options.required control /> }
}
