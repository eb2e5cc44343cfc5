//! How the accounts of a collection sign in: passwords, codes by mail, other services, second factors, tokens and mails.

mod apple;
mod durations;
mod mails;
mod preview;
mod provider;
mod redirect;
mod services;

use leptos::prelude::*;
use plinth_sdk::types::FieldKind;

use super::draft::Draft;
use crate::components::{Area, Check, Checks, Glyph, Icon, Switch, TextField};
use crate::session::SUPERUSERS;
use crate::text::accounts as words;
use durations::{Seconds, Tokens};
use mails::Mails;
use services::Services;

/// The keys of the definition that this page has inputs for.
pub(super) const SHOWN: [&str; 13] = [
    "passwordAuth",
    "otp",
    "oauth2",
    "mfa",
    "authAlert",
    "authToken",
    "passwordResetToken",
    "verificationToken",
    "emailChangeToken",
    "fileToken",
    "verificationTemplate",
    "resetPasswordTemplate",
    "confirmEmailChangeTemplate",
];

/// The ways in, of which a second factor needs two.
const WAYS: [&str; 3] = ["passwordAuth.enabled", "otp.enabled", "oauth2.enabled"];

/// The options of an auth collection.
#[component]
pub(super) fn Accounts(draft: Draft) -> impl IntoView {
    // Superusers never sign in with other services.
    let has_services = untrack(move || draft.name()) != SUPERUSERS;
    view! {
        <section class="form-part">
            <div class="stack-small">
                <h2>{words::ways()}</h2>
                <p class="muted">{words::ways_hint()}</p>
            </div>
            <Password draft />
            <Codes draft />
            {has_services.then(|| view! { <Services draft /> })}
        </section>
        <section class="form-part">
            <h2>{words::protection()}</h2>
            <SecondFactor draft />
            <Way draft title=words::alerts() help=words::alerts_help() key="authAlert.enabled" />
        </section>
        <Tokens draft />
        <Mails draft />
    }
}

/// A way in, or what protects it: a switch, and the options below it while it is on.
#[component]
fn Way(
    draft: Draft,
    title: &'static str,
    help: &'static str,
    /// The path of the switch in the definition.
    key: &'static str,
    #[prop(optional)] children: Option<ChildrenFn>,
) -> impl IntoView {
    let flag = draft.flag(key);
    let is_on = Memo::new(move |_| flag.get());
    let options = move || {
        let children = children.clone().filter(|_| is_on.get())?;
        Some(view! { <div class="way-options">{children()}</div> })
    };
    view! {
        <section class="way" aria-label=title>
            <Switch label=title.to_owned() value=flag help error=draft.error(key) />
            {options}
        </section>
    }
}

#[component]
fn Password(draft: Draft) -> impl IntoView {
    let fields = Signal::derive(move || {
        let fields = draft.typed_fields().into_iter();
        fields
            .filter(|(name, kind)| {
                matches!(kind, FieldKind::Text(_) | FieldKind::Email(_))
                    && name != "id"
                    && name != "tokenKey"
            })
            .map(|(name, _)| Check {
                shown: name.clone(),
                value: name,
                ..Check::default()
            })
            .collect::<Vec<_>>()
    });
    view! {
        <Way draft title=words::password() help=words::password_help() key="passwordAuth.enabled">
            <Checks
                label=words::identity_fields().to_owned() value=draft.list("passwordAuth.identityFields") choices=fields
                help=words::identity_fields_help().to_owned() error=draft.error("passwordAuth.identityFields") code=true
                inline=true
            />
        </Way>
    }
}

#[component]
fn Codes(draft: Draft) -> impl IntoView {
    view! {
        <Way draft title=words::codes() help=words::codes_help() key="otp.enabled">
            <div class="grid">
                <Seconds draft label=words::code_duration() key="otp.duration" />
                <TextField
                    label=words::code_length().to_owned() value=draft.number("otp.length") kind="number"
                    help=words::code_length_help() error=draft.error("otp.length")
                />
            </div>
        </Way>
    }
}

#[component]
fn SecondFactor(draft: Draft) -> impl IntoView {
    let flags = WAYS.map(|way| draft.flag(way));
    let is_possible =
        Memo::new(move |_| flags.iter().filter(|flag| flag.get()).take(2).count() == 2);
    // The server says it in its own words once it has refused.
    let refused = draft.error("mfa.enabled");
    let warning = move || {
        (!is_possible.get() && refused.with(Option::is_none)).then(|| {
            view! {
                <p class="notice-line"><Icon of=Glyph::Warning />{words::too_few_ways()}</p>
            }
        })
    };
    view! {
        <Way draft title=words::second_factor() help=words::second_factor_help() key="mfa.enabled">
            {warning}
            <div class="grid">
                <Seconds draft label=words::second_factor_duration() key="mfa.duration" />
                <Area
                    label=words::second_factor_rule().to_owned() value=draft.text("mfa.rule") code=true rows=1
                    help=words::second_factor_rule_help() error=draft.error("mfa.rule")
                    placeholder=words::second_factor_everyone().to_owned()
                />
            </div>
        </Way>
    }
}
