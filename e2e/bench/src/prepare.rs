//! Brings a server into the state that a workload wants, and makes its traffic.

use std::cell::Cell;
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Result, ensure};
use hyper::{Method, StatusCode};
use serde_json::{Value, json};

use crate::api::Api;
use crate::http::{Connection, delete, get, json as with_body};
use crate::load::{self, Load, Measured};
use crate::plan::{ARTICLES_EACH, DELETED, Kind};
use crate::rows::{id, name, new, row, scramble};
use crate::scenarios::{self, List};
use crate::schema::Table;
use crate::server::Server;
use crate::subscribers::Subscribers;
use crate::traffic::{Traffic, expect, expect_page, expect_record};

/// The totals that servers gave, by what was asked: all of them have the same records.
pub(crate) type Totals = HashMap<String, i64>;

/// Makes what the workload needs, and the traffic; there are subscribers as long as it is kept.
pub(crate) struct Prepared {
    traffic: Rc<Traffic>,
    /// What else is sent meanwhile, and not measured.
    beside: Option<Rc<Traffic>>,
    kind: Kind,
    subscribers: Option<Subscribers>,
}

impl Prepared {
    pub(crate) async fn new(server: &Server, kind: Kind, totals: &mut Totals) -> Result<Self> {
        for table in kind.tables() {
            server.fill(table).await?;
        }
        let mut subscribers = None;
        let mut beside = None;
        let traffic = match kind {
            Kind::Get(table) => gets(server, table),
            Kind::List(table, list) => lists(server, table, list, totals).await?,
            Kind::Create(table) => creates(server, table, "title"),
            Kind::CreateAccount => creates(server, Table::People, "name"),
            Kind::GetBesideAccounts(table) => {
                beside = Some(Rc::new(creates(server, Table::People, "name")));
                gets(server, table)
            }
            Kind::Mixed(table) => mixed(server, table).await?,
            Kind::DeleteAccount(table) => deletes(server, table).await?,
            Kind::Tell(table, listeners) => {
                subscribers = Some(Subscribers::listen(server.address, table, listeners).await?);
                creates(server, table, "title")
            }
        };
        Ok(Self {
            traffic: Rc::new(traffic),
            beside,
            kind,
            subscribers,
        })
    }

    /// Sends all of it.
    pub(crate) async fn send(
        &self,
        server: &Server,
        load: Load,
        duration: Duration,
    ) -> Result<Measured> {
        let measured = load::run(server.address, &self.traffic, load, duration);
        let Some(beside) = &self.beside else {
            return measured.await;
        };
        let clients = Load::Closed { connections: 4 };
        let others = load::run(server.address, beside, clients, duration);
        Ok(tokio::try_join!(measured, others)?.0)
    }

    /// Waits until everything has happened that so many requests should have done, and looks whether it did.
    pub(crate) async fn finish(&self, server: &Server, requests: u64) -> Result<()> {
        if let Some(subscribers) = &self.subscribers {
            subscribers.hear(requests).await?;
        }
        if let Kind::DeleteAccount(table) = self.kind {
            let path = format!("{}?perPage=1", table.records());
            let left = server.call(Method::GET, &path, &Value::Null).await?;
            ensure!(
                left["totalItems"] == table.rows(),
                "{} are left",
                left["totalItems"]
            );
        }
        Ok(())
    }
}

pub(crate) fn gets(server: &Server, table: Table) -> Traffic {
    let api = server.api();
    let path = api.records(table);
    let one = move |n| id(scramble(n) % table.rows());
    server.traffic(
        None,
        move |n| get(&format!("{path}/{}", one(n))),
        move |n, answer| api.expect_record(answer, &one(n)),
    )
}

async fn lists(server: &Server, table: Table, list: List, totals: &mut Totals) -> Result<Traffic> {
    if server.api() == Api::PocketBase {
        set_rule(server, table, &list).await?;
    }
    // Rules on articles ask who it is.
    let token = if matches!(table, Table::Articles(_)) {
        Some(server.person().await?)
    } else {
        None
    };
    pages(server, table, list, token, totals).await
}

