//! Why somebody may do something.

use serde::{Deserialize, Serialize};

/// Who may do what? The body of `POST /api/policy/check`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyQuestion {
    /// Who.
    pub subject: Subject,
    /// `list`, `view`, `create`, `update` or `delete`.
    pub action: String,
    /// With the records of which collection, by id or name.
    pub collection: String,
    /// With which record, by id. Without one, the answer is about the collection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<String>,
}

/// Somebody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Subject {
    /// `@guest`.
    Guest(String),
    /// An account.
    Account {
        /// Its collection, by id or name.
        collection: String,
        /// Its id.
        id: String,
    },
}

/// What was decided, and by what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PolicyAnswer {
    /// Whether it is allowed: for this record, or without one for some record at least.
    pub allowed: bool,
    /// Whether it depends on the record.
    pub conditional: bool,
    /// The same in words.
    pub reason: String,
    /// What decided.
    pub decided_by: DecidedBy,
    /// The names of the fields that are reached; all when there is no list.
    pub fields: Option<Vec<String>>,
}

/// What decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum DecidedBy {
    /// Superusers may do everything.
    Superuser,
    /// The collection's rule.
    Rule {
        /// The rule; empty for everybody.
        rule: String,
    },
    /// A permission.
    Permission {
        /// Its id; the area's name for an area of the console.
        id: String,
        /// Its role's id.
        role: String,
        /// Its role's name.
        role_name: String,
        /// `allow` or `deny`.
        effect: String,
        /// Its condition; empty for all records.
        condition: String,
    },
    /// Several things, each for its records.
    Several,
    /// Nothing allows it.
    Nothing,
}

/// The areas of the console that the caller sees.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Areas {
    /// Their names, of [`AREAS`](super::AREAS).
    pub areas: Vec<String>,
}
