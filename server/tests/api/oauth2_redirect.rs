//! The redirect of other services, which reaches the realtime client that waits for it.

use serde_json::{Value, json};

use super::oauth2::{allow, begin, end, service, start};
use crate::support::provider::{Key, Provider};
use crate::support::stream::Stream;
use crate::support::{Client, Home, TestApp, on_postgres};

const SUCCESS: &str = "../_/#/auth/oauth2-redirect-success";
const FAILURE: &str = "../_/#/auth/oauth2-redirect-failure";

/// Asks without following redirects, and gives the status and where it leads.
fn redirected(client: &Client, method: &str, path: &str, form: &str) -> (u16, String) {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .build()
        .into();
    let request = ureq::http::Request::builder()
        .method(method)
        .uri(format!("{}{path}", client.url))
        .header("Content-Type", "application/x-www-form-urlencoded")
        .body(form.to_owned())
        .expect("a request");
    let response = agent.run(request).expect("an answer");
    let to = response
        .headers()
        .get("location")
        .and_then(|to| to.to_str().ok());
    (
        response.status().as_u16(),
        to.unwrap_or_default().to_owned(),
    )
}

fn get(client: &Client, query: &str) -> (u16, String) {
    redirected(client, "GET", &format!("/api/oauth2-redirect?{query}"), "")
}

/// What a redirect through one server does to a client of another one.
fn passes(server: &TestApp, through: &Client) {
    let stream = Stream::of(&server.guest(), &["@oauth2", "users/*"]);
    let id = stream.id.clone();
    assert_eq!(
        get(through, &format!("state={id}&code=the+code")),
        (307, SUCCESS.to_owned())
    );
    let frame = stream.next();
    assert_eq!(frame.event, "@oauth2");
    assert_eq!(frame.data, json!({"state": id, "code": "the code"}));
    // Once.
    assert_eq!(
        get(through, &format!("state={id}&code=another")),
        (307, FAILURE.to_owned())
    );
    // Its other subscriptions stay.
    assert_eq!(stream.subscribe(&["@oauth2"]).status, 204);
    let failed = format!("state={id}&error=access_denied&code=");
    assert_eq!(get(through, &failed), (307, FAILURE.to_owned()));
    assert_eq!(
        stream.next().data,
        json!({"state": id, "code": "", "error": "access_denied"})
    );
    assert_eq!(stream.subscribe(&["@oauth2"]).status, 204);
    let form = format!("state={id}&code=posted");
    let reply = redirected(through, "POST", "/api/oauth2-redirect", &form);
    assert_eq!(reply, (303, SUCCESS.to_owned()));
    assert_eq!(stream.next().data["code"], "posted");
}

#[test]
fn n21_a_redirect_reaches_the_client_that_waits_once() {
    let app = TestApp::start();
    passes(&app, &app.guest());
    if on_postgres() {
        // Through another process, too; an embedded database has one.
        let other = TestApp::start_in(Home::on(app.home.database_url.clone()));
        passes(&app, &other.guest());
    }
}

#[test]
fn a_redirect_that_nobody_waits_for_fails() {
    let app = TestApp::start();
    let guest = app.guest();
    for query in ["", "state=&code=x", "state=missing&code=x", "code=x"] {
        assert_eq!(get(&guest, query), (307, FAILURE.to_owned()), "{query}");
    }
    // Connected, but it does not wait.
    let stream = Stream::of(&guest, &["users/*"]);
    assert_eq!(
        get(&guest, &format!("state={}&code=x", stream.id)),
        (307, FAILURE.to_owned())
    );
    let (status, to) = redirected(&guest, "POST", "/api/oauth2-redirect", "%");
    assert_eq!((status, to.as_str()), (303, FAILURE));
}

fn apple(provider: &Provider) -> Value {
    let mut apple = service(provider, "apple");
    apple["userInfoURL"] = json!("");
    apple["extra"] =
        json!({"issuers": [provider.url], "jwksURL": format!("{}/keys", provider.url)});
    apple
}

#[test]
fn apples_name_waits_for_the_exchange_of_the_code() {
    let (app, provider) = (start(), Provider::start());
    let key = Key::rsa();
    provider.publish(&[&key]);
    allow(&app, json!([apple(&provider)]));
    let second = on_postgres().then(|| TestApp::start_in(Home::on(app.home.database_url.clone())));
    let through = second.as_ref().map_or_else(|| app.guest(), TestApp::guest);
    let sign_in = |code: &str| {
        let start = begin(&app.guest(), "users", "apple");
        let url = url::Url::parse(start["authURL"].as_str().expect("text")).expect("a URL");
        let parameter = |name: &str| {
            url.query_pairs()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.into_owned())
        };
        assert_eq!(parameter("response_mode").as_deref(), Some("form_post"));
        let now = app.clock.now().unix();
        let token = key.sign(&json!({
            "iss": provider.url, "aud": "the client", "sub": "1", "exp": now + 60, "nonce": parameter("nonce"),
            "email": "ann@example.com", "email_verified": "true",
        }));
        provider.set("/token", json!({"access_token": "a", "id_token": token}));
        end(&app.guest(), &start, json!({"code": code})).ok()
    };
    let stream = Stream::of(&app.guest(), &["@oauth2"]);
    let user = r#"{"name":{"firstName":"Ann","lastName":"Lee"},"email":"forged@example.com"}"#;
    let form = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("state", &stream.id)
        .append_pair("code", "apples")
        .append_pair("user", user)
        .finish();
    assert_eq!(
        redirected(&through, "POST", "/api/oauth2-redirect", &form).1,
        SUCCESS
    );
    let body = sign_in("apples");
    assert_eq!(
        (&body["record"]["name"], &body["record"]["email"]),
        (&json!("Ann Lee"), &json!("ann@example.com"))
    );
    // It was for that code, and once.
    assert_eq!(sign_in("apples")["meta"]["name"], "");
}

#[test]
fn n65_a_name_that_nobody_waits_for_is_not_kept() {
    let (app, provider) = (start(), Provider::start());
    let user = r#"{"name":{"firstName":"Ann","lastName":"Lee"}}"#;
    let post = |state: &str| {
        let form = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("state", state)
            .append_pair("code", "apples")
            .append_pair("user", user)
            .finish();
        redirected(&app.guest(), "POST", "/api/oauth2-redirect", &form).1
    };
    let kept = || app.text("SELECT CAST(count(*) AS TEXT) AS value FROM _oauth2");
    // Nobody signs in with Apple here.
    let stream = Stream::of(&app.guest(), &["@oauth2"]);
    assert_eq!((post(&stream.id).as_str(), kept().as_str()), (SUCCESS, "0"));
    allow(&app, json!([apple(&provider)]));
    assert_eq!((post("nobody").as_str(), kept().as_str()), (FAILURE, "0"));
    let stream = Stream::of(&app.guest(), &["@oauth2"]);
    assert_eq!((post(&stream.id).as_str(), kept().as_str()), (SUCCESS, "1"));
}
