//! More and more permissions of roles. Each adds a record to those that a member may see by the collection's rule. Ann's role has one of them;
//! Bob has that role and the one with all others.

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

const TABLE: Table = Table::Posts(1);
/// Which every second record is.
const RULE: &str = "published = true";
const LIST: List = page("perPage=30&skipTotal=1");
/// The number of an account, and what one does who signs in to it.
const ANN: (u64, [&str; 2]) = (0, ["get one, one applies", "list 30, one applies"]);
const BOB: (u64, [&str; 2]) = (1, ["get one, all apply", "list 30, all apply"]);
/// The numbers of the roles.
const ONE: u64 = 0;
const OTHERS: u64 = 1;

pub(super) async fn prepare(server: &Server, had: Option<u64>, size: u64) -> Result<()> {
    if had.is_none() {
        let rules = json!({"listRule": RULE, "viewRule": RULE});
        bulk::fill(server, TABLE, &rules, TABLE.rows()).await?;
        for role in [ONE, OTHERS] {
            let new = json!({"id": id(role), "name": format!("role {role}")});
            create(server, "_roles", &new).await?;
        }
        for ((account, _), roles) in [(ANN, &[ONE][..]), (BOB, &[ONE, OTHERS])] {
            let new = json!({
                "id": id(account),
                "email": email(account),
                "password": PASSWORD,
                "passwordConfirm": PASSWORD,
            });
            create(server, "users", &new).await?;
            for &role in roles {
                let member =
                    json!({"role": id(role), "collectionRef": "users", "recordRef": id(account)});
                create(server, "_members", &member).await?;
            }
        }
    }
    bulk::create(server, "_permissions", had.unwrap_or(0)..size, permission).await
}

/// Permission `n` lets one see a record that the rule does not.
fn permission(n: u64) -> Value {
    json!({
        "role": id(if n == 0 { ONE } else { OTHERS }),
        "collection": TABLE.name(),
        "actions": ["list", "view"],
        "effect": "allow",
        "condition": format!("views = {}", 2 * n + 1),
    })
}

pub(super) async fn measure(server: &Server, meter: &mut Meter) -> Readings {
    let mut readings = Vec::new();
    for (account, [one, list]) in [ANN, BOB] {
        readings.push((one, gets(server, account, meter).await));
        readings.push((list, lists(server, account, meter).await));
    }
    readings
}

/// Takes the roles, with their permissions and members.
pub(super) async fn tidy(server: &Server) -> Result<()> {
    for role in [ONE, OTHERS] {
        delete(server, "_roles", role).await?;
    }
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
    fn each_permission_adds_a_record_that_the_rule_hides() {
        for n in 0..500 {
            let hidden = row(TABLE, 2 * n + 1);
            assert_eq!(hidden["published"], false);
            assert_eq!(
                permission(n)["condition"],
                format!("views = {}", hidden["views"])
            );
        }
        assert_eq!(permission(0)["role"], id(ONE));
        assert_eq!(permission(1)["role"], id(OTHERS));
    }
}
