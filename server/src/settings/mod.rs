//! Settings that superusers change at run time.
//!
//! They are one row, read together with the collections, so that all processes know a change within a second. Without
//! a setting, the server's configuration applies.

pub mod api;
mod check;
pub mod store;

use plinth_sdk::types::{self as wire, BatchSettings, LogSettings};
use serde::{Deserialize, Serialize};
use url::Url;

/// The settings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// The texts of mails about the application.
    pub meta: Meta,
    /// The limits of batches.
    pub batch: BatchSettings,
    /// The options of the request log.
    pub logs: LogSettings,
}

/// The texts of mails about the application, as far as they are set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Meta {
    /// See [`wire::MetaSettings`].
    pub app_name: Option<String>,
    /// See [`wire::MetaSettings`].
    #[serde(rename = "appURL")]
    pub app_url: Option<String>,
    /// See [`wire::MetaSettings`].
    pub sender_name: Option<String>,
    /// See [`wire::MetaSettings`].
    pub sender_address: Option<String>,
    /// See [`wire::MetaSettings`].
    pub accent_color: Option<String>,
    /// See [`wire::MetaSettings`].
    pub hide_controls: Option<bool>,
}

impl Meta {
    /// Returns the settings in force: those that are set, or else the configured ones.
    pub fn over(&self, configured: &wire::MetaSettings) -> wire::MetaSettings {
        let text = |set: &Option<String>, other: &String| set.as_ref().unwrap_or(other).clone();
        wire::MetaSettings {
            accent_color: text(&self.accent_color, &configured.accent_color),
            app_name: text(&self.app_name, &configured.app_name),
            app_url: text(&self.app_url, &configured.app_url),
            sender_name: text(&self.sender_name, &configured.sender_name),
            sender_address: text(&self.sender_address, &configured.sender_address),
            hide_controls: self.hide_controls.unwrap_or(configured.hide_controls),
        }
    }

    /// Sets what is needed to change the settings in force from `before` to `changed`.
    fn change(&mut self, before: &wire::MetaSettings, changed: wire::MetaSettings) {
        let text = |set: &mut Option<String>, before: &String, changed: String| {
            if *before != changed {
                *set = Some(changed);
            }
        };
        text(
            &mut self.accent_color,
            &before.accent_color,
            changed.accent_color,
        );
        text(&mut self.app_name, &before.app_name, changed.app_name);
        text(&mut self.app_url, &before.app_url, changed.app_url);
        text(
            &mut self.sender_name,
            &before.sender_name,
            changed.sender_name,
        );
        text(
            &mut self.sender_address,
            &before.sender_address,
            changed.sender_address,
        );
        if before.hide_controls != changed.hide_controls {
            self.hide_controls = Some(changed.hide_controls);
        }
    }
}

impl Settings {
    /// Returns all settings in force, as clients see them.
    pub fn over(&self, configured: &wire::MetaSettings) -> wire::Settings {
        wire::Settings {
            meta: self.meta.over(configured),
            batch: self.batch,
            logs: self.logs,
            ..wire::Settings::default()
        }
    }
}

/// Whether links can begin with this URL.
pub fn is_app_url(url: &str) -> bool {
    Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}
