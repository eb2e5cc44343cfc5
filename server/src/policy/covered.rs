//! Ties a [`Grant`] to its collection, and for a write to the one record that its conditions were evaluated for.

use std::sync::Arc;

use super::{Action, Basis, Grant};
use crate::error::{Error, Result};
use crate::schema::Record;

impl Grant {
    /// Notes that the conditions of the grant hold for this record, so that it may be written. Only the store of records
    /// evaluates conditions, so only it calls this; `tests/architecture.rs` checks that.
    pub(crate) fn mark_covered(&mut self, record: &Record) -> Result<()> {
        self.check_collection(record)?;
        self.covered = Some(record.id().to_owned());
        Ok(())
    }

    /// Fails if the record is not one of the grant's collection.
    pub(crate) fn check_collection(&self, record: &Record) -> Result<()> {
        let (own, other) = (&self.collection, &record.collection);
        if Arc::ptr_eq(own, other) || own.def.id == other.def.id {
            return Ok(());
        }
        Err(misused(format!(
            "a grant for {} was used with a record of {}",
            own.def.name, other.def.name
        )))
    }

    /// Fails unless the grant allows to do `action` to this record: its conditions were evaluated for the record, or it has
    /// none because the server acts on its own account.
    pub(crate) fn check_write(&self, action: Action, record: &Record) -> Result<()> {
        self.check_collection(record)?;
        self.check_write_of(action, record.id())
    }

    /// Like [`Grant::check_write`], for the record of the grant's collection that has this id.
    pub(crate) fn check_write_of(&self, action: Action, id: &str) -> Result<()> {
        let may_act = match self.basis {
            Basis::Policy(granted) => granted == action,
            Basis::Bypass(_) if self.reach.is_all_rows() => return Ok(()),
            Basis::Bypass(_) => true,
        };
        if may_act && self.covered.as_deref() == Some(id) {
            return Ok(());
        }
        Err(misused(format!(
            "a grant for {} was used to {} the record {id}, for which it was not evaluated",
            self.collection.def.name,
            action.name()
        )))
    }
}

fn misused(why: String) -> Error {
    Error::internal(anyhow::anyhow!(why))
}
