//! A mail to see whether mails arrive.

use leptos::prelude::*;
use plinth_sdk::types::{self as wire, CollectionType};

use super::super::Schema;
use super::Words;
use crate::api::{Failure, act};
use crate::components::{Bind, Button, Dialog, Look, Problem, SelectField, TextField, Toaster};
use crate::session::{SUPERUSERS, Session};
use crate::text;
use crate::text::settings as words;

/// The templates of mails to accounts.
const TEMPLATES: [(&str, Words); 5] = [
    ("verification", words::template_verification),
    ("password-reset", words::template_reset),
    ("email-change", words::template_email_change),
    ("otp", words::template_otp),
    ("login-alert", words::template_alert),
];

/// Asks where to, and which mail, unless that is fixed.
#[component]
pub(crate) fn TestMail(
    /// The template that is chosen at first.
    #[prop(default = TEMPLATES[0].0.to_owned())]
    template: String,
    /// The collection that is chosen at first.
    #[prop(default = SUPERUSERS.to_owned())]
    collection: String,
    #[prop(optional)] is_fixed: bool,
    #[prop(into)] close: Callback<()>,
) -> impl IntoView {
    let session = Session::here();
    let toaster = Toaster::here();
    let schema = Schema::here();
    let to = RwSignal::new(String::new());
    let (template, collection) = (RwSignal::new(template), RwSignal::new(collection));
    let failure = RwSignal::new(None::<Failure>);
    let busy = RwSignal::new(false);
    let error = move |name: &'static str| {
        Signal::derive(move || failure.with(|failure| failure.as_ref()?.at(name)))
    };
    let summary = move || {
        let shown =
            |path: &str| path == "email" || !is_fixed && ["template", "collection"].contains(&path);
        failure.with(|failure| failure.as_ref().map(|failure| failure.summary(shown)))
    };
    let send = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        busy.set(true);
        let client = session.client();
        let mail = wire::TestMail {
            email: to.get_untracked().trim().to_owned(),
            template: template.get_untracked(),
            collection: collection.get_untracked(),
        };
        act(
            async move { client.settings().test_mail(&mail).await },
            move |outcome| {
                busy.set(false);
                match outcome {
                    Ok(()) => {
                        toaster.done(words::test_sent());
                        close.run(());
                    }
                    Err(why) => failure.set(Some(why)),
                }
            },
        );
    };
    let templates = TEMPLATES
        .map(|(name, shown)| (name.to_owned(), shown().to_owned()))
        .to_vec();
    let collections = Signal::derive(move || {
        let all = schema.all().into_iter();
        all.filter(|one| one.kind == CollectionType::Auth)
            .map(|one| (one.name.clone(), one.name))
            .collect::<Vec<_>>()
    });
    view! {
        <Dialog title=words::test().to_owned() close>
            <form class="dialog-form" novalidate on:submit=send>
                <div class="dialog-body">
                    <Problem message=Signal::derive(summary) />
                    <p class="muted">{words::test_hint()}</p>
                    <TextField
                        label=words::test_to().to_owned() value=Bind::from(to) kind="email" required=true focus=true
                        error=error("email")
                    />
                    {(!is_fixed).then(|| view! {
                        <SelectField
                            label=words::test_template().to_owned() value=Bind::from(template)
                            choices=Signal::stored(templates) error=error("template")
                        />
                        <SelectField
                            label=words::test_collection().to_owned() value=Bind::from(collection) choices=collections
                            error=error("collection")
                        />
                    })}
                </div>
                <footer class="dialog-foot">
                    <Button on:click=move |_| close.run(())>{text::cancel()}</Button>
                    <Button look=Look::Primary submit=true busy>{words::test_send()}</Button>
                </footer>
            </form>
        </Dialog>
    }
}
