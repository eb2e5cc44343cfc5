use leptos::prelude::*;

use super::super::draft::Draft;
use crate::components::TextField;
use crate::format;
use crate::text::accounts as words;

type Words = fn() -> &'static str;

/// The purposes of tokens: keys and labels.
const TOKENS: [(&str, Words); 5] = [
    ("authToken.duration", words::auth_token),
    ("passwordResetToken.duration", words::password_reset_token),
    ("verificationToken.duration", words::verification_token),
    ("emailChangeToken.duration", words::email_change_token),
    ("fileToken.duration", words::file_token),
];

/// How long tokens are good for.
#[component]
pub(super) fn Tokens(draft: Draft) -> impl IntoView {
    let tokens = TOKENS
        .iter()
        .map(|&(key, name)| view! { <Seconds draft label=name() key /> });
    view! {
        <section class="form-part">
            <div class="stack-small">
                <h2>{words::tokens()}</h2>
                <p class="muted">{words::tokens_hint()}</p>
            </div>
            <div class="grid">{tokens.collect_view()}</div>
        </section>
    }
}

/// A number of seconds, which is also said in larger units.
#[component]
pub(super) fn Seconds(draft: Draft, label: &'static str, key: &'static str) -> impl IntoView {
    let value = draft.number(key);
    let help = Signal::derive(move || match value.get().trim().parse::<i64>() {
        Ok(seconds) if seconds >= 60 => words::seconds_are(&format::duration(seconds)),
        _ => words::in_seconds().to_owned(),
    });
    view! { <TextField label=label.to_owned() value kind="number" help error=draft.error(key) /> }
}
