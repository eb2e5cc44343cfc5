//! Handlers of sign-ins with other services.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use plinth_sdk::types::{AppleSecret, AppleSecretRequest, FieldProblems, OAuth2SignIn};
use serde_json::{Map, Value as Json};
use tokio::time::timeout;

use super::sign_in::{Authenticated, finish};
use super::{FAILED, MAX_LENGTH};
use crate::accounts::attempts::rules::Purpose;
use crate::accounts::attempts::{self, Attempt};
use crate::accounts::methods::{Method, Start};
use crate::accounts::oauth2::exchange::{self, Brought};
use crate::accounts::oauth2::link::{self, Found, SignIn};
use crate::accounts::oauth2::settings::Service;
use crate::accounts::oauth2::{User, Waiter, apple, avatar, discovery, profile, store, verifier};
use crate::accounts::of_accounts;
use crate::app::{App, Effort};
use crate::clock::Timestamp;
use crate::db::{Conn, Topology};
use crate::error::{Error, Result};
use crate::extract::{Answer, Body, CallerRequest, CollectionName, Parts, Query, Superuser};
use crate::openapi::{BadRequest, tags};
use crate::outbound::Outbound;
use crate::policy::{self, Action, Grant, system};
use crate::problems::{self, UNLOADABLE, too_long};
use crate::records::api::{Ready, ready_without_password, written};
use crate::request::{Caller, Request};
use crate::schema::{Collection, Record};

/// The maximum size of a body, which may have the fields of a new account.
const MAX_BODY: usize = 1 << 20;
/// How long a service may take to tell who the user is.
const MAX_TIME: Duration = Duration::from_secs(30);
/// The maximum length of the name of a service.
const MAX_NAME: usize = 100;
const NO_TOKEN: &str = "Failed to fetch OAuth2 token.";
const NO_USER: &str = "Failed to fetch OAuth2 user.";

/// Returns a collection of accounts as it is now: another process may have just changed its services.
pub(super) async fn current(app: &App, name: &str) -> Result<Arc<Collection>> {
    if app.db.topology() == Topology::Replicated {
        app.refresh_schema().await?;
    }
    of_accounts(app.schema.current().find(name))
}

/// Starts a sign-in with each service of a collection. Those that are to be discovered are asked at the same time, and one
/// that cannot be reached is left out.
pub(super) async fn starts(app: &App, collection: &Collection) -> Result<Vec<Start>> {
    let Some(auth) = collection
        .def
        .auth
        .as_deref()
        .filter(|auth| auth.oauth2.enabled)
    else {
        return Ok(Vec::new());
    };
    let mut starts = Vec::new();
    let services: Vec<Service> = auth
        .oauth2
        .providers
        .iter()
        .filter_map(Service::read)
        .collect();
    let asked = services
        .iter()
        .map(|service| discovery::endpoints(app, service));
    for (service, endpoints) in services.iter().zip(join_all(asked).await) {
        match endpoints {
            Ok(endpoints) => {
                let url = endpoints.auth_url.as_str();
                let now = app.clock.now();
                starts.push(Start::of(collection, service, url, &app.random, now)?);
            }
            Err(why) => {
                let provider = service.provider.name;
                tracing::warn!(provider, why, "a service is not offered for signing in");
            }
        }
    }
    Ok(starts)
}

/// Sign in with another service.
pub async fn auth_with_oauth2(
    app: App,
    name: CollectionName,
    request: CallerRequest,
    query: Query,
    body: Body<MAX_BODY>,
) -> Result<Answer> {
    let collection = current(&app, &name).await?;
    let (form, fields) = read(&collection, body)?;
    let service = service(&collection, &form)?;
    let own = to_link(&collection, &request.0.caller)?;
    let now = app.clock.now();
    check_verifier(&collection, &service, &form, now)?;
    let guess = Attempt::new(&app, Purpose::Link, &collection, "", &request.0);
    // Behind a reverse proxy, what one does would count for all.
    let network = guess.own_network();
    if network.is_some() {
        attempts::check(&app, &guess).await?;
    }
    take_verifier(&app, &service, &form, now).await?;
    let _turn = app.oauth2.turn(Waiter {
        client: network,
        service: service.url().to_owned(),
    })?;
    let user = match user(&app, &service, &form).await {
        Err(error) if network.is_some() && matches!(error, Error::Invalid { .. }) => {
            attempts::record_failure(&app, &guess).await?;
            return Err(error);
        }
        user => user?,
    };
    let by = SignIn {
        provider: service.provider.name,
        caller: own,
        meta: app.meta(),
        user,
    };
    let request = request.0;
    let found = account(&app, &collection, &request, form.create_data, &by).await?;
    let proven = Authenticated {
        request: Request {
            body: fields,
            ..request
        },
        record: found.record,
        method: Method::OAuth2,
        // What the service says about the address of a linked account has been settled already.
        address: found.address,
        meta: Some(by.user.meta(found.is_new)?),
    };
    finish(&app, proven, &query).await
}

