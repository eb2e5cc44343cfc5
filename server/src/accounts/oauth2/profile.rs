//! Gets a user from a service, and reads who it is.

use serde_json::{Value as Json, json};

use super::call::{Call, Fetched};
use super::discovery::Endpoints;
use super::settings::Service;
use super::{Token, User, id_token};
use crate::app::App;
use crate::fields::address::is_email;
use crate::system::providers::{Email, Profile, Source};

/// Gets the user of a token.
pub(crate) async fn fetch(
    app: &App,
    service: &Service,
    endpoints: &Endpoints,
    token: Token,
    verifier: &str,
) -> Result<User, String> {
    let url = endpoints.user_url.as_str();
    let raw = match service.provider.source {
        Source::UserInfo => ask(app, service, &token, Call::get(url)).await?.json()?,
        Source::Query(query) => {
            let body = json!({ "query": query }).to_string();
            let call = Call::post(url, "application/json", body);
            ask(app, service, &token, call).await?.json()?
        }
        Source::IdToken => claims(app, service, endpoints, &token, verifier).await?,
    };
    let mut user = read(&service.provider.profile, raw)?;
    user.token = token;
    adjust(app, service, endpoints, &mut user).await?;
    if user.id.is_empty() {
        return Err("the user has no id".to_owned());
    }
    Ok(user)
}

/// Returns the claims about the user: those of the ID token, or those of the URL for users.
async fn claims(
    app: &App,
    service: &Service,
    endpoints: &Endpoints,
    token: &Token,
    verifier: &str,
) -> Result<Json, String> {
    let url = endpoints.user_url.as_str();
    let id_token = if !token.id.is_empty() {
        let claims = id_token::verify(app, service, endpoints, &token.id, verifier).await?;
        Some(Json::Object(claims))
    } else if url.is_empty() || !service.issuer.is_empty() {
        return Err("the answer has no id_token".to_owned());
    } else {
        None
    };
    if url.is_empty() {
        return Ok(id_token.unwrap_or_default());
    }
    let claims: Json = ask(app, service, token, Call::get(url)).await?.json()?;
    // Else somebody else's access token could have been put in the place of the user's.
    if id_token.is_some_and(|id_token| id_token["sub"] != claims["sub"]) {
        return Err("the user is another one than that of the id_token".to_owned());
    }
    Ok(claims)
}

/// Asks with the user's token, and with the headers that some services want.
async fn ask(app: &App, service: &Service, token: &Token, call: Call) -> Result<Fetched, String> {
    let call = call.header("authorization", &format!("Bearer {}", token.access))?;
    let call = match service.provider.name {
        "notion" => call.header("notion-version", "2022-06-28")?,
        "trakt" => call
            .header("trakt-api-key", &service.client_id)?
            .header("trakt-api-version", "2")?,
        "twitch" => call.header("client-id", &service.client_id)?,
        _ => call,
    };
    call.send(&app.outbound).await
}

/// Reads a description of a user.
fn read(profile: &Profile, raw: Json) -> Result<User, String> {
    let text = |path: &str| text_at(&raw, path);
    if let Some((path, expected)) = profile.active
        && text(path) != expected
    {
        return Err("the account at the service is not active".to_owned());
    }
    let names = profile.name.iter().map(|path| text(path));
    let names: Vec<String> = names.filter(|name| !name.is_empty()).collect();
    let (email, is_email_verified) = match profile.email {
        Email::Never | Email::Asked => (String::new(), false),
        Email::Verified(path) => (text(path), true),
        Email::Unknown(path) => (text(path), false),
        Email::If(path, flags) => {
            let is_verified = flags.iter().all(|flag| is_set(raw.pointer(flag)));
            let email = if is_verified {
                text(path)
            } else {
                String::new()
            };
            (email, is_verified)
        }
    };
    let mut user = User {
        id: text(profile.id),
        name: names.join(" "),
        username: text(profile.username),
        avatar_url: text(profile.avatar),
        raw,
        ..User::default()
    };
    user.set_email(email, is_email_verified);
    Ok(user)
}

/// Returns the text, number or bool at a path as text; empty if there is none.
fn text_at(raw: &Json, path: &str) -> String {
    let value = if path.is_empty() {
        None
    } else {
        raw.pointer(path)
    };
    match value {
        Some(Json::String(text)) => text.clone(),
        Some(value @ (Json::Number(_) | Json::Bool(_))) => value.to_string(),
        Some(Json::Null | Json::Array(_) | Json::Object(_)) | None => String::new(),
    }
}

/// Whether a flag is set: some services send it as text, and some send the time.
fn is_set(flag: Option<&Json>) -> bool {
    match flag {
        Some(Json::Bool(flag)) => *flag,
        Some(Json::String(flag)) => !matches!(flag.as_str(), "" | "0" | "false"),
        Some(Json::Number(flag)) => flag.as_f64() != Some(0.0),
        Some(Json::Null | Json::Array(_) | Json::Object(_)) | None => false,
    }
}

