use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use super::{Glyph, IconButton, new_id};
use crate::{browser, text};

/// A window over the page: the browser keeps the focus inside, and Escape closes it. It is made when it is shown:
/// `{move || open.get().then(|| view! { <Dialog … /> })}`.
#[component]
pub(crate) fn Dialog(
    #[prop(into)] title: Signal<String>,
    /// Stops showing the dialog.
    #[prop(into)]
    close: Callback<()>,
    /// Whether it takes the right side of the window, from top to bottom.
    #[prop(optional)]
    side: bool,
    children: Children,
) -> impl IntoView {
    let element = NodeRef::<html::Dialog>::new();
    Effect::new(move || {
        // A moment later, so that it is in the document with all that is in it.
        if let Some(dialog) = element.get() {
            let dialog: web_sys::HtmlDialogElement = dialog;
            request_animation_frame(move || {
                if dialog.is_connected() && !dialog.open() {
                    let _ = dialog.show_modal();
                    start(&dialog);
                }
            });
        }
    });
    // Who has closed it goes on where it was opened.
    let before = StoredValue::new_local(browser::focused());
    on_cleanup(move || {
        if let Some(before) = before.try_get_value().flatten() {
            request_animation_frame(move || {
                if before.is_connected() {
                    let _ = before.focus();
                }
            });
        }
    });
    let id = new_id();
    let labelled = id.clone();
    view! {
        <dialog
            node_ref=element
            class=if side { "dialog dialog-side" } else { "dialog" }
            aria-labelledby=labelled
            on:cancel=move |event: web_sys::Event| {
                event.prevent_default();
                close.run(());
            }
        >
            <header class="dialog-head">
                <h2 id=id>{move || title.get()}</h2>
                <IconButton of=Glyph::Close label=text::close().to_owned() on:click=move |_| close.run(()) />
            </header>
            {children()}
        </dialog>
    }
}

/// Gives the focus to what one came for: what says so itself, else the first input, else the last button.
fn start(dialog: &web_sys::HtmlDialogElement) {
    let first = [
        "[autofocus]",
        ".dialog-body :is(input, textarea, select):not(:disabled)",
        ".dialog-foot button:last-child:not(:disabled)",
    ]
    .into_iter()
    .find_map(|selector| dialog.query_selector(selector).ok().flatten());
    if let Some(element) = first.and_then(|first| first.dyn_into::<web_sys::HtmlElement>().ok()) {
        let _ = element.focus();
    }
}
