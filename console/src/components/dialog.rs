use leptos::html;
use leptos::prelude::*;

use super::{Glyph, IconButton, new_id};
use crate::text;

/// A window over the page: the browser keeps the focus inside, and Escape closes it. It is made when it is shown:
/// `{move || open.get().then(|| view! { <Dialog … /> })}`.
#[component]
pub(crate) fn Dialog(
    #[prop(into)] title: Signal<String>,
    /// What closing does: it stops showing the dialog.
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
