//! The HTTP server around the routes.

mod middleware;
mod connections;
mod stream;

use std::future::ready;
use std::net::TcpListener;
use std::time::Duration;

use actix_http::HttpService;
use actix_service::{IntoServiceFactory, ServiceFactoryExt, fn_service, map_config};
use actix_web::dev::{AppConfig, Server, ServerHandle};
use actix_web::middleware::from_fn;
use actix_web::rt::task::JoinHandle;
use actix_web::rt::time::{Instant, sleep, timeout};
use actix_web::{HttpServer, rt::net::TcpStream};
use anyhow::Context;
use futures_util::future::join;

use crate::accounts::{attempts, sessions};
use crate::app::App;
use crate::config::Config;
use crate::health::Lifecycle;
use crate::mail::{self, Outbox};
use crate::metrics::minutes;
use crate::tasks::supervise;
use crate::{files, jobs, logs, realtime, routes};
use connections::Connections;
use stream::Stream;

/// How often to look for changes of collections by other processes.
const REFRESH: Duration = Duration::from_secs(1);
/// The time limit for closing the database.
const MAX_CLOSING: Duration = Duration::from_secs(10);

/// Serves until the server is stopped.
pub async fn run(app: App, config: &Config, listener: TcpListener) -> anyhow::Result<()> {
    let lifecycle = Lifecycle::default();
    let server = bind(&lifecycle, config, listener)?;
    let _tasks = Tasks::start(&app);
    lifecycle.serve(app);
    server.await.context("the server failed")
}

/// Binds the server. Until the lifecycle has an app, it answers that it is starting.
pub fn bind(
    lifecycle: &Lifecycle,
    config: &Config,
    listener: TcpListener,
) -> anyhow::Result<Server> {
    let lifecycle = lifecycle.clone();
    let connections = Connections::of(config);
    let address = listener.local_addr().context("cannot serve")?;
    let server = Server::build();
    let stops = server.graceful_shutdown_signal();
    // As `HttpServer` does it, except that connections are limited.
    let serve = move || {
        let app = actix_web::App::new()
            .app_data(lifecycle.clone())
            .wrap(from_fn(middleware::handle))
            .configure(routes::configure);
        let app = app.into_factory();
        let app = app.map_err(|error: actix_web::Error| error.error_response());
        let stops = stops.clone();
        let http = HttpService::build()
            .graceful_shutdown_signal(move || {
                let stops = stops.clone();
                async move { stops.notified().await }
            })
            .keep_alive(Duration::from_secs(75))
            .client_request_timeout(Duration::from_secs(60))
            .client_disconnect_timeout(Duration::from_secs(1))
            .local_addr(address)
            .on_connect_ext(|stream: &Stream, data| {
                data.insert(stream.standing());
            })
            .h1(map_config(app, |()| AppConfig::default()));
        let connections = connections.clone();
        fn_service(move |io: TcpStream| ready(connections.admit(io))).and_then(http)
    };
    Ok(server
        .workers(config.workers)
        .shutdown_timeout(config.drain_seconds)
        .disable_signals()
        .listen("http", listener, serve)
        .context("cannot serve")?
        .run())
}

/// Raises the limit of open files to the maximum that the system allows: each connection is a file.
pub fn raise_limits() {
    if let Err(error) = rlimit::increase_nofile_limit(u64::MAX) {
        tracing::warn!(%error, "cannot raise the limit of open files");
    }
}

/// Binds the server that serves metrics only.
pub fn bind_metrics(lifecycle: &Lifecycle, listener: TcpListener) -> anyhow::Result<Server> {
    let lifecycle = lifecycle.clone();
    let server = HttpServer::new(move || {
        actix_web::App::new()
            .app_data(lifecycle.clone())
            .configure(routes::configure_metrics)
    });
    Ok(server
        .workers(1)
        .disable_signals()
        .listen(listener)
        .context("cannot serve metrics")?
        .run())
}

/// Shuts down: reports "not ready", accepts no more connections, finishes requests and tasks, then closes the database.
pub async fn stop(app: &App, lifecycle: &Lifecycle, server: &ServerHandle, mut tasks: Tasks) {
    lifecycle.drain();
    sleep(Duration::from_secs(app.config.ready_delay_seconds)).await;
    // Requests and jobs that are running may finish within the time limit.
    app.realtime.close_all();
    let deadline = Instant::now() + Duration::from_secs(app.config.drain_seconds);
    let tasks_end = join(tasks.finish(deadline), app.jobs.stop(deadline));
    join(server.stop(true), tasks_end).await;
    drop(tasks);
    let closing = async {
        files::place::forget(app).await;
        app.mailer.idle().await;
        if let Err(error) = minutes::flush(app).await {
            tracing::warn!(%error, "cannot store the last request counts");
        }
        if let Err(error) = logs::flush(app).await {
            tracing::warn!(%error, "cannot store the last log entries");
        }
        app.logs.db.close().await;
        app.db.close().await;
    };
    if timeout(MAX_CLOSING, closing).await.is_err() {
        tracing::warn!("the database could not be closed in time");
    }
}

/// The background tasks.
pub struct Tasks {
    endless: Vec<JoinHandle<()>>,
    outbox: Option<Outbox>,
}

impl Tasks {
    /// Starts the tasks.
    pub fn start(app: &App) -> Self {
        jobs::start(app);
        let (refreshed, counted, logged, followed) =
            (app.clone(), app.clone(), app.clone(), app.clone());
        let (removing, placed, swept, seen) = (app.clone(), app.clone(), app.clone(), app.clone());
        Self {
            endless: vec![
                actix_web::rt::spawn(supervise(move || refresh_schema(refreshed.clone()))),
                actix_web::rt::spawn(supervise(move || minutes::keep_flushing(counted.clone()))),
                actix_web::rt::spawn(supervise(move || logs::keep_flushing(logged.clone()))),
                actix_web::rt::spawn(supervise(move || realtime::follow(followed.clone()))),
                actix_web::rt::spawn(supervise(move || files::place::keep_known(placed.clone()))),
                actix_web::rt::spawn(supervise(move || attempts::keep_sweeping(swept.clone()))),
                actix_web::rt::spawn(supervise(move || sessions::keep_current(seen.clone()))),
                actix_web::rt::spawn(supervise(move || {
                    files::clean::keep_removing(removing.clone())
                })),
            ],
            outbox: Some(mail::start(app)),
        }
    }

    /// Starts no new work, and waits for running work until the deadline.
    async fn finish(&mut self, deadline: Instant) {
        if let Some(outbox) = self.outbox.take() {
            outbox.stop(deadline).await;
        }
    }
}

impl Drop for Tasks {
    fn drop(&mut self) {
        for task in &self.endless {
            task.abort();
        }
    }
}

async fn refresh_schema(app: App) {
    loop {
        sleep(REFRESH).await;
        if let Err(error) = app.refresh_schema().await {
            tracing::warn!(%error, "cannot look for changes of collections");
        }
    }
}
