//! Everything that decides about a request, at one moment.

use std::collections::BTreeSet;
use std::ops::Deref;
use std::sync::{Arc, PoisonError, RwLock};

use super::roles::Policies;
use crate::schema::Schema;
use crate::settings::Settings;

/// All collections at one moment, with the policies and settings of that moment. They change together: the version of the
/// schema counts changes of each.
#[derive(Debug, Default)]
pub struct Snapshot {
    /// The collections.
    pub schema: Schema,
    /// The policies: what roles may do.
    pub policies: Policies,
    /// The settings that superusers have made.
    pub settings: Settings,
    /// Whether any rule or permission refers to the request's headers.
    pub ask_headers: bool,
    /// The keys of the request's body that any rule or permission refers to.
    pub body_keys: BTreeSet<String>,
}

impl Snapshot {
    /// Puts together what was read in one transaction.
    pub fn new(schema: Schema, policies: Policies, settings: Settings) -> Self {
        let ask_headers = schema.iter().any(|one| one.rules.ask_headers) || policies.ask_headers();
        let of_rules = schema
            .iter()
            .flat_map(|one| one.rules.body_keys.iter().cloned());
        let body_keys: BTreeSet<String> = of_rules.chain(policies.body_keys()).collect();
        Self {
            schema,
            policies,
            settings,
            ask_headers,
            body_keys,
        }
    }
}

impl Deref for Snapshot {
    type Target = Schema;

    fn deref(&self) -> &Schema {
        &self.schema
    }
}

/// The snapshot that requests see; replaced as a whole when something changes.
#[derive(Clone, Debug, Default)]
pub struct Shared(Arc<RwLock<Arc<Snapshot>>>);

impl Shared {
    /// Returns the current snapshot.
    pub fn current(&self) -> Arc<Snapshot> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Replaces the snapshot, unless it is newer already.
    pub fn replace(&self, snapshot: Snapshot) {
        let mut current = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if snapshot.version > current.version {
            *current = Arc::new(snapshot);
        }
    }
}
