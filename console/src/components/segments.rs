use leptos::prelude::*;

/// Ways to look at the same thing, one at a time.
#[component]
pub(crate) fn Segments<T: Copy + PartialEq + Send + Sync + 'static>(
    #[prop(into)] label: String,
    value: RwSignal<T>,
    /// The values to choose from, each with its label.
    choices: Vec<(T, &'static str)>,
) -> impl IntoView {
    let one = |(choice, name): (T, &'static str)| {
        view! {
            <button
                type="button" class="segment" aria-pressed=move || if value.get() == choice { "true" } else { "false" }
                on:click=move |_| value.set(choice)
            >
                {name}
            </button>
        }
    };
    let choices = choices.into_iter().map(one).collect_view();
    view! { <div class="segments" role="group" aria-label=label>{choices}</div> }
}
