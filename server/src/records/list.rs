//! Lists of records: which, in what order, and how many there are.

use std::collections::BTreeMap;

use plinth_sdk::types::{self as wire, FieldProblem};

use super::cursor::Cursor;
use super::store;
use crate::budget::Room;
use crate::db::{self, Conn, Each, Rows, Sql, Storage, first_int, load, owned};
use crate::error::{Error, GENERIC, Result};
use crate::filter::{Condition, MAX_LENGTH, Resolver, Trust, conjunction, parse};
use crate::policy::Grant;
use crate::schema::{Collection, Record};

const DEFAULT_PER_PAGE: i64 = 30;
const MAX_PER_PAGE: i64 = 1000;
/// So many rows are read sooner than another thread takes the work over.
const MAX_SHORT: i64 = 100;
const MAX_SORTS: usize = 8;
const MAX_SORT_LENGTH: usize = 255;

/// What is asked of a list.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// The page's number, from 1.
    pub page: i64,
    /// Records of a page.
    pub per_page: i64,
    /// By what they are ordered, first to last: a path, and whether it descends.
    pub sort: Vec<(String, bool)>,
    /// Which ones.
    pub filter: String,
    /// Whether the total is not wanted.
    pub skip_total: bool,
    /// Where to go on, instead of at a page; empty at the beginning.
    pub cursor: Option<String>,
}

/// One page.
#[derive(Debug)]
pub struct Page {
    /// Its records.
    pub records: Vec<Record>,
    /// How many there are, and how to go on.
    pub extent: Extent,
}

/// How far a list goes beyond its page.
#[derive(Debug, Default)]
pub struct Extent {
    /// How many records there are on all pages, unless that was not wanted.
    pub total: Option<i64>,
    /// The cursor behind the page, empty at the end; where the list is read by cursors.
    pub next: Option<String>,
}

impl Query {
    /// Reads the parameters of a request.
    pub fn parse(parameters: &BTreeMap<String, String>) -> Result<Self> {
        let number = |name: &str| match parameters.get(name).map_or("", String::as_str) {
            "" => Ok(0),
            text => text.parse::<i64>().map_err(|_| Error::invalid(GENERIC)),
        };
        let filter = parameters.get("filter").cloned().unwrap_or_default();
        if filter.len() > MAX_LENGTH {
            return Err(Error::invalid(GENERIC));
        }
        let mut sort = Vec::new();
        let terms = parameters
            .get("sort")
            .filter(|text| !text.trim().is_empty());
        for term in terms.into_iter().flat_map(|text| text.split(',')) {
            let term = term.trim();
            let path = term.strip_prefix(['+', '-']).unwrap_or(term);
            if path.is_empty() || term.len() > MAX_SORT_LENGTH || sort.len() == MAX_SORTS {
                return Err(Error::invalid(GENERIC));
            }
            sort.push((path.to_owned(), term.starts_with('-')));
        }
        let per_page = match number("perPage")? {
            n if n <= 0 => DEFAULT_PER_PAGE,
            n => n.min(MAX_PER_PAGE),
        };
        let page = number("page")?.max(1);
        let cursor = parameters.get("cursor").cloned();
        if cursor.is_some() && page > 1 {
            let problem = FieldProblem::new(
                "validation_not_with_cursor",
                "A cursor says itself where to go on.",
            );
            return Err(Error::field(GENERIC, "page", problem));
        }
        Ok(Self {
            page,
            per_page,
            sort,
            filter,
            skip_total: bool_of(parameters.get("skipTotal"))?,
            cursor,
        })
    }

    /// Whether it asks for some of the first rows as they come.
    pub fn is_short(&self) -> bool {
        let last = self.page.saturating_mul(self.per_page);
        self.filter.is_empty() && self.sort.is_empty() && last <= MAX_SHORT
    }
}

/// The words that the protocol has for yes and no.
fn bool_of(text: Option<&String>) -> Result<bool> {
    match text.map_or("", String::as_str) {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "" | "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err(Error::invalid(GENERIC)),
    }
}

/// The page that `query` asks for, of the records that the grant reaches, if there is room for it.
pub fn list(conn: &mut Conn, grant: &Grant, query: &Query, room: &mut Room) -> Result<Page> {
    let mut rows = Rows::new();
    let extent = each(conn, grant, query, &mut |row| {
        if room.has(store::size_of(&row)) {
            rows.push(owned(row));
        }
    })?;
    room.check()?;
    Ok(Page {
        records: store::records(grant.collection(), rows),
        extent,
    })
}

