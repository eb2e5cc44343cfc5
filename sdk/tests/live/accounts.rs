//! Accounts: sign-in, mails, what guests may not do.

use plinth_sdk::types::{AuthSession, Collection, Mail, OAuth2SignIn, names};
use plinth_sdk::{Client, Record, filter};
use serde::Deserialize;
use serde_json::json;

use crate::support::{Film, drop_collection, film, films, fresh, guest, superuser};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Account {
    id: String,
    email: String,
}

#[tokio::test]
async fn accounts_sign_in_and_refresh() -> plinth_sdk::Result<()> {
    let root = superuser().await;
    let open = Some(String::new());
    let accounts = Collection {
        create_rule: open,
        view_rule: Some("id = @request.auth.id".into()),
        ..Collection::auth("sdk_accounts")
    };
    let accounts = fresh(&root, accounts).await;
    assert!(accounts.auth.is_some_and(|auth| auth.password_auth.enabled));

    let client = guest();
    let clone = client.clone();
    let accounts = client.collection::<Account>("sdk_accounts");
    let methods = accounts.auth_methods().await?;
    assert!(methods.password.enabled && !methods.oauth2.enabled);
    let by_service = accounts.auth_with_oauth2(&OAuth2SignIn::default()).await;
    assert!(by_service.is_err_and(|error| error.is_forbidden()));
    let (email, password) = ("ann@example.com", "correct horse");
    let body = json!({ "email": email, "password": password, "passwordConfirm": password });
    accounts.create(&body).await?;

    let wrong = accounts.auth_with_password(email, "wrong horse").await;
    assert!(wrong.is_err_and(|error| error.is_invalid()));
    assert_eq!(client.token(), None);

    let ann = accounts.auth_with_password(email, password).await?;
    assert_eq!(ann.record.email, email);
    assert_eq!(clone.token(), Some(ann.token.clone()));
    let refreshed = clone
        .collection::<Account>("sdk_accounts")
        .auth_refresh()
        .await?;
    assert_eq!(refreshed.record.id, ann.record.id);
    assert_eq!(client.token(), Some(refreshed.token.clone()));
    let ids = accounts.fields("id").auth_refresh().await?;
    assert_eq!(
        (ids.record.id.as_str(), ids.record.email.as_str()),
        (&*ann.record.id, "")
    );
    assert_eq!(accounts.get(&ann.record.id).await?.email, email);

    let elsewhere = client
        .collection::<Record>("_superusers")
        .auth_refresh()
        .await;
    assert!(elsewhere.is_err_and(|error| error.is_forbidden()));
    assert!(
        client
            .collections()
            .list()
            .send()
            .await
            .is_err_and(|error| error.is_forbidden())
    );

    let other = guest();
    let elsewhere = other.collection::<Account>("sdk_accounts");
    elsewhere.auth_with_password(email, password).await?;
    let sessions = client.collection::<AuthSession>(names::AUTH_SESSIONS);
    assert_eq!(sessions.list().send().await?.items.len(), 2);
    accounts.end_other_sessions().await?;
    let left = sessions.list().send().await?.items;
    assert_eq!((left.len(), left[0].method.as_str()), (1, "password"));
    assert!(
        elsewhere
            .auth_refresh()
            .await
            .is_err_and(|error| error.is_unauthenticated())
    );

    clone.sign_out();
    assert!(
        accounts
            .get(&ann.record.id)
            .await
            .is_err_and(|error| error.is_not_found())
    );
    assert!(
        accounts
            .auth_refresh()
            .await
            .is_err_and(|error| error.is_unauthenticated())
    );
    client.set_token(refreshed.token);
    assert_eq!(accounts.get(&ann.record.id).await?.email, email);
    drop_collection(&root, "sdk_accounts").await;
    Ok(())
}

/// The token in the link of the mail of this kind to this account, out of the outbox.
async fn mailed_token(root: &Client, account: &str, kind: &str) -> String {
    let mails = root.collection::<Mail>("_mails");
    let found = filter!("recordRef = {} && kind = {}", account, kind);
    let link = format!("/_/#/auth/confirm-{kind}/");
    for _ in 0..200 {
        let mail = mails.first(found.clone());
        if let Some(mail) = mail.await.expect("superusers read the outbox") {
            let (_, token) = mail.text.split_once(&link).expect("a link");
            let is_part = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
            return token.chars().take_while(is_part).collect();
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    panic!("no mail for {kind} was written");
}

#[tokio::test]
async fn accounts_verify_and_reset_by_mail() -> plinth_sdk::Result<()> {
    let root = superuser().await;
    let accounts = Collection {
        create_rule: Some(String::new()),
        ..Collection::auth("sdk_mailed")
    };
    fresh(&root, accounts).await;
    let client = guest();
    let accounts = client.collection::<Record>("sdk_mailed");
    let email = "ann@example.com";
    let password = "correct horse";
    let body = json!({ "email": email, "password": password, "passwordConfirm": password });
    let account = &accounts.create(&body).await?.id;

    accounts.request_verification(email).await?;
    accounts.request_verification("nobody@example.com").await?;
    let token = mailed_token(&root, account, "verification").await;
    let bad = accounts.confirm_verification("bad").await;
    assert!(bad.is_err_and(|error| error.field("token").is_some()));
    accounts.confirm_verification(token).await?;

    accounts.request_password_reset(email).await?;
    let token = mailed_token(&root, account, "password-reset").await;
    let short = accounts.confirm_password_reset(&token, "short").await;
    assert!(short.is_err_and(|error| error.field("password").is_some()));
    accounts
        .confirm_password_reset(&token, "another horse")
        .await?;
    let signed_in = accounts.auth_with_password(email, "another horse").await?;
    assert_eq!(signed_in.record["verified"], true);
    let again = accounts
        .confirm_password_reset(&token, "a third horse")
        .await;
    assert!(again.is_err_and(|error| error.field("token").is_some()));
    drop_collection(&root, "sdk_mailed").await;
    Ok(())
}

#[tokio::test]
async fn guests_are_refused() -> plinth_sdk::Result<()> {
    let root = superuser().await;
    let signed_in = Some("@request.auth.id != ''".to_owned());
    let collection = Collection {
        list_rule: signed_in.clone(),
        view_rule: signed_in,
        ..films("sdk_guests")
    };
    fresh(&root, collection).await;
    let alien = root
        .collection::<Film>("sdk_guests")
        .create(&film("Alien", 1979, 8.5))
        .await?;

    let guest = guest();
    let films = guest.collection::<Film>("sdk_guests");
    assert_eq!(films.list().send().await?.total_items, 0);
    assert!(
        films
            .get(&alien.id)
            .await
            .is_err_and(|error| error.is_not_found())
    );
    assert!(
        films
            .create(&alien)
            .await
            .is_err_and(|error| error.is_forbidden())
    );
    assert!(
        films
            .update(&alien.id, &json!({}))
            .await
            .is_err_and(|error| error.is_forbidden())
    );
    assert!(
        films
            .delete(&alien.id)
            .await
            .is_err_and(|error| error.is_forbidden())
    );
    assert!(
        guest
            .collections()
            .list()
            .send()
            .await
            .is_err_and(|error| error.is_unauthenticated())
    );
    guest.set_token("not.a.token");
    assert_eq!(films.list().send().await?.total_items, 0);
    drop_collection(&root, "sdk_guests").await;
    Ok(())
}
