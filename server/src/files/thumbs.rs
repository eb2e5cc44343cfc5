//! Makes thumbnails once, and stores them next to the files.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use object_store::path::Path;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::storage::{self, Storage};
use super::thumb;
use crate::error::Result;
use crate::fields::thumb_size::ThumbSize;

/// The maximum size of a file that a thumbnail is made of.
const MAX_BYTES: u64 = 64 << 20;
/// How long a thumbnail may wait for others to be made; after that, the original is served.
const MAX_WAIT: Duration = Duration::from_secs(30);

/// The thumbnails that are being made.
#[derive(Debug)]
pub struct Thumbs {
    /// Limits how many are made at a time, since each takes a core and memory.
    workers: Semaphore,
    under_way: Mutex<HashMap<Path, Weak<tokio::sync::Mutex<()>>>>,
}

/// The file that a thumbnail is made of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Original<'a> {
    pub(super) collection: &'a str,
    pub(super) record: &'a str,
    pub(super) name: &'a str,
}

impl Thumbs {
    /// Makes at most `count` thumbnails at a time.
    pub fn new(workers: usize) -> Self {
        Self {
            workers: Semaphore::new(workers.max(1)),
            under_way: Mutex::default(),
        }
    }

    /// Returns the path of a thumbnail, and makes it if it does not exist; `None` if it cannot be made.
    pub(super) async fn find(
        &self,
        storage: &Storage,
        of: Original<'_>,
        size: &str,
    ) -> Result<Option<Path>> {
        let thumbs = storage::thumbs(of.collection, of.record, of.name);
        let path = thumbs.join(storage::thumb_name(size, of.name));
        if storage.head(&path).await?.is_some() {
            return Ok(Some(path));
        }
        let Some(parsed) = ThumbSize::parse(size) else {
            return Ok(None);
        };
        // Concurrent requests for the same thumbnail wait for it.
        let turn = self.turn(&path);
        let _turn = turn.lock().await;
        if storage.head(&path).await?.is_some() {
            return Ok(Some(path));
        }
        let original = storage::file(of.collection, of.record, of.name);
        let made = self.make(storage, &original, parsed).await?;
        let Some(made) = made else {
            return Ok(None);
        };
        if let Err(error) = storage.put_bytes(&path, made).await {
            tracing::warn!(
                cause = error.cause(),
                "a small picture cannot be kept; the original is served instead"
            );
            return Ok(None);
        }
        // If the file was deleted in the meantime, its thumbnail is an orphan.
        if storage.head(&original).await?.is_none() {
            storage.remove_at(&path).await?;
            return Ok(None);
        }
        Ok(Some(path))
    }

    async fn make(
        &self,
        storage: &Storage,
        original: &Path,
        size: ThumbSize,
    ) -> Result<Option<Vec<u8>>> {
        let Ok(Ok(_worker)) = timeout(MAX_WAIT, self.workers.acquire()).await else {
            tracing::warn!("too many pictures are to be made; an original is served instead");
            return Ok(None);
        };
        let Some(found) = storage.get(original, None).await? else {
            return Ok(None);
        };
        if found.meta.size > MAX_BYTES {
            return Ok(None);
        }
        let bytes = found.bytes().await.map_err(|error| storage.failed(error))?;
        let made = tokio::task::spawn_blocking(move || thumb::make(&bytes, size)).await;
        // A picture may be crafted to crash the decoder.
        Ok(made.unwrap_or_default())
    }

    fn turn(&self, path: &Path) -> Arc<tokio::sync::Mutex<()>> {
        let mut under_way = self
            .under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        under_way.retain(|_, turn| turn.strong_count() > 0);
        let known = under_way.get(path).and_then(Weak::upgrade);
        known.unwrap_or_else(|| {
            let turn = Arc::default();
            under_way.insert(path.clone(), Arc::downgrade(&turn));
            turn
        })
    }
}
