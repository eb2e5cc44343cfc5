//! Handlers of changes of the email address, which are confirmed by a mail to the new address.

use std::sync::Arc;
use std::time::Duration;

use plinth_sdk::types::{EmailChange, EmailChangeRequest, FieldProblems, MetaSettings};
use serde_json::{Map, json};

use super::confirm::{bearer, of_the_server, read_address, still_bearer};
use super::{MAX_BODY, invalid, own_account, read};
use crate::accounts::attempts::rules::Purpose;
use crate::accounts::attempts::{self, Attempt};
use crate::accounts::{emails, notices, of_accounts, store};
use crate::app::{App, Effort};
use crate::db::Conn;
use crate::error::{Error, Result};
use crate::extract::{Answer, Body, CallerRequest, CollectionName};
use crate::passwords::{Line, Verdict};
use crate::policy::Grant;
use crate::problems::{self, INVALID};
use crate::records::store::{self as records, Lock};
use crate::records::write::{self, Input};
use crate::request::Request;
use crate::schema::Collection;
use crate::tokens::{self, Claims, Kind};

/// The most bytes of a password that confirms a change.
const MAX_PASSWORD: usize = 100;
/// How many mails an account may send to new addresses within [`PERIOD`].
const MAX_MAILS: usize = 5;
const PERIOD: Duration = Duration::from_secs(3600);
const TOO_MANY: &str = "Too many requests to change the email address, try again later.";

/// Request a mail for changing the email address, which is sent to the new address.
pub async fn request_email_change(
    app: App,
    name: CollectionName,
    request: CallerRequest,
    body: Body<MAX_BODY>,
) -> Result<Answer> {
    let account = own_account(&app, &name, &request.0)?.record.clone();
    let collection = Arc::clone(&account.collection);
    not_superusers(&collection)?;
    let EmailChangeRequest { new_email } = read(body)?;
    let new_email = read_address("newEmail", new_email)?;
    if new_email == account.text("email") {
        let problem = problems::RESERVED.problem();
        return Err(Error::field(INVALID, "newEmail", problem));
    }
    let guess = Attempt::new(
        &app,
        Purpose::NewAddress,
        &collection,
        account.id(),
        &request.0,
    );
    attempts::check(&app, &guess).await?;
    let meta = app.meta();
    let work = move |conn: &mut Conn, grant: Grant| {
        // With another key, the caller's token has ended meanwhile.
        let same = records::find(conn, &grant, account.id(), Some(Lock::Update))?
            .filter(|same| same.text("tokenKey") == account.text("tokenKey"))
            .ok_or(Error::Unauthenticated)?;
        if store::find_by(conn, &grant, "email", &new_email)?.is_some() {
            return Ok(Asked::Taken);
        }
        let since = conn.clock.now() - PERIOD;
        if emails::count(conn, &same, Kind::EmailChange, since)? >= MAX_MAILS {
            return Err(Error::TooManyRequests(TOO_MANY));
        }
        emails::confirm_new(conn, &meta, &same, &new_email)?;
        Ok(Asked::Mailed)
    };
    let grant = of_the_server(&app, &collection);
    match app.write(grant, Effort::Long, work).await? {
        Asked::Mailed => Ok(Answer::Nothing),
        Asked::Taken => {
            attempts::record_failure(&app, &guess).await?;
            let problem = problems::NEW_EMAIL.problem();
            Err(Error::field(INVALID, "newEmail", problem))
        }
    }
}

/// The outcome of a request for a new address.
enum Asked {
    /// There is a mail to it.
    Mailed,
    /// Somebody has it.
    Taken,
}

