use leptos::prelude::*;

use super::{Bind, Button, Dialog, Look, TextField};
use crate::text;

/// Asks before something is done that cannot be undone. With `typed`, that text has to be typed first.
#[component]
pub(crate) fn Confirm(
    #[prop(into)] title: String,
    #[prop(into)] message: String,
    /// The label of the button.
    #[prop(into)]
    action: String,
    #[prop(optional, into)] typed: String,
    #[prop(optional, into)] busy: Signal<bool>,
    #[prop(into)] close: Callback<()>,
    #[prop(into)] confirm: Callback<()>,
) -> impl IntoView {
    let given = RwSignal::new(String::new());
    let wanted = typed.clone();
    let ready = Signal::derive(move || given.with(|given| *given == wanted));
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        if ready.get_untracked() {
            confirm.run(());
        }
    };
    view! {
        <Dialog title close>
            <form class="dialog-form" on:submit=submit>
                <div class="dialog-body">
                    <p>{message}</p>
                    {(!typed.is_empty()).then(|| view! {
                        <TextField label=text::type_to_confirm(&typed) value=Bind::from(given) code=true focus=true />
                    })}
                </div>
                <footer class="dialog-foot">
                    <Button on:click=move |_| close.run(())>{text::cancel()}</Button>
                    <Button look=Look::Danger submit=true busy disabled=Signal::derive(move || !ready.get())>{action}</Button>
                </footer>
            </form>
        </Dialog>
    }
}
