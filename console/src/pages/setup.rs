use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_location, use_navigate};

use super::password::{NewPassword, PasswordAgain};
use crate::api::{Failure, act, load};
use crate::components::{
    Bind, Button, EmptyState, Glyph, Look, Problem, TextField, loaded, titled,
};
use crate::session::{SUPERUSERS, Session};
use crate::{links, text};

/// First run: the first superuser, by the link that the server printed.
#[component]
pub(crate) fn Setup() -> impl IntoView {
    titled(|| text::setup().to_owned());
    let needed = load(|client| async move { client.setup_needed().await });
    let show = |needed| {
        if needed {
            view! { <FirstSuperuser /> }.into_any()
        } else {
            view! {
                <EmptyState icon=Glyph::Check title=text::setup_done_title() hint=text::setup_done_hint()>
                    <a class="button button-primary" href=links::SIGN_IN>{text::sign_in()}</a>
                </EmptyState>
            }
            .into_any()
        }
    };
    view! {
        <main class="gate">
            <div class="gate-card">{loaded(needed, show)}</div>
        </main>
    }
}

#[component]
fn FirstSuperuser() -> impl IntoView {
    let session = Session::here();
    let navigate = use_navigate();
    let fragment = use_location().hash;
    let token =
        Memo::new(move |_| fragment.with(|fragment| fragment.trim_start_matches('#').to_owned()));
    let has_token = move || token.with(|token| !token.is_empty());
    let email = RwSignal::new(String::new());
    let password = NewPassword::new();
    let failure = RwSignal::new(None::<Failure>);
    let busy = RwSignal::new(false);
    let at = move |field: &'static str| {
        Signal::derive(move || {
            failure.with(|failure| failure.as_ref().and_then(|failure| failure.at(field)))
        })
    };
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let chosen = match password.agreed() {
            Ok(chosen) => chosen,
            Err(why) => return failure.set(Some(why)),
        };
        busy.set(true);
        let (token, navigate, client) = (token.get_untracked(), navigate.clone(), session.client());
        let email = email.get_untracked();
        act(
            async move { client.setup(token, email, chosen).await },
            move |outcome| {
                busy.set(false);
                match outcome {
                    Ok(signed_in) => {
                        session.opened(SUPERUSERS, signed_in.record);
                        navigate(links::HOME, NavigateOptions::default());
                    }
                    Err(why) => failure.set(Some(why)),
                }
            },
        );
    };
    let summary = move || {
        let shown = |path: &str| matches!(path, "email" | "password");
        failure.with(|failure| failure.as_ref().map(|failure| failure.summary(shown)))
    };
    view! {
        <form class="gate-form" on:submit=submit>
            <Mark />
            <h1>{text::setup_title()}</h1>
            <p class="muted">{text::setup_hint()}</p>
            <Problem message=Signal::derive(move || {
                if has_token() { summary() } else { Some(text::setup_token_missing().to_owned()) }
            }) />
            <TextField
                label=text::email().to_owned() value=Bind::from(email) kind="email" autocomplete="username"
                required=true focus=true error=at("email")
            />
            <TextField
                label=text::password().to_owned() value=Bind::from(password.value) kind="password" autocomplete="new-password"
                required=true help=text::setup_password_help() error=at("password")
            />
            <PasswordAgain password />
            <Button look=Look::Primary submit=true busy disabled=Signal::derive(move || !has_token())>{text::setup_action()}</Button>
        </form>
    }
}

/// The product's sign.
#[component]
pub(crate) fn Mark() -> impl IntoView {
    view! {
        <span class="mark">
            <svg viewBox="0 0 32 32" aria-hidden="true">
                <path d="M6 4h20v4H6zM9.500 10.500h13v11h-13zM6 24h20v4H6z" />
            </svg>
            {text::product()}
        </span>
    }
}
