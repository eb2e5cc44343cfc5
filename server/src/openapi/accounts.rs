//! Routes of accounts, described for each auth collection.

use plinth_sdk::types::{
    AudienceToken, AudienceTokenRequest, AuthOptions, EmailChange, EmailChangeRequest,
    Impersonation, MailRequest, OAuth2SignIn, OAuth2User, OtpRequested, OtpSignIn, PasswordReset,
    RecoveryCodes, TotpCode, TotpSecret, TotpSignIn, Verification,
};
use utoipa::openapi::path::HttpMethod;

use super::fields::password;
use super::parts::{self, Route, object, reference, text};
use super::records::name;
use super::{Draft, Reader};
use crate::accounts::methods::Methods;
use crate::schema::{Collection, Rule};

/// The maximum length of an identity and of a password at a sign-in.
const MAX_LENGTH: usize = 255;

/// Adds the routes with which accounts of the collection sign in.
pub(super) fn describe(reader: &Reader<'_>, draft: &mut Draft, collection: &Collection) {
    let Some(options) = collection
        .def
        .auth
        .as_ref()
        .filter(|_| reader.may_sign_in(collection))
    else {
        return;
    };
    sign_in_schemas(draft, collection, options);
    let who = reader.who(&collection.rules.auth, options.auth_rule.as_deref());
    let (auth, sign_in) = (name(collection, "auth"), name(collection, "sign_in"));
    let of = &collection.def.name;
    let path = |end: &str| format!("/api/collections/{of}/{end}");
    let route = |verb: &str, summary: String| Route {
        tag: of,
        id: format!("{verb}_{of}"),
        summary,
        description: if collection.rules.auth == Rule::Locked {
            "Disabled: the collection has no auth rule.".to_owned()
        } else {
            who.clone()
        },
        answer: Some(&auth),
        parameters: &["expand", "fields"],
        problems: &[400, 403, 404],
        needs_token: false,
    };
    let with_password = route(
        "auth_with_password",
        format!("Sign in to {of} with a password"),
    )
    .operation()
    .request_body(Some(parts::body(&sign_in)));
    draft.route(HttpMethod::Post, path("auth-with-password"), with_password);
    if reader.is_superuser || options.oauth2.enabled {
        let summary = format!("Sign in to {of} with another service");
        let sign_in = route("auth_with_oauth2", summary);
        by_service(draft, sign_in, path("auth-with-oauth2"));
    }
    let refresh = Route {
        problems: &[401, 403, 404],
        needs_token: true,
        description: format!("{who} Takes a token of an account of this collection."),
        ..route("auth_refresh", "Refresh a token".to_owned())
    };
    draft.route(HttpMethod::Post, path("auth-refresh"), refresh.operation());
    let with_totp = route(
        "auth_with_totp",
        "Sign in with a code of an authenticator app".to_owned(),
    );
    by_totp(draft, with_totp, path("auth-with-totp"));
    authenticator_apps(draft, collection);
    let end_others = route("end_other_sessions", "Sign out everywhere else".to_owned());
    other_sessions(draft, end_others, path("end-other-sessions"));
    if !options.token_audiences.is_empty() {
        let token = route("auth_token", "Get a token for another service".to_owned());
        for_audience(draft, token, path("auth-token"));
    }
    if reader.is_superuser {
        let act = route("impersonate", format!("Get a token of an account of {of}"));
        impersonation(draft, act, path("impersonate/{id}"));
    }
    if options.otp.enabled {
        one_time_passwords(draft, collection, &auth, &who);
    }
    by_mail(draft, collection, options);
    let methods = Route {
        answer: Some("AuthMethods"),
        parameters: &["fields"],
        problems: &[404],
        description: "Open to everyone.".to_owned(),
        ..route("auth_methods", format!("List the sign-in methods of {of}"))
    };
    draft.route(HttpMethod::Get, path("auth-methods"), methods.operation());
}

