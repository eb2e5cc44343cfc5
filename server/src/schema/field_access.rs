//! Which fields of a record somebody may see.

use std::collections::BTreeSet;

/// The fields of a row that a caller reaches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldAccess {
    /// Those that are given; all when `None`.
    pub(crate) given: Option<BTreeSet<String>>,
    /// Those that are taken.
    pub(crate) taken: BTreeSet<String>,
}

impl FieldAccess {
    /// Whether the field is among them. The id always is: whoever reaches a row knows which it is.
    pub fn has(&self, name: &str) -> bool {
        let is_given = self.given.as_ref().is_none_or(|given| given.contains(name));
        name == "id" || (is_given && !self.taken.contains(name))
    }

    /// Whether they are all.
    pub fn is_everything(&self) -> bool {
        self.given.is_none() && self.taken.is_empty()
    }
}
