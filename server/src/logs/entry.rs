//! An entry of the log, before it is stored.

use serde_json::{Map, Value as Json};

use super::redact;
use crate::clock::Timestamp;

/// The severity of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Details for debugging.
    Debug,
    /// Normal operation.
    Info,
    /// Something that may need attention.
    Warn,
    /// A failure.
    Error,
}

impl Level {
    /// Converts the level to the number that is stored and sent.
    pub fn number(self) -> i64 {
        match self {
            Self::Debug => -4,
            Self::Info => 0,
            Self::Warn => 4,
            Self::Error => 8,
        }
    }
}

/// An entry of the log.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The id, given before the entry is stored, so that storing it twice is noticed.
    pub id: String,
    /// The time of the event.
    pub created: Timestamp,
    /// The severity.
    pub level: Level,
    /// One line for people.
    pub message: String,
    /// The details.
    pub data: Data,
}

/// The details of an entry.
#[derive(Clone, Debug)]
pub enum Data {
    /// A request as it came. It is redacted when it is stored.
    Request(Box<super::request::Facts>),
    /// A message of the server.
    Program(Map<String, Json>),
}

impl Entry {
    /// Returns the message and the details as they are stored, redacted.
    pub(super) fn written(&self) -> (String, Map<String, Json>) {
        match &self.data {
            Data::Request(facts) => facts.written(),
            Data::Program(fields) => {
                let fields = fields
                    .iter()
                    .map(|(name, value)| (name.clone(), redact::json(value)));
                (redact::text(&self.message), fields.collect())
            }
        }
    }
}
