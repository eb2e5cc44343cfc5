use leptos::prelude::*;

/// The meaning of a badge's colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Tone {
    #[default]
    Plain,
    Accent,
    Good,
    Warning,
    Bad,
}

/// A word or two about something.
#[component]
pub(crate) fn Badge(#[prop(optional)] tone: Tone, children: Children) -> impl IntoView {
    let class = match tone {
        Tone::Plain => "badge",
        Tone::Accent => "badge badge-accent",
        Tone::Good => "badge badge-good",
        Tone::Warning => "badge badge-warning",
        Tone::Bad => "badge badge-bad",
    };
    view! { <span class=class>{children()}</span> }
}
