//! Definitions, and their import.

use plinth_sdk::types::{Collection, CollectionType, Field, Import};
use plinth_sdk::{Record, filter};
use serde_json::{Value, json};

use crate::support::{drop_collection, films, fresh, superuser};

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
