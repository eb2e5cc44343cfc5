//! Routes of accounts, described for each auth collection.

use plinth_sdk::types::AuthOptions;
use utoipa::openapi::path::HttpMethod;

use super::fields::password;
use super::parts::{self, Route, anything, boolean, integer, list_of, object, reference, text};
use super::records::name;
use super::{Draft, Reader};
use crate::schema::Collection;

/// The most characters of an identity or password at a sign-in.
const MAX_LENGTH: usize = 255;

/// Writes down how accounts of the collection sign in.
pub(super) fn describe(reader: &Reader<'_>, draft: &mut Draft, collection: &Collection) {
    let Some(options) = collection
        .def
        .auth
        .as_ref()
        .filter(|_| reader.may_sign_in(collection))
    else {
        return;
    };
    let identities = &options.password_auth.identity_fields;
    let field = text()
        .enum_values((!identities.is_empty()).then(|| identities.clone()))
        .description(Some(
            "The only field to look in; all of them when it is left out.",
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
                .description(Some("To be sent as `Authorization`."))
                .into(),
        ),
    ]);
    draft.schema(name(collection, "auth"), signed_in);
    draft.schema("AuthMethods", methods());

    let who = reader.who(&collection.rules.auth, options.auth_rule.as_deref());
    let (auth, sign_in) = (name(collection, "auth"), name(collection, "sign_in"));
    let of = &collection.def.name;
    let path = |end: &str| format!("/api/collections/{of}/{end}");
    let route = |verb: &str, summary: String| Route {
        tag: of,
        id: format!("{verb}_{of}"),
        summary,
        description: if collection.rules.auth == crate::schema::Rule::Locked {
            "Nobody: the collection has no auth rule.".to_owned()
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
    let refresh = Route {
        problems: &[401, 403, 404],
        needs_token: true,
        description: format!("{who} It takes a token of an account of this collection."),
        ..route("auth_refresh", "Exchange a token for a new one".to_owned())
    };
    draft.route(HttpMethod::Post, path("auth-refresh"), refresh.operation());
    if reader.is_superuser {
        let act = route("impersonate", format!("Act as an account of {of}"));
        impersonation(draft, act, path("impersonate/{id}"));
    }
    by_mail(draft, collection, options);
    let methods = Route {
        answer: Some("AuthMethods"),
        parameters: &["fields"],
        problems: &[404],
        description: "Everyone.".to_owned(),
        ..route(
            "auth_methods",
            format!("See how accounts of {of} can sign in"),
        )
    };
    draft.route(HttpMethod::Get, path("auth-methods"), methods.operation());
}

/// How superusers act as an account.
fn impersonation(draft: &mut Draft, route: Route<'_>, path: String) {
    let seconds =
        "Seconds that the token is good for; as long as any other of the collection when 0.";
    let duration = integer().minimum(Some(0)).description(Some(seconds));
    draft.schema("Impersonation", object([("duration", duration.into())]));
    let impersonate = Route {
        parameters: &["Record", "expand", "fields"],
        problems: &[400, 401, 403, 404],
        needs_token: true,
        description: "Superusers. The token can't be exchanged for a new one.".to_owned(),
        ..route
    };
    let impersonate = impersonate.operation();
    let impersonate = impersonate.request_body(Some(parts::body("Impersonation")));
    draft.route(HttpMethod::Post, path, impersonate);
}

/// What accounts do with the links in mails.
fn by_mail(draft: &mut Draft, collection: &Collection, options: &AuthOptions) {
    let token = || text().description(Some("From the link in the mail."));
    let email = text().max_length(Some(MAX_LENGTH));
    draft.schema("MailRequest", object([("email", email.into())]));
    draft.schema("Verification", object([("token", token().into())]));
    let reset = object([
        ("token", token().into()),
        ("password", password().max_length(Some(MAX_LENGTH)).into()),
        ("passwordConfirm", password().into()),
    ]);
    draft.schema("PasswordReset", reset);
    let of = &collection.def.name;
    let mut route = |verb: &str, body: &str, summary: String, description: &str| {
        let id = verb.replace('-', "_");
        let route = Route {
            tag: of,
            id: format!("{id}_{of}"),
            summary,
            description: format!("Everyone. {description}"),
            answer: None,
            parameters: &[],
            problems: &[400, 404],
            needs_token: false,
        };
        let operation = route.operation().request_body(Some(parts::body(body)));
        let path = format!("/api/collections/{of}/{verb}");
        draft.route(HttpMethod::Post, path, operation);
    };
    let silent = "The answer is the same whether there is such an account or not. Within two minutes, \
                  nobody gets a second one.";
    if options.password_auth.enabled {
        route(
            "request-password-reset",
            "MailRequest",
            format!("Ask for a mail to choose a new password of {of}"),
            silent,
        );
        route(
            "confirm-password-reset",
            "PasswordReset",
            format!("Choose a new password of {of}"),
            "Every token of the account is void then, this one too.",
        );
    }
    if !collection.is_superusers() {
        route(
            "request-verification",
            "MailRequest",
            format!("Ask for a mail to verify an address of {of}"),
            silent,
        );
        route(
            "confirm-verification",
            "Verification",
            format!("Verify an address of {of}"),
            "The account is `verified` then.",
        );
    }
}

/// How accounts can sign in. The rest of the answer is for older clients.
fn methods() -> utoipa::openapi::schema::ObjectBuilder {
    let password = object([
        (
            "identityFields",
            list_of(text())
                .description(Some("Fields whose value may be given as the identity."))
                .build()
                .into(),
        ),
        ("enabled", boolean().into()),
    ]);
    object([
        ("password", password.into()),
        ("oauth2", anything().into()),
        ("mfa", anything().into()),
        ("otp", anything().into()),
    ])
}
