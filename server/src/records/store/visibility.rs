//! Decides what a reader sees of records.

use super::evaluate::{managed, parts, parts_of, would_be_managed};
use crate::db::Conn;
use crate::error::Result;
use crate::policy::Grant;
use crate::request::Caller;
use crate::schema::{Record, Reveal};

/// Returns the visibility that all records have for the caller; `None` if it depends on their values.
pub fn reveal_of_all(grant: &Grant) -> Result<Option<Reveal>> {
    if grant.request.caller.is_superuser() {
        return Ok(Some(Reveal {
            hidden: true,
            email: true,
            fields: None,
        }));
    }
    let depends = grant.collection().is_auth() || grant.sight()?.is_some();
    Ok((!depends).then(Reveal::default))
}

/// Sets each record's visibility for the caller.
pub fn reveal(conn: &mut Conn, grant: &Grant, records: &mut [Record]) -> Result<()> {
    for record in &*records {
        grant.check_collection(record)?;
    }
    if let Some(reveal) = reveal_of_all(grant)? {
        for record in records {
            record.reveal = reveal.clone();
        }
        return Ok(());
    }
    if let Some(sight) = grant.sight()?
        && !records.is_empty()
    {
        let mut held = parts(conn, grant, &sight, &ids(records))?;
        for record in &mut *records {
            let held = held.remove(record.id()).unwrap_or_default();
            record.reveal.fields = Some(sight.fields(&held));
        }
    }
    if !grant.collection().is_auth() || records.is_empty() {
        return Ok(());
    }
    let managed = managed(conn, grant, &ids(records))?;
    for record in records {
        record.reveal.email = is_own(grant, record) || managed.contains(record.id());
    }
    Ok(())
}

/// Sets a record's visibility for the caller by the values that it has here, whatever is stored.
pub fn reveal_as_it_is(conn: &mut Conn, grant: &Grant, record: &mut Record) -> Result<()> {
    grant.check_collection(record)?;
    if let Some(reveal) = reveal_of_all(grant)? {
        record.reveal = reveal;
        return Ok(());
    }
    if let Some(sight) = grant.sight()? {
        let held = parts_of(conn, grant, &sight, record)?;
        record.reveal.fields = Some(sight.fields(&held));
    }
    if grant.collection().is_auth() {
        record.reveal.email = is_own(grant, record) || would_be_managed(conn, grant, record)?;
    }
    Ok(())
}

/// Whether the record is the caller's account.
fn is_own(grant: &Grant, record: &Record) -> bool {
    match &grant.request.caller {
        Caller::Guest => false,
        Caller::Account(account) => {
            account.record.id() == record.id()
                && account.record.collection.def.id == record.collection.def.id
        }
    }
}

fn ids(records: &[Record]) -> Vec<String> {
    let ids = records.iter().map(|record| record.id().to_owned());
    ids.collect()
}
