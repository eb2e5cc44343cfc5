//! The SQL of roles and permissions.

use std::collections::HashMap;

use serde_json::{Map, Value as Json};

use super::permission::Permission;
use super::roles::{BUILT_IN, Policies, Role, USER};
use crate::db::{ColumnType, Conn, Dialect, Ident, Sql, Value, execute, load, sql};
use crate::error::Result;
use crate::fields;
use crate::json;
use crate::request::{Account, Roles};
use crate::schema::Collection;

/// Reads all roles and permissions.
pub fn read(conn: &mut Conn) -> Result<Policies> {
    let dialect = conn.dialect();
    let mut select = sql(dialect, "SELECT \"id\", \"name\", ");
    select.column_text(&Ident::new("parents")).text(", ");
    select.column_text(&Ident::new("areas"));
    select.text(" FROM \"_roles\" ORDER BY \"_rowid_\"");
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
    let mut select = sql(dialect, "SELECT \"id\", \"role\", \"collection\", ");
    select.column_text(&Ident::new("actions"));
    select.text(", \"effect\", \"condition\", ");
    select.column_text(&Ident::new("fields")).text(", ");
    select.column_text(&Ident::new("presets"));
    select.text(" FROM \"_permissions\" ORDER BY \"_rowid_\"");
    let storages = [
        ColumnType::Text,
        ColumnType::Text,
        ColumnType::Text,
        ColumnType::Json,
        ColumnType::Text,
        ColumnType::Text,
        ColumnType::Json,
        ColumnType::Json,
    ];
    let permissions = load(conn, select, &storages)?.into_iter().map(|row| {
        Permission::new(
            (text(&row[0]), text(&row[1]), text(&row[2])),
            fields::items(&row[3]),
            text(&row[4]) != "allow",
            text(&row[5]),
            fields::items(&row[6]),
            json_text(&row[7]),
        )
    });
    Policies::new(roles, permissions.collect())
}

fn text(value: &Value) -> String {
    fields::items(value).pop().unwrap_or_default()
}

fn json_text(value: &Value) -> &str {
    let Value::Json(text) = value else { return "" };
    text
}

