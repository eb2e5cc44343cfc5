use leptos::prelude::*;
use serde_json::Value;

use super::draft::Draft;
use crate::components::{Area, Switch, TextField};
use crate::text;

type Words = fn() -> &'static str;

/// The purposes of tokens: keys and labels.
const TOKENS: [(&str, Words); 5] = [
    ("authToken", text::auth_token),
    ("passwordResetToken", text::password_reset_token),
    ("verificationToken", text::verification_token),
    ("emailChangeToken", text::email_change_token),
    ("fileToken", text::file_token),
];

/// The templates of mails: keys and labels.
const MAILS: [(&str, Words); 3] = [
    ("verificationTemplate", text::verification_template),
    ("resetPasswordTemplate", text::reset_template),
    ("confirmEmailChangeTemplate", text::email_change_template),
];

/// Options that an imported collection may have and the server does not support yet.
const LATER: [(&str, Words); 4] = [
    ("oauth2.enabled", text::oauth2),
    ("otp.enabled", text::one_time_passwords),
    ("mfa.enabled", text::second_factors),
    ("authAlert.enabled", text::sign_in_alerts),
];

/// The options of an auth collection: sign-in, lifetimes of tokens, templates of mails.
#[component]
pub(super) fn Accounts(draft: Draft) -> impl IntoView {
    let identity = draft.at("passwordAuth.identityFields");
    let is_identity = move |name: &str| {
        identity
            .get()
            .as_array()
            .is_some_and(|list| list.iter().any(|one| one == name))
    };
    let choose = move |name: String, on: bool| {
        let mut list = identity.get().as_array().cloned().unwrap_or_default();
        list.retain(|one| *one != *name);
        if on {
            list.push(Value::String(name));
        }
        identity.set(Value::Array(list));
    };
    let identities = move || {
        draft.fields.get().into_iter().filter_map(|field| {
        let (kind, name) = field.value.with(|field| (crate::json::shown(&field["type"]), crate::json::shown(&field["name"])));
        matches!(&*kind, "text" | "email").then_some(name)
    })
    .filter(|name| name != "id" && name != "tokenKey")
    .map(|name| {
        let (shown, same) = (name.clone(), name.clone());
        view! {
            <label class="choice">
                <input
                    class="check" type="checkbox" prop:checked=move || is_identity(&same)
                    on:change=move |event| untrack(|| choose(name.clone(), event_target_checked(&event)))
                />
                <span class="mono">{shown}</span>
            </label>
        }
    })
    .collect_view()
    };
    let error = draft.error("passwordAuth.identityFields");
    let later = move || {
        let asked = LATER.iter().filter(|(key, _)| draft.at(*key).get() == true);
        let names: Vec<_> = asked.map(|(_, name)| name()).collect();
        (!names.is_empty()).then(|| {
            view! { <div class="notice"><p>{text::not_done_yet(&names.join(", "))}</p></div> }
        })
    };
    view! {
        {later}
        <section class="stack-small">
            <h2>{text::password_auth()}</h2>
            <Switch label=text::password_auth_enabled().to_owned() value=draft.flag("passwordAuth.enabled") />
            <fieldset class="choices">
                <legend class="field-label">{text::identity_fields()}</legend>
                {identities}
            </fieldset>
            {move || error.get().map(|error| view! { <p class="field-error">{error}</p> })}
            <p class="field-help">{text::identity_fields_help()}</p>
        </section>
        <section class="stack-small">
            <h2>{text::tokens()}</h2>
            <p class="muted">{text::tokens_hint()}</p>
            <div class="grid">
                {TOKENS.iter().map(|&(key, name)| view! {
                    <TextField
                        label=name().to_owned() kind="number" value=draft.number(format!("{key}.duration"))
                        error=draft.error(format!("{key}.duration"))
                    />
                }).collect_view()}
            </div>
        </section>
        <section class="stack-small">
            <h2>{text::templates()}</h2>
            <p class="muted">{text::templates_hint()}</p>
            {MAILS.iter().map(|&(key, name)| view! {
                <details class="syntax">
                    <summary>{name()}</summary>
                    <div class="stack">
                        <TextField
                            label=text::subject().to_owned() value=draft.text(format!("{key}.subject"))
                            error=draft.error(format!("{key}.subject"))
                        />
                        <Area
                            label=text::mail_body().to_owned() value=draft.text(format!("{key}.body")) code=true rows=8
                            error=draft.error(format!("{key}.body"))
                        />
                    </div>
                </details>
            }).collect_view()}
        </section>
    }
}
