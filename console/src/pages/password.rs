//! A new password, given twice.

use leptos::prelude::*;

use crate::api::Failure;
use crate::components::{Bind, TextField};
use crate::text;

/// The values of the two inputs.
#[derive(Clone, Copy)]
pub(super) struct NewPassword {
    pub(super) value: RwSignal<String>,
    again: RwSignal<String>,
}

impl NewPassword {
    pub(super) fn new() -> Self {
        Self {
            value: RwSignal::new(String::new()),
            again: RwSignal::new(String::new()),
        }
    }

    /// The password, or why it is none yet.
    pub(super) fn agreed(self) -> Result<String, Failure> {
        let value = self.value.get_untracked();
        if value == self.again.get_untracked() {
            return Ok(value);
        }
        Err(Failure {
            message: text::passwords_differ().to_owned(),
            ..Failure::default()
        })
    }
}

/// The second input. It objects as soon as the two can no longer become the same.
#[component]
pub(super) fn PasswordAgain(password: NewPassword) -> impl IntoView {
    let differ = Signal::derive(move || {
        let (value, again) = (password.value.get(), password.again.get());
        (!value.starts_with(&again)).then(|| text::passwords_differ().to_owned())
    });
    view! {
        <TextField
            label=text::password_again().to_owned() value=Bind::from(password.again) kind="password"
            autocomplete="new-password" required=true error=differ
        />
    }
}
