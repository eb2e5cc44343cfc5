//! Completes records for a response: their visibility, and expanded relations.

use super::expand::{self, Paths};
use super::store;
use crate::budget::{Answers, Room};
use crate::db::Conn;
use crate::error::Result;
use crate::policy::Grant;
use crate::schema::Record;

/// Sets a record's visibility, and adds its expanded relations.
pub fn complete_one(
    conn: &mut Conn,
    grant: &Grant,
    record: Record,
    paths: &Paths,
    answers: &Answers,
) -> Result<Record> {
    let mut records = [record];
    complete(conn, grant, &mut records, paths, answers)?;
    let [record] = records;
    Ok(record)
}

/// Completes each record, and returns the room that the expanded relations take.
pub(super) fn complete(
    conn: &mut Conn,
    grant: &Grant,
    records: &mut [Record],
    paths: &Paths,
    answers: &Answers,
) -> Result<Room> {
    store::reveal(conn, grant, records)?;
    let caller = &grant.request.caller;
    let (mut read, mut written) = (answers.room(caller), answers.room(caller));
    expand::expand_within(conn, grant, records, paths, [&mut read, &mut written])?;
    Ok(written)
}
