//! The API, as clients meet it: the same stories on both databases.

#[path = "../support/mod.rs"]
mod support;

mod accounts;
mod attached;
mod bad_input;
mod bad_values;
mod batch;
mod batch_rules;
mod bodies;
mod collections;
mod console;
mod definitions;
mod fields;
mod filter_tables;
mod filters;
mod hidden;
mod injection;
mod job_calls;
mod job_payloads;
mod job_runs;
mod jobs;
mod limits;
mod lists;
mod mail;
mod metrics;
mod moving;
mod operators;
mod outbox;
mod passwords;
mod policies;
mod policy_checks;
mod policy_fields;
mod races;
mod realtime;
mod realtime_load;
mod realtime_rules;
mod records;
mod relations;
mod rules;
mod security;
mod sessions;
mod settings;
mod setup;
