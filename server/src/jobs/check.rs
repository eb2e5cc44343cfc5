//! Validates jobs before they are stored.

use plinth_sdk::types::FieldProblems;
use serde_json::{Map, Value as Json};

use super::{http, mail, maintenance, schedule};
use crate::db::Value;
use crate::problems::{PAYLOAD, ProblemType, SCHEDULE, TIMEZONE};
use crate::schema::Record;

/// Validates a job beyond its fields.
pub fn check(job: &mut Record, problems: &mut FieldProblems) {
    let refused: Vec<String> = problems.keys().cloned().collect();
    let is_open = |name: &str| !refused.iter().any(|refused| refused == name);
    let mut refuse = |name: &str, message: String| {
        let problem = || problem_type(name).worded([("reason", &message)]);
        problems.entry(name.to_owned()).or_insert_with(problem);
    };
    for name in ["name", "schedule", "timezone"]
        .into_iter()
        .filter(|name| is_open(name))
    {
        let trimmed = job.text(name).trim().to_owned();
        job.set(name, Value::Text(trimmed));
    }
    if is_open("schedule")
        && !job.text("schedule").is_empty()
        && let Err(message) = schedule::parse(job.text("schedule"))
    {
        refuse("schedule", message);
    }
    if is_open("timezone")
        && let Err(message) = schedule::parse_timezone(job.text("timezone"))
    {
        refuse("timezone", message);
    }
    if !is_open("payload") {
        return;
    }
    let Some(payload) = payload(job) else {
        refuse("payload", "Must be an object.".to_owned());
        return;
    };
    let parsed = match job.text("kind") {
        "http" => http::Call::parse(&payload).map(drop),
        "mail" => mail::parse(&payload).map(drop),
        "maintenance" => maintenance::parse(&payload).map(drop),
        _ => Ok(()),
    };
    if let Err(message) = parsed {
        refuse("payload", message);
    }
}

/// Returns the payload of a job; empty if none was given.
pub(super) fn payload(job: &Record) -> Option<Map<String, Json>> {
    match job.value("payload") {
        Some(Value::Json(text)) => match serde_json::from_str(text).ok()? {
            Json::Object(object) => Some(object),
            Json::Null => Some(Map::new()),
            Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_) => None,
        },
        _ => Some(Map::new()),
    }
}

fn problem_type(name: &str) -> ProblemType {
    match name {
        "schedule" => SCHEDULE,
        "timezone" => TIMEZONE,
        _ => PAYLOAD,
    }
}
