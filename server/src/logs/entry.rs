//! One entry of the log, until it is written down.

use serde_json::{Map, Value as Json};

use super::conceal;
use crate::clock::Moment;
use crate::random;

/// How much it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// For who looks for a fault.
    Debug,
    /// As it should be.
    Info,
    /// Somebody may want to look at it.
    Warn,
    /// It failed.
    Error,
}

impl Level {
    /// As it is stored and sent.
    pub fn number(self) -> i64 {
        match self {
            Self::Debug => -4,
            Self::Info => 0,
            Self::Warn => 4,
            Self::Error => 8,
        }
    }
}

/// What happened.
#[derive(Clone, Debug)]
pub struct Entry {
    /// By which it is known, before it is written already.
    pub id: String,
    /// When it happened.
    pub created: Moment,
    /// How much it matters.
    pub level: Level,
    /// What it was, in a line.
    pub message: String,
    /// What is known of it.
    pub data: Data,
}

/// What is known of what happened.
#[derive(Clone, Debug)]
pub enum Data {
    /// What a request was, as it came: it is made fit to be read when it is written.
    Request(Box<super::request::Facts>),
    /// What the server says of itself.
    Program(Map<String, Json>),
}

impl Entry {
    /// Something that happened just now.
    pub fn new(level: Level, message: String) -> Self {
        Self {
            id: random::id(),
            created: Moment::now(),
            level,
            message,
            data: Data::Program(Map::new()),
        }
    }

    /// The message and the data as they are written.
    pub(super) fn written(&self) -> (String, Map<String, Json>) {
        match &self.data {
            Data::Request(facts) => facts.written(),
            Data::Program(fields) => {
                let fields = fields
                    .iter()
                    .map(|(name, value)| (name.clone(), conceal::json(value)));
                (conceal::text(&self.message), fields.collect())
            }
        }
    }
}
