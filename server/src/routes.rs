//! All routes: those of records first, the others in the order of the documentation.

use actix_web::guard::{self, Guard};
use actix_web::web::{ServiceConfig, delete, patch, post, put, route};
use actix_web::{HttpRequest, Resource, Route};

use crate::error::{Error, MISSING};
use crate::extract::Answer;
use crate::{
    accounts, batch, collections, console, files, health, jobs, logs, metrics, openapi, policy,
    realtime, records, settings, setup,
};

/// Registers the API.
#[rustfmt::skip]
pub fn configure(app: &mut ServiceConfig) {
    app
        // Routes are tried in order, so the most frequent ones come first.
        .service(at("/api/collections/{collection}/records", [
            get().to(records::api::list),
            post().to(records::api::create),
        ]))
        .service(at("/api/collections/{collection}/records/{id}", [
            get().to(records::api::view),
            patch().to(records::api::update),
            delete().to(records::api::delete),
        ]))

        .service(at("/livez", [get().to(health::api::live)]))
        .service(at("/readyz", [get().to(health::api::ready)]))
        .service(at("/metrics", [get().to(metrics::api::with_token)]))
        .service(at("/api/health", [get().to(health::api::health)]))
        .service(at("/api/metrics/overview", [get().to(metrics::api::overview)]))
        .service(at("/api/openapi.json", [get().to(openapi::api::document)]))
        .service(at("/api/setup", [get().to(setup::api::state), post().to(setup::api::create)]))

        .service(at("/api/settings", [get().to(settings::api::view), patch().to(settings::api::update)]))
        .service(at("/api/settings/test/s3", [post().to(settings::api::test_s3)]))
        .service(at("/api/settings/test/email", [post().to(settings::api::test_email)]))

        .service(at("/api/policy/check", [post().to(policy::api::check)]))
        .service(at("/api/policy/areas", [get().to(policy::api::areas)]))

        .service(at("/api/collections", [
            get().to(collections::api::list),
            post().to(collections::api::create),
        ]))
        .service(at("/api/collections/import", [put().to(collections::api::import)]))
        .service(at("/api/collections/meta/check", [post().to(collections::api::check)]))
        .service(at("/api/collections/meta/dry-run-view", [post().to(collections::api::dry_run_view)]))
        .service(at("/api/collections/meta/oauth2-providers", [get().to(accounts::api::providers)]))
        .service(at("/api/collections/meta/scaffolds", [get().to(collections::api::scaffolds)]))
        .service(at("/api/collections/{collection}", [
            get().to(collections::api::view),
            patch().to(collections::api::update),
            delete().to(collections::api::delete),
        ]))
        .service(at("/api/collections/{collection}/truncate", [delete().to(collections::api::truncate)]))

        .service(at("/api/batch", [post().to(batch::api::process)]))

        .service(at("/api/collections/{collection}/auth-methods", [get().to(accounts::api::auth_methods)]))
        .service(at("/api/collections/{collection}/auth-with-password", [post().to(accounts::api::auth_with_password)]))
        .service(at("/api/collections/{collection}/auth-refresh", [post().to(accounts::api::auth_refresh)]))
        .service(at("/api/collections/{collection}/impersonate/{id}", [post().to(accounts::api::impersonate::impersonate)]))
        .service(at("/api/collections/{collection}/request-password-reset", [post().to(accounts::api::confirm::request_password_reset)]))
        .service(at("/api/collections/{collection}/confirm-password-reset", [post().to(accounts::api::confirm::confirm_password_reset)]))
        .service(at("/api/collections/{collection}/request-verification", [post().to(accounts::api::confirm::request_verification)]))
        .service(at("/api/collections/{collection}/confirm-verification", [post().to(accounts::api::confirm::confirm_verification)]))

        .service(at("/api/files/token", [post().to(files::api::token)]))
        .service(at("/api/files/{collection}/{id}/{filename}", [get().to(files::api::serve)]))

        .service(at("/api/realtime", [
            route().guard(guard::Get()).to(realtime::api::connect),
            post().to(realtime::api::subscribe),
        ]))

        .service(at("/api/crons", [get().to(jobs::api::list)]))
        .service(at("/api/crons/{id}", [post().to(jobs::api::run)]))
        .service(at("/api/jobs/preview", [post().to(jobs::api::preview)]))

        .service(at("/api/logs", [get().to(logs::api::list)]))
        .service(at("/api/logs/stats", [get().to(logs::api::stats)]))
        .service(at("/api/logs/{id}", [get().to(logs::api::view)]))

        .service(at("/", [get().to(console::api::root)]))
        .service(at("/_", [get().to(console::api::root)]))
        .service(at("/_/{path:.*}", [get().to(console::api::file)]))

        .default_service(route().to(nothing));
}

/// The pattern of the route that answered a request; available after the response.
#[derive(Clone, Copy, Debug)]
pub struct Pattern(pub &'static str);

/// Registers a path with its methods. Another method is answered like an unknown path.
fn at<const N: usize>(path: &'static str, routes: [Route; N]) -> Resource {
    let resource = Resource::new(path)
        .app_data(Pattern(path))
        .default_service(route().to(nothing));
    routes.into_iter().fold(resource, Resource::route)
}

/// Registers the routes of the address for metrics.
pub fn configure_metrics(app: &mut ServiceConfig) {
    app.service(at("/metrics", [get().to(metrics::api::without_token)]))
        .default_service(route().to(nothing));
}

/// Answers HEAD where GET is allowed.
fn get() -> Route {
    route().guard(guard::fn_guard(|context| {
        guard::Get().check(context) || guard::Head().check(context)
    }))
}

/// Answers that there is no such route.
async fn nothing(request: HttpRequest) -> Result<Answer, Error> {
    let reads = matches!(request.method().as_str(), "GET" | "HEAD");
    Err(Error::NotFound(if reads {
        "File not found."
    } else {
        MISSING
    }))
}
