//! Failures that operations list among their responses, by status.

use std::collections::BTreeMap;

use utoipa::IntoResponses;
use utoipa::openapi::response::Response;
use utoipa::openapi::{Ref, RefOr};

use super::parts;

/// 400: the request is not valid.
pub(crate) struct BadRequest;
/// 401: the token is missing or not valid. Added to operations for accounts by their group.
pub(crate) struct Unauthorized;
/// 403: not for this caller. Added to operations for superusers and operators by their group.
pub(crate) struct Forbidden;
/// 404: it does not exist, or the caller may not know that it does.
pub(crate) struct NotFound;

impl IntoResponses for BadRequest {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        reference(400)
    }
}

impl IntoResponses for Unauthorized {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        reference(401)
    }
}

impl IntoResponses for Forbidden {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        reference(403)
    }
}

impl IntoResponses for NotFound {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        reference(404)
    }
}

fn reference(status: u16) -> BTreeMap<String, RefOr<Response>> {
    parts::PROBLEMS
        .iter()
        .filter(|(known, ..)| *known == status)
        .map(|(status, name, _)| {
            let response = Ref::from_response_name(*name);
            (status.to_string(), response.into())
        })
        .collect()
}
