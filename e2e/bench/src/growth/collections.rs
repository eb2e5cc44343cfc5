//! More and more collections, each with a hundred records; every request asks another one than the request before.

use anyhow::Result;
use serde_json::json;

use super::axis::Readings;
use super::bulk;
use super::meter::{Meter, Reading};
use super::records::creates;
use crate::http::get;
use crate::rows::{id, scramble};
use crate::schema::Table;
use crate::server::Server;
use crate::traffic::{Traffic, expect_record};

const ROWS: u64 = 100;

pub(super) async fn prepare(server: &Server, had: Option<u64>, size: u64) -> Result<()> {
    for n in had.unwrap_or(0)..size {
        let changes = json!({"name": name(n), "id": format!("small{n:010}")});
        bulk::fill(server, Table::Posts(1), &changes, ROWS).await?;
    }
    server.product.analyze()
}

pub(super) async fn measure(server: &mut Server, size: u64, meter: &Meter) -> Readings {
    let start = restart(server).await;
    let get = meter.reads(server, gets(server, size)).await;
    let place = move |n| records(n % size);
    let create = meter.creates(server, creates(server, place), place).await;
    vec![
        ("get one", get),
        ("create", create),
        ("start to first answer", start),
    ]
}

pub(super) async fn tidy(server: &Server, size: u64) -> Result<()> {
    for n in 0..size {
        bulk::remove_collection(server, &name(n)).await?;
    }
    Ok(())
}

async fn restart(server: &mut Server) -> Result<Reading> {
    server.restart().await?;
    Ok(Reading {
        p50: server.started_in.as_secs_f64() * 1000.0,
        ..Reading::default()
    })
}

fn gets(server: &Server, size: u64) -> Traffic {
    let one = move |n| id(scramble(n) % ROWS);
    server.traffic(
        None,
        move |n| get(&format!("{}/{}", records(n % size), one(n))),
        move |n, answer| expect_record(answer, "id", &one(n)),
    )
}

fn records(n: u64) -> String {
    format!("/api/collections/{}/records", name(n))
}

fn name(n: u64) -> String {
    format!("small_{n}")
}
