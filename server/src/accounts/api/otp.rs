//! Handlers of one-time passwords.

use std::sync::Arc;

use plinth_sdk::types::{FieldProblems, MailRequest, OtpRequested, OtpSignIn};

use super::confirm::{count_request, read_address};
use super::sign_in::{Authenticated, finish};
use super::{MAX_BODY, MAX_LENGTH, bad_length, invalid};
use crate::accounts::attempts::rules::Purpose;
use crate::accounts::attempts::{self, Attempt as Guess};
use crate::accounts::methods::Method;
use crate::accounts::of_accounts;
use crate::accounts::otp::{self, Attempt, Redeemed};
use crate::app::{App, Effort};
use crate::db::Conn;
use crate::error::{Error, Result};
use crate::extract::{Answer, Body, CallerRequest, CollectionName, Query};
use crate::passwords::{Line, Verdict};
use crate::policy::{Grant, system};
use crate::problems::{self, UNLOADABLE};
use crate::request::Request;
use crate::schema::Collection;
use crate::system::account_data::OTPS;

/// The most bytes of a code.
const MAX_CODE: usize = 71;
const WRONG: &str = "Invalid or expired OTP.";
const TOO_MANY: &str = "Too many attempts, please try again later with a new OTP.";

/// Request a one-time password by mail.
pub async fn request_otp(
    app: App,
    name: CollectionName,
    request: CallerRequest,
    query: Query,
    body: Body<MAX_BODY>,
) -> Result<Answer> {
    let collection = with_codes(&app, &name)?;
    let MailRequest { email } = super::read(body)?;
    let email = read_address("email", email)?;
    count_request(&app, &collection, &email, &request.0).await?;
    let otp_id = otp::request(&app, &collection, email)?;
    Ok(Answer::picked(&OtpRequested { otp_id }, &query))
}

/// Sign in with a one-time password.
pub async fn auth_with_otp(
    app: App,
    name: CollectionName,
    request: CallerRequest,
    query: Query,
    body: Body<MAX_BODY>,
) -> Result<Answer> {
    let CallerRequest(request, token) = request;
    let collection = with_codes(&app, &name)?;
    let (given, fields): (OtpSignIn, _) = body.typed_with_fields(UNLOADABLE)?;
    check(&given)?;
    let request = Request {
        body: fields,
        ..request
    };
    let grant = system(
        &app.schema.current(),
        &collection,
        Request::internal(request.now),
        "a code is looked for before anybody is signed in",
    );
    let who = otp::derived_part(&given.otp_id);
    let mut guess = Guess::new(&app, Purpose::OneTimePassword, &collection, &who, &request);
    if !token.is_empty() {
        let (looking, id) = (grant.clone(), given.otp_id.clone());
        let find = move |conn: &mut Conn| otp::owner(conn, &looking, &id);
        guess = guess.with_token(&token, app.db.read_inline(find).await?.as_ref());
    }
    attempts::check(&app, &guess).await?;
    let attempt = Attempt {
        matched: matched(&app, &grant, &request, &given).await?,
        id: given.otp_id,
        code: given.password,
        guess: guess.clone(),
    };
    let redeem = move |conn: &mut Conn, grant: Grant| otp::redeem(conn, &grant, &attempt);
    let (record, address) = match app.write(grant, Effort::Long, redeem).await? {
        Redeemed::Right(record, address) => (*record, address),
        Redeemed::Wrong => {
            count_failure(&app, &guess).await?;
            return Err(Error::invalid(WRONG));
        }
        Redeemed::TooMany => {
            count_failure(&app, &guess).await?;
            return Err(Error::TooManyRequests(TOO_MANY));
        }
    };
    // The code is used up, so nothing may refuse whoever had it from here on.
    attempts::forgive(&app, &guess).await?;
    let proven = Authenticated {
        request,
        record,
        method: Method::Otp,
        address: Some(address),
        meta: None,
    };
    finish(&app, proven, &query).await
}

/// Counts a failure. Tries have a limit of their own, so the answer does not depend on what others have tried meanwhile.
async fn count_failure(app: &App, guess: &Guess) -> Result<()> {
    match attempts::record_failure(app, guess).await {
        Err(Error::Delayed(_)) => Ok(()),
        counted => counted,
    }
}

/// Returns the collection, if its accounts sign in with one-time passwords.
fn with_codes(app: &App, name: &str) -> Result<Arc<Collection>> {
    let collection = of_accounts(app.schema.current().find(name))?;
    let auth = collection.def.auth.as_ref();
    if auth.is_some_and(|auth| auth.otp.enabled) {
        return Ok(collection);
    }
    Err(Error::forbidden(
        "The collection is not configured to allow OTP authentication.",
    ))
}

fn check(given: &OtpSignIn) -> Result<()> {
    let mut found = FieldProblems::new();
    let mut refuse = |name: &str, problem| found.insert(name.to_owned(), problem);
    if given.otp_id.is_empty() {
        refuse("otpId", problems::REQUIRED.problem());
    } else if given.otp_id.len() > MAX_LENGTH {
        refuse("otpId", bad_length(1));
    }
    if given.password.is_empty() {
        refuse("password", problems::REQUIRED.problem());
    } else if given.password.len() > MAX_CODE {
        refuse("password", problems::out_of_range(1, MAX_CODE));
    }
    if found.is_empty() {
        Ok(())
    } else {
        Err(invalid(found))
    }
}

/// Returns the hash of a code that a superuser has made, if the code matches it.
async fn matched(
    app: &App,
    grant: &Grant,
    request: &Request,
    given: &OtpSignIn,
) -> Result<Option<String>> {
    let (looking, id) = (grant.clone(), given.otp_id.clone());
    let find = move |conn: &mut Conn| otp::stored_hash(conn, &looking, &id);
    let Some(hash) = app.db.read_inline(find).await? else {
        return Ok(None);
    };
    let line = Line::of(request.origin());
    let verdict = app
        .hasher
        .verify(line, OTPS, given.password.clone(), hash.clone())
        .await?;
    Ok(Some(hash).filter(|_| verdict != Verdict::Wrong))
}
