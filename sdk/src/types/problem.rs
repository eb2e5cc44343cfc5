use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Every error answer of the API: `{"data": {…}, "message": "…", "status": 400}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Problem {
    /// What is wrong, by field; empty when the request failed as a whole.
    #[serde(default)]
    pub data: FieldProblems,
    /// One sentence for a person.
    pub message: String,
    /// The HTTP status.
    pub status: u16,
}

/// Problems by field name, or by index inside a list.
pub type FieldProblems = BTreeMap<String, FieldProblem>;

/// What is wrong with one field, or with what is inside it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum FieldProblem {
    /// One request of a batch that failed, and with it the others.
    Failed {
        /// `batch_request_failed`.
        code: String,
        /// One sentence for a person.
        message: String,
        /// What it would have been answered alone.
        response: Box<Problem>,
    },
    /// A rule that the field's value breaks.
    Broken {
        /// A stable name of the rule, such as `validation_required`.
        code: String,
        /// One sentence for a person.
        message: String,
        /// The rule's limits, where it has any.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        params: Option<serde_json::Map<String, serde_json::Value>>,
    },
    /// Problems of what is inside the field.
    Inside(FieldProblems),
}

impl FieldProblem {
    /// A broken rule without limits.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Broken {
            code: code.into(),
            message: message.into(),
            params: None,
        }
    }

    /// The code of the broken rule, when the problem is the field's own.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Failed { code, .. } | Self::Broken { code, .. } => Some(code),
            Self::Inside(_) => None,
        }
    }
}
