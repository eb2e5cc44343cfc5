//! Whose account a user of another service is: links, addresses, and who may make a new one.

use serde_json::{Value, json};

use super::oauth2::{allow, ann, service, sign_in, signed_in, start, with_gitlab};
use crate::support::provider::Provider;
use crate::support::{Client, PASSWORD, Reply, TestApp};

fn with_password(app: &TestApp, email: &str) -> Reply {
    let body = json!({"identity": email, "password": PASSWORD});
    app.guest()
        .post("/api/collections/users/auth-with-password", body)
}

/// An account of somebody who has not shown that the address is theirs, signed in.
fn unverified(app: &TestApp, email: &str) -> (Client, String) {
    let body = json!({"email": email, "password": PASSWORD, "passwordConfirm": PASSWORD});
    let record = app.root().create("users", body);
    let client = app.guest().sign_in("users", email);
    (client, record["id"].as_str().expect("an id").to_owned())
}

fn is_signed_in(client: &Client) -> bool {
    client
        .post("/api/collections/users/auth-refresh", json!({}))
        .status
        == 200
}

#[test]
fn n22_a_verified_account_is_linked_by_its_verified_address() {
    let (app, _provider) = with_gitlab(ann());
    let before = app.user("ann");
    let body = sign_in(&app.guest(), "gitlab", json!({})).ok();
    assert_eq!(
        (&body["record"]["id"], &body["meta"]["isNew"]),
        (&json!("ann000000000000"), &json!(false))
    );
    // It is its owner's: everything stays as it is.
    with_password(&app, "ann@example.com").ok();
    assert!(is_signed_in(&before));
    assert_eq!(
        app.root().all("_externalAuths", "recordRef"),
        ["ann000000000000"]
    );
}

#[test]
fn n22_an_unverified_account_loses_every_other_way_in() {
    let (app, provider) = with_gitlab(ann());
    allow(
        &app,
        json!([service(&provider, "gitlab"), service(&provider, "google")]),
    );
    // Somebody was here first: with a password, and with an account elsewhere.
    let (intruder, id) = unverified(&app, "ann@example.com");
    provider.set(
        "/user",
        json!({"sub": "intruder", "email": "i@example.com", "email_verified": true}),
    );
    let linked = sign_in(&intruder, "google", json!({})).ok();
    assert_eq!(linked["record"]["id"], json!(id));
    assert_eq!(linked["record"]["verified"], false);
    let reset = with_password(&app, "ann@example.com").ok();
    let intruder = Client {
        token: reset["token"].as_str().expect("a token").to_owned(),
        ..intruder
    };

    provider.set("/user", ann());
    let (owner, body) = signed_in(&app, sign_in(&app.guest(), "gitlab", json!({})));
    assert_eq!(
        (&body["record"]["id"], &body["record"]["verified"]),
        (&json!(id), &json!(true))
    );
    with_password(&app, "ann@example.com").refused(400);
    assert!(!is_signed_in(&intruder) && is_signed_in(&owner));
    let mails = app.root().filter("_mails", "kind = 'password-ended'", "to");
    assert_eq!(mails, ["ann@example.com"]);
    assert_eq!(app.root().all("_externalAuths", "provider"), ["gitlab"]);
    provider.set(
        "/user",
        json!({"sub": "intruder", "email": "i@example.com", "email_verified": true}),
    );
    let other = sign_in(&app.guest(), "google", json!({})).ok();
    assert_ne!(other["record"]["id"], json!(id));
}

