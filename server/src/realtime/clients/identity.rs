//! The accounts of clients.

use serde::{Deserialize, Serialize};

use crate::request::Caller;
use crate::tokens::{self, Kind};

/// An account, identified with the key that its token was signed with.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(in crate::realtime) struct Identity {
    pub(in crate::realtime) collection: String,
    pub(in crate::realtime) record: String,
    pub(in crate::realtime) key: String,
    /// The id of the session that its token belongs to.
    #[serde(default)]
    pub(in crate::realtime) session: Option<String>,
}

impl Identity {
    /// Returns the identity of a caller; `None` for a guest.
    pub(in crate::realtime) fn of(caller: &Caller) -> Option<Self> {
        let account = caller.account()?;
        let record = &account.record;
        Some(Self {
            collection: record.collection.def.id.clone(),
            record: record.id().to_owned(),
            key: tokens::signing_key(record, Kind::Auth),
            session: account.session.clone(),
        })
    }

    pub(super) fn is_same_account(&self, other: &Self) -> bool {
        (&self.collection, &self.record) == (&other.collection, &other.record)
    }
}