/// Returns the id of the account that is to be linked, if one of the collection is signed in.
fn to_link(collection: &Collection, caller: &Caller) -> Result<Option<String>> {
    let own = caller.account();
    let Some(own) = own.filter(|own| own.record.collection.def.id == collection.def.id) else {
        return Ok(None);
    };
    if !own.refreshable {
        // A link outlives the token, and whoever acts as an account is not the account.
        return Err(Error::forbidden(
            "A token that cannot be refreshed links no account to another service.",
        ));
    }
    Ok(Some(own.record.id().to_owned()))
}

fn read(
    collection: &Collection,
    body: Body<MAX_BODY>,
) -> Result<(OAuth2SignIn, Map<String, Json>)> {
    let auth = collection.def.auth.as_deref();
    if !auth.is_some_and(|auth| auth.oauth2.enabled) {
        return Err(Error::forbidden(
            "The collection is not configured to allow OAuth2 authentication.",
        ));
    }
    body.typed_with_fields(UNLOADABLE)
}

/// Returns the service that is asked for.
fn service(collection: &Collection, form: &OAuth2SignIn) -> Result<Service> {
    let auth = collection.def.auth.as_deref();
    let service = auth.and_then(|auth| Service::find(auth, &form.provider));
    let mut found = FieldProblems::new();
    let problem = if form.provider.is_empty() {
        Some(problems::REQUIRED.problem())
    } else if form.provider.chars().count() > MAX_NAME {
        Some(too_long(MAX_NAME))
    } else {
        let name = Json::from(form.provider.as_str());
        service
            .is_none()
            .then(|| problems::UNKNOWN_PROVIDER.with([("name", name)]))
    };
    found.extend(problem.map(|problem| ("provider".to_owned(), problem)));
    if form.code.is_empty() {
        found.insert("code".to_owned(), problems::REQUIRED.problem());
    }
    match service {
        Some(service) if found.is_empty() => Ok(service),
        _ => Err(Error::refused(UNLOADABLE, found)),
    }
}

/// Checks that the sign-in was started here, for this service.
fn check_verifier(
    collection: &Collection,
    service: &Service,
    form: &OAuth2SignIn,
    now: Timestamp,
) -> Result<()> {
    if !service.pkce {
        return Ok(());
    }
    let problem = if form.code_verifier.is_empty() {
        problems::REQUIRED
    } else if verifier::is_good(&form.code_verifier, collection, service, now)? {
        return Ok(());
    } else {
        problems::CODE_VERIFIER
    };
    Err(Error::field(UNLOADABLE, "codeVerifier", problem.problem()))
}

/// Uses a verifier up, before the service is asked: of many requests with it, one goes on.
async fn take_verifier(
    app: &App,
    service: &Service,
    form: &OAuth2SignIn,
    now: Timestamp,
) -> Result<()> {
    if !service.pkce {
        return Ok(());
    }
    let key = verifier::used(&form.code_verifier);
    // Longer than the verifier is good, whichever replica's clock tells.
    let until = now + 2 * Duration::from_secs(verifier::MAX_AGE.unsigned_abs());
    let keep = move |conn: &mut Conn| store::keep(conn, &key, "", until, now);
    if app.db.write(keep).await? {
        return Ok(());
    }
    let problem = problems::CODE_VERIFIER.problem();
    Err(Error::field(UNLOADABLE, "codeVerifier", problem))
}

/// Asks the service who the user is. Clients are not told why this fails.
async fn user(app: &App, service: &Service, form: &OAuth2SignIn) -> Result<User> {
    let provider = service.provider.name;
    let refuse = |message: &'static str, cause: String| {
        tracing::warn!(provider, cause, "a sign-in with another service failed");
        Error::invalid(message)
    };
    let late = |_| "the service does not answer in time".to_owned();
    let began = tokio::time::Instant::now();
    let brought = Brought {
        code: &form.code,
        verifier: &form.code_verifier,
        redirect_url: &form.redirect_url,
    };
    let exchange = async {
        let endpoints = discovery::all(app, service).await?;
        let token = exchange::exchange(app, service, &endpoints, &brought).await?;
        Ok((endpoints, token))
    };
    let exchanged = timeout(MAX_TIME, exchange).await.map_err(late);
    let (endpoints, token) = exchanged
        .and_then(|exchanged| exchanged)
        .map_err(|why| refuse(NO_TOKEN, why))?;
    let left = MAX_TIME.saturating_sub(began.elapsed());
    let fetch = profile::fetch(app, service, &endpoints, token, &form.code_verifier);
    let fetched = timeout(left, fetch).await.map_err(late);
    let mut user = fetched
        .and_then(|fetched| fetched)
        .map_err(|why| refuse(NO_USER, why))?;
    if provider == "apple"
        && let Some(name) = apple::take_name(app, &form.code).await?
    {
        user.name = name;
    }
    Ok(user)
}

