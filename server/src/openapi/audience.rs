//! The callers that groups of routes are for.

use utoipa::openapi::Ref;
use utoipa::openapi::path::Operation;

use super::{Reader, parts};

/// The callers that a group of routes is for.
#[derive(Clone, Copy)]
pub(super) enum Audience {
    Everyone,
    /// Programs with a token of their own, which is not an account's.
    Prometheus,
    Accounts,
    Superusers,
    /// Superusers, and operators whose roles have this area of the console.
    Area(&'static str),
}

impl Audience {
    /// Returns whether the document for this reader has the group.
    pub(super) fn includes(self, reader: &Reader<'_>) -> bool {
        match self {
            Self::Everyone | Self::Accounts => true,
            Self::Superusers => reader.is_superuser,
            Self::Prometheus => reader.sees("metrics:read"),
            Self::Area(area) => reader.sees(area),
        }
    }

    /// Adds to the operation what follows from its audience: a sentence, and the responses to other callers.
    pub(super) fn complete(self, operation: &mut Operation) {
        let sentence = match self {
            Self::Everyone | Self::Prometheus => None,
            Self::Accounts => Some("For signed-in accounts.".to_owned()),
            Self::Superusers => Some("For superusers.".to_owned()),
            Self::Area(area) => Some(format!(
                "For superusers, and for operators with the area `{area}`."
            )),
        };
        let refusals: &[u16] = match self {
            Self::Everyone | Self::Prometheus => &[],
            Self::Accounts => &[401],
            Self::Superusers | Self::Area(_) => &[401, 403],
        };
        if let Some(sentence) = sentence {
            operation.security = Some(vec![parts::token()]);
            let rest = operation.description.take().unwrap_or_default();
            operation.description = Some(format!("{sentence} {rest}").trim_end().to_owned());
        }
        let responses = &mut operation.responses.responses;
        for (status, name, _) in parts::PROBLEMS {
            if refusals.contains(&status) {
                let response = Ref::from_response_name(name).into();
                responses.insert(status.to_string(), response);
            }
        }
        let failure = Ref::from_response_name("Failure").into();
        responses.insert("default".to_owned(), failure);
    }
}