#[test]
fn n22_an_address_that_the_service_has_not_verified_links_nothing() {
    let (app, provider) = (start(), Provider::start());
    let names = ["gitlab", "google", "microsoft", "facebook"];
    allow(
        &app,
        names.iter().map(|name| service(&provider, name)).collect(),
    );
    app.user("ann");
    for (name, user, code) in [
        (
            "gitlab",
            json!({"id": 1, "email": "ann@example.com", "confirmed_at": null}),
            "required",
        ),
        (
            "google",
            json!({"sub": "1", "email": "ann@example.com"}),
            "required",
        ),
        (
            "google",
            json!({"sub": "1", "email": "ann@example.com", "email_verified": false}),
            "required",
        ),
        // These do not say whether it is verified: it would be that of a new account, but it is taken.
        (
            "microsoft",
            json!({"id": "1", "mail": "ann@example.com"}),
            "not_unique",
        ),
        (
            "facebook",
            json!({"id": "1", "email": "ann@example.com"}),
            "not_unique",
        ),
    ] {
        provider.set("/user", user);
        sign_in(&app.guest(), name, json!({})).refused_for("email", code);
    }
    provider.set("/user", json!({"id": "1", "mail": "new@example.com"}));
    allow(
        &app,
        json!([service(&provider, "gitee"), service(&provider, "microsoft")]),
    );
    provider.set("/user", json!({"id": 1, "email": "ann@example.com"}));
    sign_in(&app.guest(), "gitee", json!({})).refused_for("email", "not_unique");
    provider.set("/user", json!({"id": "1", "mail": "new@example.com"}));
    let new = sign_in(&app.guest(), "microsoft", json!({})).ok();
    assert_eq!(
        (&new["record"]["email"], &new["record"]["verified"]),
        (&json!("new@example.com"), &json!(false))
    );
    assert_eq!(app.root().all("_externalAuths", "provider"), ["microsoft"]);
}

#[test]
fn n22_an_address_of_the_body_links_nothing_and_is_not_verified() {
    let (app, _provider) = with_gitlab(ann());
    app.user("bob");
    let with = |email: &str| {
        sign_in(
            &app.guest(),
            "gitlab",
            json!({"createData": {"email": email}}),
        )
    };
    with("bob@example.com").refused_for("email", "not_unique");
    sign_in(
        &app.guest(),
        "gitlab",
        json!({"createData": {"verified": true, "email": "x@example.com"}}),
    )
    .refused_for("verified", "values_mismatch");
    let new = with("else@example.com").ok();
    assert_eq!(
        (&new["record"]["email"], &new["record"]["verified"]),
        (&json!("else@example.com"), &json!(false))
    );
    assert_eq!(app.root().all("_externalAuths", "provider").len(), 1);
}

#[test]
fn an_account_that_is_signed_in_is_linked_and_a_link_decides() {
    let (app, provider) = with_gitlab(ann());
    let bob = app.user("bob");
    let linked = sign_in(&bob, "gitlab", json!({})).ok();
    assert_eq!(linked["record"]["id"], "bob000000000000");
    with_password(&app, "bob@example.com").ok();
    // The link decides, whoever is signed in, and whatever the address is.
    let cyd = app.user("cyd");
    app.user("ann");
    let same = sign_in(&cyd, "gitlab", json!({})).ok();
    assert_eq!(same["record"]["id"], "bob000000000000");
    // One user of a service for each account.
    provider.set("/user", json!({"id": 8, "confirmed_at": null}));
    sign_in(&bob, "gitlab", json!({})).refused(400);
    assert_eq!(
        app.root().all("_externalAuths", "recordRef"),
        ["bob000000000000"]
    );
    // A superuser's token makes nobody's account a superuser's.
    let body = sign_in(
        app.root(),
        "gitlab",
        json!({"createData": {"email": "n@example.com"}}),
    )
    .ok();
    assert_eq!(body["record"]["collectionName"], "users");
    // The link goes, and with it the way in.
    let link = bob.list("_externalAuths", &[]).ok()["items"][0]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    cyd.remove("_externalAuths", &link).refused(404);
    assert_eq!(bob.remove("_externalAuths", &link).status, 204);
    provider.set("/user", ann());
    let body = sign_in(&app.guest(), "gitlab", json!({})).ok();
    assert_eq!(body["record"]["id"], "ann000000000000");
}