impl User {
    fn set_email(&mut self, email: String, is_verified: bool) {
        let is_address = is_email(&email);
        self.is_email_verified = is_verified && is_address;
        self.email = if is_address { email } else { String::new() };
    }
}

/// Reads what is special about a service.
async fn adjust(
    app: &App,
    service: &Service,
    endpoints: &Endpoints,
    user: &mut User,
) -> Result<(), String> {
    let text = |path: &str| text_at(&user.raw, path);
    match service.provider.name {
        "github" | "gitea" => {
            let url = format!("{}/emails", endpoints.user_url);
            let emails = emails(app, service, &user.token, &url).await?;
            let email = emails
                .as_array()
                .and_then(|all| first_of(all, &["primary", "verified"]));
            user.set_email(email.unwrap_or_default(), true);
        }
        "bitbucket" => {
            let url = format!("{}/emails", endpoints.user_url);
            let emails = emails(app, service, &user.token, &url).await?;
            let all = emails["values"].as_array();
            let email = all.and_then(|all| first_of(all, &["is_primary", "is_confirmed"]));
            user.set_email(email.unwrap_or_default(), true);
        }
        "gitee" => {
            let url = format!("{}/emails", endpoints.user_url.trim_end_matches("/user"));
            let confirmed = gitee_email(&emails(app, service, &user.token, &url).await?);
            let is_confirmed = !confirmed.is_empty();
            // What a profile shows is not said to be confirmed.
            let email = if is_confirmed {
                confirmed
            } else {
                text("/email")
            };
            user.set_email(email, is_confirmed);
        }
        "vk" => user.set_email(text_at(&user.token.answer, "/email"), false),
        "microsoft" => microsoft_email(app, service, user)?,
        "instagram2" => {
            let permissions = user.token.answer["permissions"].clone();
            if let Json::Object(raw) = &mut user.raw
                && !permissions.is_null()
            {
                raw.insert("permissions".to_owned(), permissions);
            }
        }
        "yandex" => {
            let (id, is_empty) = (
                text("/default_avatar_id"),
                is_set(user.raw.get("is_avatar_empty")),
            );
            if !id.is_empty() && !is_empty {
                user.avatar_url = format!("https://avatars.yandex.net/get-yapic/{id}/islands-200");
            }
        }
        "discord" => {
            let (avatar, number) = (text("/avatar"), text("/discriminator"));
            if !avatar.is_empty() {
                user.avatar_url = format!(
                    "https://cdn.discordapp.com/avatars/{}/{avatar}.png",
                    user.id
                );
            }
            if user.name.is_empty() {
                user.name = format!("{}#{number}", user.username);
            }
        }
        "wakatime" if is_set(user.raw.pointer("/data/is_photo_public")) => {
            user.avatar_url = text("/data/photo");
        }
        // The name is that of a mailbox.
        "mailcow" => {
            let length = user.username.find('@').unwrap_or(user.username.len());
            user.username.truncate(length);
        }
        // A user without an id.
        "strava" if user.id == "0" => user.id.clear(),
        _ => {}
    }
    Ok(())
}

/// Gets a user's addresses; none if the token does not allow to read them.
async fn emails(app: &App, service: &Service, token: &Token, url: &str) -> Result<Json, String> {
    let answer = ask(app, service, token, Call::get(url)).await?;
    match answer.status.as_u16() {
        401 | 403 | 404 => Ok(Json::Null),
        _ => answer.json(),
    }
}

/// Returns the first address with all of these flags.
fn first_of(all: &[Json], flags: &[&str]) -> Option<String> {
    let mut all = all.iter();
    let found = all.find(|one| flags.iter().all(|flag| is_set(one.get(*flag))))?;
    found["email"].as_str().map(str::to_owned)
}

fn gitee_email(emails: &Json) -> String {
    let is_primary = |one: &&Json| {
        let scopes = one["scope"].as_array().into_iter().flatten();
        one["state"] == "confirmed" && scopes.into_iter().any(|scope| scope == "primary")
    };
    let primary = emails.as_array().into_iter().flatten().find(is_primary);
    let email = primary.and_then(|primary| primary["email"].as_str());
    email.unwrap_or_default().to_owned()
}

