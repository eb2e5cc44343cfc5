//! The client of an S3 bucket. Servers differ in how they report errors; this module normalizes them.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context;
use object_store::aws::AmazonS3Builder;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse,
    HttpResponseBody, HttpService, ReqwestConnector,
};
use object_store::{ClientOptions, Error as StoreError, HeaderMap, ObjectStore, RetryConfig};
use reqwest::{Method, StatusCode};
use tokio::time::timeout;

use crate::config::Config;
use crate::secret::Secret;

/// The timeout of a server that sends nothing.
const MAX_SILENCE: Duration = Duration::from_secs(10);
/// The time limit for completing a multipart upload.
const MAX_JOINING: Duration = Duration::from_secs(120);
/// The minimum speed of uploads, in bytes a second.
const SLOWEST: u64 = 64 << 10;
/// How often a request is retried that the server refuses temporarily, and for how long.
const RETRIES: usize = 5;
const MAX_TRYING: Duration = Duration::from_secs(20);
/// The maximum length of a quoted error of the server.
const MAX_WORDS: usize = 1000;

/// Error codes that concern the credentials and not the requested file.
const ABOUT_US: [&str; 9] = [
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "RequestTimeTooSkewed",
    "ExpiredToken",
    "InvalidToken",
    "TokenRefreshRequired",
    "AccountProblem",
    "AllAccessDisabled",
    "NotSignedUp",
];

/// The configured bucket.
#[derive(Debug)]
pub(super) struct Bucket {
    pub(super) store: Arc<dyn ObjectStore>,
    denies_listing: Arc<AtomicBool>,
    /// Secrets that no error may contain.
    secrets: [Secret; 2],
}

impl Bucket {
    /// Returns the configured bucket, if there is one.
    pub(super) fn of(config: &Config) -> anyhow::Result<Option<Self>> {
        if config.s3_bucket.is_empty() {
            return Ok(None);
        }
        let denies_listing = Arc::new(AtomicBool::new(false));
        let is_plain = config.s3_endpoint.starts_with("http://");
        // There is no total time limit, since a large file takes time, but one for silence.
        let options = ClientOptions::new()
            .with_allow_http(is_plain)
            .with_timeout_disabled()
            .with_connect_timeout(MAX_SILENCE);
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(&config.s3_bucket)
            .with_region(&config.s3_region)
            .with_virtual_hosted_style_request(!config.s3_path_style)
            // Not all servers have `DeleteObjects` (Google's does not), and files are deleted one by one anyway.
            .with_disable_bulk_delete(true)
            .with_client_options(options)
            .with_http_connector(Connector(Arc::clone(&denies_listing)))
            .with_retry(RetryConfig {
                max_retries: RETRIES,
                retry_timeout: MAX_TRYING,
                ..RetryConfig::default()
            });
        if !config.s3_access_key.is_empty() {
            builder = builder
                .with_access_key_id(&*config.s3_access_key)
                .with_secret_access_key(&*config.s3_secret);
        }
        if !config.s3_endpoint.is_empty() {
            builder = builder.with_endpoint(&config.s3_endpoint);
        }
        let store = builder
            .build()
            .context("the settings of S3 are not valid")?;
        Ok(Some(Self {
            store: Arc::new(store),
            denies_listing,
            secrets: [config.s3_access_key.clone(), config.s3_secret.clone()],
        }))
    }

    /// Whether listing was denied the last time.
    pub(super) fn denies_listing(&self) -> bool {
        self.denies_listing.load(Ordering::Relaxed)
    }

    /// Returns the message of an error, without secrets: servers quote their requests.
    pub(super) fn in_words(&self, error: &StoreError) -> String {
        let mut words = error.to_string();
        for secret in self.secrets.iter().filter(|secret| !secret.is_empty()) {
            words = words.replace(secret.as_str(), "***");
        }
        words.chars().take(MAX_WORDS).collect()
    }
}

