//! Removes files that no record names: those that a write has let go, soon after it, and those that a server which
//! ended in the middle of a write has left behind, when a maintenance job looks for them.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use futures_util::{StreamExt, pin_mut};
use object_store::ObjectMeta;
use tokio::time::sleep;

use super::store;
use crate::app::App;
use crate::clock::Moment;
use crate::collections::Collection;
use crate::db::Conn;
use crate::error::Result;

/// How often it is asked what is to be removed.
const PAUSE: Duration = Duration::from_secs(1);
/// How long it waits when the storage does not do as it is told.
const LONG_PAUSE: Duration = Duration::from_secs(30);
/// Entries done at once.
const BATCH: i64 = 100;
/// Files looked at together.
const LOOKED_AT: usize = 500;
/// How old a file is at least that nothing names: younger ones may be about to be named.
const MIN_AGE: i64 = 24 * 3600;

/// Removes what writes let go, for as long as the server runs. Every process does: a file goes once.
pub async fn keep_removing(app: App) {
    loop {
        match round(&app).await {
            Ok(0) => sleep(PAUSE).await,
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(%error, "cannot remove files that nothing names");
                sleep(LONG_PAUSE).await;
            }
        }
    }
}

async fn round(app: &App) -> Result<usize> {
    let removed = app
        .db
        .read_few(|conn: &mut Conn| store::removed(conn, BATCH))
        .await?;
    for entry in &removed {
        for name in &entry.names {
            let (collection, record) = (&entry.collection, &entry.record);
            app.files.storage.remove(collection, record, name).await?;
        }
    }
    let numbers: Vec<i64> = removed.iter().map(|entry| entry.number).collect();
    if !numbers.is_empty() {
        let forget = move |conn: &mut Conn| store::forget(conn, &numbers);
        app.db.write(forget).await?;
    }
    Ok(removed.len())
}

/// Removes what is in the storage of collections that there are, is a day old, and is named by no record. Says how
/// many files went.
pub async fn orphans(app: &App) -> Result<usize> {
    let schema = app.schema.current();
    let mut count = 0;
    for collection in schema.iter() {
        let files = app.files.storage.list(&collection.def.id, LOOKED_AT)?;
        pin_mut!(files);
        while let Some(files) = files.next().await {
            count += remove_unnamed(app, collection, files).await?;
        }
    }
    Ok(count)
}

async fn remove_unnamed(
    app: &App,
    collection: &std::sync::Arc<Collection>,
    files: Vec<ObjectMeta>,
) -> Result<usize> {
    let before = Moment::now().unix() - MIN_AGE;
    let mut found: BTreeMap<(String, String), Vec<ObjectMeta>> = BTreeMap::new();
    for file in files {
        if file.last_modified.timestamp() > before {
            continue;
        }
        if let Some(of) = belongs_to(&file) {
            found.entry(of).or_default().push(file);
        }
    }
    if found.is_empty() {
        return Ok(0);
    }
    let ids: HashSet<String> = found.keys().map(|(record, _)| record.clone()).collect();
    let (ids, of) = (Vec::from_iter(ids), std::sync::Arc::clone(collection));
    let named = move |conn: &mut Conn| store::named(conn, &of, &ids);
    let named: HashSet<(String, String)> = app.db.read(named).await?.into_iter().collect();
    let mut count = 0;
    for (of, files) in found {
        if named.contains(&of) {
            continue;
        }
        for file in files {
            app.files.storage.remove_at(&file.location).await?;
            count += 1;
        }
    }
    Ok(count)
}

/// The record and the name that a file, or a picture of it, is kept under.
fn belongs_to(file: &ObjectMeta) -> Option<(String, String)> {
    let parts: Vec<_> = file.location.parts().collect();
    let part = |at: usize| parts.get(at).map(|part| part.as_ref().to_owned());
    let name = match parts.len() {
        // PocketBase keeps what it knows of a file beside it.
        3 => part(2)?.trim_end_matches(".attrs").to_owned(),
        4 => part(2)?.strip_prefix("thumbs_")?.to_owned(),
        _ => return None,
    };
    Some((part(1)?, name))
}
