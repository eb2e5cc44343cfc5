//! The fields of a record that a caller may access.

use std::collections::BTreeSet;

/// The fields of a record that a caller may access.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldAccess {
    /// The fields that are allowed; `None`: all.
    pub(crate) given: Option<BTreeSet<String>>,
    /// The fields that are denied.
    pub(crate) taken: BTreeSet<String>,
}

impl FieldAccess {
    /// Whether a field may be accessed. The id always may: who can access a row knows its id.
    pub fn has(&self, name: &str) -> bool {
        let is_given = self.given.as_ref().is_none_or(|given| given.contains(name));
        name == "id" || (is_given && !self.taken.contains(name))
    }

    /// Whether all fields may be accessed.
    pub fn is_everything(&self) -> bool {
        self.given.is_none() && self.taken.is_empty()
    }
}
