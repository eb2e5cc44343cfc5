//! Handlers of settings, for superusers.

use plinth_sdk::types::{EmailTemplate, FieldProblems, Settings, TestMail};
use serde_json::Value as Json;

use super::store;
use crate::accounts::emails::{self, Letter};
use crate::app::App;
use crate::db::{Conn, Value};
use crate::error::{Error, Result};
use crate::extract::{Answer, Body, Query, Superuser};
use crate::fields;
use crate::fields::address::is_email;
use crate::mail::{self, NewMail};
use crate::openapi::{BadRequest, Selection, TestS3, tags};
use crate::problems::{self, ProblemType, UNLOADABLE};
use crate::schema::{Collection, Record};

/// The message for a test mail that was not sent.
const NOT_SENT: &str = "Failed to send the test email.";

/// The message for a test of S3.
const NOT_TESTED: &str = "Failed to test the S3 filesystem.";

/// The maximum length of an address.
const MAX_LENGTH: usize = 255;

/// View the settings.
#[utoipa::path(
    get, path = "/api/settings", operation_id = "settings_view", tag = tags::SETTINGS,
    params(Selection), responses((status = 200, body = Settings))
)]
pub async fn view(_: Superuser, app: App, query: Query) -> Result<Answer> {
    let schema = app.schema.current();
    let settings = schema.settings.over(&app.mailer.configured);
    Ok(Answer::picked(&settings, &query))
}

/// Change settings. Those that the body omits keep their values.
#[utoipa::path(
    patch, path = "/api/settings", operation_id = "settings_update", tag = tags::SETTINGS,
    params(Selection), request_body = Settings, responses((status = 200, body = Settings), BadRequest)
)]
pub async fn update(_: Superuser, app: App, query: Query, body: Body) -> Result<Answer> {
    let body = body.object(UNLOADABLE)?;
    let configured = app.mailer.configured.clone();
    let update = move |conn: &mut Conn| store::update(conn, &body, &configured);
    let settings = app.db.write(update).await?;
    // Takes effect before the response says so.
    app.refresh_schema().await?;
    Ok(Answer::picked(&settings, &query))
}

/// Test the S3 storage.
///
/// Always fails: the storage of files is part of the server's configuration. The route exists for PocketBase's clients.
#[utoipa::path(
    post, path = "/api/settings/test/s3", operation_id = "settings_test_s3", tag = tags::SETTINGS,
    request_body = TestS3, responses((status = 204), BadRequest)
)]
pub async fn test_s3(_: Superuser, body: Body) -> Result<Answer> {
    let body = body.object(UNLOADABLE)?;
    let problem = match body.get("filesystem").and_then(Json::as_str) {
        Some("storage" | "backups") => {
            let why = "S3 storage filesystem is not enabled.";
            return Err(Error::invalid(format!("{NOT_TESTED} Raw error: \n{why}")));
        }
        None | Some("") => problems::REQUIRED.problem(),
        Some(_) => problems::NOT_ALLOWED.problem(),
    };
    Err(Error::field(NOT_TESTED, "filesystem", problem))
}

/// Send a test e-mail.
#[utoipa::path(
    post, path = "/api/settings/test/email", operation_id = "settings_test_email", tag = tags::SETTINGS,
    request_body = TestMail, responses((status = 204), BadRequest)
)]
pub async fn test_email(_: Superuser, app: App, body: Body) -> Result<Answer> {
    let asked: TestMail = body.typed(UNLOADABLE)?;
    let mail = test_mail(&app, &asked)?;
    match app.mailer.send_now(&app.meta(), &mail).await {
        Some(Ok(())) => {}
        Some(Err(why)) => {
            return Err(Error::invalid(format!("{NOT_SENT} Raw error: \n{why}")));
        }
        None => {
            let enqueue = move |conn: &mut Conn| mail::enqueue(conn, &mail);
            app.db.write(enqueue).await?;
        }
    }
    Ok(Answer::Nothing)
}

fn test_mail(app: &App, asked: &TestMail) -> Result<NewMail> {
    let schema = app.schema.current();
    let name = match asked.collection.as_str() {
        "" => "_superusers",
        name => name,
    };
    let collection = schema.find(name).filter(|collection| collection.is_auth());
    let mut found = FieldProblems::new();
    let mut refuse = |name: &str, problem: ProblemType| {
        found.insert(name.to_owned(), problem.problem());
    };
    if asked.email.is_empty() {
        refuse("email", problems::REQUIRED);
    } else if asked.email.len() > MAX_LENGTH || !is_email(&asked.email) {
        refuse("email", problems::NOT_EMAIL);
    }
    if asked.template.is_empty() {
        refuse("template", problems::REQUIRED);
    } else if !TEMPLATES.contains(&asked.template.as_str()) {
        refuse("template", problems::NOT_ALLOWED);
    }
    if collection.is_none() {
        refuse("collection", problems::AUTH_COLLECTION);
    }
    let template = collection.and_then(|collection| template(collection, &asked.template));
    let (Some(collection), Some(template), true) = (collection, template, found.is_empty()) else {
        return Err(Error::refused(NOT_SENT, found));
    };
    let zeros = collection
        .def
        .fields
        .iter()
        .map(|field| fields::zero(&field.kind));
    let mut account = Record::new(collection.clone(), zeros.collect());
    account.set("email", Value::from(asked.email.as_str()));
    let letter = Letter {
        template,
        secrets: &[
            ("TOKEN", "test"),
            ("OTP", "123456"),
            ("OTP_ID", "test"),
            ("ALERT_INFO", "test"),
        ],
        kind: "test",
        to: &asked.email,
    };
    Ok(NewMail {
        account: None,
        ..emails::compose(&app.meta(), &account, &letter)
    })
}

const TEMPLATES: [&str; 5] = [
    "verification",
    "password-reset",
    "email-change",
    "otp",
    "login-alert",
];

fn template<'a>(collection: &'a Collection, name: &str) -> Option<&'a EmailTemplate> {
    let auth = collection.def.auth.as_ref()?;
    match name {
        "verification" => Some(&auth.verification_template),
        "password-reset" => Some(&auth.reset_password_template),
        "email-change" => Some(&auth.confirm_email_change_template),
        "otp" => Some(&auth.otp.email_template),
        "login-alert" => Some(&auth.auth_alert.email_template),
        _ => None,
    }
}
