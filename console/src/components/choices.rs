use leptos::prelude::*;

use super::select::Choice;
use super::{Bind, new_id};

/// One of several that can be chosen together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Check {
    /// The value that is chosen.
    pub(crate) value: String,
    /// The label.
    pub(crate) shown: String,
    /// A hint, where the label does not suffice.
    pub(crate) help: String,
    /// Whether it is chosen by something else, and cannot be left out.
    pub(crate) is_fixed: bool,
}

/// Any of several.
#[component]
pub(crate) fn Checks(
    #[prop(into)] label: Signal<String>,
    #[prop(into)] value: Bind<Vec<String>>,
    #[prop(into)] choices: Signal<Vec<Check>>,
    #[prop(optional, into)] help: Signal<String>,
    #[prop(optional, into)] error: Signal<Option<String>>,
    /// Whether they are names of a machine's.
    #[prop(optional)]
    code: bool,
    /// Whether they stand beside each other.
    #[prop(optional)]
    inline: bool,
) -> impl IntoView {
    let about = new_id();
    let described = about.clone();
    let choose = move |choice: String, on: bool| {
        let mut chosen = untrack(|| value.get());
        chosen.retain(|one| *one != choice);
        if on {
            chosen.push(choice);
        }
        value.set(chosen);
    };
    view! {
        <fieldset class="choices" class:field-wrong=move || error.with(Option::is_some) aria-describedby=described>
            <legend class="field-label">{move || label.get()}</legend>
            <div class=if inline { "choices-inline" } else { "choices" }>
                <For each=move || choices.get() key=|check| (check.value.clone(), check.is_fixed) let:check>
                    {
                        let Check { value: choice, shown, help, is_fixed } = check;
                        let same = choice.clone();
                        view! {
                            <label class="choice">
                                <input
                                    class="check" type="checkbox" disabled=is_fixed
                                    prop:checked=move || is_fixed || value.get().contains(&same)
                                    on:change=move |event| choose(choice.clone(), event_target_checked(&event))
                                />
                                <span class:mono=code>{shown}</span>
                                {(!help.is_empty()).then(|| view! { <span class="choice-help">{help}</span> })}
                            </label>
                        }
                    }
                </For>
            </div>
            <div id=about class="field-about">
                {move || error.get().map(|error| view! { <p class="field-error">{error}</p> })}
                {move || Some(help.get()).filter(|help| !help.is_empty()).map(|help| view! { <p class="field-help">{help}</p> })}
            </div>
        </fieldset>
    }
}

/// One of two or three, all in view.
#[component]
pub(crate) fn Radios(
    #[prop(into)] label: Signal<String>,
    #[prop(into)] value: Bind<String>,
    choices: Vec<Choice>,
) -> impl IntoView {
    let group = new_id();
    let choices = choices
        .into_iter()
        .map(|(choice, shown)| {
            let same = choice.clone();
            view! {
                <label class="radio">
                    <input
                        type="radio" name=group.clone() value=choice.clone()
                        prop:checked=move || value.get() == same
                        on:change=move |_| value.set(choice.clone())
                    />
                    <span>{shown}</span>
                </label>
            }
        })
        .collect_view();
    view! {
        <fieldset class="choices">
            <legend class="field-label">{move || label.get()}</legend>
            <div class="radios">{choices}</div>
        </fieldset>
    }
}
