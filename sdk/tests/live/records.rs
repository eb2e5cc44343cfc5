//! One record: typed, untyped, refused.

use plinth_sdk::{Error, Record};
use serde_json::{Value, json};

use crate::support::{Film, drop_collection, film, films, fresh, superuser};

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
