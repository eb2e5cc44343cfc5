//! Accounts that are deleted by changes which have not been delivered yet. Until the last of these is delivered, such
//! an account still counts as signed in: whoever deletes their own account receives this event, and those of the
//! records deleted with it, on all devices.

use std::sync::Arc;

use crate::events::Change;
use crate::schema::{Record, Schema};
use crate::tokens::fingerprint;

use super::clients::Identity;

/// Deleted accounts, with the positions of their deletions among the changes.
#[derive(Clone, Debug, Default)]
pub(super) struct Leaving(Arc<Vec<(usize, Change)>>);

impl Leaving {
    /// Finds the accounts that these changes delete, and those that are deleted after them.
    pub(super) fn of(changes: &[Change], behind: Vec<Change>) -> Self {
        let here = changes.iter().enumerate();
        let here = here.filter(|(_, change)| change.ends_account());
        let here = here.map(|(position, change)| (position, change.clone()));
        let behind = behind.into_iter().map(|change| (changes.len(), change));
        Self(Arc::new(here.chain(behind).collect()))
    }

    /// Whether one of the accounts has this record, which belongs to an account.
    pub(super) fn has_owner_of(&self, record: &Record) -> bool {
        let mut changes = self.0.iter().map(|(_, change)| change);
        changes.any(|change| change.is_of(record.text("collectionRef"), record.text("recordRef")))
    }

    /// Returns the last state of the account, if the change at this position does not come after its deletion.
    pub(super) fn find(&self, at: usize, identity: &Identity, schema: &Schema) -> Option<Record> {
        let of = |change: &Change| {
            let record = change.record(schema)?;
            let is_same = change.collection.def.id == identity.collection
                && record.id() == identity.record
                && change.revoked.as_deref() == Some(&fingerprint(&identity.key));
            is_same.then_some(record)
        };
        let mut later = self.0.iter().filter(|(position, _)| *position >= at);
        later.find_map(|(_, change)| of(change))
    }
}
