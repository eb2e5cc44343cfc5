//! Cursors: a list that is read from beginning to end continues after the last record that the client has, by the
//! index of its sort keys. With page numbers, the database would read all previous pages again.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

use super::list::Query;
use super::store;
use crate::db::{ColumnType, Dialect, Ident, Sql, Value, ValueRef, owned};
use crate::error::{Error, GENERIC, Result};
use crate::filter::Trust;
use crate::json;
use crate::policy::Grant;
use crate::problems;
use crate::schema::{Collection, Column, Shape, to_json};

/// The column with the order of insertion, which is the last sort key.
const ROW: &str = "_rowid_";

/// The sort keys of a list that is read by cursors, and its position.
pub(super) struct Cursor<'a> {
    keys: Vec<Key<'a>>,
    /// The record after which the list continues; `None` for the beginning.
    position: Option<Position>,
    /// A hash of the list that the cursor belongs to.
    list: [u8; 32],
}

/// A sort key.
struct Key<'a> {
    column: &'a Column,
    index: usize,
    descending: bool,
}

/// The position of a record in the order.
struct Position {
    values: Vec<Value>,
    row: i64,
}

impl<'a> Cursor<'a> {
    /// Parses the cursor of a client; an empty one starts at the first record.
    pub(super) fn read(text: &str, grant: &'a Grant, query: &Query) -> Result<Self> {
        let keys = keys(grant.collection(), query, grant.trust())?;
        let list = identity(grant, query);
        let position = if text.is_empty() {
            None
        } else {
            Some(Position::read(text, &keys, &list).ok_or_else(foreign)?)
        };
        Ok(Self {
            keys,
            position,
            list,
        })
    }

    /// Returns the condition for the records after the position.
    pub(super) fn behind(&self, dialect: Dialect) -> Option<Sql> {
        let position = self.position.as_ref()?;
        let row = Ident::new(ROW);
        let mut condition = comparison(
            dialect,
            &row,
            " > ",
            Value::Int(position.row),
            ColumnType::Int,
        );
        let values = self.keys.iter().zip(&position.values);
        for (key, value) in values.rev() {
            let compare = |sign| {
                let column = key.column;
                comparison(dialect, &column.ident, sign, value.clone(), column.storage)
            };
            let (beyond, from) = if key.descending {
                (" < ", " <= ")
            } else {
                (" > ", " >= ")
            };
            // The first comparison follows from the others. It is there because an index can answer it.
            let mut left = Sql::new(dialect);
            left.column(&store::alias(), &key.column.ident);
            let right = dialect.typed(value.clone(), key.column.storage);
            let mut all = dialect.compare_indexed(left, (from, from), right, key.column.prefix);
            all.text(" AND (").append(compare(beyond)).text(" OR (");
            all.append(compare(" = ")).text(" AND ").append(condition);
            all.text("))");
            condition = all;
        }
        Some(condition)
    }

    /// Returns the column with the order of insertion.
    pub(super) fn row(dialect: Dialect) -> Sql {
        let mut row = Sql::new(dialect);
        row.column(&store::alias(), &Ident::new(ROW));
        row
    }

    /// Returns the position of a row.
    pub(super) fn values(&self, row: &[ValueRef<'_>]) -> Vec<Value> {
        let values = self.keys.iter().filter_map(|key| row.get(key.index));
        owned(values.cloned().collect())
    }

    /// Returns the cursor that continues after the record with these values.
    pub(super) fn after(&self, values: &[Value], row: i64) -> String {
        let mut parts = vec![Json::from(row)];
        parts.extend(values.iter().map(to_json));
        let parts = Json::from(parts);
        let sum = Json::from(checksum(&self.list, &parts));
        let cursor = json::text(&Json::from(vec![sum, parts]));
        URL_SAFE_NO_PAD.encode(cursor)
    }
}

impl Position {
    fn read(text: &str, keys: &[Key<'_>], list: &[u8; 32]) -> Option<Self> {
        let cursor = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (sum, parts): (String, Json) = serde_json::from_slice(&cursor).ok()?;
        if sum != checksum(list, &parts) {
            return None;
        }
        let (row, values) = parts.as_array()?.split_first()?;
        if values.len() != keys.len() {
            return None;
        }
        let values = keys.iter().zip(values);
        let values = values.map(|(key, value)| stored(key.column.storage, value));
        Some(Self {
            values: values.collect::<Option<_>>()?,
            row: row.as_i64()?,
        })
    }
}

/// Returns the sort keys. A record's position must follow from its own stored values, which are never NULL.
fn keys<'a>(collection: &'a Collection, query: &Query, trust: Trust) -> Result<Vec<Key<'a>>> {
    if collection.is_view() {
        return Err(unsupported());
    }
    let key = |(path, descending): &(String, bool)| {
        let mut columns = collection.columns.iter().enumerate();
        let (index, column) = columns.find(|(_, column)| column.name == *path)?;
        let is_text_or_number = match column.shape {
            Shape::Scalar | Shape::Select { is_list: false } => true,
            Shape::Relation { is_list, .. } => !is_list,
            Shape::Json
            | Shape::Point
            | Shape::Select { .. }
            | Shape::File { .. }
            | Shape::Secret => false,
        };
        // Whether the email address is visible depends on the record.
        let is_guarded = trust == Trust::Client && collection.is_auth() && path == "email";
        // A cursor must not contain a token key.
        let is_secret = column.hidden && collection.def.fields[index].system;
        let is_plain = is_text_or_number && !column.nullable;
        (is_plain && !is_guarded && !is_secret).then_some(Key {
            column,
            index,
            descending: *descending,
        })
    };
    let keys = query.sort.iter().map(key).collect::<Option<Vec<_>>>();
    keys.ok_or_else(unsupported)
}

fn comparison(
    dialect: Dialect,
    column: &Ident,
    sign: &'static str,
    value: Value,
    storage: ColumnType,
) -> Sql {
    let mut out = Sql::new(dialect);
    out.column(&store::alias(), column).text(sign);
    out.append(dialect.typed(value, storage));
    out
}

fn stored(storage: ColumnType, value: &Json) -> Option<Value> {
    match storage {
        ColumnType::Text => value.as_str().map(Value::from),
        ColumnType::Number => value.as_f64().map(Value::Number),
        ColumnType::Int => value.as_i64().map(Value::Int),
        ColumnType::Bool => value.as_bool().map(Value::Bool),
        ColumnType::Json | ColumnType::GeoPoint => None,
    }
}

/// Hashes the list: collection, filter, sort keys and caller.
fn identity(grant: &Grant, query: &Query) -> [u8; 32] {
    let mut hash = Sha256::new();
    let account = grant.request.caller.account();
    let account = account.map(|account| (&account.record.collection.def.id, account.record.id()));
    let text = format!(
        "{:?}",
        (
            &grant.collection().def.id,
            account,
            &query.sort,
            &query.filter
        )
    );
    hash.update(text);
    hash.finalize().into()
}

fn checksum(list: &[u8; 32], parts: &Json) -> String {
    let mut hash = Sha256::new();
    hash.update(list);
    hash.update(json::text(parts));
    URL_SAFE_NO_PAD.encode(&hash.finalize()[..12])
}

fn foreign() -> Error {
    Error::field(GENERIC, "cursor", problems::INVALID_CURSOR.problem())
}

fn unsupported() -> Error {
    Error::field(GENERIC, "cursor", problems::CURSOR_UNSUPPORTED.problem())
}
