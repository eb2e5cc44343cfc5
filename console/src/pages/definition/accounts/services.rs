use leptos::prelude::*;
use plinth_sdk::types::OAuth2Offer;
use serde_json::{Value, json};

use super::super::draft::Draft;
use super::Way;
use super::provider::Provider;
use super::redirect::Redirect;
use crate::api::load;
use crate::components::{Bind, Button, Glyph, SelectField};
use crate::text::accounts as words;

type Words = fn() -> &'static str;

/// The path of the providers in the definition.
pub(super) const PROVIDERS: &str = "oauth2.providers";

/// Values of a service that can fill a field of an account: the key in the definition, and its label.
const MAPPED: [(&str, Words); 4] = [
    ("oauth2.mappedFields.id", words::mapped_id),
    ("oauth2.mappedFields.name", words::mapped_name),
    ("oauth2.mappedFields.username", words::mapped_username),
    ("oauth2.mappedFields.avatarURL", words::mapped_avatar),
];

/// Sign-in with other services.
#[component]
pub(super) fn Services(draft: Draft) -> impl IntoView {
    let offers = load(|client| async move { client.collections().oauth2_offers().await });
    let offers = Memo::new(move |_| offers.get().and_then(Result::ok).unwrap_or_default());
    // The one whose options are shown.
    let open = RwSignal::new(None::<String>);
    view! {
        <Way draft title=words::services() help=words::services_help() key="oauth2.enabled">
            <Redirect />
            <Providers draft offers open />
            <AddProvider draft offers open />
            <MappedFields draft />
        </Way>
    }
}

/// Returns the name of a service for people.
pub(super) fn title(name: &str, offers: &[OAuth2Offer]) -> String {
    // Three have the same one.
    if let Some(number) = name.strip_prefix("oidc") {
        return words::oidc(number);
    }
    let offer = offers.iter().find(|offer| offer.name == name);
    offer.map_or_else(|| name.to_owned(), |offer| offer.display_name.clone())
}

fn names(providers: &Value) -> Vec<String> {
    let name = |provider: &Value| crate::json::shown(&provider["name"]);
    providers
        .as_array()
        .map(|all| all.iter().map(name).collect())
        .unwrap_or_default()
}

#[component]
fn Providers(
    draft: Draft,
    offers: Memo<Vec<OAuth2Offer>>,
    open: RwSignal<Option<String>>,
) -> impl IntoView {
    let providers = draft.at(PROVIDERS);
    // A name may be there twice while OAuth2 is off.
    let numbered = Memo::new(move |_| {
        let names = names(&providers.get());
        names.into_iter().enumerate().collect::<Vec<_>>()
    });
    let is_empty = move || numbered.with(Vec::is_empty);
    let remove = move |position: usize| {
        let mut left = untrack(|| providers.get());
        if let Some(left) = left.as_array_mut().filter(|left| position < left.len()) {
            left.remove(position);
        }
        providers.set(left);
    };
    view! {
        <div class="stack-small">
            <h3>{words::providers()}</h3>
            {move || is_empty().then(|| view! { <p class="muted">{words::no_providers()}</p> })}
            <ul class="rows" hidden=is_empty>
                <For each=move || numbered.get() key=Clone::clone let:provider>
                    {
                        let (position, name) = provider;
                        view! { <Provider draft position name offers open remove=move |()| remove(position) /> }
                    }
                </For>
            </ul>
        </div>
    }
}

#[component]
fn AddProvider(
    draft: Draft,
    offers: Memo<Vec<OAuth2Offer>>,
    open: RwSignal<Option<String>>,
) -> impl IntoView {
    let providers = draft.at(PROVIDERS);
    let chosen = RwSignal::new(String::new());
    let choices = Signal::derive(move || {
        let taken = names(&providers.get());
        let mut choices = vec![(String::new(), crate::text::choose().to_owned())];
        offers.with(|offers| {
            let is_free = |offer: &&OAuth2Offer| !taken.contains(&offer.name);
            let free = offers.iter().filter(is_free);
            choices.extend(free.map(|offer| (offer.name.clone(), title(&offer.name, offers))));
        });
        // Somebody's own server comes first: it may be any.
        choices[1..].sort_by_key(|(name, _)| !name.starts_with("oidc"));
        choices
    });
    let add = move |_| {
        let name = chosen.get_untracked();
        if name.is_empty() {
            return;
        }
        let mut all = untrack(|| providers.get());
        let provider = json!({
            "name": name, "clientId": "", "authURL": "", "tokenURL": "", "userInfoURL": "", "displayName": "", "pkce": null,
            "extra": null,
        });
        if let Some(all) = all.as_array_mut() {
            all.push(provider);
        } else {
            all = json!([provider]);
        }
        providers.set(all);
        chosen.set(String::new());
        open.set(Some(name));
    };
    view! {
        <div class="add-line">
            <SelectField label=words::add_provider_of().to_owned() value=Bind::from(chosen) choices />
            <Button
                icon=Glyph::Plus disabled=Signal::derive(move || chosen.with(String::is_empty)) on:click=add
            >
                {words::add_provider()}
            </Button>
        </div>
    }
}

#[component]
fn MappedFields(draft: Draft) -> impl IntoView {
    let fields = Signal::derive(move || {
        let mut choices = vec![(String::new(), words::mapped_nowhere().to_owned())];
        let names = draft.field_names().into_iter();
        choices.extend(
            names
                .filter(|name| !matches!(&**name, "id" | "password" | "tokenKey" | "verified"))
                .map(|name| (name.clone(), name)),
        );
        choices
    });
    let field = move |(key, label): (&'static str, Words)| {
        view! {
            <SelectField label=label().to_owned() value=draft.text(key) choices=fields error=draft.error(key) />
        }
    };
    view! {
        <div class="stack-small">
            <h3>{words::mapped()}</h3>
            <p class="muted">{words::mapped_hint()}</p>
            <div class="grid pairs">{MAPPED.map(field).collect_view()}</div>
        </div>
    }
}
