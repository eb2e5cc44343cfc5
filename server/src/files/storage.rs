//! The storage of files: the data directory, or a bucket of an S3 server. Both have PocketBase's layout: `<collection
//! id>/<record id>/<name>`.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures_util::{Stream, StreamExt, TryStreamExt};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    Error as StoreError, GetOptions, GetRange, GetResult, ObjectMeta, ObjectStore, ObjectStoreExt,
    PutPayload, WriteMultipart,
};
use tokio::time::timeout;

use super::Upload;
use super::bucket::Bucket;
use crate::config::Config;
use crate::error::{Error, Result};

/// The maximum size of a single write; larger files are written in parts of this size.
const PART: usize = 8 << 20;
/// The maximum number of concurrent parts.
const PARTS_AT_ONCE: usize = 2;

/// The time limit of all operations but uploads, including retries.
const MAX_TIME: Duration = Duration::from_secs(60);
/// The time limit for completing a large file.
const MAX_FINISHING: Duration = Duration::from_secs(300);

/// The storage of files.
#[derive(Debug)]
pub struct Storage {
    bucket: Option<Bucket>,
    dir: PathBuf,
    /// Whether the warning was logged that the bucket does not allow listing.
    has_told: AtomicBool,
    /// The directory, once it exists: without files, none is created.
    local: OnceLock<Arc<dyn ObjectStore>>,
}

impl Storage {
    /// Returns the configured storage, without accessing it.
    pub fn new(config: &Config) -> anyhow::Result<Self> {
        Ok(Self {
            bucket: Bucket::of(config)?,
            dir: config.dir.join("storage"),
            has_told: AtomicBool::new(false),
            local: OnceLock::new(),
        })
    }

    /// Writes a file: durably, or not at all.
    pub async fn put(&self, path: &Path, upload: &Upload) -> Result<()> {
        let store = self.store(true)?.ok_or_else(missing)?;
        if upload.size <= PART as u64 {
            let bytes = read(upload, 0).await?;
            return self.written(store.put(path, bytes.into()).await).map(drop);
        }
        let parts = self.written(store.put_multipart(path).await)?;
        let mut parts = WriteMultipart::new_with_chunk_size(parts, PART);
        match self.fill(&mut parts, upload).await {
            Ok(()) => match timeout(MAX_FINISHING, parts.finish()).await {
                Ok(finished) => self.written(finished).map(drop),
                Err(_) => Err(too_slow(MAX_FINISHING)),
            },
            Err(error) => {
                // The server deletes incomplete uploads at some time.
                let _ = timeout(MAX_TIME, parts.abort()).await;
                Err(error)
            }
        }
    }

    /// Writes a small file.
    pub async fn put_bytes(&self, path: &Path, bytes: Vec<u8>) -> Result<()> {
        let store = self.store(true)?.ok_or_else(missing)?;
        self.written(store.put(path, PutPayload::from(bytes)).await)
            .map(drop)
    }

    /// Reads a file, or a range of it.
    pub async fn get(&self, path: &Path, range: Option<Range<u64>>) -> Result<Option<GetResult>> {
        let options = GetOptions {
            range: range.map(GetRange::Bounded),
            ..GetOptions::default()
        };
        let Some(store) = self.store(false)? else {
            return Ok(None);
        };
        let found = match in_time(store.get_opts(path, options)).await? {
            Err(StoreError::PermissionDenied { .. }) => {
                self.tell_once();
                None
            }
            outcome => self.found(outcome)?,
        };
        match found {
            Some(found) => self.is_file(&found.meta).map(|()| Some(found)),
            None => Ok(None),
        }
    }

    /// Reads the metadata of a file.
    pub async fn head(&self, path: &Path) -> Result<Option<ObjectMeta>> {
        let Some(store) = self.store(false)? else {
            return Ok(None);
        };
        let found = match in_time(store.head(path)).await? {
            // The response to `HEAD` has no body with a reason.
            Err(StoreError::PermissionDenied { .. }) => {
                self.get(path, None).await?.map(|found| found.meta)
            }
            outcome => self.found(outcome)?,
        };
        match found {
            Some(found) => self.is_file(&found).map(|()| Some(found)),
            None => Ok(None),
        }
    }

    /// Deletes a file, if it exists, with its thumbnails. `sizes` are their possible sizes, for buckets that cannot
    /// be listed.
    pub async fn remove(&self, of: [&str; 3], sizes: &[String]) -> Result<()> {
        let Some(store) = self.store(false)? else {
            return Ok(());
        };
        let [collection, record, name] = of;
        self.remove_at(&file(collection, record, name)).await?;
        let dir = thumbs(collection, record, name);
        let listed = in_time(store.list(Some(&dir)).try_collect::<Vec<_>>()).await?;
        let pictures: Vec<Path> = match listed {
            Ok(listed) => listed.into_iter().map(|found| found.location).collect(),
            Err(_) if self.denies_listing() => sizes
                .iter()
                .map(|size| dir.clone().join(thumb_name(size, name)))
                .collect(),
            Err(error) => return Err(self.failed(error)),
        };
        for picture in &pictures {
            self.remove_at(picture).await?;
        }
        Ok(())
    }

