//! Deletes files that no record names: released files soon after the write that released them, and files left behind
//! by a crash when a maintenance job looks for them.

use std::collections::{BTreeMap, HashSet};
use std::pin::pin;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use object_store::ObjectMeta;
use plinth_sdk::types::FieldKind;
use tokio::time::sleep;

use super::store::{self, Removed};
use super::thumb;
use crate::app::App;
use crate::db::{Claimant, Conn};
use crate::error::{Error, Result};
use crate::schema::Collection;

/// How often to look for files to delete.
const PAUSE: Duration = Duration::from_secs(1);
/// The pause if the database does not respond.
const LONG_PAUSE: Duration = Duration::from_secs(30);
/// The pause before deleting a file is tried again, in seconds: at first, and at most. It doubles each time.
const FIRST_PAUSE: i64 = 30;
const MAX_PAUSE: i64 = 15 * 60;
/// How many entries are read at once.
const BATCH: i64 = 100;
/// How many entries are handled concurrently.
const AT_ONCE: usize = 8;
/// How many files are checked at once.
const LOOKED_AT: usize = 500;
/// The minimum age of an orphaned file: younger ones may belong to a write that is under way.
const MIN_AGE: i64 = 24 * 3600;

/// Deletes released files until the server stops. Every process does this; a file is deleted once.
pub async fn keep_removing(app: App) {
    loop {
        match round(&app).await {
            Ok(0) => sleep(PAUSE).await,
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(%error, "cannot look for files that nothing names");
                sleep(LONG_PAUSE).await;
            }
        }
    }
}

/// Deletes the files that are due, each on its own, so that a failure does not stop the others. Returns the number of
/// finished entries.
async fn round(app: &App) -> Result<usize> {
    let due = app
        .db
        .read_inline(|conn: &mut Conn| store::removed(conn, BATCH))
        .await?;
    if due.is_empty() {
        return Ok(0);
    }
    let (mut gone, mut left, mut first) = (Vec::new(), Vec::new(), None);
    let mut outcomes = stream::iter(due)
        .map(|entry| remove(app, entry))
        .buffer_unordered(AT_ONCE);
    while let Some((entry, failure)) = outcomes.next().await {
        if let Some(error) = failure {
            first.get_or_insert(error);
            left.push(entry);
        } else {
            gone.push(entry.number);
        }
    }
    if let Some(error) = first {
        let (count, cause) = (left.len(), error.cause());
        tracing::warn!(count, cause, "cannot remove files that nothing names");
    }
    let done = gone.len();
    let write = move |conn: &mut Conn| {
        store::forget(conn, &gone)?;
        left.iter()
            .try_for_each(|entry| store::postpone(conn, entry, pause(entry.tries)))
    };
    app.db.write(write).await?;
    Ok(done)
}

/// Returns the pause after so many failures, in seconds.
fn pause(tries: i64) -> i64 {
    let doubled = u32::try_from(tries)
        .ok()
        .and_then(|tries| 1_i64.checked_shl(tries));
    let pause = doubled.and_then(|times| times.checked_mul(FIRST_PAUSE));
    pause.map_or(MAX_PAUSE, |pause| pause.clamp(FIRST_PAUSE, MAX_PAUSE))
}

/// Deletes the files of an entry. On return, the entry contains those that remain; the error is the first one.
async fn remove(app: &App, mut entry: Removed) -> (Removed, Option<Error>) {
    let sizes = sizes(app, &entry.collection);
    let (mut left, mut first) = (Vec::new(), None);
    for name in std::mem::take(&mut entry.names) {
        let of = [&entry.collection, &entry.record, &*name];
        if let Err(error) = app.files.storage.remove(of, &sizes).await {
            first.get_or_insert(error);
            left.push(name);
        }
    }
    entry.names = left;
    (entry, first)
}

/// Returns the sizes of thumbnails of a collection's files.
fn sizes(app: &App, collection: &str) -> Vec<String> {
    let mut sizes = vec![thumb::DEFAULT.to_owned()];
    let schema = app.schema.current();
    let collection = schema.iter().find(|known| known.def.id == collection);
    for field in collection.iter().flat_map(|known| &known.def.fields) {
        if let FieldKind::File(options) = &field.kind {
            sizes.extend(options.thumbs.iter().flatten().cloned());
        }
    }
    sizes
}

/// The result of deleting orphaned files.
#[derive(Debug, Default)]
pub struct Cleaned {
    /// The number of deleted files.
    pub removed: usize,
    /// The number of failures to delete a file or list a collection.
    pub failed: usize,
}

/// Deletes the files of existing collections that are a day old and that no record names.
pub async fn orphans(app: &App) -> Result<Cleaned> {
    let schema = app.schema.current();
    let mut cleaned = Cleaned::default();
    for collection in schema.iter() {
        let files = app.files.storage.list(&collection.def.id)?;
        let mut files = pin!(files.chunks(LOOKED_AT));
        while let Some(found) = files.next().await {
            let mut known = Vec::new();
            for file in found {
                match file {
                    Ok(file) => known.push(file),
                    Err(error) => cleaned.fail(&error),
                }
            }
            remove_unnamed(app, collection, known, &mut cleaned).await?;
        }
    }
    Ok(cleaned)
}

impl Cleaned {
    fn fail(&mut self, error: &Error) {
        self.failed += 1;
        let cause = error.cause();
        tracing::warn!(cause, "cannot list or remove files that nothing names");
    }
}

async fn remove_unnamed(
    app: &App,
    collection: &std::sync::Arc<Collection>,
    files: Vec<ObjectMeta>,
    cleaned: &mut Cleaned,
) -> Result<()> {
    let before = app.clock.now().unix() - MIN_AGE;
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
        return Ok(());
    }
    let ids: HashSet<String> = found.keys().map(|(record, _)| record.clone()).collect();
    let (ids, of) = (Vec::from_iter(ids), std::sync::Arc::clone(collection));
    let named = move |conn: &mut Conn| store::named(conn, &of, &ids);
    let named: HashSet<(String, String)> = app
        .db
        .read(&Claimant::Server, named)
        .await?
        .into_iter()
        .collect();
    for (of, files) in found {
        if named.contains(&of) {
            continue;
        }
        for file in files {
            match app.files.storage.remove_at(&file.location).await {
                Ok(()) => cleaned.removed += 1,
                Err(error) => cleaned.fail(&error),
            }
        }
    }
    Ok(())
}

/// Returns the record and the name of a file or of its thumbnail.
fn belongs_to(file: &ObjectMeta) -> Option<(String, String)> {
    let parts: Vec<_> = file.location.parts().collect();
    let part = |at: usize| parts.get(at).map(|part| part.as_ref().to_owned());
    let name = match parts.len() {
        // PocketBase stores attributes of a file next to it.
        3 => part(2)?.trim_end_matches(".attrs").to_owned(),
        4 => part(2)?.strip_prefix("thumbs_")?.to_owned(),
        _ => return None,
    };
    Some((part(1)?, name))
}