/// Makes the HTTP connector.
#[derive(Debug)]
struct Connector(Arc<AtomicBool>);

impl HttpConnector for Connector {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        let connector = ReqwestConnector::default();
        let reads = options.clone().with_read_timeout(MAX_SILENCE);
        Ok(HttpClient::new(Guard {
            reads: connector.connect(&reads)?,
            writes: connector.connect(options)?,
            denies_listing: Arc::clone(&self.0),
        }))
    }
}

/// Sends requests with time limits, and normalizes the status of responses.
#[derive(Debug)]
struct Guard {
    reads: HttpClient,
    /// There is no timeout for silence during an upload: a server responds when it has all of the body.
    writes: HttpClient,
    denies_listing: Arc<AtomicBool>,
}

impl HttpService for Guard {
    fn call<'life0, 'async_trait>(
        &'life0 self,
        request: HttpRequest,
    ) -> Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'async_trait>>
    where
        'life0: 'async_trait,
        Self: 'async_trait,
    {
        Box::pin(self.send(request))
    }
}

impl Guard {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let method = request.method().clone();
        let is_read = matches!(method, Method::GET | Method::HEAD);
        let is_list = method == Method::GET
            && request
                .uri()
                .query()
                .is_some_and(|query| query.contains("list-type="));
        let size = u64::try_from(request.body().content_length()).unwrap_or(u64::MAX);
        let limit = match method {
            Method::POST => MAX_JOINING,
            _ => MAX_SILENCE + Duration::from_secs(size / SLOWEST),
        };
        let client = if is_read { &self.reads } else { &self.writes };
        let answer = within(limit, client.execute(request)).await?;
        let answer = if is_read {
            judged(answer).await?
        } else {
            no_page(judged(answer).await?)
        };
        if is_list {
            let is_denied = answer.status() == StatusCode::FORBIDDEN;
            self.denies_listing.store(is_denied, Ordering::Relaxed);
        }
        Ok(answer)
    }
}

async fn within<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, HttpError>>,
) -> Result<T, HttpError> {
    let outcome = timeout(limit, work).await;
    outcome.unwrap_or_else(|elapsed| Err(HttpError::new(HttpErrorKind::Timeout, elapsed)))
}

/// An HTML page means that a proxy has answered and not the storage, so nothing was done.
fn no_page(mut answer: HttpResponse) -> HttpResponse {
    let is_html = |headers: &HeaderMap| {
        let kind = headers
            .get("content-type")
            .and_then(|kind| kind.to_str().ok());
        kind.is_some_and(|kind| kind.to_ascii_lowercase().starts_with("text/html"))
    };
    if is_html(answer.headers()) && !answer.status().is_server_error() {
        *answer.status_mut() = StatusCode::BAD_GATEWAY;
    }
    answer
}

/// 404 and 403 mean that there is no such file, or that its existence is not disclosed, unless the body says that the
/// bucket does not exist or the credentials are wrong.
async fn judged(answer: HttpResponse) -> Result<HttpResponse, HttpError> {
    if !matches!(
        answer.status(),
        StatusCode::NOT_FOUND | StatusCode::FORBIDDEN
    ) {
        return Ok(answer);
    }
    let (mut parts, body) = answer.into_parts();
    let body = within(MAX_SILENCE, body.bytes()).await?;
    let code = code(&body);
    if parts.status == StatusCode::NOT_FOUND && code == "NoSuchBucket" {
        parts.status = StatusCode::BAD_REQUEST;
    } else if parts.status == StatusCode::FORBIDDEN && ABOUT_US.contains(&code.as_str()) {
        parts.status = StatusCode::UNAUTHORIZED;
    }
    let body = HttpResponseBody::from(body.to_vec());
    Ok(HttpResponse::from_parts(parts, body))
}

/// Returns the content of `<Code>`.
fn code(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let after = text.split_once("<Code>").map_or("", |(_, after)| after);
    let code = after.split_once("</Code>").map_or("", |(code, _)| code);
    code.trim().to_owned()
}
