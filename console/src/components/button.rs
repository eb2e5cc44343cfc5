use std::time::Duration;

use leptos::prelude::*;

use super::{Glyph, Icon};
use crate::{browser, text};

/// How much a button wants to be pressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Look {
    /// One of several.
    #[default]
    Plain,
    /// The main action; one in a view.
    Primary,
    /// Cannot be undone.
    Danger,
    /// Beside other things.
    Quiet,
}

impl Look {
    const fn class(self) -> &'static str {
        match self {
            Self::Plain => "button",
            Self::Primary => "button button-primary",
            Self::Danger => "button button-danger",
            Self::Quiet => "button button-quiet",
        }
    }
}

/// A button with words. `on:click` says what it does; with `submit`, its form is sent.
#[component]
pub(crate) fn Button(
    #[prop(optional)] look: Look,
    #[prop(optional)] icon: Option<Glyph>,
    #[prop(optional)] submit: bool,
    #[prop(optional, into)] disabled: Signal<bool>,
    /// While it is true, the button turns and cannot be pressed.
    #[prop(optional, into)]
    busy: Signal<bool>,
    children: Children,
) -> impl IntoView {
    view! {
        <button
            type=if submit { "submit" } else { "button" }
            class=look.class()
            disabled=move || disabled.get() || busy.get()
            aria-busy=move || busy.get().then_some("true")
        >
            {move || busy.get().then(|| view! { <span class="spinner" aria-hidden="true"></span> })}
            {icon.map(|icon| view! { <Icon of=icon /> })}
            {children()}
        </button>
    }
}

/// A button with a picture alone; `label` is read out, and shown on hover.
#[component]
pub(crate) fn IconButton(
    of: Glyph,
    #[prop(into)] label: Signal<String>,
    #[prop(optional, into)] disabled: Signal<bool>,
) -> impl IntoView {
    view! {
        <button
            type="button"
            class="icon-button"
            aria-label=move || label.get()
            title=move || label.get()
            disabled=move || disabled.get()
        >
            <Icon of />
        </button>
    }
}

/// Copies a text.
#[component]
pub(crate) fn CopyButton(#[prop(into)] value: Signal<String>) -> impl IntoView {
    let copied = RwSignal::new(false);
    let copy = move |_| {
        browser::copy(&value.get_untracked());
        copied.set(true);
        set_timeout(
            move || {
                copied.try_set(false);
            },
            Duration::from_millis(1500),
        );
    };
    let label = Signal::derive(move || {
        if copied.get() {
            text::copied()
        } else {
            text::copy()
        }
        .to_owned()
    });
    view! {
        {move || {
            let of = if copied.get() { Glyph::Check } else { Glyph::Copy };
            view! { <IconButton of label on:click=copy /> }
        }}
    }
}