/// Change the email address.
pub async fn confirm_email_change(
    app: App,
    name: CollectionName,
    request: CallerRequest,
    body: Body<MAX_BODY>,
) -> Result<Answer> {
    let collection = of_accounts(app.schema.current().find(&name))?;
    not_superusers(&collection)?;
    let EmailChange { token, password } = read(body)?;
    let mut found = FieldProblems::new();
    let claims = if token.is_empty() {
        Err(problems::REQUIRED.problem())
    } else if tokens::peek(&token).is_none_or(|claims| claims.new_email.is_none()) {
        Err(problems::TOKEN_PAYLOAD.problem())
    } else {
        bearer(&app, &collection, &request.0, &token, Kind::EmailChange).await?
    };
    let claims = match claims {
        Ok(claims) if is_taken(&app, &collection, &claims).await? => {
            Err(problems::TOKEN_NEW_EMAIL.problem())
        }
        claims => claims,
    };
    let problem = if password.is_empty() {
        Some(problems::REQUIRED.problem())
    } else if password.len() > MAX_PASSWORD {
        Some(problems::out_of_range(1, MAX_PASSWORD))
    } else {
        let is_right = match &claims {
            Ok(claims) => is_right(&app, &collection, &request.0, claims, password).await?,
            Err(_) => false,
        };
        (!is_right).then(|| problems::PASSWORD.problem())
    };
    found.extend(problem.map(|problem| ("password".to_owned(), problem)));
    let claims = claims.map_err(|problem| found.insert("token".to_owned(), problem));
    let (Ok(claims), true) = (claims, found.is_empty()) else {
        return Err(invalid(found));
    };
    let meta = app.meta();
    let work = move |conn: &mut Conn, grant: Grant| change(conn, &grant, &meta, &token, &claims);
    app.write(of_the_server(&app, &collection), Effort::Long, work)
        .await?;
    Ok(Answer::Nothing)
}

/// Changes the address. Of several concurrent requests with the token, one still finds the key that it was signed with.
fn change(
    conn: &mut Conn,
    grant: &Grant,
    meta: &MetaSettings,
    token: &str,
    claims: &Claims,
) -> Result<()> {
    let account = still_bearer(conn, grant, token, claims)?;
    let body = Map::from_iter([
        ("email".to_owned(), json!(claims.new_email)),
        ("verified".to_owned(), json!(true)),
    ]);
    let updated = write::update(conn, grant.clone(), account.id(), &Input::of(body));
    updated.map_err(|error| {
        if let Error::Invalid { .. } = error {
            // Somebody else has taken the address meanwhile.
            return Error::field(INVALID, "token", problems::TOKEN_NEW_EMAIL.problem());
        }
        error
    })?;
    notices::address_changed(conn, meta, &account)
}

fn not_superusers(collection: &Collection) -> Result<()> {
    if collection.is_superusers() {
        return Err(Error::invalid(
            "All superusers can change their emails directly.",
        ));
    }
    Ok(())
}

async fn is_taken(app: &App, collection: &Arc<Collection>, claims: &Claims) -> Result<bool> {
    let grant = of_the_server(app, collection);
    let email = claims.new_email.clone().unwrap_or_default();
    let find = move |conn: &mut Conn| store::find_by(conn, &grant, "email", &email);
    Ok(app.db.read_inline(find).await?.is_some())
}

/// Whether the password is that of the token's account.
async fn is_right(
    app: &App,
    collection: &Arc<Collection>,
    request: &Request,
    claims: &Claims,
    password: String,
) -> Result<bool> {
    let (grant, id) = (of_the_server(app, collection), claims.id.clone());
    let find = move |conn: &mut Conn| records::find(conn, &grant, &id, None);
    let account = app.db.read_inline(find).await?;
    let hash = account.map(|account| account.text("password").to_owned());
    let line = Line::of(request.origin());
    let guess = Attempt::new(app, Purpose::Password, collection, &claims.id, request);
    attempts::check(app, &guess).await?;
    let verdict = app
        .hasher
        .verify(line, &collection.def.id, password, hash.unwrap_or_default())
        .await?;
    if verdict == Verdict::Wrong {
        attempts::record_failure(app, &guess).await?;
    }
    Ok(verdict != Verdict::Wrong)
}
