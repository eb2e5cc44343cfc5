//! The client against a running server, in one file because all stories are about the same films.
//!
//! ```text
//! PLINTH_URL=http://127.0.0.1:8090 PLINTH_EMAIL=root@example.com PLINTH_PASSWORD=1234567890 \
//!     cargo test -p plinth-sdk --features live-tests --test live
//! ```
//!
//! The account is a superuser's. Each test makes collections of its own, named `sdk_…`, and
//! deletes them first and last, so that it can run again.

use futures_util::{StreamExt, TryStreamExt, stream};
use plinth_sdk::types::{
    Collection, CollectionType, Field, FieldKind, Import, Mail, NumberOptions,
};
use plinth_sdk::{Client, Error, Event, Filter, Record, Records, filter};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[expect(clippy::disallowed_methods, reason = "the tests' only settings")]
fn setting(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| {
        panic!(
            "{name} is not set. These tests need a running server: PLINTH_URL, and PLINTH_EMAIL \
             and PLINTH_PASSWORD of a superuser"
        )
    })
}

fn guest() -> Client {
    Client::new(setting("PLINTH_URL")).expect("PLINTH_URL is the URL of a server")
}

async fn superuser() -> Client {
    let client = guest();
    client
        .collection::<Record>("_superusers")
        .auth_with_password(setting("PLINTH_EMAIL"), setting("PLINTH_PASSWORD"))
        .await
        .expect("the superuser can sign in");
    client
}

async fn drop_collection(client: &Client, name: &str) {
    match client.collections().delete(name).await {
        Ok(()) => {}
        Err(error) => assert!(error.is_not_found(), "{error}"),
    }
}

