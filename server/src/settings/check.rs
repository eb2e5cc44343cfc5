//! Validates settings.

use plinth_sdk::types::{FieldProblem, FieldProblems, Settings};
use serde_json::{Map, Value as Json};

use crate::error::{Error, Result};
use crate::problems::{
    self, AT_LEAST, CONFIGURED_ELSEWHERE, NOT_EMAIL, ONE_LINE, REQUIRED, UNLOADABLE,
    UNSUPPORTED_SETTING, WEB_URL,
};

/// The maximum length of a name.
const MAX_LENGTH: usize = 255;

/// Returns the settings with the changes of the body.
pub(super) fn merged(before: &Settings, body: &Map<String, Json>) -> Result<Settings> {
    let mut all = serde_json::to_value(before).map_err(Error::internal)?;
    merge(&mut all, body);
    let mut changed: Settings =
        serde_json::from_value(all).map_err(|_| Error::invalid(UNLOADABLE))?;
    let url = changed.meta.app_url.trim_end_matches('/').len();
    changed.meta.app_url.truncate(url);
    let mut problems = Problems::default();
    of_meta(&mut problems, &changed);
    of_numbers(&mut problems, &changed);
    of_what_is_not_there(&mut problems, &changed);
    if problems.0.is_empty() {
        Ok(changed)
    } else {
        let message = "An error occurred while saving the new settings.";
        Err(Error::refused(message, problems.0))
    }
}

/// Merges values by their names; `null` changes nothing.
fn merge(all: &mut Json, changes: &Map<String, Json>) {
    for (name, change) in changes {
        match (all.get_mut(name), change) {
            (Some(section @ Json::Object(_)), Json::Object(changes)) => merge(section, changes),
            (Some(value), change) if !change.is_null() => *value = change.clone(),
            (Some(_) | None, _) => {}
        }
    }
}

#[derive(Default)]
struct Problems(FieldProblems);

impl Problems {
    /// Adds a problem at a path of up to three names.
    fn add(&mut self, path: &str, problem: FieldProblem) {
        let mut names = path.split('.');
        let last = names.next_back().unwrap_or_default();
        let mut inside = &mut self.0;
        for name in names {
            let section = inside.entry(name.to_owned());
            let section = section.or_insert_with(|| FieldProblem::Inside(FieldProblems::new()));
            match section {
                FieldProblem::Inside(problems) => inside = problems,
                FieldProblem::Failed { .. } | FieldProblem::Broken { .. } => return,
            }
        }
        inside.entry(last.to_owned()).or_insert(problem);
    }
}

fn of_meta(problems: &mut Problems, settings: &Settings) {
    let meta = &settings.meta;
    for (path, text) in [
        ("meta.appName", &meta.app_name),
        ("meta.appURL", &meta.app_url),
        ("meta.senderName", &meta.sender_name),
        ("meta.senderAddress", &meta.sender_address),
    ] {
        if text.is_empty() {
            problems.add(path, REQUIRED.problem());
        } else if text.chars().count() > MAX_LENGTH {
            problems.add(path, problems::out_of_range(1, MAX_LENGTH));
        } else if text.chars().any(char::is_control) {
            problems.add(path, ONE_LINE.problem());
        }
    }
    if !super::is_app_url(&meta.app_url) {
        problems.add("meta.appURL", WEB_URL.problem());
    }
    if meta.sender_address.parse::<lettre::Address>().is_err() {
        problems.add("meta.senderAddress", NOT_EMAIL.problem());
    }
    if meta.accent_color.chars().count() > MAX_LENGTH {
        problems.add("meta.accentColor", problems::out_of_range(1, MAX_LENGTH));
    }
}

fn of_numbers(problems: &mut Problems, settings: &Settings) {
    let batch = &settings.batch;
    for (path, number, is_required) in [
        ("batch.maxRequests", batch.max_requests, batch.enabled),
        ("batch.timeout", batch.timeout, batch.enabled),
        ("batch.maxBodySize", batch.max_body_size, false),
        ("logs.maxDays", settings.logs.max_days, false),
    ] {
        if number == 0 && is_required {
            problems.add(path, REQUIRED.problem());
        } else if number < 0 {
            problems.add(path, AT_LEAST.with([("threshold", 0.into())]));
        }
    }
}

/// Refuses to enable options that have no effect here.
fn of_what_is_not_there(problems: &mut Problems, settings: &Settings) {
    let (elsewhere, nowhere) = (CONFIGURED_ELSEWHERE, UNSUPPORTED_SETTING);
    for (path, is_on, why) in [
        ("smtp.enabled", settings.smtp.enabled, elsewhere),
        ("s3.enabled", settings.s3.enabled, nowhere),
        ("backups.cron", !settings.backups.cron.is_empty(), nowhere),
        ("backups.s3.enabled", settings.backups.s3.enabled, nowhere),
        ("rateLimits.enabled", settings.rate_limits.enabled, nowhere),
        (
            "trustedProxy.headers",
            !settings.trusted_proxy.headers.is_empty(),
            nowhere,
        ),
        ("superuserIPs", !settings.superuser_ips.is_empty(), nowhere),
    ] {
        if is_on {
            problems.add(path, why.problem());
        }
    }
}
