//! Every route: those of records first, the others in the order of the docs.

use actix_web::guard::{self, Guard};
use actix_web::http::Method;
use actix_web::web::{self, ServiceConfig};
use actix_web::{FromRequest, Handler, HttpRequest, Resource, Responder, Route};

use crate::error::{Error, MISSING};
use crate::extract::Answer;
use crate::{
    accounts, batch, collections, console, files, health, jobs, logs, metrics, openapi, policy,
    realtime, records, settings, setup,
};

/// Registers the whole API.
pub fn configure(app: &mut ServiceConfig) {
    for endpoint in endpoints() {
        app.service(endpoint.into_resource());
    }
    app.default_service(web::route().to(nothing));
}

/// Returns every route, in the order in which they are tried: those that most requests take come first.
#[rustfmt::skip]
pub(crate) fn endpoints() -> Vec<Endpoint> {
    vec![
        at("/api/collections/{collection}/records", [
            get().to(records::api::list),
            post().to(records::api::create),
        ]),
        at("/api/collections/{collection}/records/{id}", [
            get().to(records::api::view),
            patch().to(records::api::update),
            delete().to(records::api::delete),
        ]),

        at("/livez", [get().to(health::api::live)]),
        at("/readyz", [get().to(health::api::ready)]),
        at("/metrics", [get().to(metrics::api::with_token)]),
        at("/api/health", [get().to(health::api::health)]),
        at("/api/metrics/overview", [get().to(metrics::api::overview)]),
        at("/api/openapi.json", [get().to(openapi::api::document)]),
        at("/api/setup", [get().to(setup::api::state), post().to(setup::api::create)]),

        at("/api/settings", [get().to(settings::api::view), patch().to(settings::api::update)]),
        at("/api/settings/test/s3", [post().to(settings::api::test_s3)]),
        at("/api/settings/test/email", [post().to(settings::api::test_email)]),
        at("/api/settings/apple/generate-client-secret", [post().to(accounts::api::oauth2::apple_client_secret)]),

        at("/api/policy/check", [post().to(policy::api::check)]),
        at("/api/policy/assertions", [post().to(policy::api::assert)]),
        at("/api/policy/areas", [get().to(policy::api::areas)]),

        at("/api/collections", [
            get().to(collections::api::list),
            post().to(collections::api::create),
        ]),
        at("/api/collections/import", [put().to(collections::api::import)]),
        at("/api/collections/meta/check", [post().to(collections::api::check)]),
        at("/api/collections/meta/dry-run-view", [post().to(collections::api::dry_run_view)]),
        at("/api/collections/meta/oauth2-providers", [get().to(accounts::api::providers)]),
        at("/api/collections/meta/scaffolds", [get().to(collections::api::scaffolds)]),
        at("/api/collections/{collection}", [
            get().to(collections::api::view),
            patch().to(collections::api::update),
            delete().to(collections::api::delete),
        ]),
        at("/api/collections/{collection}/truncate", [delete().to(collections::api::truncate)]),

        at("/api/batch", [post().to(batch::api::process)]),

        at("/api/collections/{collection}/auth-methods", [get().to(accounts::api::auth_methods)]),
        at("/api/collections/{collection}/auth-with-password", [post().to(accounts::api::auth_with_password)]),
        at("/api/collections/{collection}/auth-with-oauth2", [post().to(accounts::api::oauth2::auth_with_oauth2)]),
        at("/api/collections/{collection}/request-otp", [post().to(accounts::api::otp::request_otp)]),
        at("/api/collections/{collection}/auth-with-otp", [post().to(accounts::api::otp::auth_with_otp)]),
        at("/api/collections/{collection}/auth-refresh", [post().to(accounts::api::auth_refresh)]),
        at("/api/collections/{collection}/auth-with-totp", [post().to(accounts::api::totp::auth_with_totp)]),
        at("/api/collections/{collection}/totp", [
            post().to(accounts::api::totp::enrol),
            delete().to(accounts::api::totp::disable),
        ]),
        at("/api/collections/{collection}/totp/confirm", [post().to(accounts::api::totp::confirm)]),
        at("/api/collections/{collection}/end-other-sessions", [post().to(accounts::api::sessions::end_others)]),
        at("/api/collections/{collection}/auth-token", [post().to(accounts::api::issuer::auth_token)]),
        at("/.well-known/jwks.json", [get().to(accounts::api::issuer::key_set)]),
        at("/api/collections/{collection}/impersonate/{id}", [post().to(accounts::api::impersonate::impersonate)]),
        at("/api/collections/{collection}/request-password-reset", [post().to(accounts::api::confirm::request_password_reset)]),
        at("/api/collections/{collection}/confirm-password-reset", [post().to(accounts::api::confirm::confirm_password_reset)]),
        at("/api/collections/{collection}/request-verification", [post().to(accounts::api::confirm::request_verification)]),
        at("/api/collections/{collection}/confirm-verification", [post().to(accounts::api::confirm::confirm_verification)]),
        at("/api/collections/{collection}/request-email-change", [post().to(accounts::api::email_change::request_email_change)]),
        at("/api/collections/{collection}/confirm-email-change", [post().to(accounts::api::email_change::confirm_email_change)]),

        at("/api/accounts/delays", [get().to(accounts::api::delays::list)]),
        at("/api/accounts/delays/{id}", [delete().to(accounts::api::delays::lift)]),

        at("/api/files/token", [post().to(files::api::token)]),
        at("/api/files/{collection}/{id}/{filename}", [get().to(files::api::serve)]),

        at("/api/realtime", [
            get_only().to(realtime::api::connect),
            post().to(realtime::api::subscribe),
        ]),
        at("/api/oauth2-redirect", [
            get_only().to(realtime::api::oauth2::returned),
            post().to(realtime::api::oauth2::posted),
        ]),

        at("/api/crons", [get().to(jobs::api::list)]),
        at("/api/crons/{id}", [post().to(jobs::api::run)]),
        at("/api/jobs/preview", [post().to(jobs::api::preview)]),

        at("/api/logs", [get().to(logs::api::list)]),
        at("/api/logs/stats", [get().to(logs::api::stats)]),
        at("/api/logs/{id}", [get().to(logs::api::view)]),

        at("/", [get().to(console::api::root)]),
        at("/_", [get().to(console::api::root)]),
        at("/_/{path:.*}", [get().to(console::api::file)]),
    ]
}

