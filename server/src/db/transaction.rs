//! Transactions and savepoints, and the journal that belongs to them.

use super::{Conn, coordination, execute, sql};
use crate::error::Result;

/// The statements of a savepoint.
pub(super) struct Savepoint {
    set: &'static str,
    release: &'static str,
    roll_back: &'static str,
}

/// Around one of the writes that are committed together.
pub(super) const UNIT: Savepoint = Savepoint {
    set: "SAVEPOINT unit",
    release: "RELEASE unit",
    roll_back: "ROLLBACK TO unit",
};

/// Around a part of a write.
const STEP: Savepoint = Savepoint {
    set: "SAVEPOINT step",
    release: "RELEASE step",
    roll_back: "ROLLBACK TO step",
};

impl Conn {
    pub(super) fn begin(&mut self) -> Result<()> {
        self.control("BEGIN")
    }

    /// Begins a transaction that may write at once, on an engine with one writer.
    pub(super) fn begin_immediate(&mut self) -> Result<()> {
        self.control("BEGIN IMMEDIATE")
    }

    pub(super) fn begin_read_only(&mut self) -> Result<()> {
        self.control("BEGIN READ ONLY")
    }

    pub(super) fn commit(&mut self) -> Result<()> {
        self.control("COMMIT")
    }

    pub(super) fn roll_back(&mut self) -> Result<()> {
        self.control("ROLLBACK")
    }

    pub(super) fn set_savepoint(&mut self, savepoint: &Savepoint) -> Result<()> {
        self.control(savepoint.set)
    }

    pub(super) fn release(&mut self, savepoint: &Savepoint) -> Result<()> {
        self.control(savepoint.release)
    }

    pub(super) fn roll_back_to(&mut self, savepoint: &Savepoint) -> Result<()> {
        self.control(savepoint.roll_back)
    }

    /// Runs a statement that returns nothing and stays prepared: on a server, any other takes two round trips.
    pub(super) fn control(&mut self, statement: &'static str) -> Result<()> {
        let statement = sql(self.dialect(), statement).cached();
        execute(self, statement).map(drop)
    }
}

/// Runs `work` inside a transaction of its own, and publishes what it has changed.
pub(super) fn transaction<T>(
    conn: &mut Conn,
    work: impl FnOnce(&mut Conn) -> Result<T>,
) -> Result<T> {
    conn.begin()?;
    conn.journal.reset();
    let start = conn.journal.mark();
    let outcome = work(conn).and_then(|value| {
        conn.journal.finish(start);
        let committed = conn.journal.drain();
        coordination::publish(conn, &committed)?;
        Ok(value)
    });
    match outcome {
        Ok(value) => {
            conn.commit()?;
            Ok(value)
        }
        Err(error) => {
            // A failed ROLLBACK means a lost connection, which rolls back too.
            let _ = conn.roll_back();
            Err(error)
        }
    }
}

/// Runs `work` so that a failure undoes what it did, and nothing else of the transaction.
pub fn savepoint<T>(conn: &mut Conn, work: impl FnOnce(&mut Conn) -> Result<T>) -> Result<T> {
    conn.set_savepoint(&STEP)?;
    let mark = conn.journal.mark();
    let outcome = work(conn);
    if outcome.is_err() {
        conn.roll_back_to(&STEP)?;
        conn.journal.roll_back_to(mark);
    }
    conn.release(&STEP)?;
    outcome
}
