//! Where everything is. The URL is the state, so whatever can be looked at has a link.

use js_sys::encode_uri_component;

/// The path that the whole console is under.
pub(crate) const ROOT: &str = "/_";
/// The overview.
pub(crate) const HOME: &str = "/_/";
/// First run.
pub(crate) const SETUP: &str = "/_/setup";
/// Sign-in.
pub(crate) const SIGN_IN: &str = "/_/sign-in";
/// The list of collections.
pub(crate) const COLLECTIONS: &str = "/_/collections";
/// A new collection.
pub(crate) const NEW_COLLECTION: &str = "/_/new-collection";
/// Roles.
pub(crate) const ROLES: &str = "/_/roles";
/// A new role.
pub(crate) const NEW_ROLE: &str = "/_/new-role";
/// Checks of the policy.
pub(crate) const CHECK_ACCESS: &str = "/_/roles/check";
/// Jobs.
pub(crate) const JOBS: &str = "/_/jobs";
/// Mails.
pub(crate) const MAILS: &str = "/_/mails";
/// The log.
pub(crate) const LOGS: &str = "/_/logs";

/// Settings.
pub(crate) const SETTINGS: &str = "/_/settings";

/// A new job.
pub(crate) const NEW_JOB: &str = "/_/jobs/new";
/// An empty page of the server's that mails are shown in.
pub(crate) const FRAME: &str = "/_/frame";
/// Where one asks for a mail that lets one choose a new password.
pub(crate) const FORGOTTEN: &str = "/_/forgotten-password";

/// The runs of a job.
pub(crate) fn job(id: &str) -> String {
    format!("{JOBS}/{}", encoded(id))
}

/// Returns the link to the definition of a job.
pub(crate) fn job_definition(id: &str) -> String {
    format!("{JOBS}/{}/definition", encoded(id))
}

/// A mail.
pub(crate) fn mail(id: &str) -> String {
    format!("{MAILS}/{}", encoded(id))
}

/// Sign-in that leads back to where one was.
pub(crate) fn sign_in(back: &str) -> String {
    if back.is_empty() || back == HOME || back == ROOT {
        SIGN_IN.to_owned()
    } else {
        with(SIGN_IN, [("back", back)])
    }
}

/// The records of a collection.
pub(crate) fn collection(name: &str) -> String {
    format!("{COLLECTIONS}/{}", encoded(name))
}

/// A part of a collection's definition: `fields`, `rules`, `indexes`, `options`.
pub(crate) fn definition(name: &str, part: &str) -> String {
    format!("{COLLECTIONS}/{}/{part}", encoded(name))
}

/// A part of a role: `permissions`, `members`, `settings`.
pub(crate) fn role(id: &str, part: &str) -> String {
    format!("{ROLES}/{}/{part}", encoded(id))
}

/// A permission, opened over those of its role.
pub(crate) fn permission(role_id: &str, id: &str) -> String {
    with(&role(role_id, "permissions"), [("permission", id)])
}

/// A record, opened over its collection's records.
pub(crate) fn record(collection_name: &str, id: &str) -> String {
    with(&collection(collection_name), [("record", id)])
}

/// A link with parameters; empty ones are left out.
pub(crate) fn with<'a>(path: &str, query: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let query: Vec<String> = query
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| format!("{name}={}", encoded(value)))
        .collect();
    if query.is_empty() {
        path.to_owned()
    } else {
        format!("{path}?{}", query.join("&"))
    }
}

fn encoded(part: &str) -> String {
    encode_uri_component(part).into()
}