/// Describes what a sign-in takes and answers.
fn sign_in_schemas(draft: &mut Draft, collection: &Collection, options: &AuthOptions) {
    let identities = &options.password_auth.identity_fields;
    let field = text()
        .enum_values((!identities.is_empty()).then(|| identities.clone()))
        .description(Some(
            "The identity field to search; all identity fields if omitted.",
        ));
    let sign_in = object([
        (
            "identity",
            text()
                .min_length(Some(1))
                .max_length(Some(MAX_LENGTH))
                .description(Some(format!("The account's {}.", identities.join(" or "))))
                .into(),
        ),
        (
            "password",
            password()
                .min_length(Some(1))
                .max_length(Some(MAX_LENGTH))
                .into(),
        ),
    ]);
    draft.schema(
        name(collection, "sign_in"),
        sign_in.property("identityField", field),
    );
    let signed_in = object([
        ("record", reference(&name(collection, "record")).into()),
        (
            "token",
            text()
                .description(Some("The token to send in the `Authorization` header."))
                .into(),
        ),
    ]);
    let signed_in = if options.oauth2.enabled {
        draft.type_of::<OAuth2User>();
        signed_in.property("meta", reference("OAuth2User"))
    } else {
        signed_in
    };
    draft.schema(name(collection, "auth"), signed_in);
    draft.type_of::<Methods>();
}

/// Describes the sign-in with another service.
fn by_service(draft: &mut Draft, route: Route<'_>, path: String) {
    draft.type_of::<OAuth2SignIn>();
    let sign_in = route.operation();
    let sign_in = sign_in.request_body(Some(parts::body("OAuth2SignIn")));
    draft.route(HttpMethod::Post, path, sign_in);
}

/// Describes the sign-in with a code of an authenticator app.
fn by_totp(draft: &mut Draft, route: Route<'_>, path: String) {
    draft.type_of::<TotpSignIn>();
    let description = format!(
        "{} For accounts with an authenticator app, after another method.",
        route.description
    );
    let route = Route {
        description,
        ..route
    };
    let sign_in = route
        .operation()
        .request_body(Some(parts::body("TotpSignIn")));
    draft.route(HttpMethod::Post, path, sign_in);
}

/// Describes how an account gets an authenticator app, and is rid of it.
fn authenticator_apps(draft: &mut Draft, collection: &Collection) {
    let of = &collection.def.name;
    let path = |end: &str| format!("/api/collections/{of}/{end}");
    let factor = |verb: &str, answer: Option<&'static str>, summary: &str, description: &str| {
        let route = Route {
            tag: of,
            id: format!("{verb}_{of}"),
            summary: summary.to_owned(),
            description: format!(
                "For accounts of this collection that have signed in within five minutes. {description}"
            ),
            answer,
            parameters: &[],
            problems: &[400, 401, 403, 404],
            needs_token: true,
        };
        route.operation()
    };
    draft.type_of::<TotpSecret>();
    draft.type_of::<TotpCode>();
    draft.type_of::<RecoveryCodes>();
    let enrol = factor(
        "enrol_totp",
        Some("TotpSecret"),
        "Make a secret for an authenticator app",
        "It has no effect until it is confirmed.",
    );
    draft.route(HttpMethod::Post, path("totp"), enrol);
    let confirm = factor(
        "confirm_totp",
        Some("RecoveryCodes"),
        "Confirm the secret by a code",
        "From then on each sign-in needs a code. Ends all other sessions.",
    );
    let confirm = confirm.request_body(Some(parts::body("TotpCode")));
    draft.route(HttpMethod::Post, path("totp/confirm"), confirm);
    let disable = factor("disable_totp", None, "Remove the authenticator app", "");
    draft.route(HttpMethod::Delete, path("totp"), disable);
}

/// Describes how to end all other sessions.
fn other_sessions(draft: &mut Draft, route: Route<'_>, path: String) {
    let end_others = Route {
        answer: None,
        parameters: &[],
        problems: &[401, 403, 404],
        needs_token: true,
        description: "For accounts of this collection. Ends all sessions of the account except the one of the token. The \
                      sessions are records of `_authSessions`, and to delete one ends it."
            .to_owned(),
        ..route
    };
    draft.route(HttpMethod::Post, path, end_others.operation());
}

/// Describes tokens for other services.
fn for_audience(draft: &mut Draft, route: Route<'_>, path: String) {
    draft.type_of::<AudienceTokenRequest>();
    draft.type_of::<AudienceToken>();
    let token = Route {
        answer: Some("AudienceToken"),
        parameters: &[],
        problems: &[400, 401, 403, 404],
        needs_token: true,
        description: "For accounts of this collection. The other service verifies the token with the keys at \
                      `/.well-known/jwks.json`; nothing ends it before it expires."
            .to_owned(),
        ..route
    };
    let token = token.operation();
    let token = token.request_body(Some(parts::body("AudienceTokenRequest")));
    draft.route(HttpMethod::Post, path, token);
}

