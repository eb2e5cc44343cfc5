//! The server, and the films that the stories are about.

use futures_util::{StreamExt, TryStreamExt, stream};
use plinth_sdk::types::{Collection, Field, FieldKind, NumberOptions};
use plinth_sdk::{Client, Record, Records};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[expect(clippy::disallowed_methods, reason = "the tests' only settings")]
pub(crate) fn setting(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| {
        panic!(
            "{name} is not set. These tests need a running server: PLINTH_URL, and PLINTH_EMAIL \
             and PLINTH_PASSWORD of a superuser"
        )
    })
}

pub(crate) fn guest() -> Client {
    Client::new(setting("PLINTH_URL")).expect("PLINTH_URL is the URL of a server")
}

pub(crate) async fn superuser() -> Client {
    let client = guest();
    client
        .collection::<Record>("_superusers")
        .auth_with_password(setting("PLINTH_EMAIL"), setting("PLINTH_PASSWORD"))
        .await
        .expect("the superuser can sign in");
    client
}

pub(crate) async fn drop_collection(client: &Client, name: &str) {
    match client.collections().delete(name).await {
        Ok(()) => {}
        Err(error) => assert!(error.is_not_found(), "{error}"),
    }
}

pub(crate) async fn fresh(client: &Client, collection: Collection) -> Collection {
    drop_collection(client, &collection.name).await;
    let created = client.collections().create(&collection).await;
    created.expect("the collection can be created")
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Film {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) year: i64,
    pub(crate) rating: f64,
    pub(crate) seen: bool,
    pub(crate) genres: Vec<String>,
    pub(crate) notes: Value,
}

pub(crate) fn film(title: &str, year: i64, rating: f64) -> Film {
    Film {
        title: title.into(),
        year,
        rating,
        ..Film::default()
    }
}

pub(crate) fn films(name: &str) -> Collection {
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

pub(crate) fn titles(films: &[Film]) -> Vec<&str> {
    films.iter().map(|film| film.title.as_str()).collect()
}

pub(crate) async fn fill<T: serde::de::DeserializeOwned>(films: &Records<T>, count: i64) {
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
