//! Handlers of tokens for other services, and of the keys that verify them.

use actix_web::HttpResponse;
use plinth_sdk::types::{AudienceToken, AudienceTokenRequest, FieldProblems, KeySet};

use super::sign_in::own_view;
use super::{MAX_BODY, invalid, read};
use crate::accounts::issuer::{self, DEFAULT_DURATION, MAX_DURATION, keys};
use crate::accounts::{of_accounts, of_another_collection};
use crate::app::App;
use crate::error::{Error, Result};
use crate::extract::{Answer, Body, CallerRequest, CollectionName, Query};
use crate::json;
use crate::openapi::tags;
use crate::problems::{NOT_ALLOWED, REQUIRED, range};
use crate::request::Caller;
use crate::schema::Collection;

/// Get a token with which another service verifies who the account is.
pub async fn auth_token(
    app: App,
    name: CollectionName,
    request: CallerRequest,
    body: Body<MAX_BODY>,
) -> Result<Answer> {
    let schema = app.schema.current();
    let collection = of_accounts(schema.find(&name))?;
    let Caller::Account(account) = request.0.caller.clone() else {
        return Err(Error::Unauthenticated);
    };
    if account.record.collection.def.id != collection.def.id {
        return Err(of_another_collection(&account));
    }
    if !account.refreshable {
        // Whoever acts as an account is not the account.
        return Err(Error::forbidden(
            "A token that cannot be refreshed gets no tokens for other services.",
        ));
    }
    let asked = checked(read(body)?, &collection)?;
    let record = account.record.clone();
    let now = request.0.now;
    let own = own_view(&app, request.0, record, &Query::default()).await?;
    let (audience, duration) = (&asked.audience, asked.duration);
    let token = issuer::token(&app, &account, &own, audience, duration, now).await?;
    Ok(Answer::json(&AudienceToken { token }))
}

/// Checks what is asked for, and completes the duration.
fn checked(asked: AudienceTokenRequest, collection: &Collection) -> Result<AudienceTokenRequest> {
    let auth = collection.def.auth.as_deref();
    let allowed = auth.map_or(&[][..], |auth| &auth.token_audiences);
    let mut problems = FieldProblems::new();
    if asked.audience.is_empty() {
        problems.insert("audience".to_owned(), REQUIRED.problem());
    } else if !allowed.contains(&asked.audience) {
        problems.insert("audience".to_owned(), NOT_ALLOWED.problem());
    }
    if let Some(problem) = range(asked.duration, 1, MAX_DURATION) {
        problems.insert("duration".to_owned(), problem);
    }
    if !problems.is_empty() {
        return Err(invalid(problems));
    }
    let duration = match asked.duration {
        0 => DEFAULT_DURATION,
        duration => duration,
    };
    Ok(AudienceTokenRequest { duration, ..asked })
}

/// List the keys that verify tokens for other services.
///
/// A JSON Web Key Set: the key that signs, the next one, and the last one while its tokens are valid.
#[utoipa::path(
    get, path = "/.well-known/jwks.json", operation_id = "signing_keys", tag = tags::STATUS,
    responses((status = 200, body = KeySet))
)]
pub async fn key_set(app: App) -> Result<HttpResponse> {
    let keys = keys::all(&app).await?;
    let keys: Result<Vec<_>> = keys.iter().map(keys::Key::public).collect();
    let cache = format!("public, max-age={}", keys::MAX_AGE);
    Ok(HttpResponse::Ok()
        .content_type("application/json")
        .insert_header(("Cache-Control", cache))
        .body(json::body(&KeySet { keys: keys? })))
}
