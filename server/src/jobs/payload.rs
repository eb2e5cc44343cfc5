//! Reads a job's payload. Errors name the field.

use serde_json::{Map, Value as Json};

/// A payload.
pub(super) struct Payload<'a>(&'a Map<String, Json>);

impl<'a> Payload<'a> {
    /// Checks that a payload has no unknown fields.
    pub(super) fn new(object: &'a Map<String, Json>, known: &[&str]) -> Result<Self, String> {
        match object.keys().find(|key| !known.contains(&key.as_str())) {
            Some(key) => {
                let key: String = key.chars().take(50).collect();
                Err(format!(
                    "{key}: Is not known; there are {}.",
                    known.join(", ")
                ))
            }
            None => Ok(Self(object)),
        }
    }

    /// Reads a text of at most `max` bytes; empty if it is missing.
    pub(super) fn text(&self, name: &str, max: usize) -> Result<&'a str, String> {
        match self.0.get(name) {
            None | Some(Json::Null) => Ok(""),
            Some(Json::String(text)) if text.len() > max => {
                Err(format!("{name}: Must be at most {max} bytes."))
            }
            Some(Json::String(text)) => Ok(text),
            Some(Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Object(_)) => {
                Err(format!("{name}: Must be text."))
            }
        }
    }

    /// Reads a text that must not be blank.
    pub(super) fn required(&self, name: &str, max: usize) -> Result<&'a str, String> {
        match self.text(name, max)?.trim() {
            "" => Err(format!("{name}: Cannot be blank.")),
            text => Ok(text),
        }
    }

    /// Reads an object of texts; empty if it is missing.
    pub(super) fn texts(&self, name: &str) -> Result<Vec<(&'a str, &'a str)>, String> {
        let wrong = || format!("{name}: Must be an object of texts.");
        match self.0.get(name) {
            None | Some(Json::Null) => Ok(Vec::new()),
            Some(Json::Object(object)) => object
                .iter()
                .map(|(key, value)| Ok((key.as_str(), value.as_str().ok_or_else(wrong)?)))
                .collect(),
            Some(Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::String(_)) => {
                Err(wrong())
            }
        }
    }

    /// Reads a list of texts; empty if it is missing.
    pub(super) fn list(&self, name: &str) -> Result<Vec<&'a str>, String> {
        let wrong = || format!("{name}: Must be a list of texts.");
        match self.0.get(name) {
            None | Some(Json::Null) => Ok(Vec::new()),
            Some(Json::Array(items)) => items
                .iter()
                .map(|item| item.as_str().ok_or_else(wrong))
                .collect(),
            Some(Json::Bool(_) | Json::Number(_) | Json::Object(_) | Json::String(_)) => {
                Err(wrong())
            }
        }
    }
}
