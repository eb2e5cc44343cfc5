//! PocketBase's settings. Plinth's own are elsewhere, so those that are set are said.

use serde_json::{Map, Value as Json};

use super::{Report, Source};
use crate::error::Result;

/// Notes the settings that somebody has set.
pub(super) fn read(source: &mut Source, report: &mut Report) -> Result<()> {
    let Some(stored) = source.settings()? else {
        return Ok(());
    };
    match serde_json::from_str(&stored) {
        Ok(Json::Object(settings)) => note(&settings, report),
        _ => report.note(
            "settings",
            "they are encrypted (PB_ENCRYPTION_KEY), so none is taken; set what you need as Plinth's own settings",
        ),
    }
    Ok(())
}

fn note(settings: &Map<String, Json>, report: &mut Report) {
    let at = |section: &str, key: &str| settings.get(section).and_then(|section| section.get(key));
    let text =
        |section: &str, key: &str| at(section, key).and_then(Json::as_str).unwrap_or_default();
    let is_on = |section: &str| {
        at(section, "enabled")
            .and_then(Json::as_bool)
            .unwrap_or_default()
    };
    let has = |section: &str, key: &str| {
        let list = at(section, key).and_then(Json::as_array);
        list.is_some_and(|list| !list.is_empty())
    };
    for (key, ours) in [("appName", "app_name"), ("appURL", "app_url")] {
        let value = text("meta", key);
        if !value.is_empty() {
            report.note(
                format!("settings.meta.{key}"),
                format!("set {ours} to {value:?}"),
            );
        }
    }
    let address = text("meta", "senderAddress");
    if !address.is_empty() {
        let sender = format!("{} <{address}>", text("meta", "senderName"));
        report.note(
            "settings.meta.senderAddress",
            format!("set mail_from to {sender:?}"),
        );
    }
    if is_on("smtp") {
        let host = text("smtp", "host");
        report.note(
            "settings.smtp",
            format!("set smtp_url for the mail server {host}"),
        );
    }
    if is_on("s3") {
        let bucket = text("s3", "bucket");
        report.note(
            "settings.s3",
            format!("the files are in the bucket {bucket:?} and stay there; only those in the directory are copied"),
        );
    }
    let later = "not there yet";
    for (about, is_set) in [
        ("settings.batch", is_on("batch")),
        ("settings.rateLimits", is_on("rateLimits")),
        ("settings.backups.cron", !text("backups", "cron").is_empty()),
        ("settings.trustedProxy", has("trustedProxy", "headers")),
        (
            "settings.superuserIPs",
            settings
                .get("superuserIPs")
                .and_then(Json::as_array)
                .is_some_and(|list| !list.is_empty()),
        ),
    ] {
        if is_set {
            report.note(about, later);
        }
    }
}
