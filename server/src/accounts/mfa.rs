//! Second factors: who has shown one factor gets the id of a record of `_mfas`, which counts once together with another
//! method.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, json};

use super::methods::Method;
use crate::clock::Timestamp;
use crate::db::Conn;
use crate::error::{Error, Result};
use crate::policy::{Grant, Snapshot};
use crate::records::account_data;
use crate::records::store::{self as records, Lock};
use crate::records::write::Input;
use crate::schema::Record;
use crate::system::account_data::MFAS;

pub(super) const EXPIRED: &str = "Invalid or expired MFA session.";
/// How many seconds a first factor counts where the collection does not say.
const DURATION: i64 = 600;
const OF_ANOTHER: &str = "Invalid MFA session.";
const SAME_METHOD: &str = "A different authentication method is required.";

/// How `_mfas` names a sign-in with another service that the account is not linked to: its address alone has led to it.
const BY_ADDRESS: &str = "oauth2-by-address";

/// A factor that is shown.
#[derive(Clone, Copy, Debug)]
pub(super) struct Factor {
    /// The method.
    pub(super) method: Method,
    /// Whether whoever reads the account's mails can show it.
    pub(super) is_of_mailbox: bool,
}

impl Factor {
    fn name(self) -> &'static str {
        if self.method == Method::OAuth2 && self.is_of_mailbox {
            BY_ADDRESS
        } else {
            self.method.name()
        }
    }
}

/// A first factor that was shown.
pub(super) struct Session {
    record: Record,
    grant: Grant,
}

impl Session {
    /// Returns the session with this id, locked: of several concurrent requests, one finds it.
    pub(super) fn find(conn: &mut Conn, schema: &Arc<Snapshot>, id: &str) -> Result<Option<Self>> {
        let grant = account_data::grant(schema, MFAS, conn.clock.now())?;
        let record = records::find(conn, &grant, id, Some(Lock::Delete))?;
        Ok(record.map(|record| Self { record, grant }))
    }

    /// Whether `account` has shown this factor, and it has not expired.
    pub(super) fn is_of(&self, account: &Record, now: Timestamp) -> bool {
        account_data::is_of(&self.record, account) && !self.has_expired(account, now)
    }

    /// Whether the factor is this one.
    pub(super) fn is_by(&self, method: Method) -> bool {
        let shown = self.record.text("method");
        shown == method.name() || (method == Method::OAuth2 && shown == BY_ADDRESS)
    }

    /// Whether whoever reads the account's mails can have shown the factor.
    pub(super) fn is_of_mailbox(&self) -> bool {
        self.is_by(Method::Otp) || self.record.text("method") == BY_ADDRESS
    }

    fn has_expired(&self, account: &Record, now: Timestamp) -> bool {
        let auth = account.collection.def.auth.as_ref();
        let mfa = auth.map(|auth| &auth.mfa).filter(|mfa| mfa.enabled);
        // An account with an authenticator app needs two factors wherever it is.
        let seconds = mfa.map_or(DURATION, |mfa| mfa.duration);
        account_data::is_older(
            &self.record,
            Duration::from_secs(seconds.unsigned_abs()),
            now,
        )
    }

    fn delete(&self, conn: &mut Conn) -> Result<()> {
        records::delete(conn, &self.grant, &[self.record.id().to_owned()])
    }
}

/// Returns the account that has shown the first factor with this id. The grant is for its collection.
pub(super) fn owner(conn: &mut Conn, accounts: &Grant, id: &str) -> Result<Option<Record>> {
    let grant = account_data::grant(accounts.schema(), MFAS, conn.clock.now())?;
    let Some(session) = records::find(conn, &grant, id, None)? else {
        return Ok(None);
    };
    if session.text("collectionRef") != accounts.collection().def.id {
        return Ok(None);
    }
    records::find(conn, accounts, session.text("recordRef"), None)
}

/// Stores that an account has shown its first factor, and returns the id for the second one.
pub(super) fn begin(
    conn: &mut Conn,
    schema: &Arc<Snapshot>,
    account: &Record,
    factor: Factor,
) -> Result<String> {
    let grant = account_data::grant(schema, MFAS, conn.clock.now())?;
    let fields = Map::from_iter([("method".to_owned(), json!(factor.name()))]);
    let session = account_data::create(conn, grant, account, Input::of(fields))?;
    Ok(session.id().to_owned())
}

/// Takes a first factor together with a second one; it counts only once. Returns the refusal, if they do not go together.
pub(super) fn complete(
    conn: &mut Conn,
    session: Option<&Session>,
    account: &Record,
    factor: Factor,
) -> Result<Option<Error>> {
    let Some(session) = session else {
        return Ok(Some(Error::invalid(EXPIRED)));
    };
    if !account_data::is_of(&session.record, account) {
        return Ok(Some(Error::invalid(OF_ANOTHER)));
    }
    if session.has_expired(account, conn.clock.now()) {
        session.delete(conn)?;
        return Ok(Some(Error::invalid(EXPIRED)));
    }
    let is_one_mailbox = session.is_of_mailbox() && factor.is_of_mailbox;
    if session.is_by(factor.method) || is_one_mailbox {
        return Ok(Some(Error::invalid(SAME_METHOD)));
    }
    session.delete(conn)?;
    Ok(None)
}
