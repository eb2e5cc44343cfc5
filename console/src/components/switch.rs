use leptos::prelude::*;

use super::{Bind, new_id};

/// On or off.
#[component]
pub(crate) fn Switch(
    #[prop(into)] label: Signal<String>,
    #[prop(into)] value: Bind<bool>,
    #[prop(optional, into)] help: String,
    #[prop(optional, into)] error: Signal<Option<String>>,
    #[prop(optional, into)] disabled: Signal<bool>,
    /// Whether its label is only read out, since what is around it says the same.
    #[prop(optional)]
    bare: bool,
) -> impl IntoView {
    let id = new_id();
    let about = format!("{id}-about");
    view! {
        <div class="switch">
            <input
                type="checkbox"
                role="switch"
                id=id.clone()
                prop:checked=move || value.get()
                on:change=move |event| value.set(event_target_checked(&event))
                disabled=move || disabled.get()
                aria-describedby=about.clone()
            />
            <div class:visually-hidden=bare>
                <label for=id>{move || label.get()}</label>
                <div id=about class="field-about">
                    {move || error.get().map(|error| view! { <p class="field-error">{error}</p> })}
                    {(!help.is_empty()).then(|| view! { <p class="field-help">{help}</p> })}
                </div>
            </div>
        </div>
    }
}
