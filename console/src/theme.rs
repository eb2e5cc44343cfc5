//! Light, dark, or as the system has it.

use leptos::prelude::*;

use crate::browser;

/// A choice of colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Theme {
    /// As the system has it.
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

const KEPT: &str = "plinth.theme";

impl Theme {
    /// Returns the stored choice, which `start.js` has already applied.
    pub(crate) fn kept() -> Self {
        match browser::kept(KEPT).as_deref() {
            Some("light") => Self::Light,
            Some("dark") => Self::Dark,
            _ => Self::System,
        }
    }

    /// Puts it in force and keeps it.
    pub(crate) fn choose(self) {
        let name = match self {
            Self::System => None,
            Self::Light => Some("light"),
            Self::Dark => Some("dark"),
        };
        browser::keep(KEPT, name);
        if let Some(root) = document().document_element() {
            let _ = match name {
                Some(name) => root.set_attribute("data-theme", name),
                None => root.remove_attribute("data-theme"),
            };
        }
    }
}
