//! Takes one-time passwords.

use subtle::ConstantTimeEq;

use super::{PREFIX, derived, derived_part, digest, has_expired};
use crate::accounts::attempts;
use crate::accounts::attempts::codes::Tried;
use crate::db::Conn;
use crate::error::Result;
use crate::policy::Grant;
use crate::records::account_data;
use crate::records::store::{self as records, Lock};
use crate::schema::Record;
use crate::system::account_data::OTPS;

/// A try of a code.
#[derive(Clone, Debug)]
pub(in crate::accounts) struct Attempt {
    /// The id of the code.
    pub(in crate::accounts) id: String,
    /// The code.
    pub(in crate::accounts) code: String,
    /// The hash that the code matches, if a superuser has made it.
    pub(in crate::accounts) matched: Option<String>,
    /// Who tries it, and from where.
    pub(in crate::accounts) guess: attempts::Attempt,
}

/// The outcome of a try.
pub(in crate::accounts) enum Redeemed {
    /// The code is right: its account, and the address to which the code was sent.
    Right(Box<Record>, String),
    /// The code is wrong, has expired, was tried too often by strangers, or there is none.
    Wrong,
    /// The client has tried too often.
    TooMany,
}

/// Returns the hash of a code that a superuser has made: it takes too long to be verified in a transaction.
pub(in crate::accounts) fn stored_hash(
    conn: &mut Conn,
    grant: &Grant,
    id: &str,
) -> Result<Option<String>> {
    let codes = account_data::grant(grant.schema(), OTPS, conn.clock.now())?;
    let code = records::find(conn, &codes, id, None)?;
    let hash = code.map(|code| code.text("password").to_owned());
    Ok(hash.filter(|hash| !hash.is_empty() && !hash.starts_with(PREFIX)))
}

/// Returns the account that a code is for.
pub(in crate::accounts) fn owner(
    conn: &mut Conn,
    grant: &Grant,
    id: &str,
) -> Result<Option<Record>> {
    let codes = account_data::grant(grant.schema(), OTPS, conn.clock.now())?;
    let code = records::find(conn, &codes, id, None)?
        .filter(|code| code.text("collectionRef") == grant.collection().def.id);
    match code {
        Some(code) => records::find(conn, grant, code.text("recordRef"), None),
        None => Ok(None),
    }
}

/// Takes a code, which counts once: all codes of the account end. The row of the account is locked.
pub(in crate::accounts) fn redeem(
    conn: &mut Conn,
    grant: &Grant,
    attempt: &Attempt,
) -> Result<Redeemed> {
    let now = conn.clock.now();
    let collection = &grant.collection().def.id;
    let codes = account_data::grant(grant.schema(), OTPS, now)?;
    let code = records::find(conn, &codes, &attempt.id, None)?
        .filter(|code| code.text("collectionRef") == collection);
    let owner = code
        .as_ref()
        .map_or(&*attempt.id, |code| code.text("recordRef"));
    // Looked for in any case, so that the duration does not disclose whether there is a code.
    let account = records::find(conn, grant, owner, Some(Lock::Update))?;
    let account = account.filter(|_| code.is_some());
    let name = match &account {
        Some(account) => derived(grant.collection(), account.text("email"))?,
        None => derived_part(&attempt.id),
    };
    let tried = Tried {
        collection,
        account: &name,
    };
    if !tried.by_client(conn, &attempt.guess.client_with(&attempt.id))? {
        return Ok(Redeemed::TooMany);
    }
    let Some(account) = account else {
        return Ok(Redeemed::Wrong);
    };
    // Concurrent requests wait for the account, so the first one has taken the code by now.
    let all = account_data::all_of(conn, &codes, &account)?;
    let code = all.iter().find(|code| code.id() == attempt.id);
    let Some(code) = code.filter(|code| !has_expired(code, &account, now)) else {
        return Ok(Redeemed::Wrong);
    };
    let stored = code.text("password");
    if !attempt.guess.is_known(conn, &account)? {
        // Several ids may lead to one code.
        let first = all.iter().find(|first| first.text("password") == stored);
        if !tried.of_code(conn, first.unwrap_or(code).id())? {
            // As if there were no such code, which looks the same for every id.
            return Ok(Redeemed::Wrong);
        }
    }
    let own = digest(&account, &attempt.code)?;
    let is_right = bool::from(own.as_bytes().ct_eq(stored.as_bytes()))
        || attempt.matched.as_deref() == Some(stored);
    if !is_right {
        return Ok(Redeemed::Wrong);
    }
    let sent_to = code.text("sentTo").to_owned();
    let ids: Vec<String> = all.iter().map(|code| code.id().to_owned()).collect();
    records::delete(conn, &codes, &ids)?;
    Ok(Redeemed::Right(Box::new(account), sent_to))
}
