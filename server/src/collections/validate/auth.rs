//! Validation of an auth collection's options.

use plinth_sdk::types::{
    AuthOptions, Collection as Definition, EmailTemplate, FieldProblem, OAuth2Provider, Otp, Token,
};
use serde_json::Value as Json;

use crate::outbound::parse_url;
use crate::problems::{
    DUPLICATE_PROVIDER, MISSING_FIELD, MISSING_PROVIDER, MISSING_UNIQUE, REQUIRED, TOO_FEW_METHODS,
    WEB_URL, at, filled, inside, length, numbered, required_range, too_long,
};
use crate::schema::Index;
use crate::system::providers;

/// The longest life of a token, in seconds: three years.
const MAX_TOKEN_DURATION: i64 = 94_670_856;

/// The longest life of a one-time password or a pending second factor, in seconds.
const DAY: i64 = 86_400;
/// The most services that accounts of a collection may get tokens for.
const MAX_AUDIENCES: usize = 100;
/// The most digits of a one-time password: as many as a sign-in takes.
const MAX_CODE_LENGTH: i64 = 71;

/// Validates each option; `mfa_rule` is the problem of the rule for second factors; `put` takes the problems.
pub(super) fn check(
    new: &Definition,
    auth: &AuthOptions,
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
    put("otp", otp(&auth.otp));
    put("mfa", mfa(auth, mfa_rule));
    put("tokenAudiences", audiences(&auth.token_audiences));
    put("oauth2", inside([("providers", providers(auth))]));
}

/// Validates the services that accounts may get tokens for.
fn audiences(audiences: &[String]) -> Option<FieldProblem> {
    if audiences.len() > MAX_AUDIENCES {
        return Some(too_long(MAX_AUDIENCES));
    }
    let audience = |text: &String| filled(text).or_else(|| length(text, 1, 255));
    numbered(audiences.iter().map(audience))
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

/// Checks the services for signing in, if this method is enabled.
fn providers(auth: &AuthOptions) -> Option<FieldProblem> {
    if !auth.oauth2.enabled {
        return None;
    }
    let all = &auth.oauth2.providers;
    for (position, provider) in all.iter().enumerate() {
        let name = provider.name.as_str();
        if !name.is_empty() && all[..position].iter().any(|other| other.name == name) {
            let problem = DUPLICATE_PROVIDER.with([("name", name.into())]);
            return inside([("name", Some(problem))]).map(|problem| at(position, problem));
        }
    }
    numbered(all.iter().map(provider))
}

fn provider(provider: &OAuth2Provider) -> Option<FieldProblem> {
    let is_missing = providers::find(&provider.name).is_none();
    let name = [("name", provider.name.as_str().into())];
    let missing = || is_missing.then(|| MISSING_PROVIDER.with(name));
    let url = |url: &str| {
        let is_bad = !url.is_empty() && parse_url(url).is_err();
        is_bad.then(|| WEB_URL.problem())
    };
    let extra = |key: &str| {
        let extra = provider.extra.as_ref()?.get(key)?;
        url(extra.as_str()?)
    };
    inside([
        ("name", filled(&provider.name).or_else(missing)),
        ("clientId", filled(&provider.client_id)),
        ("clientSecret", filled(&provider.client_secret)),
        ("authURL", url(&provider.auth_url)),
        ("tokenURL", url(&provider.token_url)),
        ("userInfoURL", url(&provider.user_info_url)),
        (
            "extra",
            inside([("issuer", extra("issuer")), ("jwksURL", extra("jwksURL"))]),
        ),
    ])
}
