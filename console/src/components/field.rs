//! Inputs with a label, a hint and what is wrong.

use std::sync::atomic::{AtomicUsize, Ordering};

use leptos::prelude::*;

use super::{Glyph, Icon};

/// A value that an input shows and changes.
pub(crate) struct Bind<T: Send + Sync + 'static> {
    get: Signal<T>,
    set: Callback<T>,
}

impl<T: Send + Sync + 'static> Clone for Bind<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Send + Sync + 'static> Copy for Bind<T> {}

impl<T: Clone + Send + Sync + 'static> Bind<T> {
    /// A value that is somewhere else: how to read it, and how to change it.
    pub(crate) fn new(
        get: impl Fn() -> T + Send + Sync + 'static,
        set: impl Fn(T) + Send + Sync + 'static,
    ) -> Self {
        Self {
            get: Signal::derive(get),
            set: Callback::new(set),
        }
    }

    /// The value.
    pub(crate) fn get(self) -> T {
        self.get.get()
    }

    /// Changes the value.
    pub(crate) fn set(self, value: T) {
        self.set.run(value);
    }
}

impl<T: Clone + Send + Sync + 'static> From<RwSignal<T>> for Bind<T> {
    fn from(signal: RwSignal<T>) -> Self {
        Self::new(move || signal.get(), move |value| signal.set(value))
    }
}

/// An id that no other element has.
pub(crate) fn new_id() -> String {
    static LAST: AtomicUsize = AtomicUsize::new(0);
    format!("i{}", LAST.fetch_add(1, Ordering::Relaxed))
}

/// A label, whatever `control` makes, a hint and what is wrong. The control has the id that it is given.
#[component]
pub(crate) fn Field<V: IntoView + 'static>(
    #[prop(into)] label: Signal<String>,
    #[prop(optional, into)] help: Signal<String>,
    #[prop(optional, into)] error: Signal<Option<String>>,
    #[prop(optional)] required: bool,
    /// Makes the control, from its id and the id of its description.
    control: impl FnOnce(String, String) -> V,
) -> impl IntoView {
    let id = new_id();
    let about = format!("{id}-about");
    view! {
        <div class="field" class:field-wrong=move || error.with(Option::is_some)>
            <label class="field-label" class:field-required=required for=id.clone()>{move || label.get()}</label>
            {control(id, about.clone())}
            <div id=about class="field-about">
                {move || error.get().map(|error| view! { <p class="field-error">{error}</p> })}
                {move || Some(help.get()).filter(|help| !help.is_empty()).map(|help| view! { <p class="field-help">{help}</p> })}
            </div>
        </div>
    }
}

/// One line of text.
#[component]
pub(crate) fn TextField(
    #[prop(into)] label: Signal<String>,
    #[prop(into)] value: Bind<String>,
    #[prop(optional, into)] help: Signal<String>,
    #[prop(optional, into)] error: Signal<Option<String>>,
    #[prop(optional)] required: bool,
    /// `text`, `email`, `password`, `number`, …
    #[prop(default = "text")]
    kind: &'static str,
    #[prop(optional, into)] placeholder: Signal<String>,
    #[prop(default = "off")] autocomplete: &'static str,
    /// Whether it is code, shown in letters of equal width.
    #[prop(optional)]
    code: bool,
    #[prop(optional)] focus: bool,
    #[prop(optional, into)] disabled: Signal<bool>,
) -> impl IntoView {
    // A browser's own number input shows what is no number and says that it is empty.
    let is_number = kind == "number";
    let error = Signal::derive(move || {
        let is_wrong = is_number && crate::json::is_no_number(&value.get());
        is_wrong
            .then(|| crate::text::bad_number().to_owned())
            .or_else(|| error.get())
    });
    // A number stays as it is being typed: `1.` is on its way to `1.5`.
    let typed = RwSignal::new(String::new());
    let shown = move || {
        let value = value.get();
        let number = |text: &str| crate::json::number(text, serde_json::Value::Null);
        let is_typed = is_number && typed.with(|typed| number(typed) == number(&value));
        if is_typed { typed.get() } else { value }
    };
    let input = move |event| {
        let text = event_target_value(&event);
        typed.set(text.clone());
        value.set(text);
    };
    let control = move |id, about| {
        view! {
            <input
                class="input"
                class:input-code=code
                id=id
                type=if is_number { "text" } else { kind }
                inputmode=is_number.then_some("decimal")
                prop:value=shown
                on:input=input
                placeholder=move || placeholder.get()
                autocomplete=autocomplete
                spellcheck=if code { "false" } else { "" }
                autofocus=focus
                required=required
                disabled=move || disabled.get()
                aria-describedby=about
                aria-invalid=move || error.with(Option::is_some).then_some("true")
            />
        }
    };
    view! { <Field label help error required control /> }
}

/// Several lines of text.
#[component]
pub(crate) fn Area(
    #[prop(into)] label: Signal<String>,
    #[prop(into)] value: Bind<String>,
    #[prop(optional, into)] help: String,
    #[prop(optional, into)] error: Signal<Option<String>>,
    #[prop(optional)] required: bool,
    #[prop(optional, into)] placeholder: Signal<String>,
    #[prop(optional)] code: bool,
    #[prop(default = 3)] rows: u32,
    #[prop(optional, into)] disabled: Signal<bool>,
) -> impl IntoView {
    let control = move |id, about| {
        view! {
            <textarea
                class="input area"
                class:input-code=code
                id=id
                rows=rows
                prop:value=move || value.get()
                on:input=move |event| value.set(event_target_value(&event))
                placeholder=move || placeholder.get()
                spellcheck=if code { "false" } else { "" }
                disabled=move || disabled.get()
                aria-describedby=about
                aria-required=required.then_some("true")
                aria-invalid=move || error.with(Option::is_some).then_some("true")
            ></textarea>
        }
    };
    view! { <Field label help error required control /> }
}

/// A problem that belongs to no single field.
#[component]
pub(crate) fn Problem(#[prop(into)] message: Signal<Option<String>>) -> impl IntoView {
    move || {
        message.get().map(|message| {
            view! {
                <div class="problem" role="alert"><Icon of=Glyph::Warning /><p>{message}</p></div>
            }
        })
    }
}
