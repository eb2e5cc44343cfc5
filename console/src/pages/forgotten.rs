use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use plinth_sdk::Record;

use super::setup::Mark;
use crate::api::{Failure, act};
use crate::components::{Bind, Button, EmptyState, Glyph, Look, Problem, TextField, titled};
use crate::session::{SUPERUSERS, Session};
use crate::text::forgotten as words;
use crate::{links, text};

/// Asks for a mail with which one chooses a new password.
#[component]
pub(crate) fn Forgotten() -> impl IntoView {
    titled(|| words::title().to_owned());
    let session = Session::here();
    let query = use_query_map();
    let as_ = query
        .with_untracked(|query| query.get("as"))
        .filter(|as_| !as_.is_empty());
    let collection = RwSignal::new(as_.unwrap_or_else(|| SUPERUSERS.to_owned()));
    let is_superusers = collection.with_untracked(|collection| collection == SUPERUSERS);
    let email = RwSignal::new(String::new());
    let failure = RwSignal::new(None::<Failure>);
    let is_done = RwSignal::new(false);
    let busy = RwSignal::new(false);
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        busy.set(true);
        failure.set(None);
        let accounts = session
            .client()
            .collection::<Record>(collection.get_untracked().trim());
        let email = email.get_untracked();
        act(
            async move { accounts.request_password_reset(email.trim()).await },
            move |outcome| {
                busy.set(false);
                match outcome {
                    Ok(()) => is_done.set(true),
                    Err(why) => failure.set(Some(why)),
                }
            },
        );
    };
    let error = Signal::derive(move || failure.with(|failure| failure.as_ref()?.at("email")));
    let summary = Signal::derive(move || {
        let at_field = error.get().is_some();
        failure.with(|failure| {
            failure
                .as_ref()
                .filter(|_| !at_field)
                .map(|failure| failure.summary(|_| false))
        })
    });
    let form = move || {
        view! {
            <form class="gate-form" on:submit=submit>
                <Mark />
                <h1>{words::title()}</h1>
                <p class="muted">{words::hint()}</p>
                <Problem message=summary />
                <TextField
                    label=text::email().to_owned() value=Bind::from(email) kind="email" autocomplete="username"
                    required=true focus=true error
                />
                {(!is_superusers).then(|| view! {
                    <TextField
                        label=text::sign_in_collection().to_owned() value=Bind::from(collection) required=true code=true
                        help=text::sign_in_collection_help()
                    />
                })}
                <Button look=Look::Primary submit=true busy>{words::action()}</Button>
                <a class="gate-link" href=links::SIGN_IN>{words::to_sign_in()}</a>
            </form>
        }
    };
    view! {
        <main class="gate">
            <div class="gate-card">{move || if is_done.get() {
                view! {
                    <EmptyState
                        icon=Glyph::Mails title=words::done_title() hint=words::done(&email.get_untracked())
                    >
                        <a class="button" href=links::SIGN_IN>{words::to_sign_in()}</a>
                    </EmptyState>
                }
                .into_any()
            } else {
                form().into_any()
            }}</div>
        </main>
    }
}
