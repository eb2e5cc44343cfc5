//! The SQL of the minutes.

use std::collections::BTreeMap;

use super::counts::Counts;
use crate::db::{ColumnType, Conn, Value, execute, load, sql};
use crate::error::{Error, Result};

/// Stores this process's counts of minutes, replacing earlier ones, and removes minutes before `oldest`.
pub(super) fn write(
    conn: &mut Conn,
    instance: &str,
    minutes: &BTreeMap<i64, Counts>,
    oldest: i64,
) -> Result<()> {
    for (minute, counts) in minutes {
        let latency = serde_json::to_string(&counts.latency).map_err(Error::internal)?;
        let mut insert = sql(
            conn.dialect(),
            "INSERT INTO \"_minutes\" (\"minute\", \"instance\", \"client_errors\", \"server_errors\", \"latency\") VALUES (",
        );
        insert.bind(Value::Int(*minute)).text(", ");
        insert.bind(Value::from(instance)).text(", ");
        insert.bind(int(counts.client_errors)).text(", ");
        insert.bind(int(counts.server_errors)).text(", ");
        insert.bind(Value::Text(latency)).text(")");
        insert.update_existing(
            &["minute", "instance"],
            &["client_errors", "server_errors", "latency"],
        );
        execute(conn, insert.cached())?;
    }
    let mut forget = sql(
        conn.dialect(),
        "DELETE FROM \"_minutes\" WHERE \"minute\" < ",
    );
    forget.bind(Value::Int(oldest));
    execute(conn, forget.cached())?;
    Ok(())
}

/// Returns the counts of the minutes from `first` on, of all processes together.
pub(super) fn read(conn: &mut Conn, first: i64) -> Result<BTreeMap<i64, Counts>> {
    let mut select = sql(
        conn.dialect(),
        "SELECT \"minute\", \"client_errors\", \"server_errors\", \"latency\" FROM \"_minutes\" WHERE \"minute\" >= ",
    );
    select.bind(Value::Int(first));
    let columns = [
        ColumnType::Int,
        ColumnType::Int,
        ColumnType::Int,
        ColumnType::Text,
    ];
    let mut minutes = BTreeMap::<i64, Counts>::new();
    for row in load(conn, select.cached(), &columns)? {
        let [
            Value::Int(minute),
            Value::Int(client_errors),
            Value::Int(server_errors),
            Value::Text(latency),
        ] = &row[..]
        else {
            continue;
        };
        minutes.entry(*minute).or_default().add(&Counts {
            client_errors: client_errors.unsigned_abs(),
            server_errors: server_errors.unsigned_abs(),
            latency: serde_json::from_str(latency).map_err(Error::internal)?,
        });
    }
    Ok(minutes)
}

fn int(count: u64) -> Value {
    Value::Int(i64::try_from(count).unwrap_or(i64::MAX))
}
