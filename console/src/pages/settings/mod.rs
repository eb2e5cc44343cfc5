//! Settings that superusers change while the server runs.

mod delays;
mod draft;
mod test_mail;

use leptos::prelude::*;
use plinth_sdk::types::Settings as Saved;

use crate::api::load;
use crate::components::{
    Bind, Button, Glyph, Look, Page, Problem, SelectField, Switch, TextField, Toaster, loaded,
};
use crate::session::Session;
use crate::text;
use crate::text::settings as words;
use delays::Delays;
use draft::Draft;
pub(super) use test_mail::TestMail;

type Words = fn() -> &'static str;

/// The levels of logs.
const LEVELS: [(&str, Words); 4] = [
    ("-4", words::level_debug),
    ("0", words::level_info),
    ("4", words::level_warning),
    ("8", words::level_error),
];

/// The settings.
#[component]
pub(crate) fn Settings() -> impl IntoView {
    let settings = load(|client| async move { client.settings().get().await });
    let show = |saved: Saved| view! { <Editor saved /> };
    view! { <Page title=text::settings().to_owned()>{loaded(settings, show)}<Delays /></Page> }
}

#[component]
fn Editor(saved: Saved) -> impl IntoView {
    let draft = Draft::of(&saved);
    let session = Session::here();
    let toaster = Toaster::here();
    let busy = RwSignal::new(false);
    let changed = Memo::new(move |_| draft.is_changed());
    let save = move || {
        busy.set(true);
        let (client, change) = (session.client(), draft.change());
        let answer = async move { client.settings().update(&change).await };
        crate::api::act(answer, move |outcome| {
            busy.set(false);
            match outcome {
                Ok(saved) => {
                    draft.reset(&saved);
                    toaster.done(text::saved());
                }
                Err(failure) => {
                    draft.failure.set(Some(failure));
                    request_animation_frame(|| crate::browser::focus("[aria-invalid=true]"));
                }
            }
        });
    };
    view! {
        <form class="form" novalidate on:submit=move |event| {
            event.prevent_default();
            if changed.get_untracked() {
                save();
            }
        }>
            <Problem message=Signal::derive(move || draft.problem()) />
            <Application draft />
            <Mails draft />
            <Batches draft />
            <Logs draft />
            {move || changed.get().then(|| view! {
                <div class="save-bar" role="region" aria-label=text::unsaved()>
                    <span class="unsaved">{text::unsaved()}</span>
                    <span class="grow"></span>
                    <Button look=Look::Quiet on:click=move |_| draft.discard()>{text::discard()}</Button>
                    <Button look=Look::Primary submit=true busy>{text::save()}</Button>
                </div>
            })}
        </form>
    }
}

#[component]
fn Application(draft: Draft) -> impl IntoView {
    view! {
        <section class="form-part">
            <h2>{words::application()}</h2>
            <div class="grid">
                <TextField
                    label=words::app_name().to_owned() value=draft.text("meta.appName") required=true
                    help=words::app_name_help() error=draft.error("meta.appName")
                />
                <TextField
                    label=words::app_url().to_owned() value=draft.text("meta.appURL") required=true kind="url"
                    help=words::app_url_help() error=draft.error("meta.appURL")
                />
            </div>
        </section>
    }
}

#[component]
fn Mails(draft: Draft) -> impl IntoView {
    let is_testing = RwSignal::new(false);
    view! {
        <section class="form-part">
            <div class="stack-small">
                <h2>{words::mails()}</h2>
                <p class="muted">{words::mails_hint()}</p>
            </div>
            <div class="grid">
                <TextField
                    label=words::sender_name().to_owned() value=draft.text("meta.senderName") required=true
                    error=draft.error("meta.senderName")
                />
                <TextField
                    label=words::sender_address().to_owned() value=draft.text("meta.senderAddress") required=true
                    kind="email" error=draft.error("meta.senderAddress")
                />
            </div>
            <div>
                <Button icon=Glyph::Mails on:click=move |_| is_testing.set(true)>{words::test()}</Button>
            </div>
        </section>
        {move || is_testing.get().then(|| view! { <TestMail close=move |()| is_testing.set(false) /> })}
    }
}

#[component]
fn Batches(draft: Draft) -> impl IntoView {
    let number = move |path: &'static str, label: &'static str, help: &'static str| {
        view! {
            <TextField label=label.to_owned() value=draft.number(path) kind="number" help=help error=draft.error(path) />
        }
    };
    view! {
        <section class="form-part">
            <div class="stack-small">
                <h2>{words::batch()}</h2>
                <p class="muted">{words::batch_hint()}</p>
            </div>
            <Switch
                label=words::batch_enabled().to_owned() value=draft.flag("batch.enabled")
                error=draft.error("batch.enabled")
            />
            <div class="grid">
                {number("batch.maxRequests", words::max_requests(), "")}
                {number("batch.timeout", words::timeout(), "")}
                {number("batch.maxBodySize", words::max_body(), words::max_body_help())}
            </div>
        </section>
    }
}

#[component]
fn Logs(draft: Draft) -> impl IntoView {
    let level = draft.at("logs.minLevel");
    let level = Bind::new(
        move || level.get().to_string(),
        move |chosen: String| level.set(crate::json::number(&chosen, 0.into())),
    );
    let levels = move || {
        let mut levels = LEVELS
            .map(|(level, name)| (level.to_owned(), name().to_owned()))
            .to_vec();
        let now = level.get();
        if !levels.iter().any(|(level, _)| *level == now) {
            levels.push((now.clone(), words::level_other(&now)));
        }
        levels
    };
    view! {
        <section class="form-part">
            <div class="stack-small">
                <h2>{words::logs()}</h2>
                <p class="muted">{words::logs_hint()}</p>
            </div>
            <div class="grid">
                <TextField
                    label=words::max_days().to_owned() value=draft.number("logs.maxDays") kind="number"
                    placeholder="0".to_owned() help=words::max_days_help() error=draft.error("logs.maxDays")
                />
                <SelectField
                    label=words::min_level().to_owned() value=level choices=Signal::derive(levels)
                    error=draft.error("logs.minLevel")
                />
            </div>
            <div class="grid switches">
                <Switch
                    label=words::log_ip().to_owned() value=draft.flag("logs.logIP") help=words::log_ip_help()
                    error=draft.error("logs.logIP")
                />
                <Switch
                    label=words::log_auth().to_owned() value=draft.flag("logs.logAuthId") help=words::log_auth_help()
                    error=draft.error("logs.logAuthId")
                />
            </div>
        </section>
    }
}