    /// Deletes a single file.
    pub async fn remove_at(&self, path: &Path) -> Result<()> {
        match self.store(false)? {
            Some(store) => {
                let removed = in_time(store.delete(path)).await?;
                self.found(removed).map(drop)
            }
            None => Ok(()),
        }
    }

    /// Lists the files of a collection. An error ends the list.
    pub fn list<'a>(
        &'a self,
        collection: &str,
    ) -> Result<impl Stream<Item = Result<ObjectMeta>> + 'a> {
        let prefix = Path::from_iter([collection]);
        let store = self.store(false)?;
        let found = store
            .into_iter()
            .map(move |store| store.list(Some(&prefix)));
        let found = futures_util::stream::iter(found).flatten();
        Ok(found.map_err(|error| self.failed(error)))
    }

    /// Makes the error of a failed storage, which clients may retry.
    pub(super) fn failed(&self, error: StoreError) -> Error {
        match &self.bucket {
            Some(bucket) => Error::Storage(anyhow::Error::msg(bucket.in_words(&error))),
            None => Error::Storage(error.into()),
        }
    }

    fn written<T>(&self, outcome: Result<T, StoreError>) -> Result<T> {
        outcome.map_err(|error| self.failed(error))
    }

    /// Treats a missing file as deleted.
    fn found<T>(&self, outcome: Result<T, StoreError>) -> Result<Option<T>> {
        match outcome {
            Ok(found) => Ok(Some(found)),
            Err(StoreError::NotFound { .. }) => Ok(None),
            Err(error) => Err(self.failed(error)),
        }
    }

    /// Checks that a response has an ETag: a page of a proxy has none.
    fn is_file(&self, found: &ObjectMeta) -> Result<()> {
        if self.bucket.is_some() && found.e_tag.is_none() {
            let why = "the S3 server's answer has no ETag: it may come from something in between";
            return Err(Error::Storage(anyhow::Error::msg(why)));
        }
        Ok(())
    }

    fn denies_listing(&self) -> bool {
        let is_denied = self.bucket.as_ref().is_some_and(Bucket::denies_listing);
        if is_denied {
            self.tell_once();
        }
        is_denied
    }

    /// Treats 403 as a missing file where the bucket may not be listed, as AWS does.
    fn tell_once(&self) {
        if !self.has_told.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                "the S3 server answers 403 where a file may be missing: it is taken for missing. The key lacks \
                 s3:ListBucket on the bucket, or s3:GetObject on what is in it"
            );
        }
    }

    async fn fill(&self, parts: &mut WriteMultipart, upload: &Upload) -> Result<()> {
        let mut from = 0;
        while from < upload.size {
            let bytes = read(upload, from).await?;
            from += bytes.len() as u64;
            let has_room = parts.wait_for_capacity(PARTS_AT_ONCE).await;
            has_room.map_err(|error| self.failed(error))?;
            parts.put(bytes.into());
        }
        Ok(())
    }

    /// Opens the storage; `None` if it does not exist and is not to be created.
    fn store(&self, make: bool) -> Result<Option<Arc<dyn ObjectStore>>> {
        if let Some(bucket) = &self.bucket {
            return Ok(Some(Arc::clone(&bucket.store)));
        }
        if let Some(local) = self.local.get() {
            return Ok(Some(Arc::clone(local)));
        }
        if make {
            private_dir(&self.dir).map_err(|error| Error::Storage(error.into()))?;
        } else if !self.dir.is_dir() {
            return Ok(None);
        }
        let local = LocalFileSystem::new_with_prefix(&self.dir);
        let local = local.map_err(|error| self.failed(error))?;
        let local = local.with_fsync(true).with_automatic_cleanup(true);
        let local = self.local.get_or_init(|| Arc::new(local));
        Ok(Some(Arc::clone(local)))
    }
}

/// Returns the path of a file.
pub fn file(collection: &str, record: &str, name: &str) -> Path {
    Path::from_iter([collection, record, name])
}

/// Returns the path of a file's thumbnails.
pub fn thumbs(collection: &str, record: &str, name: &str) -> Path {
    Path::from_iter([collection, record, &format!("thumbs_{name}")])
}

/// Returns the path of a thumbnail.
pub fn thumb_name(size: &str, name: &str) -> String {
    format!("{size}_{name}")
}

/// Restricts a directory to the user of the server.
pub(super) fn private_dir(dir: &std::path::Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(dir)
}

/// Reads the next part of an upload, on a thread for blocking work.
async fn read(upload: &Upload, from: u64) -> Result<Vec<u8>> {
    let upload = upload.clone();
    let read = tokio::task::spawn_blocking(move || upload.read(from, PART));
    let bytes = read.await.map_err(Error::internal)?;
    bytes.map_err(Error::internal)
}

/// Runs an operation with a time limit.
async fn in_time<T>(work: impl Future<Output = T>) -> Result<T> {
    let done = timeout(MAX_TIME, work).await;
    done.map_err(|_| too_slow(MAX_TIME))
}

fn too_slow(limit: Duration) -> Error {
    Error::Storage(anyhow::anyhow!(
        "it took longer than {} seconds",
        limit.as_secs()
    ))
}

fn missing() -> Error {
    Error::internal(anyhow::anyhow!("there is no storage"))
}
