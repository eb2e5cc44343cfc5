//! Questions to the policy, and its decisions.

use serde::{Deserialize, Serialize};

/// A question to the policy: may this subject perform this action?
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PolicyQuestion {
    /// The account, or a guest.
    #[cfg_attr(feature = "openapi", schema(value_type = super::schema::PolicySubject))]
    pub subject: Subject,
    /// `list`, `view`, `create`, `update` or `delete`.
    #[cfg_attr(feature = "openapi", schema(value_type = super::schema::Action))]
    pub action: String,
    /// The collection's id or name.
    pub collection: String,
    /// The record's id. Without it, the answer is about the collection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<String>,
}

/// The subject of a [`PolicyQuestion`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Subject {
    /// `@guest`.
    Guest(String),
    /// An account.
    Account {
        /// Id or name of the account's collection.
        collection: String,
        /// The account's id.
        id: String,
    },
}

/// A decision of the policy, with its reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct PolicyAnswer {
    /// Whether the action is allowed: for the record, or without one for at least some records.
    pub allowed: bool,
    /// Whether the decision depends on the record.
    pub conditional: bool,
    /// An explanation in one sentence.
    pub reason: String,
    /// The rule or permission that decided.
    pub decided_by: DecidedBy,
    /// The names of the accessible fields; `null` means all fields.
    pub fields: Option<Vec<String>>,
}

/// The rule or permission that decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum DecidedBy {
    /// The subject is a superuser, who may do everything.
    Superuser,
    /// The collection's rule.
    Rule {
        /// The rule; empty means that it is open to everyone.
        rule: String,
    },
    /// A permission of a role.
    Permission {
        /// The permission's id; the area's name for an area of the console.
        id: String,
        /// The role's id.
        role: String,
        /// The role's name.
        #[cfg_attr(feature = "openapi", schema(rename = "roleName"))]
        role_name: String,
        /// `allow` or `deny`.
        effect: String,
        /// The permission's condition; empty means all records.
        condition: String,
    },
    /// Several rules or permissions, each for other records.
    Several,
    /// Nothing allows it.
    Nothing,
}

/// Sentences about who may do what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Assertions {
    /// One assertion a line, such as `ann@example.com may not delete posts where published = true`. Lines that begin with `#` are
    /// comments.
    pub assertions: String,
}

/// The results of [`Assertions`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AssertionResults {
    /// Whether all assertions hold.
    pub passed: bool,
    /// The result of each assertion, in their order.
    pub results: Vec<AssertionResult>,
}

/// The result of an assertion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct AssertionResult {
    /// The number of the line, from 1.
    pub line: u64,
    /// The sentence.
    pub text: String,
    /// Whether the assertion holds.
    pub holds: bool,
    /// The id of a stored record that the reason is about: one for which the assertion does not hold, if there is one.
    pub record: Option<String>,
    /// An explanation in one sentence.
    pub reason: String,
    /// The rule or permission that decided.
    pub decided_by: DecidedBy,
}

/// The areas of the console that the caller can see.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Areas {
    /// The names of the areas, such as `collections:read`.
    pub areas: Vec<String>,
}
