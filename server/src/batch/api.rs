//! The handler of batches.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use plinth_sdk::types::BatchSettings;
use tokio::time::{Instant, timeout_at};

use super::FAILED;
use super::prepare::{self, Step};
use super::read::{self, Wish};
use super::run::{self, Patience};
use crate::app::App;
use crate::db::{Conn, Topology};
use crate::error::{Error, Result};
use crate::extract::{Answer, Headers, Query, RecordBody, request};
use crate::json_reader::Bounds;
use crate::policy::Snapshot;
use crate::records::limits::{BodyLimits, MAX_BODY as MAX_TEXTS};
use crate::request::Request;

/// The maximum size of a batch with its files, if the settings do not set one.
const MAX_BODY: usize = 128 << 20;

/// The maximum duration of a batch, whatever the settings say.
const MAX_TIME: Duration = Duration::from_secs(300);

/// A batch that the settings allow. If they do not, the body is not even read.
pub struct Asked {
    app: App,
    settings: BatchSettings,
    request: Request,
    body: RecordBody,
}

impl FromRequest for Asked {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self>>>>;

    fn from_request(http: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (http, mut payload) = (http.clone(), payload.take());
        Box::pin(async move {
            let app = App::extract(&http).await?;
            if app.db.topology() == Topology::Replicated {
                // Another process may have just changed the settings.
                app.refresh_schema().await?;
            }
            let settings = app.schema.current().settings.batch;
            if !settings.enabled {
                return Err(Error::forbidden("Batch requests are not allowed."));
            }
            let whole = usize::try_from(settings.max_body_size).unwrap_or_default();
            let whole = if whole == 0 { MAX_BODY } else { whole };
            let limits = BodyLimits {
                texts: whole.min(MAX_TEXTS),
                whole,
            };
            let request = request(&http, Headers::Included)?;
            let body = RecordBody::within(&http, &mut payload, limits, Bounds::BATCH).await?;
            Ok(Self {
                app,
                settings,
                request,
                body,
            })
        })
    }
}

/// Make several changes in one transaction.
pub async fn process(asked: Asked, query: Query) -> Result<Answer> {
    let Asked {
        app,
        settings,
        request,
        body,
    } = asked;
    let (wishes, _held) = read::wishes(body, settings.max_requests)?;
    let time = Duration::from_secs(settings.timeout.unsigned_abs()).min(MAX_TIME);
    let deadline = Instant::now() + time;
    let too_slow = |_| Error::invalid(FAILED);
    let preparing = ready(&app, &request, wishes, deadline);
    let steps = timeout_at(deadline, preparing).await;
    let steps = steps.map_err(too_slow)??;
    let stored = prepare::store_files(&app, &steps).await?;
    let (answers, meta) = (app.answers.clone(), app.meta());
    let patience = Arc::new(Patience::until(deadline.into_std()));
    let work = move |conn: &mut Conn, schema: &Arc<Snapshot>| {
        run::all(conn, schema, &steps, &answers, &meta, &patience)
    };
    let done = app.write_with_schema(app.schema.current(), work).await;
    let named = done.as_ref().map(|done| done.files.as_slice());
    stored.settle(&app, named).await;
    let done = done?;
    if done.changes_definitions {
        // Takes effect before the response says so.
        app.refresh_schema().await?;
    }
    Ok(Answer::written(done.results, &query))
}

/// Prepares the changes. If that is costly, rehearses them first: a batch that is refused hashes no password and
/// stores no file.
async fn ready(
    app: &App,
    request: &Request,
    wishes: Vec<Wish>,
    deadline: Instant,
) -> Result<Arc<Vec<Step>>> {
    let mut steps = Arc::new(prepare::all(app, request, wishes).await?);
    if prepare::are_costly(request, &steps) {
        rehearse(app, &steps, deadline).await?;
    }
    if steps.iter().any(|step| step.input.is_pending()) {
        let mut hashed = Arc::unwrap_or_clone(steps);
        prepare::hash(app, &mut hashed).await?;
        steps = Arc::new(hashed);
    }
    Ok(steps)
}

/// Makes the changes and rolls them back, to find out whether they are allowed: each may depend on those before it.
async fn rehearse(app: &App, steps: &Arc<Vec<Step>>, deadline: Instant) -> Result<()> {
    let (steps, is_allowed) = (Arc::clone(steps), Arc::new(AtomicBool::new(false)));
    let allowed = Arc::clone(&is_allowed);
    let (answers, meta) = (app.answers.clone(), app.meta());
    let patience = Arc::new(Patience::until(deadline.into_std()));
    let work = move |conn: &mut Conn, schema: &Arc<Snapshot>| {
        run::all(conn, schema, &steps, &answers, &meta, &patience)?;
        allowed.store(true, Ordering::Relaxed);
        // An error rolls the transaction back.
        Err::<(), Error>(Error::invalid(FAILED))
    };
    match app.write_with_schema(app.schema.current(), work).await {
        Err(_) if is_allowed.load(Ordering::Relaxed) => Ok(()),
        outcome => outcome,
    }
}
