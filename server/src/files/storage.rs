//! Where files are kept: below the data directory, or in a bucket of an S3 server. Both have the same layout, which
//! is PocketBase's: `<collection's id>/<record's id>/<name>`.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::Context;
use futures_util::{StreamExt, TryStreamExt};
use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    ClientOptions, Error as StoreError, GetOptions, GetRange, GetResult, ObjectMeta, ObjectStore,
    ObjectStoreExt, PutPayload, RetryConfig, WriteMultipart,
};

use super::Upload;
use crate::config::Config;
use crate::error::{Error, Result};

/// What is written at once; more goes in parts of this size.
const PART: usize = 8 << 20;
/// Parts that are under way at once at most.
const PARTS_AT_ONCE: usize = 2;

/// How long an S3 server may be silent, and how long it is tried anew when it fails.
const MAX_SILENCE: Duration = Duration::from_secs(10);
const MAX_TRYING: Duration = Duration::from_secs(20);

/// The place of files.
#[derive(Debug)]
pub struct Storage {
    bucket: Option<Arc<dyn ObjectStore>>,
    dir: PathBuf,
    /// The directory, once there is one: who keeps no files needs none.
    local: OnceLock<Arc<dyn ObjectStore>>,
}

impl Storage {
    /// The place that the settings name. Nothing is looked at yet.
    pub fn new(config: &Config) -> anyhow::Result<Self> {
        Ok(Self {
            bucket: bucket(config)?,
            dir: config.dir.join("storage"),
            local: OnceLock::new(),
        })
    }

    /// Writes a file, which is then durable, or not there at all.
    pub async fn put(&self, path: &Path, upload: &Upload) -> Result<()> {
        let store = self.store(true)?.ok_or_else(missing)?;
        if upload.size <= PART as u64 {
            let bytes = read(upload, 0).await?;
            store.put(path, bytes.into()).await.map_err(failed)?;
            return Ok(());
        }
        let parts = store.put_multipart(path).await.map_err(failed)?;
        let mut parts = WriteMultipart::new_with_chunk_size(parts, PART);
        match fill(&mut parts, upload).await {
            Ok(()) => parts.finish().await.map(drop).map_err(failed),
            Err(error) => {
                // What is left of it goes by itself, sooner or later.
                let _ = parts.abort().await;
                Err(error)
            }
        }
    }

    /// Writes a small file.
    pub async fn put_bytes(&self, path: &Path, bytes: Vec<u8>) -> Result<()> {
        let store = self.store(true)?.ok_or_else(missing)?;
        store
            .put(path, PutPayload::from(bytes))
            .await
            .map_err(failed)?;
        Ok(())
    }

    /// A file, or a part of it.
    pub async fn get(&self, path: &Path, range: Option<Range<u64>>) -> Result<Option<GetResult>> {
        let options = GetOptions {
            range: range.map(GetRange::Bounded),
            ..GetOptions::default()
        };
        let Some(store) = self.store(false)? else {
            return Ok(None);
        };
        found(store.get_opts(path, options).await)
    }

    /// What is known of a file without reading it.
    pub async fn head(&self, path: &Path) -> Result<Option<ObjectMeta>> {
        match self.store(false)? {
            Some(store) => found(store.head(path).await),
            None => Ok(None),
        }
    }

    /// Removes a file, if there is one, with its pictures.
    pub async fn remove(&self, collection: &str, record: &str, name: &str) -> Result<()> {
        let Some(store) = self.store(false)? else {
            return Ok(());
        };
        found(store.delete(&file(collection, record, name)).await)?;
        let thumbs = thumbs(collection, record, name);
        let below: Vec<ObjectMeta> = store
            .list(Some(&thumbs))
            .try_collect()
            .await
            .map_err(failed)?;
        for thumb in below {
            found(store.delete(&thumb.location).await)?;
        }
        Ok(())
    }

    /// Removes one file alone.
    pub async fn remove_at(&self, path: &Path) -> Result<()> {
        match self.store(false)? {
            Some(store) => found(store.delete(path).await).map(drop),
            None => Ok(()),
        }
    }

