//! The SQL of roles and permissions.

use std::collections::HashMap;

use super::permission::Permission;
use super::roles::{BUILT_IN, Policies, Role, USER};
use crate::db::{ColumnType, Conn, Value, execute, load, sql};
use crate::error::Result;
use crate::fields;
use crate::json;
use crate::schema::Collection;

/// Reads all roles and permissions.
pub fn read(conn: &mut Conn) -> Result<Policies> {
    let dialect = conn.dialect();
    let select = sql(
        dialect,
        "SELECT \"id\", \"name\", CAST(\"parents\" AS TEXT), CAST(\"areas\" AS TEXT) FROM \"_roles\" ORDER BY \"_rowid_\"",
    );
    let storages = [
        ColumnType::Text,
        ColumnType::Text,
        ColumnType::Json,
        ColumnType::Json,
    ];
    let roles = load(conn, select, &storages)?.into_iter().map(|row| Role {
        id: text(&row[0]),
        name: text(&row[1]),
        parents: fields::items(&row[2]),
        areas: fields::items(&row[3]),
    });
    let roles = roles.collect();
    let select = sql(
        dialect,
        "SELECT \"id\", \"role\", \"collection\", CAST(\"actions\" AS TEXT), \"effect\", \"condition\", CAST(\"fields\" AS TEXT) FROM \"_permissions\" ORDER BY \"_rowid_\"",
    );
    let storages = [
        ColumnType::Text,
        ColumnType::Text,
        ColumnType::Text,
        ColumnType::Json,
        ColumnType::Text,
        ColumnType::Text,
        ColumnType::Json,
    ];
    let permissions = load(conn, select, &storages)?.into_iter().map(|row| {
        Permission::new(
            (text(&row[0]), text(&row[1]), text(&row[2])),
            fields::items(&row[3]),
            text(&row[4]) != "allow",
            text(&row[5]),
            fields::items(&row[6]),
        )
    });
    Policies::new(roles, permissions.collect())
}

fn text(value: &Value) -> String {
    fields::items(value).pop().unwrap_or_default()
}

/// Reads the parents of all roles in this transaction.
pub fn parents(conn: &mut Conn) -> Result<HashMap<String, Vec<String>>> {
    let select = sql(
        conn.dialect(),
        "SELECT \"id\", CAST(\"parents\" AS TEXT) FROM \"_roles\"",
    );
    let rows = load(conn, select, &[ColumnType::Text, ColumnType::Json])?;
    Ok(rows
        .into_iter()
        .map(|row| (text(&row[0]), fields::items(&row[1])))
        .collect())
}

/// Adds the built-in roles.
pub fn add_built_in(conn: &mut Conn) -> Result<()> {
    let now = conn.clock.now().to_string();
    for (id, name, description) in BUILT_IN {
        let mut insert = sql(
            conn.dialect(),
            "INSERT INTO \"_roles\" (\"id\", \"name\", \"description\", \"parents\", \"areas\", \"created\", \"updated\") VALUES (",
        );
        for value in [id, name, description] {
            insert.bind(Value::from(value)).text(", ");
        }
        for _ in ["parents", "areas"] {
            let empty = Value::Json("[]".to_owned());
            let empty = conn.dialect().typed(empty, ColumnType::Json);
            insert.append(empty).text(", ");
        }
        insert.bind(Value::from(now.as_str())).text(", ");
        insert.bind(Value::from(now.as_str())).text(")");
        execute(conn, insert)?;
    }
    Ok(())
}

/// Reads the ids of an account's roles.
pub fn roles_of(conn: &mut Conn, collection: &str, account: &str) -> Result<Vec<String>> {
    let mut select = sql(
        conn.dialect(),
        "SELECT \"role\" FROM \"_members\" WHERE \"recordRef\" = ",
    );
    select.bind(Value::from(account));
    select
        .text(" AND \"collectionRef\" = ")
        .bind(Value::from(collection));
    select.text(" ORDER BY \"role\"");
    let mut roles = built_in_roles();
    for row in load(conn, select.cached(), &[ColumnType::Text])? {
        roles.extend(row.first().map(text));
    }
    Ok(roles)
}

/// Returns the ids of the roles that all accounts have.
pub fn built_in_roles() -> Vec<String> {
    vec![USER.to_owned()]
}

/// Deletes the memberships of accounts that are deleted.
pub fn forget_accounts(conn: &mut Conn, collection: &str, accounts: &[String]) -> Result<()> {
    let mut delete = sql(
        conn.dialect(),
        "DELETE FROM \"_members\" WHERE \"collectionRef\" = ",
    );
    delete.bind(Value::from(collection));
    delete.text(" AND \"recordRef\"");
    delete.append(conn.dialect().is_one_of(accounts));
    execute(conn, delete.cached())?;
    Ok(())
}

/// Updates the field names in permissions after a collection has changed. A permission that names no remaining field
/// is deleted: without names, it would apply to all fields.
pub fn follow_fields(conn: &mut Conn, old: &Collection, new: &Collection) -> Result<()> {
    let renamed = |name: &String| {
        let before = old.def.fields.iter().find(|field| field.name == *name)?;
        let mut after = new.def.fields.iter();
        after
            .find(|field| field.id == before.id)
            .map(|field| field.name.clone())
    };
    let dialect = conn.dialect();
    let mut select = sql(
        dialect,
        "SELECT \"id\", CAST(\"fields\" AS TEXT) FROM \"_permissions\" WHERE \"collection\" = ",
    );
    select.bind(Value::from(old.def.id.as_str()));
    for row in load(conn, select, &[ColumnType::Text, ColumnType::Json])? {
        let names = fields::items(&row[1]);
        let now: Vec<String> = names.iter().filter_map(renamed).collect();
        if now == names {
            continue;
        }
        let mut change = if now.is_empty() {
            sql(dialect, "DELETE FROM \"_permissions\"")
        } else {
            let fields = Value::Json(json::canonical(&serde_json::Value::from(now)));
            let mut update = sql(dialect, "UPDATE \"_permissions\" SET \"fields\" = ");
            update.append(dialect.typed(fields, ColumnType::Json));
            update
        };
        change
            .text(" WHERE \"id\" = ")
            .bind(Value::Text(text(&row[0])));
        execute(conn, change)?;
    }
    Ok(())
}

/// Deletes the permissions for a collection that is deleted, and the memberships of its accounts.
pub fn forget_collection(conn: &mut Conn, collection: &str) -> Result<()> {
    for text in [
        "DELETE FROM \"_permissions\" WHERE \"collection\" = ",
        "DELETE FROM \"_members\" WHERE \"collectionRef\" = ",
    ] {
        let mut delete = sql(conn.dialect(), text);
        delete.bind(Value::from(collection));
        execute(conn, delete)?;
    }
    Ok(())
}
