use leptos::prelude::*;

use super::{Bind, Field};

/// A choice: its value, and its label.
pub(crate) type Choice = (String, String);

/// One of several.
#[component]
pub(crate) fn SelectField(
    #[prop(into)] label: Signal<String>,
    #[prop(into)] value: Bind<String>,
    #[prop(into)] choices: Signal<Vec<Choice>>,
    #[prop(optional, into)] help: String,
    #[prop(optional, into)] error: Signal<Option<String>>,
    #[prop(optional)] required: bool,
    #[prop(optional, into)] disabled: Signal<bool>,
) -> impl IntoView {
    let options = move || {
        choices.get().into_iter().map(|(choice, shown)| {
            let same = choice.clone();
            view! { <option value=choice prop:selected=move || value.get() == same>{shown}</option> }
        })
        .collect_view()
    };
    let control = move |id, about| {
        view! {
            <select
                class="input select"
                id=id
                on:change=move |event| value.set(event_target_value(&event))
                disabled=move || disabled.get()
                aria-describedby=about
                aria-invalid=move || error.with(Option::is_some).then_some("true")
            >
                {options}
            </select>
        }
    };
    view! { <Field label help error required control /> }
}
