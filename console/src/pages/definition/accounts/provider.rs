use leptos::prelude::*;
use plinth_sdk::types::OAuth2Offer;
use serde_json::Value;

use super::super::draft::Draft;
use super::apple::AppleSecret;
use super::services::{PROVIDERS, title};
use crate::components::{
    Area, Bind, Button, Glyph, Icon, IconButton, SelectField, TextField, Toaster,
};
use crate::session::Session;
use crate::text;
use crate::text::accounts as words;

type Words = fn() -> &'static str;

/// The services that an installation can have of its own, so that their URLs may differ.
const OWN: [&str; 4] = ["gitea", "gitlab", "mailcow", "microsoft"];

/// Where Microsoft's address of an account can come from: the option, and what it means.
const CLAIMS: [(&str, Words); 5] = [
    ("", words::claim_none),
    ("verified_primary_email", words::claim_primary),
    ("any_verified", words::claim_any),
    ("email_and_xms_edov", words::claim_edov),
    ("email", words::claim_email),
];

/// A service in the list, with its options below it while it is open.
#[component]
pub(super) fn Provider(
    draft: Draft,
    position: usize,
    name: String,
    offers: Memo<Vec<OAuth2Offer>>,
    /// The service that is open.
    open: RwSignal<Option<String>>,
    #[prop(into)] remove: Callback<()>,
) -> impl IntoView {
    let path = move |key: &str| format!("{PROVIDERS}.{position}.{key}");
    let name = StoredValue::new(name);
    let own_title = draft.text(path("displayName"));
    let shown = Memo::new(move |_| match own_title.get() {
        own if own.is_empty() => name.with_value(|name| offers.with(|offers| title(name, offers))),
        own => own,
    });
    let client = draft.text(path("clientId"));
    let was_wrong = draft.was_wrong_within(format!("{PROVIDERS}.{position}"));
    let is_open = Memo::new(move |_| {
        was_wrong.get() || open.with(|open| name.with_value(|name| open.as_ref() == Some(name)))
    });
    let toggle = move |_| {
        open.update(|open| *open = name.with_value(|name| open.take().xor(Some(name.clone()))));
    };
    let name_error = draft.error(path("name"));
    view! {
        <li class="field-row">
            <div class="field-line">
                <span class="field-type"><Icon of=Glyph::Link /></span>
                <strong class="cut">{move || shown.get()}</strong>
                <span class="field-badges"><code class="muted cut">{move || client.get()}</code></span>
                <span class="field-buttons">
                    <IconButton
                        of=Glyph::Trash label=Signal::derive(move || text::remove(&shown.get()))
                        on:click=move |_| remove.run(())
                    />
                    <button
                        type="button" class="icon-button" aria-label=move || words::options_of(&shown.get())
                        title=move || words::options_of(&shown.get())
                        aria-expanded=move || if is_open.get() { "true" } else { "false" } on:click=toggle
                    >
                        {move || view! { <Icon of=if is_open.get() { Glyph::Close } else { Glyph::Pencil } /> }}
                    </button>
                </span>
            </div>
            {move || name_error.get().map(|error| view! { <p class="field-error">{error}</p> })}
            {move || is_open.get().then(|| view! { <Options draft position name=name.get_value() /> })}
        </li>
    }
}