/// Reads the parents of all roles in this transaction.
pub fn parents(conn: &mut Conn) -> Result<HashMap<String, Vec<String>>> {
    let mut select = sql(conn.dialect(), "SELECT \"id\", ");
    select.column_text(&Ident::new("parents"));
    select.text(" FROM \"_roles\"");
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

/// Reads the roles of an account.
pub fn roles_of(conn: &mut Conn, collection: &str, account: &str) -> Result<Roles> {
    let (before, after) = conn.dialect().whole_number();
    let mut select = sql(conn.dialect(), "SELECT DISTINCT \"role\", ");
    select
        .text(before)
        .text("CASE WHEN \"scope\" = '' THEN 0 ELSE 1 END")
        .text(after);
    select.text(" FROM \"_members\" WHERE \"recordRef\" = ");
    select.bind(Value::from(account));
    select
        .text(" AND \"collectionRef\" = ")
        .bind(Value::from(collection));
    select.text(" ORDER BY \"role\"");
    let mut roles = built_in_roles();
    for row in load(conn, select.cached(), &[ColumnType::Text, ColumnType::Int])? {
        let of_kind = if matches!(row[1], Value::Int(0)) {
            &mut roles.everywhere
        } else {
            &mut roles.scoped
        };
        of_kind.push(text(&row[0]));
    }
    Ok(roles)
}

/// Returns the roles that all accounts have.
pub fn built_in_roles() -> Roles {
    Roles {
        everywhere: vec![USER.to_owned()],
        scoped: Vec::new(),
    }
}

/// Returns a query for the ids of those records of a collection in whose scope an account has one of these roles.
pub(super) fn scopes(
    dialect: Dialect,
    account: &Account,
    roles: &[String],
    collection: &str,
) -> Sql {
    let mut select = sql(
        dialect,
        "SELECT \"scope\" FROM \"_members\" WHERE \"recordRef\" = ",
    );
    select.bind(Value::from(account.record.id()));
    for (text, value) in [
        (
            " AND \"collectionRef\" = ",
            &account.record.collection.def.id,
        ),
        (" AND \"scopeCollection\" = ", &collection.to_owned()),
    ] {
        select.text(text).bind(Value::from(value.as_str()));
    }
    select.text(" AND \"role\"");
    select.append(dialect.is_one_of(roles));
    select
}

/// Reads those records of a collection in whose scope an account has one of these roles; two at most.
pub(super) fn some_scopes(
    conn: &mut Conn,
    account: &Account,
    roles: &[String],
    collection: &str,
) -> Result<Vec<String>> {
    if roles.is_empty() {
        return Ok(Vec::new());
    }
    let mut select = sql(conn.dialect(), "SELECT DISTINCT \"scope\" FROM (");
    select.append(scopes(conn.dialect(), account, roles, collection));
    select.text(") AS \"held\" LIMIT 2");
    let rows = load(conn, select, &[ColumnType::Text])?;
    Ok(rows.iter().map(|row| text(&row[0])).collect())
}

/// Deletes the memberships of records that are deleted, and those whose scope they are.
pub fn forget_records(conn: &mut Conn, collection: &Collection, ids: &[String]) -> Result<()> {
    let of_accounts = (
        "DELETE FROM \"_members\" WHERE \"collectionRef\" = ",
        " AND \"recordRef\"",
    );
    let of_scopes = (
        "DELETE FROM \"_members\" WHERE \"scopeCollection\" = ",
        " AND \"scope\"",
    );
    let accounts = collection.is_auth().then_some(of_accounts);
    for (of_collection, of_record) in accounts.into_iter().chain([of_scopes]) {
        let mut delete = sql(conn.dialect(), of_collection);
        delete.bind(Value::from(collection.def.id.as_str()));
        delete.text(of_record);
        delete.append(conn.dialect().is_one_of(ids));
        execute(conn, delete.cached())?;
    }
    Ok(())
}

/// Updates the field names in permissions and their presets after a collection has changed. A permission that names no remaining field
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
    let mut select = sql(dialect, "SELECT \"id\", ");
    select.column_text(&Ident::new("fields")).text(", ");
    select.column_text(&Ident::new("presets"));
    select.text(" FROM \"_permissions\" WHERE \"collection\" = ");
    select.bind(Value::from(old.def.id.as_str()));
    let storages = [ColumnType::Text, ColumnType::Json, ColumnType::Json];
    for row in load(conn, select, &storages)? {
        let names = fields::items(&row[1]);
        let now: Vec<String> = names.iter().filter_map(renamed).collect();
        let presets: Map<String, Json> =
            serde_json::from_str(json_text(&row[2])).unwrap_or_default();
        let kept = presets.iter();
        let presets_now: Map<String, Json> = kept
            .filter_map(|(name, value)| Some((renamed(name)?, value.clone())))
            .collect();
        if now == names && presets_now == presets {
            continue;
        }
        let stored =
            |value: Json| dialect.typed(Value::Json(json::canonical(&value)), ColumnType::Json);
        let mut change = if now.is_empty() && !names.is_empty() {
            sql(dialect, "DELETE FROM \"_permissions\"")
        } else {
            let mut update = sql(dialect, "UPDATE \"_permissions\" SET \"presets\" = ");
            update.append(stored(presets_now.into()));
            if !names.is_empty() {
                update.text(", \"fields\" = ").append(stored(now.into()));
            }
            update
        };
        change
            .text(" WHERE \"id\" = ")
            .bind(Value::Text(text(&row[0])));
        execute(conn, change)?;
    }
    Ok(())
}

/// Deletes the permissions for a collection that is deleted, the memberships of its accounts, and those whose scope is one of
/// its records.
pub fn forget_collection(conn: &mut Conn, collection: &str) -> Result<()> {
    for text in [
        "DELETE FROM \"_permissions\" WHERE \"collection\" = ",
        "DELETE FROM \"_members\" WHERE \"collectionRef\" = ",
        "DELETE FROM \"_members\" WHERE \"scopeCollection\" = ",
    ] {
        let mut delete = sql(conn.dialect(), text);
        delete.bind(Value::from(collection));
        execute(conn, delete)?;
    }
    Ok(())
}
