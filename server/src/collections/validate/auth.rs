//! Validation of an auth collection's options.

use plinth_sdk::types::{
    AuthOptions, Collection as Definition, EmailTemplate, FieldProblem, Otp, Token,
};
use serde_json::Value as Json;

use crate::problems::{
    MISSING_FIELD, MISSING_UNIQUE, REQUIRED, TOO_FEW_METHODS, UNSUPPORTED, filled, inside, length,
    required_range,
};
use crate::schema::Index;

/// The longest life of a token, in seconds: three years.
const MAX_TOKEN_DURATION: i64 = 94_670_856;

/// The longest life of a one-time password or a pending second factor, in seconds.
const DAY: i64 = 86_400;
/// The most digits of a one-time password: as many as a sign-in takes.
const MAX_CODE_LENGTH: i64 = 71;

/// Validates each option; `mfa_rule` is the problem of the rule for second factors; `put` takes the problems. Options that are not supported yet may stay in a collection that
/// was imported with them.
pub(super) fn check(
    new: &Definition,
    auth: &AuthOptions,
    old: Option<&AuthOptions>,
    mfa_rule: Option<FieldProblem>,
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
    put("otp", otp(&auth.otp));
    put("mfa", mfa(auth, mfa_rule));
    let known = old.map_or(&[][..], |old| &old.oauth2.providers);
    let is_new = |provider: &Json| !known.iter().any(|k| k.get("name") == provider.get("name"));
    let has_new = auth.oauth2.providers.iter().any(is_new);
    let oauth2 = method(|auth| auth.oauth2.enabled, "OAuth2 sign-ins");
    let providers = ("providers", unsupported(has_new, "OAuth2 providers"));
    put("oauth2", inside([oauth2, providers]));
}

/// Validates the options of one-time passwords. Only the template is validated while they are off.
fn otp(otp: &Otp) -> Option<FieldProblem> {
    let when_on = |problem: Option<FieldProblem>| problem.filter(|_| otp.enabled);
    inside([
        ("duration", when_on(required_range(otp.duration, 10, DAY))),
        ("emailTemplate", template(&otp.email_template)),
        (
            "length",
            when_on(required_range(otp.length, 4, MAX_CODE_LENGTH)),
        ),
    ])
}

/// Validates the options of second factors, while they are on.
fn mfa(auth: &AuthOptions, rule: Option<FieldProblem>) -> Option<FieldProblem> {
    if !auth.mfa.enabled {
        return None;
    }
    let methods = [
        auth.password_auth.enabled,
        auth.oauth2.enabled,
        auth.otp.enabled,
    ];
    let is_possible = methods.iter().filter(|is_on| **is_on).count() > 1;
    if !is_possible {
        return inside([("enabled", Some(TOO_FEW_METHODS.problem()))]);
    }
    inside([
        ("duration", required_range(auth.mfa.duration, 10, DAY)),
        ("rule", rule),
    ])
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
