//! Handlers of authenticator apps: enrolment, and the sign-in with a code as the second factor.

use std::sync::Arc;
use std::time::Duration;

use plinth_sdk::types::{FieldProblems, RecoveryCodes, TotpCode, TotpSecret, TotpSignIn};

use super::sign_in::{Authenticated, finish, given_mfa_id};
use super::{MAX_BODY, invalid, read};
use crate::accounts::attempts::rules::Purpose;
use crate::accounts::attempts::{self, Attempt};
use crate::accounts::methods::Method;
use crate::accounts::{FAILED, mfa, of_accounts, of_another_collection, sessions, totp};
use crate::app::{App, Effort};
use crate::db::Conn;
use crate::error::{Error, Result};
use crate::extract::{Answer, Body, CallerRequest, CollectionName, Query};
use crate::policy::{Grant, system};
use crate::problems::{self, UNLOADABLE};
use crate::request::{Account, Caller, Request};

/// How long ago somebody may have signed in who changes the factors of an account.
const FRESH: Duration = Duration::from_secs(300);

/// Sign in with a code of the app, or a recovery code, after another factor.
pub async fn auth_with_totp(
    app: App,
    name: CollectionName,
    request: CallerRequest,
    query: Query,
    body: Body<MAX_BODY>,
) -> Result<Answer> {
    let schema = app.schema.current();
    let collection = of_accounts(schema.find(&name))?;
    let (TotpSignIn { code, .. }, fields) = body.typed_with_fields(UNLOADABLE)?;
    let request = Request {
        body: fields,
        ..request.0
    };
    let id = given_mfa_id(&request, &query)?;
    let mut missing = FieldProblems::new();
    for (name, is_missing) in [("code", code.is_empty()), ("mfaId", id.is_none())] {
        if is_missing {
            missing.insert(name.to_owned(), problems::REQUIRED.problem());
        }
    }
    let Some(id) = id.filter(|_| missing.is_empty()) else {
        return Err(invalid(missing));
    };
    let why = "whoever has shown the first factor shows the second one";
    let accounts = system(&schema, &collection, Request::internal(request.now), why);
    let find = move |conn: &mut Conn| mfa::owner(conn, &accounts, &id);
    let found = app.db.read_inline(find).await?;
    let record = found.ok_or_else(|| Error::invalid(mfa::EXPIRED))?;
    let purpose = Purpose::SecondFactor;
    let attempt = Attempt::new(&app, purpose, &collection, record.id(), &request);
    attempts::check(&app, &attempt).await?;
    let account = record.clone();
    let take = move |conn: &mut Conn, grant: Grant| totp::take(conn, &grant, &account, &code);
    let grant = totp::grant(&schema, request.now)?;
    if !app.write(grant, Effort::Long, take).await? {
        attempts::record_failure(&app, &attempt).await?;
        return Err(Error::invalid(FAILED));
    }
    attempts::record_success(&app, &attempt).await?;
    let proven = Authenticated {
        request,
        record,
        method: Method::Totp,
        address: None,
        meta: None,
    };
    finish(&app, proven, &query).await
}

/// Make a secret for an app. It has no effect until it is confirmed.
pub async fn enrol(app: App, name: CollectionName, request: CallerRequest) -> Result<Answer> {
    let account = fresh(&app, &name, &request.0).await?;
    if !account.is_superuser && !account.record.is("verified") {
        // Else whoever signs up with somebody's address could keep them out of the account that they verify later.
        return Err(Error::forbidden("Verify the email address first."));
    }
    let secret: [u8; 20] = app.random.bytes();
    let owner = Arc::clone(&account);
    let enrol =
        move |conn: &mut Conn, grant: Grant| totp::enrol(conn, &grant, &owner.record, &secret);
    let grant = totp::grant(&app.schema.current(), request.0.now)?;
    if !app.write(grant, Effort::Long, enrol).await? {
        return Err(Error::invalid(
            "The account has an authenticator app already.",
        ));
    }
    let secret = totp::base32(&secret);
    let email = account.record.text("email");
    let url = totp::url(&secret, &app.meta().app_name, email);
    let qr = totp::qr(&url)?;
    Ok(Answer::json(&TotpSecret { secret, url, qr }))
}

/// Confirm the secret by a code of the app, and end all other sessions.
pub async fn confirm(
    app: App,
    name: CollectionName,
    request: CallerRequest,
    body: Body<MAX_BODY>,
) -> Result<Answer> {
    let account = fresh(&app, &name, &request.0).await?;
    let TotpCode { code } = read(body)?;
    let confirm = move |conn: &mut Conn, grant: Grant| {
        let codes = totp::confirm(conn, &grant, &account.record, &code)?;
        if codes.is_some() {
            let grant = sessions::grant(grant.schema(), conn.clock.now())?;
            sessions::end_all(conn, &grant, &account.record, account.session.as_deref())?;
        }
        Ok(codes)
    };
    let grant = totp::grant(&app.schema.current(), request.0.now)?;
    let Some(recovery_codes) = app.write(grant, Effort::Long, confirm).await? else {
        let problem = problems::TOTP_CODE.problem();
        return Err(invalid(FieldProblems::from([("code".to_owned(), problem)])));
    };
    Ok(Answer::json(&RecoveryCodes { recovery_codes }))
}

/// Remove the app and the recovery codes from the account.
pub async fn disable(app: App, name: CollectionName, request: CallerRequest) -> Result<Answer> {
    let account = fresh(&app, &name, &request.0).await?;
    let disable =
        move |conn: &mut Conn, grant: Grant| totp::remove(conn, grant.schema(), &account.record);
    let grant = totp::grant(&app.schema.current(), request.0.now)?;
    if app.write(grant, Effort::Long, disable).await? {
        Ok(Answer::Nothing)
    } else {
        Err(Error::missing())
    }
}

/// Returns the caller, if it has just signed in to the collection. Who acts as the account has not.
async fn fresh(app: &App, name: &str, request: &Request) -> Result<Arc<Account>> {
    let collection = of_accounts(app.schema.current().find(name))?;
    let Caller::Account(account) = request.caller.clone() else {
        return Err(Error::Unauthenticated);
    };
    if account.record.collection.def.id != collection.def.id {
        return Err(of_another_collection(&account));
    }
    if account.refreshable && sessions::is_fresh(app, &account, FRESH).await? {
        return Ok(account);
    }
    Err(Error::forbidden(
        "Sign in again to change the factors of the account.",
    ))
}
