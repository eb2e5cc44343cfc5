//! Lists of records: filtered, sorted, page by page.

use std::collections::BTreeMap;

use plinth_sdk::types as wire;

use super::cursor::Cursor;
use super::store;
use crate::budget::Room;
use crate::db::{self, ColumnType, Conn, Each, Rows, Sql, first_int, load, owned};
use crate::error::{Error, GENERIC, Result};
use crate::filter::{Condition, MAX_LENGTH, Resolver, Trust, conjunction, parse};
use crate::policy::Grant;
use crate::problems;
use crate::schema::{Collection, Record};

const DEFAULT_PER_PAGE: i64 = 30;
const MAX_PER_PAGE: i64 = 1000;
/// A read of so many rows takes less time than moving it to another thread.
const MAX_SHORT: i64 = 100;
const MAX_SORTS: usize = 8;
const MAX_SORT_LENGTH: usize = 255;

/// The parameters of a list.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// The number of the page, from 1.
    pub page: i64,
    /// The number of records of a page.
    pub per_page: i64,
    /// The sort keys: a path, and whether it is descending.
    pub sort: Vec<(String, bool)>,
    /// The filter.
    pub filter: String,
    /// Whether to leave out the total.
    pub skip_total: bool,
    /// The cursor, instead of a page; empty for the beginning.
    pub cursor: Option<String>,
}

/// A page.
#[derive(Debug)]
pub struct Page {
    /// The records.
    pub records: Vec<Record>,
    /// The total and the next cursor.
    pub extent: Extent,
}

/// The total of a list, and the cursor of its next page.
#[derive(Debug, Default)]
pub struct Extent {
    /// The total of records on all pages, unless it was left out.
    pub total: Option<i64>,
    /// The cursor of the next page, empty at the end; only if the list is read by cursors.
    pub next: Option<String>,
}

impl Query {
    /// Parses the parameters of a request.
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
            let problem = problems::PAGE_WITH_CURSOR.problem();
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

    /// Whether the list reads only a few of the first rows, in the order of insertion.
    pub fn is_short(&self) -> bool {
        let last = self.page.saturating_mul(self.per_page);
        self.filter.is_empty() && self.sort.is_empty() && last <= MAX_SHORT
    }
}

/// Parses a bool as the protocol spells it.
fn bool_of(text: Option<&String>) -> Result<bool> {
    match text.map_or("", String::as_str) {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "" | "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err(Error::invalid(GENERIC)),
    }
}

/// Returns a page of the records that the grant covers, if there is room for it.
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

/// Streams the rows of a page to a sink, and returns its extent.
pub fn each(conn: &mut Conn, grant: &Grant, query: &Query, look: &mut Each<'_>) -> Result<Extent> {
    let dialect = conn.dialect();
    let collection = grant.collection();
    let trust = grant.trust();
    let (mut resolver, rule) = grant.narrow(dialect, store::alias())?;
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
    let (joins, condition) = resolver.emit(all.clone());
    if matches!(condition, Condition::False) {
        return Ok(Extent {
            total: (!query.skip_total).then_some(0),
            next: cursor.map(|_| String::new()),
        });
    }
    let is_everything = condition.is_true();
    let offset = (query.page - 1).saturating_mul(query.per_page);
    let mut rows = Sql::new(dialect);
    store::from(&mut rows, collection, joins);
    let mut parts = match condition {
        Condition::All(parts) => parts,
        Condition::True | Condition::False => Vec::new(),
    };
    parts.extend(cursor.as_ref().and_then(|cursor| cursor.behind(dialect)));
    if !parts.is_empty() {
        rows.text(" WHERE ").append(conjunction(dialect, parts));
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
        let row = Some(Cursor::row(dialect));
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
    let beside = (keeps_total && !query.skip_total).then(|| store::kept_total(dialect, collection));
    let (found, kept) = store::select_each(conn, collection, rest, beside.as_ref(), look)?;
    let total = if query.skip_total {
        None
    } else if found < query.per_page && (found > 0 || offset == 0) {
        // The last page tells the total.
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
    first_int(&load(conn, count, &[ColumnType::Int])?)
}

/// Returns the page as JSON.
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

/// Returns ` ORDER BY …`. The order of insertion is the last sort key, so that pages do not overlap.
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
    let mut out = Sql::new(resolver.dialect());
    terms.extend(store::own_order(
        resolver.dialect(),
        collection,
        terms.len(),
    ));
    if !terms.is_empty() {
        out.text(" ORDER BY ").join(", ", terms);
    }
    Ok(out)
}
