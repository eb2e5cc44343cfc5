use std::time::Duration;

use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use plinth_sdk::types::{Mail, names};

use super::body::Body;
use super::{about, badge};
use crate::api::load;
use crate::components::{EmptyState, Glyph, Icon, Page, steady};
use crate::session::Session;
use crate::text::mails as words;
use crate::{links, moments, repeat, text};

/// How often a mail that is not done with is asked for anew.
const PAUSE: Duration = Duration::from_secs(3);

/// A mail.
#[component]
pub(crate) fn MailPage() -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| params.with(|params| params.get("id").unwrap_or_default()));
    let asked = load(move |client| {
        let id = id.get();
        async move {
            match client.collection::<Mail>(names::MAILS).get(&id).await {
                Ok(mail) => Ok(Some(mail)),
                Err(error) if error.is_not_found() => Ok(None),
                Err(error) => Err(error),
            }
        }
    });
    let kept = repeat::kept(asked);
    repeat::every(PAUSE, move || {
        let is_done = |mail: &Mail| matches!(&*mail.status, "sent" | "failed" | "kept");
        if !kept.with_untracked(|kept| matches!(kept, Some(Ok(Some(mail))) if is_done(mail))) {
            asked.refetch();
        }
    });
    let trail = || {
        view! {
            <a href=links::MAILS class="trail-start">{text::mails()}</a>
            <Icon of=Glyph::Right />
        }
    };
    let show = move |mail: Option<Mail>| match mail {
        Some(mail) => {
            let title = if mail.subject.is_empty() {
                words::no_subject().to_owned()
            } else {
                mail.subject.clone()
            };
            view! { <Page title trail><Detail mail /></Page> }.into_any()
        }
        None => view! {
            <Page title=text::mails().to_owned()>
                <EmptyState icon=Glyph::Mails title=words::gone() hint=words::gone_hint()>
                    <a class="button" href=links::MAILS>{words::to_mails()}</a>
                </EmptyState>
            </Page>
        }
        .into_any(),
    };
    steady(kept, move || asked.refetch(), show)
}

#[component]
fn Detail(mail: Mail) -> impl IntoView {
    let is_superuser = untrack(|| Session::here().is_superuser());
    let at = |moment: &str| {
        if moment.is_empty() {
            String::new()
        } else {
            moments::here(moment)
        }
    };
    let fact =
        |name: &'static str, value: AnyView| view! { <div><dt>{name}</dt><dd>{value}</dd></div> };
    let text_fact = |name: &'static str, value: String| {
        (!value.is_empty()).then(|| fact(name, value.into_any()))
    };
    let account = (!mail.record_ref.is_empty() && is_superuser).then(|| {
        let href = links::record(&mail.collection_ref, &mail.record_ref);
        fact(
            words::account(),
            view! { <a class="mono" href=href>{mail.record_ref.clone()}</a> }.into_any(),
        )
    });
    let waits = mail.status == "waiting";
    let error = (!mail.error.is_empty()).then(|| {
        view! {
            <section class="stack-small">
                <h2>{words::server_said()}</h2>
                <div class="problem"><Icon of=Glyph::Warning /><p>{mail.error.clone()}</p></div>
            </section>
        }
    });
    view! {
        <dl class="fact-row">
            {fact(words::status(), badge(&mail.status).into_any())}
            {text_fact(words::to(), mail.to.clone())}
            {text_fact(words::kind(), about(&mail.kind))}
            {text_fact(words::written(), at(&mail.created))}
            {text_fact(words::sent_at(), at(&mail.sent_at))}
            {text_fact(words::attempts(), mail.attempts.to_string())}
            {text_fact(words::next_attempt(), if waits { at(&mail.not_before) } else { String::new() })}
            {account}
        </dl>
        {error}
        {if is_superuser {
            view! { <Body mail /> }.into_any()
        } else {
            view! { <EmptyState icon=Glyph::Lock title=words::body_for_superusers() /> }.into_any()
        }}
    }
}
