use std::time::Duration;

use leptos::html;
use leptos::prelude::*;

use super::{Glyph, Icon, IconButton};
use crate::text;

#[derive(Clone, PartialEq)]
struct Toast {
    number: usize,
    message: String,
    is_bad: bool,
}

/// Says in passing what has happened. From the context.
#[derive(Clone, Copy)]
pub(crate) struct Toaster {
    toasts: RwSignal<Vec<Toast>>,
    last: StoredValue<usize>,
}

const SHOWN: Duration = Duration::from_secs(5);
/// How long a failure is shown: longer than a success.
const BAD_SHOWN: Duration = Duration::from_secs(12);

impl Toaster {
    /// One without anything to say; goes into the context.
    pub(crate) fn new() -> Self {
        Self {
            toasts: RwSignal::new(Vec::new()),
            last: StoredValue::new(0),
        }
    }

    /// The one from the context.
    pub(crate) fn here() -> Self {
        expect_context()
    }

    /// Something is done.
    pub(crate) fn done(self, message: impl Into<String>) {
        self.show(message.into(), false);
    }

    /// Something went wrong.
    pub(crate) fn failed(self, message: impl Into<String>) {
        self.show(message.into(), true);
    }

    fn show(self, message: String, is_bad: bool) {
        self.last.update_value(|last| *last += 1);
        let number = self.last.get_value();
        self.toasts.update(|toasts| {
            toasts.push(Toast {
                number,
                message,
                is_bad,
            });
        });
        set_timeout(
            move || self.close(number),
            if is_bad { BAD_SHOWN } else { SHOWN },
        );
    }

    fn close(self, number: usize) {
        self.toasts
            .update(|toasts| toasts.retain(|toast| toast.number != number));
    }
}

/// Where the toasts are shown: above everything, dialogs too.
#[component]
pub(crate) fn Toasts() -> impl IntoView {
    let toaster = Toaster::here();
    let element = NodeRef::<html::Div>::new();
    Effect::new(move || {
        let any = toaster.toasts.with(|toasts| !toasts.is_empty());
        if let Some(region) = element.get() {
            // What is shown last is on top, so a new toast is shown anew.
            let _ = region.hide_popover();
            if any {
                let _ = region.show_popover();
            }
        }
    });
    view! {
        <div class="toasts" node_ref=element popover="manual" role="region" aria-label=text::messages()>
            <For each=move || toaster.toasts.get() key=|toast| toast.number let:toast>
                <div class="toast" class:toast-bad=toast.is_bad role=if toast.is_bad { "alert" } else { "status" }>
                    <Icon of=if toast.is_bad { Glyph::Warning } else { Glyph::Check } />
                    <p>{toast.message.clone()}</p>
                    <IconButton
                        of=Glyph::Close
                        label=text::close().to_owned()
                        on:click=move |_| toaster.close(toast.number)
                    />
                </div>
            </For>
        </div>
    }
}
