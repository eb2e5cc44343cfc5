use leptos::prelude::*;
use plinth_sdk::types::MetaSettings;

use super::super::draft::Draft;
use super::preview::{Placeholders, Preview};
use crate::api::load;
use crate::components::{Button, Field, Glyph, Segments, TextField};
use crate::pages::settings::TestMail;
use crate::session::Session;
use crate::text;
use crate::text::accounts as words;

/// A mail to accounts.
#[derive(Clone, Copy)]
pub(super) struct Template {
    /// Where it is in the definition.
    key: &'static str,
    name: fn() -> &'static str,
    /// The name by which a test mail is requested.
    wire: &'static str,
    /// The placeholders that only its body may have.
    pub(super) own: &'static [&'static str],
}

const TEMPLATES: [Template; 5] = [
    Template {
        key: "verificationTemplate",
        name: words::verification_template,
        wire: "verification",
        own: &["TOKEN"],
    },
    Template {
        key: "resetPasswordTemplate",
        name: words::reset_template,
        wire: "password-reset",
        own: &["TOKEN"],
    },
    Template {
        key: "confirmEmailChangeTemplate",
        name: words::email_change_template,
        wire: "email-change",
        own: &["TOKEN"],
    },
    Template {
        key: "otp.emailTemplate",
        name: words::code_template,
        wire: "otp",
        own: &["OTP", "OTP_ID"],
    },
    Template {
        key: "authAlert.emailTemplate",
        name: words::alert_template,
        wire: "login-alert",
        own: &["ALERT_INFO"],
    },
];

/// The templates of mails.
#[component]
pub(super) fn Mails(draft: Draft) -> impl IntoView {
    let is_superuser = untrack(|| Session::here().is_superuser());
    // What mails call the application is among the settings, which superusers alone may read.
    let meta = load(move |client| async move {
        if is_superuser {
            client.settings().get().await.map(|settings| settings.meta)
        } else {
            Ok(MetaSettings::default())
        }
    });
    let meta = Memo::new(move |_| meta.get().and_then(Result::ok).unwrap_or_default());
    let testing = RwSignal::new(None::<&'static str>);
    let mails = TEMPLATES.map(|template| view! { <Mail draft template meta testing /> });
    view! {
        <section class="form-part">
            <div class="stack-small">
                <h2>{words::templates()}</h2>
                <p class="muted">{words::templates_hint()}</p>
            </div>
            <div class="stack-small">{mails.collect_view()}</div>
        </section>
        {move || testing.get().map(|template| view! {
            <TestMail
                template=template.to_owned() collection=untrack(|| draft.saved_name()) is_fixed=true
                close=move |()| testing.set(None)
            />
        })}
    }
}

#[component]
fn Mail(
    draft: Draft,
    template: Template,
    meta: Memo<MetaSettings>,
    testing: RwSignal<Option<&'static str>>,
) -> impl IntoView {
    let path = move |part: &str| format!("{}.{part}", template.key);
    let (subject, body) = (draft.text(path("subject")), draft.text(path("body")));
    let error = draft.error(path("body"));
    let was_wrong = draft.was_wrong_within(template.key);
    let is_shown = RwSignal::new(false);
    let is_superuser = untrack(|| Session::here().is_superuser());
    let views = vec![
        (false, text::values::source()),
        (true, text::values::preview()),
    ];
    let name = (template.name)();
    let control = move |id, about| {
        view! {
            <Segments label=text::values::html_views(name) value=is_shown choices=views />
            // It stays, so that what is typed can be undone.
            <textarea
                class="input area input-code" id=id rows="8" spellcheck="false" hidden=move || is_shown.get()
                prop:value=move || body.get() on:input=move |event| body.set(event_target_value(&event))
                aria-describedby=about aria-invalid=move || error.with(Option::is_some).then_some("true")
            ></textarea>
            {move || is_shown.get().then(|| view! { <Preview draft template name subject body meta /> })}
        }
    };
    view! {
        <details class="syntax" open=move || was_wrong.get()>
            <summary>
                <span>{name}</span>
                <span class="muted cut template-subject">{move || subject.get()}</span>
            </summary>
            <div class="stack">
                <TextField label=words::subject().to_owned() value=subject error=draft.error(path("subject")) />
                <Field label=words::mail_body().to_owned() error control />
                <Placeholders draft template />
                {is_superuser.then(|| view! {
                    <div class="row">
                        <Button icon=Glyph::Mails on:click=move |_| testing.set(Some(template.wire))>
                            {text::settings::test()}
                        </Button>
                        <span class="muted small">{words::test_as_saved()}</span>
                    </div>
                })}
            </div>
        </details>
    }
}