#[test]
fn n75_who_acts_as_an_account_links_and_unlinks_nothing() {
    let (app, provider) = with_gitlab(ann());
    let bob = app.user("bob");
    let path = "/api/collections/users/impersonate/bob000000000000";
    let acting = app.root().post(path, json!({"duration": 60})).ok();
    let acting = Client {
        token: acting["token"].as_str().expect("a token").to_owned(),
        ..app.guest()
    };
    sign_in(&acting, "gitlab", json!({})).refused(403);
    assert!(provider.calls("/token").is_empty());
    assert!(app.root().all("_externalAuths", "id").is_empty());
    sign_in(&bob, "gitlab", json!({})).ok();
    let link = app.root().all("_externalAuths", "id").remove(0);
    acting.remove("_externalAuths", &link).refused(403);
    app.root()
        .patch("/api/settings", json!({"batch": {"enabled": true}}))
        .ok();
    let request = json!({"method": "DELETE", "url": format!("/api/collections/_externalAuths/records/{link}")});
    let batch = json!({"requests": [request]});
    assert_ne!(acting.post("/api/batch", batch).status, 200);
    assert_eq!(app.root().all("_externalAuths", "id"), [link.as_str()]);
    let refreshed = bob.post("/api/collections/users/auth-refresh", json!({}));
    let (bob, _) = signed_in(&app, refreshed);
    assert_eq!(bob.remove("_externalAuths", &link).status, 204);
}

/// What the account is, as far as sign-ins change it.
fn state(app: &TestApp, id: &str) -> String {
    let stored = format!(
        "SELECT email || ' ' || password || \"tokenKey\" AS value FROM users WHERE id = '{id}'"
    );
    let links = app.root().all("_externalAuths", "id");
    let verified = app.root().view("users", id).ok()["verified"].clone();
    format!("{} {verified} {links:?}", app.text(&stored))
}

#[test]
fn n22_who_may_not_sign_in_changes_no_account() {
    let (app, _provider) = with_gitlab(ann());
    let (_, id) = unverified(&app, "ann@example.com");
    let before = state(&app, &id);
    let root = app.root();
    let suspension = json!({"collectionRef": "_pb_users_auth_", "recordRef": id});
    let suspension = root.create("_suspensions", suspension)["id"].clone();
    let try_it = || sign_in(&app.guest(), "gitlab", json!({}));
    try_it().refused(403);
    assert_eq!(state(&app, &id), before);
    root.remove("_suspensions", suspension.as_str().expect("an id"));
    let rule = |rule: &str| {
        let change = json!({"authRule": rule});
        root.patch("/api/collections/users", change).ok();
    };
    rule("verified = true && name = 'Ann'");
    try_it().refused(403);
    assert_eq!(state(&app, &id), before);
    with_password(&app, "ann@example.com").refused(403);
    // The rule is asked with what the sign-in shows.
    rule("verified = true");
    assert_eq!(try_it().ok()["record"]["verified"], true);
    assert_ne!(state(&app, &id), before);
}

#[test]
fn n22_no_address_is_not_a_verified_address() {
    let (app, provider) = with_gitlab(json!({"id": 1, "confirmed_at": null}));
    let path = "/api/collections/users";
    let mut fields = app.root().get(path).ok()["fields"].clone();
    for field in fields.as_array_mut().expect("a list") {
        if field["name"] == "email" {
            field["required"] = json!(false);
            field["onlyDomains"] = json!(["example.org"]);
        }
    }
    app.root().patch(path, json!({"fields": fields})).ok();
    let try_it = || {
        let record = sign_in(&app.guest(), "gitlab", json!({})).ok()["record"].clone();
        (record["email"].clone(), record["verified"].clone())
    };
    let nothing = (json!(""), json!(false));
    assert_eq!(try_it(), nothing, "a new account");
    assert_eq!(try_it(), nothing, "the same account");
    // Neither does a service give an address that the field refuses.
    let user = |email: &str| json!({"id": 1, "email": email, "confirmed_at": "2020-01-01"});
    provider.set("/user", user("ann@example.com"));
    assert_eq!(try_it(), nothing);
    provider.set("/user", user("ann@example.org"));
    assert_eq!(try_it(), (json!("ann@example.org"), json!(true)));
}

