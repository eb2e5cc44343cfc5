//! Files of records.

use plinth_sdk::types::{Collection, Field};
use plinth_sdk::{Record, Upload};
use serde_json::json;

use crate::support::{fresh, guest, superuser};

#[tokio::test]
async fn files_are_sent_with_records() -> plinth_sdk::Result<()> {
    let client = superuser().await;
    let folders = Collection {
        fields: vec![Field::text("title"), Field::file("docs").multiple(3)],
        ..Collection::base("sdk_folders")
    };
    let folders = fresh(&client, folders).await;
    let records = client.collection::<Record>("sdk_folders");
    let one = Upload::new("docs", "one.txt", "one");
    let folder = records.create_with(&json!({"title": "a"}), &[one]).await?;
    let two = Upload::new("docs+", "two.txt", "two");
    let folder = records
        .update_with(&folder.id, &json!({"title": "b"}), &[two])
        .await?;
    assert_eq!(folder["title"], "b");
    let names = folder["docs"].as_array().expect("two names");
    let second = names.get(1).and_then(|name| name.as_str());
    assert!(names.len() == 2 && second.is_some_and(|name| name.starts_with("two_")));

    assert!(!client.file_token().await?.is_empty());
    let nobody = guest().file_token().await;
    assert!(nobody.is_err_and(|error| error.is_unauthenticated()));
    client.collections().delete(&folders.id).await
}