/// The pattern of the route that a request matched, such as `/api/logs/{id}`; known once there is an answer.
#[derive(Clone, Copy, Debug)]
pub struct Pattern(pub &'static str);

/// A path and what answers there, by method.
pub(crate) struct Endpoint {
    /// The path, with `{name}` for each part that varies.
    pub(crate) path: &'static str,
    verbs: Vec<Verb>,
}

impl Endpoint {
    /// Returns the methods that have a handler; `HEAD`, which most `GET`s answer too, is not listed.
    #[cfg(test)]
    pub(crate) fn methods(&self) -> impl Iterator<Item = &Method> {
        self.verbs.iter().map(|verb| &verb.method)
    }

    /// Answers other methods as unknown paths are answered.
    fn into_resource(self) -> Resource {
        let resource = Resource::new(self.path)
            .app_data(Pattern(self.path))
            .default_service(web::route().to(nothing));
        let routes = self.verbs.into_iter().map(|verb| verb.route);
        routes.fold(resource, Resource::route)
    }
}

fn at<const N: usize>(path: &'static str, verbs: [Verb; N]) -> Endpoint {
    Endpoint {
        path,
        verbs: verbs.into(),
    }
}

/// A method, and its handler.
struct Verb {
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "read by the test that every route is described")
    )]
    method: Method,
    route: Route,
}

impl Verb {
    fn new(method: Method) -> Self {
        Self {
            route: web::method(method.clone()),
            method,
        }
    }

    fn to<H, Args>(self, handler: H) -> Self
    where
        H: Handler<Args, Output: Responder + 'static>,
        Args: FromRequest + 'static,
    {
        Self {
            route: self.route.to(handler),
            ..self
        }
    }
}

/// Registers the metrics, on the address that serves nothing else.
pub fn configure_metrics(app: &mut ServiceConfig) {
    let metrics = at("/metrics", [get().to(metrics::api::without_token)]);
    app.service(metrics.into_resource())
        .default_service(web::route().to(nothing));
}

/// Answers `GET`, and `HEAD` without the body.
fn get() -> Verb {
    let reads =
        guard::fn_guard(|context| guard::Get().check(context) || guard::Head().check(context));
    Verb {
        method: Method::GET,
        route: web::route().guard(reads),
    }
}

/// Answers `GET` alone: a stream of events has no headers worth asking for.
fn get_only() -> Verb {
    Verb::new(Method::GET)
}

fn post() -> Verb {
    Verb::new(Method::POST)
}

fn put() -> Verb {
    Verb::new(Method::PUT)
}

fn patch() -> Verb {
    Verb::new(Method::PATCH)
}

fn delete() -> Verb {
    Verb::new(Method::DELETE)
}

/// Answers a request for a route that does not exist.
async fn nothing(request: HttpRequest) -> Result<Answer, Error> {
    let reads = matches!(request.method().as_str(), "GET" | "HEAD");
    Err(Error::NotFound(if reads {
        "File not found."
    } else {
        MISSING
    }))
}