async fn fresh(client: &Client, collection: Collection) -> Collection {
    drop_collection(client, &collection.name).await;
    let created = client.collections().create(&collection).await;
    created.expect("the collection can be created")
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Film {
    #[serde(skip_serializing_if = "String::is_empty")]
    id: String,
    title: String,
    year: i64,
    rating: f64,
    seen: bool,
    genres: Vec<String>,
    notes: Value,
}

fn film(title: &str, year: i64, rating: f64) -> Film {
    Film {
        title: title.into(),
        year,
        rating,
        ..Film::default()
    }
}

fn films(name: &str) -> Collection {
    let whole = NumberOptions {
        only_int: true,
        ..NumberOptions::default()
    };
    Collection {
        fields: vec![
            Field::text("title").required(),
            Field::new("year", FieldKind::Number(whole)),
            Field::number("rating"),
            Field::bool("seen"),
            Field::select("genres", ["drama", "comedy", "horror"]).multiple(3),
            Field::json("notes"),
            Field::created("created"),
        ],
        indexes: vec![format!(
            "CREATE UNIQUE INDEX idx_{name}_title ON {name} (title)"
        )],
        ..Collection::base(name)
    }
}

fn titles(films: &[Film]) -> Vec<&str> {
    films.iter().map(|film| film.title.as_str()).collect()
}

async fn fill<T: serde::de::DeserializeOwned>(films: &Records<T>, count: i64) {
    stream::iter(0..count)
        .map(|i| async move {
            films
                .create(&json!({ "title": format!("{i:03}"), "year": i }))
                .await
        })
        .buffer_unordered(8)
        .try_for_each(async |_| Ok(()))
        .await
        .expect("films can be created");
}

#[tokio::test]
async fn the_server_is_healthy() {
    let health = guest().health().await.expect("the server answers");
    assert_eq!(health.code, 200);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_a_transport_error() {
    let nowhere = Client::new("http://127.0.0.1:9").expect("a URL");
    let error = nowhere.health().await.expect_err("nobody answers");
    assert!(matches!(error, Error::Transport(_)), "{error:?}");
    assert_eq!(error.status(), None);
}

#[tokio::test]
async fn typed_records_come_back_as_they_went() -> plinth_sdk::Result<()> {
    let client = superuser().await;
    fresh(&client, films("sdk_typed")).await;
    let films = client.collection::<Film>("sdk_typed");

    let mut alien = film("Alien", 1979, 8.5);
    alien.seen = true;
    alien.genres = vec!["horror".into(), "drama".into()];
    alien.notes = json!({ "ship": { "name": "Nostromo", "crew": [7, null, 1.5, "Jones <cat>"] } });
    let created = films.create(&alien).await?;
    assert_eq!(created.id.len(), 15);
    alien.id.clone_from(&created.id);
    assert_eq!(created, alien);
    assert_eq!(films.get(&alien.id).await?, alien);

    let changed = films
        .update(&alien.id, &json!({ "rating": 9, "seen": false }))
        .await?;
    assert_eq!(
        (changed.rating, changed.seen, changed.year),
        (9.0, false, 1979)
    );

    films.delete(&alien.id).await?;
    assert!(
        films
            .get(&alien.id)
            .await
            .is_err_and(|error| error.is_not_found())
    );
    assert!(
        films
            .delete(&alien.id)
            .await
            .is_err_and(|error| error.is_not_found())
    );
    let changed = films.update(&alien.id, &json!({ "rating": 1 })).await;
    assert!(changed.is_err_and(|error| error.is_not_found()));
    drop_collection(&client, "sdk_typed").await;
    Ok(())
}

#[tokio::test]
async fn untyped_records_need_no_type() -> plinth_sdk::Result<()> {
    let client = superuser().await;
    let collection = fresh(&client, films("sdk_untyped")).await;
    let records = client.collection::<Record>("sdk_untyped");

    let created = records
        .create(&json!({ "title": "Élève №1 😀", "genres": ["comedy"] }))
        .await?;
    assert_eq!(created.collection_id, collection.id);
    assert_eq!(created.collection_name, "sdk_untyped");
    assert_eq!(created["title"], "Élève №1 😀");
    assert_eq!(created["genres"], json!(["comedy"]));
    assert_eq!(
        (&created["year"], &created["notes"]),
        (&json!(0), &Value::Null)
    );
    assert!(
        created["created"]
            .as_str()
            .is_some_and(|at| at.ends_with('Z'))
    );

    let values = client.collection::<Value>(collection.id);
    let value = values.fields("id,title").get(&created.id).await?;
    assert_eq!(value, json!({ "id": created.id, "title": "Élève №1 😀" }));
    let only_title = records.fields("title").list().send().await?;
    assert_eq!(only_title.items[0].id, "");
    assert_eq!(only_title.items[0]["title"], "Élève №1 😀");
    drop_collection(&client, "sdk_untyped").await;
    Ok(())
}

#[tokio::test]
async fn lists_are_filtered_sorted_and_paged() -> plinth_sdk::Result<()> {
    let client = superuser().await;
    fresh(&client, films("sdk_lists")).await;
    let films = client.collection::<Film>("sdk_lists");
    for film in [
        film("Alien", 1979, 8.5),
        film("Aliens", 1986, 8.4),
        film("Brazil", 1985, 7.9),
        film("Cube", 1997, 7.2),
    ] {
        films.create(&film).await?;
    }

    let eighties = filter!("year >= {} && year < {}", 1980, 1990);
    let found = films.list().filter(eighties).sort("-rating").send().await?;
    assert_eq!(titles(&found.items), ["Aliens", "Brazil"]);
    assert_eq!(
        (found.page, found.total_items, found.total_pages),
        (1, 2, 1)
    );

    let found = films
        .list()
        .filter(filter!("title ~ {}", "alien"))
        .filter("year < 1980");
    assert_eq!(titles(&found.send().await?.items), ["Alien"]);

    let second = films
        .list()
        .sort("title")
        .page(2)
        .per_page(3)
        .send()
        .await?;
    assert_eq!(titles(&second.items), ["Cube"]);
    assert_eq!(
        (second.page, second.per_page, second.total_pages),
        (2, 3, 2)
    );

    let uncounted = films.list().skip_total().send().await?;
    assert_eq!((uncounted.total_items, uncounted.total_pages), (-1, -1));

    assert_eq!(
        films
            .first("year > 1990")
            .await?
            .map(|film| film.title)
            .as_deref(),
        Some("Cube")
    );
    assert_eq!(films.first("year > 2000").await?, None);

    let nonsense = films
        .list()
        .filter("year >")
        .send()
        .await
        .expect_err("nonsense is refused");
    assert!(nonsense.is_invalid(), "{nonsense}");
    drop_collection(&client, "sdk_lists").await;
    Ok(())
}

#[tokio::test]
async fn requests_are_counted_by_the_minute() -> plinth_sdk::Result<()> {
    let client = superuser().await;
    // The sign-in itself is counted, within ten seconds.
    for _ in 0..60 {
        let overview = client.metrics().overview(5).await?;
        assert_eq!(overview.minutes.len(), 5);
        if overview.minutes.iter().any(|minute| minute.requests > 0) {
            let refused = client.metrics().overview(0).await;
            assert!(refused.is_err_and(|error| error.is_invalid()));
            return Ok(());
        }
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    }
    panic!("nothing was counted");
}

#[tokio::test]
async fn values_stay_values_in_filters() -> plinth_sdk::Result<()> {
    let client = superuser().await;
    fresh(&client, films("sdk_quotes")).await;
    let films = client.collection::<Film>("sdk_quotes");
    let odd = [
        "it's",
        "\\",
        "\\'",
        "a\\b\\\\",
        "' || 1=1 //",
        "\\' || 1=1 //",
        "two\nlines\\n\r\n'",
        "\"quoted\"",
        "tab\t%_",
    ];
    for title in odd {
        films.create(&film(title, 1, 0.0)).await?;
    }
    for title in odd {
        let found = films
            .list()
            .filter(filter!("title = {} && year = {}", title, 1))
            .send()
            .await?;
        assert_eq!(titles(&found.items), [title]);
    }
    let future = std::time::UNIX_EPOCH + std::time::Duration::from_secs(32_503_680_000);
    let older = |time| films.list().filter(filter!("created < {}", time)).all();
    assert_eq!(older(future).await?.len(), odd.len());
    assert_eq!(older(std::time::UNIX_EPOCH).await?.len(), 0);
    let any = odd.iter().fold(filter!("year = {}", 2), |any, title| {
        any.or(filter!("title = {}", title))
    });
    assert_eq!(
        films
            .list()
            .filter(any.and(Filter::default()))
            .all()
            .await?
            .len(),
        odd.len()
    );
    drop_collection(&client, "sdk_quotes").await;
    Ok(())
}

#[tokio::test]
async fn streams_turn_the_pages() -> plinth_sdk::Result<()> {
    let client = superuser().await;
    fresh(&client, films("sdk_stream")).await;
    let films = client.collection::<Film>("sdk_stream");
    fill(&films, 53).await;

    let mut stream = films.list().sort("title").per_page(10).stream();
    let mut seen = Vec::new();
    while let Some(film) = stream.try_next().await? {
        seen.push(film.year);
    }
    assert_eq!(seen, (0..53).collect::<Vec<_>>());

    // A last page that is full, a filter, and a start in the middle.
    let all = films
        .list()
        .filter("year < 20")
        .sort("-title")
        .per_page(10)
        .all()
        .await?;
    assert_eq!(all.len(), 20);
    assert_eq!(films.list().per_page(10).page(6).all().await?.len(), 3);
    assert_eq!(films.list().all().await?.len(), 53);
    assert_eq!(films.list().filter("year > 100").all().await?.len(), 0);

    let error = films
        .list()
        .filter("nonsense")
        .all()
        .await
        .expect_err("nonsense is refused");
    assert!(error.is_invalid(), "{error}");
    drop_collection(&client, "sdk_stream").await;
    Ok(())
}

#[tokio::test]
async fn field_errors_have_codes() -> plinth_sdk::Result<()> {
    let client = superuser().await;
    fresh(&client, films("sdk_errors")).await;
    let films = client.collection::<Film>("sdk_errors");
    films.create(&film("Alien", 1979, 8.5)).await?;

    let taken = films
        .create(&film("Alien", 2003, 1.0))
        .await
        .expect_err("the title is taken");
    assert!(taken.is_invalid());
    assert_eq!(taken.code("title"), Some("validation_not_unique"));
    assert!(taken.field("year").is_none());

    let wrong = json!({ "year": 1.5, "genres": ["drama", "western"] });
    let wrong = films
        .create(&wrong)
        .await
        .expect_err("three fields are wrong");
    assert_eq!(wrong.code("title"), Some("validation_required"));
    assert_eq!(wrong.code("year"), Some("validation_only_int_constraint"));
    assert_eq!(wrong.code("genres"), Some("validation_invalid_value"));
    assert!(
        wrong.to_string().contains("title: Cannot be blank."),
        "{wrong}"
    );

    let swallowed = films.get("..").await.expect_err("`..` is not an id");
    assert!(matches!(swallowed, Error::Request(_)));
    let strange = client.collection::<u8>("sdk_errors").list().send().await;
    assert!(matches!(strange, Err(Error::Decode(_))));
    drop_collection(&client, "sdk_errors").await;
    Ok(())
}

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
    assert!(accounts.auth_methods().await?.password.enabled);
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

#[tokio::test]
async fn collections_are_created_changed_and_deleted() -> plinth_sdk::Result<()> {
    let client = superuser().await;
    let collections = client.collections();
    drop_collection(&client, "sdk_renamed").await;
    let mut films = fresh(&client, films("sdk_collections")).await;
    assert_eq!(
        (films.kind, films.auth.as_deref()),
        (CollectionType::Base, None)
    );
    assert!(
        films
            .fields
            .iter()
            .any(|field| field.name == "id" && field.system)
    );
    assert_eq!(collections.get("sdk_collections").await?, films);
    assert_eq!(collections.get(&films.id).await?, films);

    let taken = collections
        .create(&Collection::base("sdk_collections"))
        .await;
    let taken = taken.expect_err("the name is taken");
    assert!(
        taken.is_invalid() && taken.code("name").is_some(),
        "{taken}"
    );

    let listed = collections
        .list()
        .filter(filter!("name = {}", films.name))
        .all()
        .await?;
    assert_eq!(listed, [films.clone()]);

    // A field that keeps its id keeps its values, whatever its name.
    let records = client.collection::<Record>("sdk_collections");
    let alien = records
        .create(&json!({ "title": "Alien", "rating": 8.5 }))
        .await?;
    for field in &mut films.fields {
        if field.name == "rating" {
            field.name = "score".into();
        }
    }
    films.fields.push(Field::relation("sequel", &films.id));
    let changed = collections.update(&films.id, &films).await?;
    assert!(changed.fields.iter().any(|field| field.name == "sequel"));
    let sequel = json!({ "title": "Aliens", "sequel": alien.id });
    let aliens = records.expand("sequel").create(&sequel).await?;
    assert_eq!(aliens["expand"]["sequel"]["score"], 8.5);

    let renamed = json!({ "name": "sdk_renamed", "listRule": "" });
    let renamed = collections.update("sdk_collections", &renamed).await?;
    assert_eq!(
        (renamed.id, renamed.list_rule),
        (films.id, Some(String::new()))
    );
    assert!(
        collections
            .get("sdk_collections")
            .await
            .is_err_and(|error| error.is_not_found())
    );

    let records = client.collection::<Record>("sdk_renamed");
    assert_eq!(records.list().send().await?.total_items, 2);
    collections.truncate("sdk_renamed").await?;
    assert_eq!(records.list().send().await?.total_items, 0);
    collections.delete("sdk_renamed").await?;
    assert!(
        records
            .list()
            .send()
            .await
            .is_err_and(|error| error.is_not_found())
    );
    Ok(())
}

#[tokio::test]
async fn imports_happen_wholly_or_not_at_all() -> plinth_sdk::Result<()> {
    let client = superuser().await;
    let collections = client.collections();
    for name in ["sdk_import_a", "sdk_import_b"] {
        drop_collection(&client, name).await;
    }
    let import = |definitions: [Value; 2]| Import {
        collections: definitions.into(),
        delete_missing: false,
    };
    let title = json!([{ "name": "title", "type": "text" }]);

    let broken = json!({ "name": "sdk_import_b", "type": "base", "listRule": "no such thing =" });
    let good = json!({ "name": "sdk_import_a", "type": "base", "fields": title });
    let error = collections.import(&import([good.clone(), broken])).await;
    assert!(error.is_err_and(|error| error.is_invalid()));
    assert!(
        collections
            .get("sdk_import_a")
            .await
            .is_err_and(|error| error.is_not_found())
    );

    let other = json!({ "name": "sdk_import_b", "type": "base", "fields": title });
    collections.import(&import([good, other])).await?;
    assert_eq!(
        collections
            .list()
            .filter("name ~ 'sdk_import_%'")
            .all()
            .await?
            .len(),
        2
    );

    let scaffolds = collections.scaffolds().await?;
    assert_eq!(scaffolds.base.kind, CollectionType::Base);
    assert!(
        scaffolds
            .auth
            .fields
            .iter()
            .any(|field| field.name == "password")
    );
    for name in ["sdk_import_a", "sdk_import_b"] {
        collections.delete(name).await?;
    }
    Ok(())
}

#[tokio::test]
async fn subscriptions_hear_of_changes() {
    let root = superuser().await;
    let mut definition = films("sdk_heard");
    definition.list_rule = Some("year > 2000".into());
    definition.view_rule = Some(String::new());
    fresh(&root, definition).await;
    let heard = root.collection::<Film>("sdk_heard");
    let guests = guest().collection::<Film>("sdk_heard");

    let mut all = heard.subscribe("*");
    let mut recent = guests.subscribe_where("*", &filter!("rating > {}", 5));
    assert_eq!(next(&mut all).await, Event::Connected);
    assert_eq!(next(&mut recent).await, Event::Connected);
    let old = heard.create(&film("Old", 1990, 9.0)).await.expect("a film");
    let bad = heard.create(&film("Bad", 2010, 1.0)).await.expect("a film");
    let good = heard
        .create(&film("Good", 2020, 8.0))
        .await
        .expect("a film");
    let mut one = guests.subscribe(&bad.id);
    assert_eq!(next(&mut one).await, Event::Connected);
    let change = json!({"rating": 6});
    let better = heard.update(&bad.id, &change).await;
    let better = better.expect("it can be changed");
    heard.delete(&bad.id).await.expect("it can be deleted");

    assert_eq!(
        next(&mut recent).await.record(),
        Some(("created", good.title.clone()))
    );
    assert_eq!(
        next(&mut recent).await.record(),
        Some(("updated", better.title.clone()))
    );
    for (kind, title) in [
        ("created", &old.title),
        ("created", &bad.title),
        ("created", &good.title),
        ("updated", &better.title),
        ("deleted", &better.title),
    ] {
        assert_eq!(next(&mut all).await.record(), Some((kind, title.clone())));
    }
    assert_eq!(next(&mut one).await, Event::Updated(better));
    assert_eq!(
        next(&mut one).await.record(),
        Some(("deleted", "Bad".into()))
    );

    let mut nothing = heard.subscribe("..");
    let refused = nothing.next().await.expect("an answer");
    assert!(matches!(refused, Err(Error::Request(_))), "{refused:?}");
    assert!(nothing.next().await.is_none());
    drop_collection(&root, "sdk_heard").await;
}

async fn next(
    events: &mut (impl futures_util::Stream<Item = plinth_sdk::Result<Event<Film>>> + Unpin),
) -> Event<Film> {
    events.next().await.expect("an event").expect("a good one")
}

/// What happened to the film of which title.
trait Told {
    fn record(self) -> Option<(&'static str, String)>;
}

impl Told for Event<Film> {
    fn record(self) -> Option<(&'static str, String)> {
        Some(match self {
            Self::Connected => return None,
            Self::Created(film) => ("created", film.title),
            Self::Updated(film) => ("updated", film.title),
            Self::Deleted(film) => ("deleted", film.title),
        })
    }
}

#[tokio::test]
async fn jobs() -> plinth_sdk::Result<()> {
    let jobs = superuser().await.jobs();
    for left in jobs
        .definitions()
        .list()
        .filter("name = 'sdk_job'")
        .all()
        .await?
    {
        jobs.definitions().delete(&left.id).await?;
    }
    let job = json!({
        "name": "sdk_job", "schedule": "30 9 * * MON", "timezone": "Europe/Berlin", "kind": "maintenance",
        "payload": { "tasks": ["optimize"] }, "timeout": 60, "enabled": true,
    });
    let job = jobs.definitions().create(&job).await?;
    let crons = jobs.crons().await?;
    assert!(
        crons
            .iter()
            .any(|cron| cron.id == job.id && cron.expression == job.schedule)
    );

    jobs.run(&job.id).await?;
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    let run = loop {
        let ended = filter!(
            "job = {} && outcome != 'waiting' && outcome != 'running'",
            job.id
        );
        if let Some(run) = jobs.runs().list().filter(ended).all().await?.pop() {
            break run;
        }
        assert!(std::time::Instant::now() < deadline, "it does not end");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    };
    assert_eq!(
        (run.outcome.as_str(), run.trigger.as_str()),
        ("succeeded", "manual")
    );
    assert!(
        jobs.run("missing")
            .await
            .is_err_and(|error| error.is_not_found())
    );

    let preview = jobs.preview("0 0 1 1 *", "").await?;
    assert_eq!(preview.next.len(), 5);
    let error = jobs
        .preview("now and then", "")
        .await
        .expect_err("it is no schedule");
    assert!(error.field("schedule").is_some());
    jobs.definitions().delete(&job.id).await
}