/// Looks at the rows of that page, and says how far the list goes beyond it.
pub fn each(conn: &mut Conn, grant: &Grant, query: &Query, look: &mut Each<'_>) -> Result<Extent> {
    let engine = conn.engine();
    let collection = grant.collection();
    let trust = grant.trust();
    let (mut resolver, rule) = grant.narrow(engine, store::alias())?;
    let mut conditions = vec![rule];
    if !query.filter.is_empty() {
        let filter = parse(&query.filter).map_err(|_| Error::invalid(GENERIC))?;
        let condition = resolver.condition(&filter, trust);
        conditions.push(condition.map_err(|_| Error::invalid(GENERIC))?);
    }
    let order = order(&mut resolver, query, trust, collection)?;
    let cursor = query.cursor.as_deref();
    let cursor = cursor.map(|text| Cursor::read(text, grant, query));
    let cursor = cursor.transpose()?;
    let all = Condition::all(conditions);
    let (joins, condition) = resolver.finish(all.clone());
    if matches!(condition, Condition::False) {
        return Ok(Extent {
            total: (!query.skip_total).then_some(0),
            next: cursor.map(|_| String::new()),
        });
    }
    let is_everything = condition.is_true();
    let offset = (query.page - 1).saturating_mul(query.per_page);
    let mut rows = Sql::new(engine);
    store::from(&mut rows, collection, joins);
    let mut parts = match condition {
        Condition::All(parts) => parts,
        Condition::True | Condition::False => Vec::new(),
    };
    parts.extend(cursor.as_ref().and_then(|cursor| cursor.behind(engine)));
    if !parts.is_empty() {
        rows.text(" WHERE ").append(conjunction(engine, parts));
    }
    let is_numbered = !query.sort.is_empty() && !collection.is_view();
    let page = db::Page {
        offset,
        limit: query.per_page,
    };
    let mut rest = page.of(db::Sorted {
        table: is_numbered.then_some(&collection.table),
        alias: store::alias(),
        rows,
        order,
    });
    if is_everything && query.sort.is_empty() {
        rest = rest.cached();
    }
    let keeps_total = is_everything && collection.has_total() && !collection.is_view();
    if let Some(cursor) = cursor {
        let mut last = Vec::new();
        let mut count = 0;
        let row = Some(Cursor::row(engine));
        let (found, row) = store::select_each(conn, collection, rest, row.as_ref(), &mut |row| {
            count += 1;
            if count == query.per_page {
                last = cursor.values(&row);
            }
            look(row);
        })?;
        let next = match row {
            Some(row) if found == query.per_page => cursor.after(&last, row),
            _ => String::new(),
        };
        let total = if query.skip_total {
            None
        } else {
            Some(total(conn, collection, &resolver, is_everything, all)?)
        };
        return Ok(Extent {
            total,
            next: Some(next),
        });
    }
    let beside = (keeps_total && !query.skip_total).then(|| store::kept_total(engine, collection));
    let (found, kept) = store::select_each(conn, collection, rest, beside.as_ref(), look)?;
    let total = if query.skip_total {
        None
    } else if found < query.per_page && (found > 0 || offset == 0) {
        // The last page says how many there are.
        Some(offset + found)
    } else if kept.is_some() {
        kept
    } else {
        Some(total(conn, collection, &resolver, is_everything, all)?)
    };
    Ok(Extent { total, next: None })
}

fn total(
    conn: &mut Conn,
    collection: &Collection,
    resolver: &Resolver<'_>,
    is_everything: bool,
    condition: Condition,
) -> Result<i64> {
    if is_everything && collection.has_total() {
        return store::total(conn, collection);
    }
    let count = resolver.count(condition);
    first_int(&load(conn, count, &[Storage::Int])?)
}

/// The page as it stands on the wire.
pub fn envelope<T>(items: Vec<T>, page: i64, per_page: i64, extent: Extent) -> wire::Page<T> {
    let Extent { total, next } = extent;
    let per_page = per_page.max(1);
    wire::Page {
        items,
        page: u64::try_from(page).unwrap_or(1),
        per_page: u64::try_from(per_page).unwrap_or(1),
        total_items: total.unwrap_or(-1),
        total_pages: total.map_or(-1, |total| (total + per_page - 1) / per_page),
        next_cursor: next,
    }
}

/// ` ORDER BY …`. The order of insertion decides what nothing else does, so pages do not overlap.
fn order(
    resolver: &mut Resolver<'_>,
    query: &Query,
    trust: Trust,
    collection: &Collection,
) -> Result<Sql> {
    let mut terms = Vec::with_capacity(query.sort.len() + 1);
    for (path, descending) in &query.sort {
        let term = resolver.order(path, *descending, trust);
        terms.extend(term.map_err(|_| Error::invalid(GENERIC))?);
    }
    let mut out = Sql::new(resolver.engine());
    terms.extend(store::own_order(resolver.engine(), collection, terms.len()));
    if !terms.is_empty() {
        out.text(" ORDER BY ").join(", ", terms);
    }
    Ok(out)
}
