//! The routes that do not depend on collections, grouped by their audience. Each is described at its handler.

use utoipa::OpenApi;

use crate::openapi::audience::Audience;
use crate::openapi::{Group, RealtimeEvent};
use crate::{
    accounts, collections, files, health, jobs, logs, metrics, policy, realtime, settings, setup,
};

#[derive(OpenApi)]
#[openapi(
    paths(
        health::api::live,
        health::api::ready,
        health::api::health,
        super::document,
        setup::api::state,
        setup::api::create,
        files::api::serve,
        realtime::api::connect,
        realtime::api::subscribe,
        realtime::api::oauth2::returned,
        realtime::api::oauth2::posted,
        accounts::api::issuer::key_set
    ),
    components(schemas(RealtimeEvent))
)]
struct ForEveryone;

#[derive(OpenApi)]
#[openapi(paths(files::api::token, policy::api::areas))]
struct ForAccounts;

#[derive(OpenApi)]
#[openapi(paths(
    settings::api::view,
    settings::api::update,
    settings::api::test_s3,
    settings::api::test_email,
    accounts::api::oauth2::apple_client_secret,
    policy::api::check,
    policy::api::assert,
    collections::api::import,
    accounts::api::providers,
    accounts::api::delays::list,
    accounts::api::delays::lift
))]
struct ForSuperusers;

#[derive(OpenApi)]
#[openapi(paths(metrics::api::with_token))]
struct ForPrometheus;

#[derive(OpenApi)]
#[openapi(paths(metrics::api::overview))]
struct ForMetricsRead;

#[derive(OpenApi)]
#[openapi(paths(logs::api::list, logs::api::stats, logs::api::view))]
struct ForLogsRead;

#[derive(OpenApi)]
#[openapi(paths(jobs::api::list, jobs::api::preview))]
struct ForJobsRead;

#[derive(OpenApi)]
#[openapi(paths(jobs::api::run))]
struct ForJobsWrite;

#[derive(OpenApi)]
#[openapi(paths(
    collections::api::list,
    collections::api::view,
    collections::api::scaffolds
))]
struct ForCollectionsRead;

#[derive(OpenApi)]
#[openapi(paths(
    collections::api::create,
    collections::api::update,
    collections::api::delete,
    collections::api::truncate,
    collections::api::check,
    collections::api::dry_run_view
))]
struct ForCollectionsWrite;

/// Every group, with its audience.
pub(super) const ALL: [Group; 10] = [
    (Audience::Everyone, ForEveryone::openapi),
    (Audience::Accounts, ForAccounts::openapi),
    (Audience::Superusers, ForSuperusers::openapi),
    (Audience::Prometheus, ForPrometheus::openapi),
    (
        Audience::Area("collections:read"),
        ForCollectionsRead::openapi,
    ),
    (
        Audience::Area("collections:write"),
        ForCollectionsWrite::openapi,
    ),
    (Audience::Area("metrics:read"), ForMetricsRead::openapi),
    (Audience::Area("logs:read"), ForLogsRead::openapi),
    (Audience::Area("jobs:read"), ForJobsRead::openapi),
    (Audience::Area("jobs:write"), ForJobsWrite::openapi),
];
