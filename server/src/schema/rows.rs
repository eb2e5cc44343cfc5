//! The table of a collection in queries.

use super::Collection;
use crate::db::{ColumnType, Conn, Ident, Sql, load, sql};
use crate::error::Result;

/// Returns the alias of a collection's table in queries.
pub fn alias() -> Ident {
    Ident::new("r")
}

/// Appends `FROM <table> AS r <joins>`
pub fn from(query: &mut Sql, collection: &Collection, joins: Sql) {
    query.text(" FROM ").ident(&collection.table);
    query.text(" AS ").ident(&alias()).append(joins);
}

/// Appends ` IN (…)`
pub fn in_list(query: &mut Sql, ids: &[String]) {
    query.append(query.dialect().is_one_of(ids));
}

/// Counts the ids that are records, and keeps these records until the end of the transaction.
pub fn count_existing(conn: &mut Conn, collection: &Collection, ids: &[String]) -> Result<usize> {
    let mut select = sql(conn.dialect(), "SELECT \"id\" FROM ");
    select.ident(&collection.table).text(" WHERE \"id\"");
    in_list(&mut select, ids);
    // In one order, so that two who hold some of them each do not wait for each other.
    select.text(" ORDER BY \"id\"");
    select.text(conn.dialect().key_share_lock());
    Ok(load(conn, select.cached(), &[ColumnType::Text])?.len())
}
