//! More and more memberships in scopes. Each adds its scope, a record, to those that a member may see by the collection's rule. Bob
//! has the role in one scope; Ann in all.

use anyhow::Result;
use hyper::Method;
use serde_json::{Value, json};

use super::axis::Readings;
use super::bulk;
use super::meter::{Meter, Reading};
use crate::http::get;
use crate::prepare::pages;
use crate::rows::{email, id, scramble};
use crate::scenarios::{List, page};
use crate::schema::{PASSWORD, Table};
use crate::server::Server;
use crate::traffic::{Traffic, expect_record};

/// Half of the records are scopes at the greatest size.
const TABLE: Table = Table::Posts(20);
/// Which every second record is.
const RULE: &str = "published = true";
const LIST: List = page("perPage=30&skipTotal=1");
/// The number of an account, and what one does who signs in to it.
const BOB: (u64, [&str; 2]) = (1, ["get one, in one scope", "list 30, in one scope"]);
const ANN: (u64, [&str; 2]) = (0, ["get one, in all scopes", "list 30, in all scopes"]);
/// The number of the role.
const ROLE: u64 = 0;

pub(super) async fn prepare(server: &Server, had: Option<u64>, size: u64) -> Result<()> {
    if had.is_none() {
        let rules = json!({"listRule": RULE, "viewRule": RULE});
        bulk::fill(server, TABLE, &rules, TABLE.rows()).await?;
        let role = json!({"id": id(ROLE), "name": "reader"});
        create(server, "_roles", &role).await?;
        let permission = json!({
            "role": id(ROLE),
            "collection": TABLE.name(),
            "actions": ["list", "view"],
            "effect": "allow",
            "condition": "id = @role.scope",
        });
        create(server, "_permissions", &permission).await?;
        for (account, _) in [ANN, BOB] {
            let new = json!({
                "id": id(account),
                "email": email(account),
                "password": PASSWORD,
                "passwordConfirm": PASSWORD,
            });
            create(server, "users", &new).await?;
        }
        create(server, "_members", &membership(BOB.0, 0)).await?;
    }
    let of_ann = |n| membership(ANN.0, n);
    bulk::create(server, "_members", had.unwrap_or(0)..size, of_ann).await
}

/// Membership `n` of an account lets it see a record that the rule does not.
fn membership(account: u64, n: u64) -> Value {
    json!({
        "role": id(ROLE),
        "collectionRef": "users",
        "recordRef": id(account),
        "scopeCollection": TABLE.name(),
        "scope": id(2 * n + 1),
    })
}

pub(super) async fn measure(server: &Server, meter: &mut Meter) -> Readings {
    let mut readings = Vec::new();
    for (account, [one, list]) in [BOB, ANN] {
        readings.push((one, gets(server, account, meter).await));
        readings.push((list, lists(server, account, meter).await));
    }
    readings
}

/// Takes the role, with its permission and members.
pub(super) async fn tidy(server: &Server) -> Result<()> {
    delete(server, "_roles", ROLE).await?;
    for (account, _) in [ANN, BOB] {
        delete(server, "users", account).await?;
    }
    bulk::remove_collection(server, &TABLE.name()).await
}

async fn gets(server: &Server, account: u64, meter: &Meter) -> Result<Reading> {
    let token = server.new_token("users", &email(account)).await?;
    let path = TABLE.records();
    let published = move |n| id(scramble(n) % (TABLE.rows() / 2) * 2);
    let traffic: Traffic = server.traffic(
        Some(token),
        move |n| get(&format!("{path}/{}", published(n))),
        move |n, answer| expect_record(answer, "id", &published(n)),
    );
    meter.reads(server, traffic).await
}

async fn lists(server: &Server, account: u64, meter: &mut Meter) -> Result<Reading> {
    let token = server.new_token("users", &email(account)).await?;
    let traffic = pages(server, TABLE, LIST, Some(token), &mut meter.totals).await?;
    meter.reads(server, traffic).await
}

async fn create(server: &Server, collection: &str, record: &Value) -> Result<()> {
    let path = format!("/api/collections/{collection}/records");
    server.call(Method::POST, &path, record).await?;
    Ok(())
}

async fn delete(server: &Server, collection: &str, n: u64) -> Result<()> {
    let path = format!("/api/collections/{collection}/records/{}", id(n));
    server.call(Method::DELETE, &path, &Value::Null).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::row;

    #[test]
    fn each_scope_is_a_record_that_the_rule_hides() {
        for n in [0, 1, 9_999] {
            let scope = row(TABLE, 2 * n + 1);
            assert_eq!(scope["published"], false);
            assert_eq!(membership(ANN.0, n)["scope"], scope["id"]);
        }
        assert_eq!(TABLE.rows(), 20_000);
    }
}
