//! More and more records in one collection, with an index on the field that a filter asks for.

use anyhow::{Context, Result};
use serde_json::json;

use super::axis::Readings;
use super::bulk;
use super::meter::{Meter, Reading};
use crate::http;
use crate::prepare::{gets, pages};
use crate::rows;
use crate::scenarios::{List, PAGES, page};
use crate::schema::Table;
use crate::server::Server;
use crate::traffic::{Traffic, expect_record};

/// Twenty records, at every size.
const FEW: (&str, List) = (
    "filtered, with total",
    List {
        has: "/items/19/id",
        ..page("perPage=30&filter=views%3E%3D500%26%26views%3C520")
    },
);

pub(super) async fn prepare(server: &Server, size: u64) -> Result<()> {
    let table = table(size)?;
    let name = table.name();
    let index = format!("CREATE INDEX `idx_{name}_views` ON `{name}` (`views`)");
    bulk::fill(server, table, &json!({"indexes": [index]}), size).await?;
    server.product.analyze()
}

pub(super) async fn measure(server: &Server, size: u64, meter: &mut Meter) -> Readings {
    let mut readings = Vec::new();
    let Ok(table) = table(size) else {
        return readings;
    };
    let get = meter.reads(server, gets(server, table)).await;
    readings.push(("get one", get));
    for (name, list) in PAGES.into_iter().chain([FEW]) {
        readings.push((name, lists(server, table, list, meter).await));
    }
    let place = move |_| table.records();
    let create = meter.creates(server, creates(server, place), place).await;
    readings.push(("create", create));
    readings
}

async fn lists(server: &Server, table: Table, list: List, meter: &mut Meter) -> Result<Reading> {
    let traffic = pages(server, table, list, None, &mut meter.totals).await?;
    meter.reads(server, traffic).await
}

/// A post more with the id of the request's number, in the collection of which `place` gives the path.
pub(super) fn creates(server: &Server, place: impl Fn(u64) -> String + 'static) -> Traffic {
    let posts = Table::Posts(1);
    server.traffic(
        None,
        move |n| http::json(hyper::Method::POST, &place(n), &rows::row(posts, n)),
        |n, answer| expect_record(answer, "id", &rows::id(n)),
    )
}

fn table(size: u64) -> Result<Table> {
    let thousands = u32::try_from(size / 1000).context("too many")?;
    Ok(Table::Posts(thousands))
}