/// Returns the user's account, which may be new.
async fn account(
    app: &App,
    collection: &Arc<Collection>,
    request: &Request,
    given: Map<String, Json>,
    by: &SignIn,
) -> Result<Found> {
    if let Some(found) = existing(app, collection, request, by).await? {
        return Ok(found);
    }
    match create(app, collection, request, given, by).await {
        Ok(record) => Ok(Found {
            record,
            is_new: true,
            address: None,
        }),
        // Of two requests of one new user, one makes the account.
        Err(error) => existing(app, collection, request, by).await?.ok_or(error),
    }
}

async fn existing(
    app: &App,
    collection: &Arc<Collection>,
    request: &Request,
    by: &SignIn,
) -> Result<Option<Found>> {
    let grant = system(
        &app.schema.current(),
        collection,
        request.within(Method::OAuth2.name()),
        "the service shows whose account it is",
    );
    let by = by.clone();
    let work = move |conn: &mut Conn, grant: Grant| link::existing(conn, &grant, &by);
    let found = app.write(grant, Effort::Long, work).await;
    found.map_err(|error| {
        // Another account of the service is linked already, or the address is taken.
        if matches!(error, Error::Invalid { .. } | Error::Unique(_)) {
            return Error::invalid(FAILED);
        }
        error
    })
}

async fn create(
    app: &App,
    collection: &Arc<Collection>,
    request: &Request,
    given: Map<String, Json>,
    by: &SignIn,
) -> Result<Record> {
    if collection.is_superusers() {
        return Err(Error::invalid(FAILED));
    }
    let request = request.within(Method::OAuth2.name());
    let caller = request.caller.clone();
    let schema = app.schema.current();
    let grant = policy::grant(schema, request, &collection.def.id, Action::Create)?;
    let user = by.user.clone();
    let fill = move |conn: &mut Conn, grant: &Grant| link::body(conn, grant, given.clone(), &user);
    let mut values = app.read(grant.clone(), Effort::Long, fill).await?;
    let keys = &grant.schema().body_keys;
    values.retain(|key, _| collection.takes(key) || keys.contains(key));
    let mut parts = Parts {
        uploads: Vec::new(),
        share: app.bodies.share(&caller),
        values,
    };
    let picture = link::avatar_field(&grant).filter(|field| !parts.values.contains_key(*field));
    if let Some(field) = picture
        && !by.user.avatar_url.is_empty()
    {
        match avatar::download(&Outbound::default(), &by.user.avatar_url, field).await {
            Ok(upload) => parts.uploads.push(upload),
            Err(cause) => {
                let provider = by.provider;
                tracing::warn!(provider, cause, "the picture of a user was not downloaded");
            }
        }
    }
    let ready = ready_without_password(app, &grant, parts).await?;
    let Ready { input, stored, .. } = ready;
    let by = by.clone();
    let write = move |conn: &mut Conn, grant: Grant| link::create(conn, grant, &input, &by);
    let outcome = app.write(grant, Effort::Long, write).await;
    let (_, record) = written(app, stored, outcome).await?;
    Ok(record)
}

/// Generate a client secret for Apple.
///
/// Apple's client secrets are tokens that are signed with the developer's private key, and expire after six months at most.
#[utoipa::path(
    post, path = "/api/settings/apple/generate-client-secret", operation_id = "settings_apple_client_secret",
    tag = tags::SETTINGS, request_body = AppleSecretRequest, responses((status = 200, body = AppleSecret), BadRequest)
)]
pub async fn apple_client_secret(_: Superuser, app: App, body: Body) -> Result<Answer> {
    const INVALID: &str = "Invalid client secret data.";
    const ID_LENGTH: usize = 10;
    const MAX_DURATION: i64 = 15_777_000;
    let asked: AppleSecretRequest = body.typed(UNLOADABLE)?;
    let id = |text: &str| {
        let is_right = text.chars().count() == ID_LENGTH;
        problems::filled(text).or_else(|| {
            let length = Json::from(ID_LENGTH);
            (!is_right).then(|| problems::LENGTH.with([("min", length.clone()), ("max", length)]))
        })
    };
    let key = asked.private_key.as_str();
    let not_pem = || (!apple::is_pem(key)).then(|| problems::MATCH.problem());
    let client = problems::filled(&asked.client_id);
    let found: FieldProblems = [
        (
            "clientId",
            client.or_else(|| (asked.client_id.len() > MAX_LENGTH).then(|| too_long(MAX_LENGTH))),
        ),
        ("teamId", id(&asked.team_id)),
        ("keyId", id(&asked.key_id)),
        ("privateKey", problems::filled(key).or_else(not_pem)),
        (
            "duration",
            problems::required_range(asked.duration, 1, MAX_DURATION),
        ),
    ]
    .into_iter()
    .filter_map(|(name, problem)| Some((name.to_owned(), problem?)))
    .collect();
    if !found.is_empty() {
        return Err(Error::refused(INVALID, found));
    }
    let secret = apple::client_secret(&asked, app.clock.now()).map_err(|why| {
        Error::invalid(format!(
            "Failed to generate client secret. Raw error: {why}"
        ))
    })?;
    Ok(Answer::json(&AppleSecret { secret }))
}
