//! Validation of an auth collection's options.

use plinth_sdk::types::{
    AuthOptions, Collection as Definition, EmailTemplate, FieldProblem, Token,
};
use serde_json::Value as Json;

use crate::problems::{
    MISSING_FIELD, MISSING_UNIQUE, REQUIRED, UNSUPPORTED, filled, inside, length, required_range,
};
use crate::schema::Index;

/// The longest life of a token, in seconds: three years.
const MAX_TOKEN_DURATION: i64 = 94_670_856;

/// Validates each option; `put` takes the problems. Options that are not supported yet may stay in a collection that
/// was imported with them.
pub(super) fn check(
    new: &Definition,
    auth: &AuthOptions,
    old: Option<&AuthOptions>,
    put: &mut impl FnMut(&str, Option<FieldProblem>),
) {
    for (key, token_) in [
        ("authToken", &auth.auth_token),
        ("passwordResetToken", &auth.password_reset_token),
        ("emailChangeToken", &auth.email_change_token),
        ("verificationToken", &auth.verification_token),
        ("fileToken", &auth.file_token),
    ] {
        put(key, token(token_));
    }
    for (key, template_) in [
        ("verificationTemplate", &auth.verification_template),
        ("resetPasswordTemplate", &auth.reset_password_template),
        (
            "confirmEmailChangeTemplate",
            &auth.confirm_email_change_template,
        ),
    ] {
        put(key, template(template_));
    }
    let alert = ("emailTemplate", template(&auth.auth_alert.email_template));
    put("authAlert", inside([alert]));
    let identity = ("identityFields", identity_fields(new, auth));
    put("passwordAuth", inside([identity]));
    let method = |enabled: fn(&AuthOptions) -> bool, what| {
        let is_new = enabled(auth) && !old.is_some_and(enabled);
        ("enabled", unsupported(is_new, what))
    };
    let mail = ("emailTemplate", template(&auth.otp.email_template));
    put(
        "otp",
        inside([method(|auth| auth.otp.enabled, "One-time passwords"), mail]),
    );
    // An option that asks for a second factor must not be accepted and then ignored.
    let mfa = method(|auth| auth.mfa.enabled, "Second factors");
    put("mfa", inside([mfa]));
    let known = old.map_or(&[][..], |old| &old.oauth2.providers);
    let is_new = |provider: &Json| !known.iter().any(|k| k.get("name") == provider.get("name"));
    let has_new = auth.oauth2.providers.iter().any(is_new);
    let oauth2 = method(|auth| auth.oauth2.enabled, "OAuth2 sign-ins");
    let providers = ("providers", unsupported(has_new, "OAuth2 providers"));
    put("oauth2", inside([oauth2, providers]));
}

fn token(token: &Token) -> Option<FieldProblem> {
    let secret = filled(&token.secret).or_else(|| length(&token.secret, 30, 255));
    inside([
        (
            "duration",
            required_range(token.duration, 10, MAX_TOKEN_DURATION),
        ),
        ("secret", secret),
    ])
}

fn template(template: &EmailTemplate) -> Option<FieldProblem> {
    inside([
        ("subject", filled(&template.subject)),
        ("body", filled(&template.body)),
    ])
}

/// Checks that each field accounts sign in with identifies one account.
fn identity_fields(new: &Definition, auth: &AuthOptions) -> Option<FieldProblem> {
    if !auth.password_auth.enabled {
        return None;
    }
    let names = &auth.password_auth.identity_fields;
    if names.is_empty() || names.iter().any(String::is_empty) {
        return Some(REQUIRED.problem());
    }
    let indexes: Vec<Index> = new
        .indexes
        .iter()
        .filter_map(|i| Index::parse(i).ok())
        .collect();
    names.iter().find_map(|name| {
        let param = [("fieldName", Json::from(name.as_str()))];
        if !new.fields.iter().any(|field| field.name == *name) {
            return Some(MISSING_FIELD.with(param));
        }
        let is_unique = indexes.iter().any(|index| index.is_unique_on(name));
        (!is_unique).then(|| MISSING_UNIQUE.with(param))
    })
}

fn unsupported(is_used: bool, what: &str) -> Option<FieldProblem> {
    is_used.then(|| UNSUPPORTED.worded([("what", what)]))
}