/// Reads the claim of the ID token that the definition names, in place of the address that an administrator of any tenant can
/// write into the directory.
fn microsoft_email(app: &App, service: &Service, user: &mut User) -> Result<(), String> {
    if service.email_claim.is_empty() {
        return Ok(());
    }
    let claims = Json::Object(id_token::received(app, service, &user.token.id)?);
    let first = |claim: &str| text_at(&claims, &format!("/{claim}/0"));
    let (email, is_verified) = match service.email_claim.as_str() {
        "verified_primary_email" => (first("verified_primary_email"), true),
        "any_verified" => {
            let primary = first("verified_primary_email");
            let email = if primary.is_empty() {
                first("verified_secondary_email")
            } else {
                primary
            };
            (email, true)
        }
        "email_and_xms_edov" => (text_at(&claims, "/email"), is_set(claims.get("xms_edov"))),
        "email" => (text_at(&claims, "/email"), false),
        _ => return Ok(()),
    };
    let email = if is_verified || service.email_claim == "email" {
        email
    } else {
        String::new()
    };
    user.set_email(email, is_verified);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::providers;

    fn user(name: &str, raw: Json) -> Result<User, String> {
        read(&providers::find(name).unwrap().profile, raw)
    }

    #[test]
    fn n22_an_address_counts_as_verified_only_if_the_service_says_so() {
        for (name, raw, email, is_verified) in [
            (
                "google",
                json!({"sub": "1", "email": "a@b.c", "email_verified": true}),
                "a@b.c",
                true,
            ),
            (
                "google",
                json!({"sub": "1", "email": "a@b.c", "email_verified": false}),
                "",
                false,
            ),
            ("google", json!({"sub": "1", "email": "a@b.c"}), "", false),
            (
                "oidc",
                json!({"sub": "1", "email": "a@b.c", "email_verified": "true"}),
                "a@b.c",
                true,
            ),
            (
                "oidc",
                json!({"sub": "1", "email": "a@b.c", "email_verified": "false"}),
                "",
                false,
            ),
            (
                "oidc",
                json!({"sub": "1", "email": "a@b.c", "email_verified": []}),
                "",
                false,
            ),
            (
                "oidc",
                json!({"sub": "1", "email": "not an address", "email_verified": true}),
                "",
                false,
            ),
            (
                "gitlab",
                json!({"id": 1, "email": "a@b.c", "confirmed_at": "2020-01-01"}),
                "a@b.c",
                true,
            ),
            (
                "gitlab",
                json!({"id": 1, "email": "a@b.c", "confirmed_at": null}),
                "",
                false,
            ),
            (
                "microsoft",
                json!({"id": "1", "mail": "a@b.c"}),
                "a@b.c",
                false,
            ),
            (
                "facebook",
                json!({"id": "1", "email": "a@b.c"}),
                "a@b.c",
                false,
            ),
            ("spotify", json!({"id": "1", "email": "a@b.c"}), "", false),
            (
                "box",
                json!({"id": "1", "status": "active", "login": "a@b.c"}),
                "a@b.c",
                false,
            ),
            (
                "twitch",
                json!({"data": [{"id": "1", "email": "a@b.c"}]}),
                "a@b.c",
                true,
            ),
            (
                "kakao",
                json!({"id": 1, "kakao_account": {"email": "a@b.c", "is_email_valid": true}}),
                "",
                false,
            ),
        ] {
            let user = user(name, raw.clone()).unwrap();
            assert_eq!(
                (user.email.as_str(), user.is_email_verified),
                (email, is_verified),
                "{name} {raw}"
            );
            assert_eq!(user.verified_email(), if is_verified { email } else { "" });
            assert_eq!(user.id, "1", "{name}");
        }
    }

    #[test]
    fn users_are_read_from_what_services_answer() {
        let raw = json!({"response": [{
            "id": 7, "first_name": "Ann", "last_name": "Lee", "screen_name": "ann", "photo_max": "https://vk.example/a",
        }]});
        let ann = user("vk", raw).unwrap();
        assert_eq!(
            (
                ann.id.as_str(),
                ann.name.as_str(),
                ann.username.as_str(),
                ann.avatar_url.as_str()
            ),
            ("7", "Ann Lee", "ann", "https://vk.example/a")
        );
        let viewer = json!({"data": {"viewer": {"id": "v", "name": "Ann", "active": true, "email": "a@b.c"}}});
        assert_eq!(user("linear", viewer).unwrap().name, "Ann");
        for (name, raw) in [
            (
                "linear",
                json!({"data": {"viewer": {"id": "v", "active": false}}}),
            ),
            ("box", json!({"id": "1", "status": "inactive"})),
            ("mailcow", json!({"id": "1", "active": 0})),
            ("gitea", json!({"id": 1})),
        ] {
            assert!(user(name, raw).is_err(), "{name}");
        }
        assert_eq!(user("github", json!([])).unwrap().id, "");
    }

    #[test]
    fn addresses_of_second_answers_must_be_primary_and_verified() {
        let all = [
            json!({"email": "a@b.c", "primary": false, "verified": true}),
            json!({"email": "b@b.c", "primary": true, "verified": false}),
            json!({"email": "c@b.c", "primary": true, "verified": true}),
        ];
        assert_eq!(
            first_of(&all, &["primary", "verified"]).as_deref(),
            Some("c@b.c")
        );
        assert_eq!(first_of(&all[..2], &["primary", "verified"]), None);
        let all = json!([
            {"email": "a@b.c", "state": "unconfirmed", "scope": ["primary"]},
            {"email": "b@b.c", "state": "confirmed", "scope": ["secondary", "primary"]},
        ]);
        assert_eq!(gitee_email(&all), "b@b.c");
        assert_eq!(gitee_email(&Json::Null), "");
    }
}
