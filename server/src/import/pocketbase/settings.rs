//! Imports PocketBase's settings: those that Plinth has as well; the others are reported.

use plinth_sdk::types as wire;
use serde_json::{Map, Value as Json};

use super::{Report, Source};
use crate::db::{Conn, savepoint};
use crate::error::{Error, Result};
use crate::problems::in_one_line;
use crate::settings::{Settings, store};

/// The sections that are imported.
const TAKEN: [&str; 3] = ["meta", "batch", "logs"];

/// Reads the sections that can be imported; reports those that are set but not supported.
pub(super) fn read(source: &mut Source, report: &mut Report) -> Result<Map<String, Json>> {
    let Some(stored) = source.settings()? else {
        return Ok(Map::new());
    };
    let Ok(Json::Object(mut settings)) = serde_json::from_str(&stored) else {
        let why = "they are encrypted (PB_ENCRYPTION_KEY), so none is taken; set what you need as Plinth's own settings";
        report.note("settings", why);
        return Ok(Map::new());
    };
    note(&settings, report);
    settings.retain(|section, _| TAKEN.contains(&section.as_str()));
    if let Some(Json::Object(meta)) = settings.get_mut("meta")
        && let Some(Json::String(address)) = meta.remove("appURL")
    {
        // Links in mails that reset passwords lead there.
        let why =
            format!("{address:?} is not taken: links in mails lead there, so set it yourself");
        report.note("settings.meta.appURL", why);
    }
    Ok(settings)
}

fn note(settings: &Map<String, Json>, report: &mut Report) {
    let at = |section: &str, key: &str| settings.get(section).and_then(|section| section.get(key));
    let text = |section: &str, key: &str| {
        let text = at(section, key).and_then(Json::as_str);
        text.unwrap_or_default()
    };
    let is_on = |section: &str| at(section, "enabled") == Some(&Json::Bool(true));
    let has = |list: Option<&Json>| {
        let list = list.and_then(Json::as_array);
        list.is_some_and(|list| !list.is_empty())
    };
    if is_on("smtp") {
        let host = text("smtp", "host");
        let why = format!("set smtp_url for the mail server {host}, with the password");
        report.note("settings.smtp", why);
    }
    if is_on("s3") {
        let bucket = text("s3", "bucket");
        let why = format!(
            "the files are in the bucket {bucket:?} and stay there: set s3_bucket to it, and its keys"
        );
        report.note("settings.s3", why);
    }
    for (about, is_set) in [
        ("settings.rateLimits", is_on("rateLimits")),
        ("settings.backups.cron", !text("backups", "cron").is_empty()),
        ("settings.trustedProxy", has(at("trustedProxy", "headers"))),
        ("settings.superuserIPs", has(settings.get("superuserIPs"))),
    ] {
        if is_set {
            report.note(about, "not there yet");
        }
    }
}

/// Imports the sections that are not set here; returns their number.
pub(super) fn write(
    conn: &mut Conn,
    sections: &Map<String, Json>,
    configured: &wire::MetaSettings,
    report: &mut Report,
) -> Result<u64> {
    let mut taken = 0;
    for (name, section) in sections {
        let before = store::read(conn)?;
        let in_force = serde_json::to_value(before.over(configured)).map_err(Error::internal)?;
        if is_within(section, &in_force[name]) {
            continue;
        }
        let about = format!("settings.{name}");
        if is_set(&before, name) {
            report.note(about, "others are set here, which stay");
            continue;
        }
        let body = Map::from_iter([(name.clone(), section.clone())]);
        match savepoint(conn, |conn| store::update(conn, &body, configured)) {
            Ok(_) => taken += 1,
            Err(Error::Invalid { data, .. }) => {
                let why = data.values().map(in_one_line).collect::<Vec<_>>().join(" ");
                report.note(about, why);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(taken)
}

fn is_set(settings: &Settings, section: &str) -> bool {
    let nothing = Settings::default();
    match section {
        "meta" => settings.meta != nothing.meta,
        "batch" => settings.batch != nothing.batch,
        _ => settings.logs != nothing.logs,
    }
}

/// Whether all members that both objects have are equal.
fn is_within(part: &Json, whole: &Json) -> bool {
    let (Json::Object(part), Json::Object(whole)) = (part, whole) else {
        return false;
    };
    let known = part
        .iter()
        .filter_map(|(key, value)| Some((value, whole.get(key)?)));
    known.into_iter().all(|(value, other)| value == other)
}
