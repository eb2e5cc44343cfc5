//! Completes records for an answer: which fields the caller sees, and the records that they refer to.

use super::expand::{self, Paths};
use super::store;
use crate::budget::{Answers, Room};
use crate::db::Conn;
use crate::error::Result;
use crate::policy::Grant;
use crate::schema::Record;

/// Adds what the caller may see of the record, and what it refers to.
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

/// Adds it to each record, and gives the room that it takes.
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
