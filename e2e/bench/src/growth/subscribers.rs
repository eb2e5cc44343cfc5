//! More and more clients that hear of each record of a collection.

use std::rc::Rc;
use std::time::Duration;

use anyhow::Result;
use serde_json::json;

use super::axis::Readings;
use super::bulk;
use super::meter::{Meter, Reading};
use super::records::creates;
use crate::load::{self, Load, as_f64};
use crate::run::BREATH;
use crate::schema::Table;
use crate::server::Server;
use crate::subscribers::Subscribers;

const TABLE: Table = Table::Posts(1);
const RATE: Load = Load::Open {
    per_second: 10,
    connections: 16,
};
/// Ten a second are few: it takes longer than where they are many.
const LONGER: u32 = 4;
const KILOBYTES_A_MEGABYTE: f64 = 1024.0;

pub(super) async fn prepare(server: &Server, had: Option<u64>) -> Result<()> {
    if had.is_none() {
        bulk::fill(server, TABLE, &json!({}), TABLE.rows()).await?;
    }
    Ok(())
}

pub(super) async fn measure(server: &mut Server, size: u64, meter: &Meter) -> Readings {
    vec![("create", tell(server, size, meter.duration * LONGER).await)]
}

pub(super) async fn tidy(server: &Server) -> Result<()> {
    bulk::remove_collection(server, &TABLE.name()).await
}

async fn tell(server: &mut Server, size: u64, duration: Duration) -> Result<Reading> {
    // What other measurements left in its memory would hide what these need.
    server.restart().await?;
    let traffic = Rc::new(creates(server, |_| TABLE.records()));
    let first = server.reserve(0);
    let warm_up = Load::Count {
        requests: 100,
        connections: 16,
    };
    load::run(server.address, &traffic, warm_up, duration).await?;
    tokio::time::sleep(BREATH).await;
    let alone = server.memory()?.now;
    let subscribers = Subscribers::listen(server.address, TABLE, usize::try_from(size)?).await?;
    tokio::time::sleep(BREATH).await;
    let before = server.cpu_milliseconds()?;
    let measured = load::run(server.address, &traffic, RATE, duration).await?;
    subscribers.hear(measured.requests()).await?;
    let used = server.cpu_milliseconds()? - before;
    let grown = server.memory()?.now - alone;
    drop(subscribers);
    bulk::delete(server, first..server.reserve(0), |_| TABLE.records()).await?;
    Ok(Reading {
        per_second: None,
        p50: measured.percentile(50.0),
        cpu: Some(used / as_f64(measured.requests().max(1))),
        kilobytes: (size > 0).then(|| grown * KILOBYTES_A_MEGABYTE / as_f64(size)),
    })
}