/// Describes the impersonation of an account.
fn impersonation(draft: &mut Draft, route: Route<'_>, path: String) {
    draft.type_of::<Impersonation>();
    let impersonate = Route {
        parameters: &["id", "expand", "fields"],
        problems: &[400, 401, 403, 404],
        needs_token: true,
        description: "For superusers. The token cannot be refreshed.".to_owned(),
        ..route
    };
    let impersonate = impersonate.operation();
    let impersonate = impersonate.request_body(Some(parts::body("Impersonation")));
    draft.route(HttpMethod::Post, path, impersonate);
}

/// Describes what accounts do by e-mail.
fn by_mail(draft: &mut Draft, collection: &Collection, options: &AuthOptions) {
    draft.type_of::<MailRequest>();
    draft.type_of::<Verification>();
    draft.type_of::<PasswordReset>();
    draft.type_of::<EmailChange>();
    draft.type_of::<EmailChangeRequest>();
    let of = &collection.def.name;
    let mut route = |verb: &str, body: &str, summary: String, description: &str| {
        let id = verb.replace('-', "_");
        let route = Route {
            tag: of,
            id: format!("{id}_{of}"),
            summary,
            description: format!("Open to everyone. {description}"),
            answer: None,
            parameters: &[],
            problems: &[400, 404],
            needs_token: false,
        };
        let operation = route.operation().request_body(Some(parts::body(body)));
        let path = format!("/api/collections/{of}/{verb}");
        draft.route(HttpMethod::Post, path, operation);
    };
    let silent = "The response does not tell whether the account exists. An account gets at most one e-mail \
                  per two minutes.";
    if options.password_auth.enabled {
        route(
            "request-password-reset",
            "MailRequest",
            format!("Request an e-mail to reset a password of {of}"),
            silent,
        );
        route(
            "confirm-password-reset",
            "PasswordReset",
            format!("Reset a password of {of}"),
            "Invalidates every token of the account, including this one.",
        );
    }
    if !collection.is_superusers() {
        route(
            "request-verification",
            "MailRequest",
            format!("Request an e-mail to verify an address of {of}"),
            silent,
        );
        route(
            "confirm-verification",
            "Verification",
            format!("Verify an address of {of}"),
            "Sets the account's `verified`.",
        );
        route(
            "confirm-email-change",
            "EmailChange",
            format!("Change an e-mail address of {of}"),
            "Invalidates every token of the account, including this one, and sets its `verified`.",
        );
        let change = Route {
            tag: of,
            id: format!("request_email_change_{of}"),
            summary: format!("Request an e-mail to change an address of {of}"),
            description: "Takes a token of an account of this collection. The e-mail goes to the new address."
                .to_owned(),
            answer: None,
            parameters: &[],
            problems: &[400, 401, 403, 404, 429],
            needs_token: true,
        };
        let change = change.operation();
        let change = change.request_body(Some(parts::body("EmailChangeRequest")));
        let path = format!("/api/collections/{of}/request-email-change");
        draft.route(HttpMethod::Post, path, change);
    }
}

/// Describes sign-ins with one-time passwords.
fn one_time_passwords(draft: &mut Draft, collection: &Collection, answer: &str, who: &str) {
    draft.type_of::<MailRequest>();
    draft.type_of::<OtpRequested>();
    draft.type_of::<OtpSignIn>();
    let of = &collection.def.name;
    let request = Route {
        tag: of,
        id: format!("request_otp_{of}"),
        summary: format!("Request a one-time password of {of}"),
        description: "Open to everyone. The response does not tell whether the account exists."
            .to_owned(),
        answer: Some("OtpRequested"),
        parameters: &["fields"],
        problems: &[400, 403, 404],
        needs_token: false,
    };
    let request = request.operation();
    let request = request.request_body(Some(parts::body("MailRequest")));
    draft.route(
        HttpMethod::Post,
        format!("/api/collections/{of}/request-otp"),
        request,
    );
    let sign_in = Route {
        tag: of,
        id: format!("auth_with_otp_{of}"),
        summary: format!("Sign in to {of} with a one-time password"),
        description: who.to_owned(),
        answer: Some(answer),
        parameters: &["expand", "fields"],
        problems: &[400, 403, 404, 429],
        needs_token: false,
    };
    let sign_in = sign_in.operation();
    let sign_in = sign_in.request_body(Some(parts::body("OtpSignIn")));
    draft.route(
        HttpMethod::Post,
        format!("/api/collections/{of}/auth-with-otp"),
        sign_in,
    );
}