#[component]
fn Options(draft: Draft, position: usize, name: String) -> impl IntoView {
    let path = move |key: &str| format!("{PROVIDERS}.{position}.{key}");
    let input = move |key: &str, label: &'static str, help: &'static str| {
        view! {
            <TextField
                label=label.to_owned() value=draft.text(path(key)) help code=true error=draft.error(path(key))
            />
        }
    };
    let is_oidc = name.starts_with("oidc");
    let urls = move || {
        view! {
            <div class="grid">
                {input("authURL", words::auth_url(), words::url_help())}
                {input("tokenURL", words::token_url(), words::url_help())}
                {input("userInfoURL", words::user_url(), words::url_help())}
            </div>
        }
    };
    let of_oidc =
        is_oidc.then(|| view! { {input("extra.issuer", words::issuer(), words::issuer_help())} });
    let keys = is_oidc.then(|| {
        view! {
            <div class="grid">
                {input("extra.jwksURL", words::jwks_url(), words::jwks_url_help())}
                <Area
                    label=words::issuers().to_owned() value=draft.lines(path("extra.issuers")) code=true rows=1
                    help=words::issuers_help() error=draft.error(path("extra.issuers"))
                />
            </div>
        }
    });
    let claim = (name == "microsoft").then(|| {
        let choices = CLAIMS.map(|(claim, shown)| (claim.to_owned(), shown().to_owned()));
        view! {
            <SelectField
                label=words::claim().to_owned() value=draft.text(path("extra.idTokenEmailClaim"))
                choices=Signal::stored(choices.to_vec()) help=words::claim_help()
                error=draft.error(path("extra.idTokenEmailClaim"))
            />
        }
    });
    // The route is for superusers.
    let apple = (name == "apple" && untrack(|| Session::here().is_superuser())).then(|| {
        let (client_id, secret) = (draft.text(path("clientId")), draft.text(path("clientSecret")));
        let toaster = Toaster::here();
        let making = RwSignal::new(false);
        let made = move |made: String| {
            secret.set(made);
            making.set(false);
            toaster.done(words::apple_made());
        };
        view! {
            <div>
                <Button icon=Glyph::Key on:click=move |_| making.set(true)>{words::apple_secret()}</Button>
            </div>
            {move || making.get().then(|| view! { <AppleSecret client_id made close=move |()| making.set(false) /> })}
        }
    });
    // Most services have URLs that nobody changes.
    let wants_urls = is_oidc || OWN.contains(&&*name);
    let were_wrong = [
        "authURL",
        "tokenURL",
        "userInfoURL",
        "extra.jwksURL",
        "extra.issuers",
    ]
    .map(|key| draft.was_wrong_within(path(key)));
    let has_wrong_url = move || were_wrong.iter().any(|wrong| wrong.get());
    view! {
        <div class="field-options">
            <div class="grid">
                <TextField
                    label=words::client_id().to_owned() value=draft.text(path("clientId")) code=true required=true
                    error=draft.error(path("clientId"))
                />
                <Secret draft position name=name.clone() />
            </div>
            {of_oidc}
            {claim}
            {apple}
            <details class="more-options" open=move || wants_urls && !is_oidc || has_wrong_url()>
                <summary>{words::urls()}</summary>
                <div class="stack">{urls()} {keys}</div>
            </details>
            <div class="grid">
                <TextField
                    label=words::display_name().to_owned() value=draft.text(path("displayName"))
                    help=words::display_name_help() error=draft.error(path("displayName"))
                />
                <Pkce draft path=path("pkce") />
            </div>
        </div>
    }
}

/// A secret is never read back: an empty input keeps the one that there is.
#[component]
fn Secret(draft: Draft, position: usize, name: String) -> impl IntoView {
    let path = format!("{PROVIDERS}.{position}.clientSecret");
    let is_kept = draft.has_saved_provider(&name);
    let value = draft.at(path.clone());
    let value = Bind::new(
        move || crate::json::shown(&value.get()),
        move |typed: String| value.set(typed.into()),
    );
    view! {
        <TextField
            label=words::client_secret().to_owned() value kind="password" autocomplete="new-password" required=!is_kept
            placeholder=if is_kept { text::unchanged().to_owned() } else { String::new() }
            help=if is_kept { words::secret_kept() } else { words::secret_help() } error=draft.error(path)
        />
    }
}

#[component]
fn Pkce(draft: Draft, path: String) -> impl IntoView {
    let error = draft.error(path.clone());
    let value = draft.at(path);
    let value = Bind::new(
        move || crate::json::shown(&value.get()),
        move |chosen: String| {
            value.set(match &*chosen {
                "true" => true.into(),
                "false" => false.into(),
                _ => Value::Null,
            });
        },
    );
    let choices = vec![
        (String::new(), words::pkce_default().to_owned()),
        ("true".to_owned(), words::pkce_on().to_owned()),
        ("false".to_owned(), words::pkce_off().to_owned()),
    ];
    view! {
        <SelectField
            label=words::pkce().to_owned() value choices=Signal::stored(choices) help=words::pkce_help() error
        />
    }
}