/// Looks at one answer in full; each of the others must be the same to the byte.
pub(crate) async fn pages(
    server: &Server,
    table: Table,
    list: List,
    token: Option<String>,
    totals: &mut Totals,
) -> Result<Traffic> {
    let api = server.api();
    let path = api.list(table, &list);
    let shown = token.clone().or_else(|| server.everybody());
    let mut connection = Connection::open(server.address, shown.as_deref()).await?;
    let answer = connection.send(get(&path)).await?;
    let page = api.expect_page(&answer)?;
    let is_full = api == Api::PocketBase || page.items == 30;
    ensure!(page.items > 0 && is_full, "{} records", page.items);
    let has_total = page.total.is_some() || list.query.contains("skipTotal");
    ensure!(has_total, "no total");
    if api == Api::PocketBase {
        let body: Value = serde_json::from_slice(&answer.body)?;
        let shown = body.pointer(list.has);
        ensure!(shown.is_some(), "no {} in {body}", list.has);
    }
    if let Some(found) = page.total {
        let asked = format!("{} of {} with {}", list.query, table.name(), list.rule);
        let total = *totals.entry(asked).or_insert(found);
        ensure!(found == total, "{found} in all instead of {total}");
    }
    let first = answer.body;
    Ok(server.traffic(
        token,
        move |_| get(&path),
        move |_, answer| {
            expect(answer, StatusCode::OK)?;
            ensure!(answer.body == first, "another answer than the first time");
            Ok(())
        },
    ))
}

async fn set_rule(server: &Server, table: Table, list: &List) -> Result<()> {
    let name = table.name();
    let index = list
        .index
        .map(|field| format!("CREATE INDEX `idx_{name}_{field}` ON `{name}` (`{field}`)"));
    let change = json!({"listRule": list.rule, "indexes": Vec::from_iter(index)});
    let path = format!("/api/collections/{name}");
    server.call(Method::PATCH, &path, &change).await?;
    Ok(())
}

fn creates(server: &Server, table: Table, named_by: &'static str) -> Traffic {
    let api = server.api();
    let path = api.records(table);
    server.traffic(
        None,
        move |n| with_body(Method::POST, &path, &api.new_row(table, n)),
        move |n, answer| api.expect_created(answer, named_by, &name(table, n)),
    )
}

async fn mixed(server: &Server, table: Table) -> Result<Traffic> {
    set_rule(server, table, &scenarios::PLAIN).await?;
    let path = table.records();
    let updates = |n: u64| n.is_multiple_of(4);
    let title = |n: u64| format!("Article again, {n}");
    let request = move |n| {
        if updates(n) {
            let one = format!("{path}/{}", id(scramble(n) % table.rows()));
            with_body(Method::PATCH, &one, &json!({"title": title(n)}))
        } else {
            get(&format!("{path}?{}", scenarios::PLAIN.query))
        }
    };
    Ok(server.traffic(None, request, move |n, answer| {
        if updates(n) {
            return expect_record(answer, "title", &title(n));
        }
        let page = expect_page(answer)?;
        ensure!(page.items.len() == 20, "{} items", page.items.len());
        ensure!(
            page.total_items == i64::try_from(table.rows())?,
            "{} in all",
            page.total_items
        );
        Ok(())
    }))
}

/// Makes the accounts that are to go, with what belongs to them.
async fn deletes(server: &Server, table: Table) -> Result<Traffic> {
    let first = server.reserve(DELETED * ARTICLES_EACH);
    let person = move |n: u64| row(Table::People, first + n);
    server.insert(Table::People, DELETED, person).await?;
    let article = move |n: u64| {
        let mut article = new(table, first + n);
        article["author"] = id(first + n % DELETED).into();
        article
    };
    server
        .insert(table, DELETED * ARTICLES_EACH, article)
        .await?;
    let next = Cell::new(first);
    let path = Table::People.records();
    Ok(server.traffic(
        None,
        move |_| delete(&format!("{path}/{}", id(next.replace(next.get() + 1)))),
        |_, answer| expect(answer, StatusCode::NO_CONTENT),
    ))
}
