//! Places that accounts have signed in from, and mails about new ones.
//!
//! A place is a record of `_authOrigins`: a fingerprint of the address and the browser, made as in PocketBase, so that places
//! that moved in stay known.

use std::fmt::Write as _;

use md5::{Digest, Md5};
use plinth_sdk::types::MetaSettings;
use serde_json::{Map, json};

use super::emails::{self, Letter};
use crate::clock::Timestamp;
use crate::db::Conn;
use crate::error::Result;
use crate::mail;
use crate::policy::Grant;
use crate::records::store::{self as records, Lock};
use crate::records::write::Input;
use crate::records::{account_data, fill};
use crate::request::Request;
use crate::schema::Record;
use crate::system::account_data::AUTH_ORIGINS;

/// How many places of an account are kept.
const MAX_ORIGINS: usize = 5;
/// How many characters of a browser's name count.
const MAX_BROWSER: usize = 200;

/// The place that a request comes from.
#[derive(Clone, Debug)]
pub(super) struct Place {
    address: String,
    browser: String,
    time: Timestamp,
}

impl Place {
    /// Returns the place of a request.
    pub(super) fn of(request: &Request) -> Self {
        let address = request.address.map(|address| address.to_canonical());
        let browser = request.headers.get("user_agent");
        let browser = browser.map_or("", String::as_str);
        let mut shown: String = browser.chars().take(MAX_BROWSER).collect();
        if shown.len() < browser.len() {
            shown.push_str("...");
        }
        Self {
            address: address.map_or_else(String::new, |address| address.to_string()),
            browser: shown,
            time: request.now,
        }
    }

    /// Returns the fingerprint. It need not resist anybody: it only tells an account's own places apart.
    fn fingerprint(&self) -> String {
        let digest = Md5::digest(format!("{}{}", self.address, self.browser));
        digest.iter().fold(String::new(), |mut hex, byte| {
            // Writing to a text never fails.
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }
}

/// Stores that the account has signed in from a place. A mail tells of a new place, unless it is the first one. The row of
/// the account is locked, so that concurrent sign-ins from a new place lead to one record and one mail.
pub(super) fn note(
    conn: &mut Conn,
    grant: &Grant,
    meta: &MetaSettings,
    account: &str,
    place: &Place,
) -> Result<()> {
    let Some(account) = records::find(conn, grant, account, Some(Lock::Update))? else {
        return Ok(());
    };
    let origins = account_data::grant(grant.schema(), AUTH_ORIGINS, conn.clock.now())?;
    let mut known = account_data::all_of(conn, &origins, &account)?;
    let fingerprint = place.fingerprint();
    let found = known
        .iter()
        .find(|known| known.text("fingerprint") == fingerprint);
    if let Some(found) = found {
        let mut seen = found.clone();
        fill::stamp(&mut seen, conn.clock.now(), false);
        return records::update(conn, &origins, found, &seen);
    }
    known.sort_by(|one, other| one.text("updated").cmp(other.text("updated")));
    let surplus = (known.len() + 1).saturating_sub(MAX_ORIGINS);
    let ids: Vec<String> = known
        .iter()
        .take(surplus)
        .map(|one| one.id().to_owned())
        .collect();
    if !ids.is_empty() {
        records::delete(conn, &origins, &ids)?;
    }
    let fields = Map::from_iter([("fingerprint".to_owned(), json!(fingerprint))]);
    account_data::create(conn, origins, &account, Input::of(fields))?;
    if known.is_empty() || account.text("email").is_empty() {
        return Ok(());
    }
    alert(conn, meta, &account, place)
}

fn alert(conn: &mut Conn, meta: &MetaSettings, account: &Record, place: &Place) -> Result<()> {
    let Some(auth) = account.collection.def.auth.as_ref() else {
        return Ok(());
    };
    let Place {
        address,
        browser,
        time,
    } = place;
    let info = format!("{time} - {address} {browser}");
    let letter = Letter {
        template: &auth.auth_alert.email_template,
        secrets: &[("ALERT_INFO", &info)],
        kind: "login-alert",
        to: account.text("email"),
    };
    mail::enqueue(conn, &emails::compose(meta, account, &letter))
}
