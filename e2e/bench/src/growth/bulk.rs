//! Many records at once, by the batch API: alone they would take minutes.

use std::cell::Cell;
use std::ops::Range;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context, Result};
use hyper::{Method, StatusCode};
use serde_json::{Value, json};

use crate::http::json as with_body;
use crate::load::{self, Load};
use crate::rows;
use crate::schema::Table;
use crate::server::Server;
use crate::traffic::expect;

/// Each is one transaction.
const BATCH: u64 = 500;

/// Lets the server take batches of that size.
pub(super) async fn allow(server: &Server) -> Result<()> {
    let batch = json!({"enabled": true, "maxRequests": BATCH, "timeout": 60});
    let settings = json!({"batch": batch});
    server
        .call(Method::PATCH, "/api/settings", &settings)
        .await?;
    Ok(())
}

/// Makes a collection with a table's fields, in which `changes` differ, and so many records.
pub(super) async fn fill(server: &Server, table: Table, changes: &Value, count: u64) -> Result<()> {
    let mut definition = table.collection();
    for (key, value) in changes.as_object().into_iter().flatten() {
        definition[key] = value.clone();
    }
    let name = definition["name"].as_str().context("no name")?.to_owned();
    server
        .call(Method::POST, "/api/collections", &definition)
        .await?;
    create(server, &name, 0..count, move |n| rows::row(table, n)).await
}

/// Creates the records of a collection that have these numbers.
pub(super) async fn create(
    server: &Server,
    collection: &str,
    numbers: Range<u64>,
    row: impl Fn(u64) -> Value + 'static,
) -> Result<()> {
    let url = format!("/api/collections/{collection}/records");
    let creation = move |n| json!({"method": "POST", "url": url, "body": row(n)});
    send(server, numbers, creation)
        .await
        .with_context(|| format!("records of {collection}"))
}

/// Deletes the records that have these numbers in their ids; `place` gives the path of each one's collection.
pub(super) async fn delete(
    server: &Server,
    numbers: Range<u64>,
    place: impl Fn(u64) -> String + 'static,
) -> Result<()> {
    let deletion = move |n| {
        let url = format!("{}/{}", place(n), rows::id(n));
        json!({"method": "DELETE", "url": url})
    };
    send(server, numbers, deletion).await
}

pub(super) async fn remove_collection(server: &Server, name: &str) -> Result<()> {
    let path = format!("/api/collections/{name}");
    server.call(Method::DELETE, &path, &Value::Null).await?;
    Ok(())
}

async fn send(
    server: &Server,
    numbers: Range<u64>,
    request: impl Fn(u64) -> Value + 'static,
) -> Result<()> {
    let batches = (numbers.end - numbers.start).div_ceil(BATCH);
    let next = Cell::new(numbers.start);
    let batch = move |_| {
        let first = next.get();
        next.set((first + BATCH).min(numbers.end));
        let requests: Vec<_> = (first..next.get()).map(&request).collect();
        with_body(Method::POST, "/api/batch", &json!({"requests": requests}))
    };
    let traffic = server.traffic(server.superuser(), batch, |_, answer| {
        expect(answer, StatusCode::OK)
    });
    let load = Load::Count {
        requests: batches,
        connections: 4,
    };
    load::run(server.address, &Rc::new(traffic), load, Duration::ZERO).await?;
    Ok(())
}