    /// What there is of a collection, a few at a time.
    pub fn list<'a>(
        &'a self,
        collection: &str,
        at_once: usize,
    ) -> Result<impl StreamExt<Item = Vec<ObjectMeta>> + 'a> {
        let prefix = Path::from_iter([collection]);
        let store = self.store(false)?;
        let found = store
            .into_iter()
            .map(move |store| store.list(Some(&prefix)));
        let found = futures_util::stream::iter(found).flatten();
        let whole = found.filter_map(|found| {
            std::future::ready(match found {
                Ok(found) => Some(found),
                Err(error) => {
                    tracing::warn!(%error, "cannot list a file");
                    None
                }
            })
        });
        Ok(whole.chunks(at_once))
    }

    /// The place itself; `None` when there is none yet and none is to be made.
    fn store(&self, make: bool) -> Result<Option<Arc<dyn ObjectStore>>> {
        if let Some(bucket) = &self.bucket {
            return Ok(Some(Arc::clone(bucket)));
        }
        if let Some(local) = self.local.get() {
            return Ok(Some(Arc::clone(local)));
        }
        if make {
            private_dir(&self.dir).map_err(Error::internal)?;
        } else if !self.dir.is_dir() {
            return Ok(None);
        }
        let local = LocalFileSystem::new_with_prefix(&self.dir).map_err(failed)?;
        let local = local.with_fsync(true).with_automatic_cleanup(true);
        let local = self.local.get_or_init(|| Arc::new(local));
        Ok(Some(Arc::clone(local)))
    }
}

/// Where a file of a record is.
pub fn file(collection: &str, record: &str, name: &str) -> Path {
    Path::from_iter([collection, record, name])
}

/// Where its pictures are.
pub fn thumbs(collection: &str, record: &str, name: &str) -> Path {
    Path::from_iter([collection, record, &format!("thumbs_{name}")])
}

fn bucket(config: &Config) -> anyhow::Result<Option<Arc<dyn ObjectStore>>> {
    if config.s3_bucket.is_empty() {
        return Ok(None);
    }
    let is_plain = config.s3_endpoint.starts_with("http://");
    // A large file takes its time, but silence is not waited for.
    let options = ClientOptions::new()
        .with_allow_http(is_plain)
        .with_timeout_disabled()
        .with_connect_timeout(MAX_SILENCE)
        .with_read_timeout(MAX_SILENCE);
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(&config.s3_bucket)
        .with_region(&config.s3_region)
        .with_virtual_hosted_style_request(!config.s3_path_style)
        .with_client_options(options)
        .with_retry(RetryConfig {
            max_retries: 3,
            retry_timeout: MAX_TRYING,
            ..RetryConfig::default()
        });
    if !config.s3_access_key.is_empty() {
        builder = builder
            .with_access_key_id(&config.s3_access_key)
            .with_secret_access_key(&*config.s3_secret);
    }
    if !config.s3_endpoint.is_empty() {
        builder = builder.with_endpoint(&config.s3_endpoint);
    }
    let bucket = builder
        .build()
        .context("the settings of S3 are not valid")?;
    Ok(Some(Arc::new(bucket)))
}

/// For the server's own user alone.
fn private_dir(dir: &std::path::Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(dir)
}

async fn fill(parts: &mut WriteMultipart, upload: &Upload) -> Result<()> {
    let mut from = 0;
    while from < upload.size {
        let bytes = read(upload, from).await?;
        from += bytes.len() as u64;
        parts
            .wait_for_capacity(PARTS_AT_ONCE)
            .await
            .map_err(failed)?;
        parts.put(bytes.into());
    }
    Ok(())
}

/// The next part of an upload, read where waiting for a disk keeps nobody.
async fn read(upload: &Upload, from: u64) -> Result<Vec<u8>> {
    let upload = upload.clone();
    let read = tokio::task::spawn_blocking(move || upload.read(from, PART));
    let bytes = read.await.map_err(Error::internal)?;
    bytes.map_err(Error::internal)
}

/// What is not there is no failure.
fn found<T>(outcome: Result<T, StoreError>) -> Result<Option<T>> {
    match outcome {
        Ok(found) => Ok(Some(found)),
        Err(StoreError::NotFound { .. }) => Ok(None),
        Err(error) => Err(failed(error)),
    }
}

fn failed(error: StoreError) -> Error {
    Error::internal(anyhow::Error::new(error).context("the storage of files failed"))
}

fn missing() -> Error {
    Error::internal(anyhow::anyhow!("there is no storage"))
}