#[test]
fn n29_whoever_adds_or_removes_a_way_in_is_told_of_by_mail() {
    let (app, _provider) = with_gitlab(ann());
    let bob = app.user("bob");
    let mails = || {
        let mut found = app
            .root()
            .filter("_mails", "to = 'bob@example.com'", "kind");
        found.retain(|kind| kind.starts_with("service-"));
        found.sort();
        found
    };
    let link = || app.root().all("_externalAuths", "id").remove(0);
    sign_in(&bob, "gitlab", json!({})).ok();
    sign_in(&bob, "gitlab", json!({})).ok();
    assert_eq!(mails(), ["service-linked"]);
    let text = app
        .root()
        .filter("_mails", "kind = 'service-linked'", "text");
    assert!(text[0].contains("GitLab"), "{text:?}");
    assert_eq!(bob.remove("_externalAuths", &link()).status, 204);
    assert_eq!(mails(), ["service-linked", "service-unlinked"]);
    sign_in(&bob, "gitlab", json!({})).ok();
    app.root()
        .patch("/api/settings", json!({"batch": {"enabled": true}}))
        .ok();
    let url = format!("/api/collections/_externalAuths/records/{}", link());
    let batch = json!({"requests": [{"method": "DELETE", "url": url}]});
    bob.post("/api/batch", batch).ok();
    assert_eq!(mails().len(), 4);
}

#[test]
fn who_comes_by_a_link_keeps_the_password_of_an_account_with_another_address() {
    let (app, _provider) = with_gitlab(ann());
    let (bob, id) = unverified(&app, "bob@example.com");
    let (bob, _) = signed_in(&app, sign_in(&bob, "gitlab", json!({})));
    let body = sign_in(&app.guest(), "gitlab", json!({})).ok();
    assert_eq!(
        (&body["record"]["id"], &body["record"]["verified"]),
        (&json!(id), &json!(false))
    );
    assert!(is_signed_in(&bob));
    with_password(&app, "bob@example.com").ok();
}

#[test]
fn a_new_account_is_made_under_the_create_rule() {
    let (app, provider) = with_gitlab(ann());
    let rule = |rule: Value| {
        let change = json!({"createRule": rule});
        app.root().patch("/api/collections/users", change).ok();
    };
    rule(Value::Null);
    let reply = sign_in(&app.guest(), "gitlab", json!({}));
    reply.refused(403);
    assert_eq!(
        reply.body["message"],
        "Only superusers can perform this action."
    );
    rule(json!(
        "@request.context = 'oauth2' && @request.body.name = 'Ann'"
    ));
    let body = json!({"name": "Ann", "email": "x@example.com", "password": PASSWORD, "passwordConfirm": PASSWORD});
    app.guest().try_create("users", body).refused(400);
    sign_in(&app.guest(), "gitlab", json!({})).refused(400);
    let given = json!({"createData": {"name": "Ann", "id": "mine00000000000", "unknown": 1, "emailVisibility": true}});
    let new = sign_in(&app.guest(), "gitlab", given).ok();
    assert_eq!(
        (&new["record"]["id"], &new["record"]["name"]),
        (&json!("mine00000000000"), &json!("Ann"))
    );
    assert_eq!(new["record"]["emailVisibility"], true);
    // An account that is there needs no rule, and its fields are not touched.
    rule(Value::Null);
    let again = sign_in(
        &app.guest(),
        "gitlab",
        json!({"createData": {"name": "Other"}}),
    )
    .ok();
    assert_eq!(again["record"]["name"], "Ann");
    // Who may not sign in may not, whichever way.
    app.root()
        .patch(
            "/api/collections/users",
            json!({"authRule": "name = 'Bob'"}),
        )
        .ok();
    sign_in(&app.guest(), "gitlab", json!({})).refused(403);
    assert_eq!(provider.calls("/user").len(), 5);
}

