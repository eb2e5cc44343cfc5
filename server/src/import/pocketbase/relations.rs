//! Reports references to missing records: PocketBase allows them, so they remain, but the operator should know.

use super::Report;
use super::records::about;
use crate::db::{ColumnType, Conn, Ident, Sql, Value, load, sql};
use crate::error::Result;
use crate::schema::rows::alias;
use crate::schema::{Collection, Schema, Shape};

/// How many references of a field are listed.
const NAMED: i64 = 5;

/// Reports the references of a collection's records to missing records.
pub(super) fn note_missing(
    conn: &mut Conn,
    schema: &Schema,
    collection: &Collection,
    report: &mut Report,
) -> Result<()> {
    for column in &collection.columns {
        let Shape::Relation { target, .. } = &column.shape else {
            continue;
        };
        let Some(target) = schema.find(target).filter(|target| !target.is_view()) else {
            continue;
        };
        let name = &collection.def.name;
        let mut rows = load(
            conn,
            missing(
                conn.dialect(),
                collection,
                &column.ident,
                column.is_list(),
                target,
            ),
            &[ColumnType::Text, ColumnType::Text],
        )?;
        let has_more = rows.len() > usize::try_from(NAMED).unwrap_or(usize::MAX);
        if has_more {
            rows.pop();
        }
        for row in rows {
            if let [Value::Text(id), Value::Text(other)] = &row[..] {
                let why = format!(
                    "{}: {} has no record {other}; the reference stays as it is",
                    column.name, target.def.name
                );
                report.note(about(name, id), why);
            }
        }
        if has_more {
            let why = format!("{}: more records refer to none", column.name);
            report.note(name, why);
        }
    }
    Ok(())
}

fn missing(
    dialect: crate::db::Dialect,
    collection: &Collection,
    column: &Ident,
    is_list: bool,
    target: &Collection,
) -> Sql {
    let id = Ident::new("id");
    let (items, other) = (Ident::new("item"), Ident::new("other"));
    let mut value = Sql::new(dialect);
    if is_list {
        value.column(&items, &Ident::new("value"));
    } else {
        value.column(&alias(), column);
    }
    let mut select = sql(dialect, "SELECT ");
    select
        .column(&alias(), &id)
        .text(", ")
        .append(value.clone());
    select
        .text(" FROM ")
        .ident(&collection.table)
        .text(" AS ")
        .ident(&alias());
    if is_list {
        select.append(dialect.join_column_items(&alias(), column, &items));
    }
    select
        .text(" WHERE ")
        .append(value.clone())
        .text(" <> '' AND NOT EXISTS (SELECT 1 FROM ");
    select
        .ident(&target.table)
        .text(" AS ")
        .ident(&other)
        .text(" WHERE ");
    select.column(&other, &id).text(" = ").append(value);
    select.text(") LIMIT ").bind(Value::Int(NAMED + 1));
    select
}
