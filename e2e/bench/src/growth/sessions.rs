//! More and more sessions of accounts. One account asks, with the token of a session.

use anyhow::Result;
use hyper::Method;
use serde_json::{Value, json};

use super::axis::Readings;
use super::bulk;
use super::meter::{Meter, Reading};
use crate::http::get;
use crate::rows::{email, id, scramble};
use crate::schema::{PASSWORD, Table};
use crate::server::Server;
use crate::traffic::{Traffic, expect_record};

const TABLE: Table = Table::Posts(1);
/// How many accounts have the sessions: none has so many that the oldest ones end.
const ACCOUNTS: u64 = 200;
/// The number of the account that asks.
const ANN: u64 = ACCOUNTS;

pub(super) async fn prepare(server: &Server, had: Option<u64>, size: u64) -> Result<()> {
    if had.is_none() {
        let rules = json!({"listRule": "", "viewRule": "@request.auth.id != ''"});
        bulk::fill(server, TABLE, &rules, TABLE.rows()).await?;
        for account in 0..=ANN {
            let new = json!({
                "id": id(account),
                "email": email(account),
                "password": PASSWORD,
                "passwordConfirm": PASSWORD,
            });
            let path = "/api/collections/users/records";
            server.call(Method::POST, path, &new).await?;
        }
    }
    bulk::create(server, "_authSessions", had.unwrap_or(0)..size, session).await
}

fn session(n: u64) -> Value {
    json!({
        "collectionRef": "_pb_users_auth_",
        "recordRef": id(n % ACCOUNTS),
        "method": "password",
        "address": "127.0.0.1",
        "userAgent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        "lastSeen": "2026-01-01 00:00:00.000Z",
        "expires": "2099-01-01 00:00:00.000Z",
    })
}

pub(super) async fn measure(server: &Server, meter: &mut Meter) -> Readings {
    vec![("get one, signed in", gets(server, meter).await)]
}

/// Deletes the accounts, with their sessions.
pub(super) async fn tidy(server: &Server) -> Result<()> {
    for account in 0..=ANN {
        let path = format!("/api/collections/users/records/{}", id(account));
        server.call(Method::DELETE, &path, &Value::Null).await?;
    }
    bulk::remove_collection(server, &TABLE.name()).await
}

async fn gets(server: &Server, meter: &Meter) -> Result<Reading> {
    let token = server.new_token("users", &email(ANN)).await?;
    let path = TABLE.records();
    let one = move |n| id(scramble(n) % TABLE.rows());
    let traffic: Traffic = server.traffic(
        Some(token),
        move |n| get(&format!("{path}/{}", one(n))),
        move |n, answer| expect_record(answer, "id", &one(n)),
    );
    meter.reads(server, traffic).await
}
