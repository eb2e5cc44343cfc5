//! Accounts that are deleted by changes which are still to be told. Until the last of these they hear as what they were: whoever deletes their own
//! account hears of it, and of what goes with it, on all their devices.

use std::sync::Arc;

use crate::events::Change;
use crate::schema::{Record, Schema};
use crate::tokens::fingerprint;

use super::clients::Identity;

/// Deleted accounts, each with the position of its deletion among the changes.
#[derive(Clone, Debug, Default)]
pub(super) struct Leaving(Arc<Vec<(usize, Change)>>);

impl Leaving {
    /// The accounts that these changes delete, and those that are deleted behind them.
    pub(super) fn of(changes: &[Change], behind: Vec<Change>) -> Self {
        let here = changes.iter().enumerate();
        let here = here.filter(|(_, change)| change.ends_account());
        let here = here.map(|(position, change)| (position, change.clone()));
        let behind = behind.into_iter().map(|change| (changes.len(), change));
        Self(Arc::new(here.chain(behind).collect()))
    }

    /// The account as it was, if the change at this position comes no later than its deletion.
    pub(super) fn find(&self, at: usize, identity: &Identity, schema: &Schema) -> Option<Record> {
        let of = |change: &Change| {
            let record = change.record(schema)?;
            let is_same = change.collection.def.id == identity.collection
                && record.id() == identity.record
                && change.ended.as_deref() == Some(&fingerprint(&identity.key));
            is_same.then_some(record)
        };
        let mut later = self.0.iter().filter(|(position, _)| *position >= at);
        later.find_map(|(_, change)| of(change))
    }
}
