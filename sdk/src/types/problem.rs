use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The body of every error response: `{"data": {…}, "message": "…", "status": 400}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Problem {
    /// Problems by field name; empty when the request failed as a whole.
    #[serde(default)]
    pub data: FieldProblems,
    /// A sentence for people.
    pub message: String,
    /// The HTTP status.
    pub status: u16,
}

/// Problems by field name, or by index inside a list.
pub type FieldProblems = BTreeMap<String, FieldProblem>;

/// The problem of one field, or the problems of the values inside it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum FieldProblem {
    /// The request of a batch that failed.
    Failed {
        /// `batch_request_failed`.
        code: String,
        /// A sentence for people.
        message: String,
        /// The response that the request would have got outside of a batch.
        response: Box<Problem>,
    },
    /// A constraint that the field's value violates.
    Broken {
        /// The stable code of the constraint, such as `validation_required`.
        code: String,
        /// A sentence for people.
        message: String,
        /// The limits of the constraint, if it has any.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        params: Option<serde_json::Map<String, serde_json::Value>>,
    },
    /// Problems of the values inside the field, by key or index.
    Inside(FieldProblems),
}

impl FieldProblem {
    /// Creates a problem without limits.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Broken {
            code: code.into(),
            message: message.into(),
            params: None,
        }
    }

    /// Returns the code, unless the problems are inside the field.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Failed { code, .. } | Self::Broken { code, .. } => Some(code),
            Self::Inside(_) => None,
        }
    }
}