#[test]
fn fields_are_filled_where_the_client_gives_nothing() {
    let (app, provider) = with_gitlab(ann());
    let text = |name: &str| json!({"name": name, "type": "text"});
    let mut fields = app.root().get("/api/collections/users").ok()["fields"]
        .as_array()
        .expect("a list")
        .clone();
    fields.extend([text("service_id"), text("nick"), text("picture")]);
    let indexes = app.root().get("/api/collections/users").ok()["indexes"]
        .as_array()
        .expect("a list")
        .clone();
    let indexes: Vec<Value> = indexes
        .into_iter()
        .chain([json!(
            "CREATE UNIQUE INDEX `idx_nick` ON `users` (`nick`) WHERE `nick` != ''"
        )])
        .collect();
    let mapped =
        json!({"id": "service_id", "name": "name", "username": "nick", "avatarURL": "picture"});
    app.root()
        .patch(
            "/api/collections/users",
            json!({"fields": fields, "indexes": indexes, "oauth2": {"mappedFields": mapped}}),
        )
        .ok();
    let new = sign_in(&app.guest(), "gitlab", json!({})).ok()["record"].clone();
    assert_eq!(
        (&new["service_id"], &new["nick"], &new["picture"]),
        (
            &json!("7"),
            &json!("ann"),
            &json!("http://127.0.0.1:1/ann.png")
        )
    );
    // A name that somebody has is left out; what the client gives is taken.
    let mut other = ann();
    other["id"] = json!(8);
    other["email"] = json!("ann2@example.com");
    provider.set("/user", other);
    let given =
        json!({"createData": {"name": "", "password": PASSWORD, "passwordConfirm": PASSWORD}});
    let new = sign_in(&app.guest(), "gitlab", given).ok()["record"].clone();
    assert_eq!(
        (&new["nick"], &new["name"], &new["service_id"]),
        (&json!(""), &json!(""), &json!("8"))
    );
    with_password(&app, "ann2@example.com").ok();
}

#[test]
fn superusers_are_never_made_by_other_services() {
    let (app, provider) =
        with_gitlab(json!({"id": 1, "email": "evil@example.com", "confirmed_at": "2020-01-01"}));
    let change = json!({"oauth2": {"enabled": true, "providers": [service(&provider, "gitlab")]}});
    app.root()
        .patch("/api/collections/_superusers", change)
        .ok();
    let start = super::oauth2::begin(&app.guest(), "_superusers", "gitlab");
    let body = json!({"provider": "gitlab", "code": "c", "codeVerifier": start["codeVerifier"], "createData": {"name": "x"}});
    let reply = app
        .guest()
        .post("/api/collections/_superusers/auth-with-oauth2", body);
    reply.refused(400);
    assert_eq!(reply.body["message"], "Failed to authenticate.");
    assert_eq!(app.root().all("_superusers", "id").len(), 1);
}

#[test]
fn n22_who_verifies_an_address_ends_what_was_before() {
    let (app, provider) = with_gitlab(json!({"id": 1, "confirmed_at": null}));
    let (intruder, id) = unverified(&app, "ann@example.com");
    let (intruder, _) = signed_in(&app, sign_in(&intruder, "gitlab", json!({})));
    assert_eq!(app.root().all("_externalAuths", "recordRef"), [id.as_str()]);
    app.root()
        .update("users", &id, json!({"name": "still the same"}))
        .ok();
    assert!(is_signed_in(&intruder));
    app.root()
        .update("users", &id, json!({"verified": true}))
        .ok();
    assert!(!is_signed_in(&intruder));
    assert!(app.root().all("_externalAuths", "id").is_empty());
    sign_in(&app.guest(), "gitlab", json!({})).refused_for("email", "required");
    assert_eq!(provider.calls("/user").len(), 2);
}
