//! Every route, in the order of the docs.

use actix_web::guard::{self, Guard};
use actix_web::web::{ServiceConfig, delete, patch, post, put, route};
use actix_web::{HttpRequest, Route};

use crate::error::{Error, MISSING};
use crate::extract::Answer;
use crate::{accounts, collections, openapi, records, serve};

/// The whole API.
#[rustfmt::skip]
pub fn configure(app: &mut ServiceConfig) {
    app
        .route("/api/health", get().to(serve::health))
        .route("/api/openapi.json", get().to(openapi::api::document))

        .route("/api/collections", get().to(collections::api::list))
        .route("/api/collections", post().to(collections::api::create))
        .route("/api/collections/import", put().to(collections::api::import))
        .route("/api/collections/meta/scaffolds", get().to(collections::api::scaffolds))
        .route("/api/collections/{collection}", get().to(collections::api::view))
        .route("/api/collections/{collection}", patch().to(collections::api::update))
        .route("/api/collections/{collection}", delete().to(collections::api::delete))
        .route("/api/collections/{collection}/truncate", delete().to(collections::api::truncate))

        .route("/api/collections/{collection}/records", get().to(records::api::list))
        .route("/api/collections/{collection}/records", post().to(records::api::create))
        .route("/api/collections/{collection}/records/{id}", get().to(records::api::view))
        .route("/api/collections/{collection}/records/{id}", patch().to(records::api::update))
        .route("/api/collections/{collection}/records/{id}", delete().to(records::api::delete))

        .route("/api/collections/{collection}/auth-methods", get().to(accounts::api::auth_methods))
        .route("/api/collections/{collection}/auth-with-password", post().to(accounts::api::auth_with_password))
        .route("/api/collections/{collection}/auth-refresh", post().to(accounts::api::auth_refresh))

        .default_service(route().to(nothing));
}

/// What can be got can be asked for its headers alone.
fn get() -> Route {
    route().guard(guard::fn_guard(|context| {
        guard::Get().check(context) || guard::Head().check(context)
    }))
}

/// There is no such route.
async fn nothing(request: HttpRequest) -> Result<Answer, Error> {
    let reads = matches!(request.method().as_str(), "GET" | "HEAD");
    Err(Error::NotFound(if reads {
        "File not found."
    } else {
        MISSING
    }))
}
