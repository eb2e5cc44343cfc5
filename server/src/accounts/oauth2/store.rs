//! The SQL of sign-ins with other services: the links of accounts, and what is good once and for a short time.

use std::sync::Arc;

use serde_json::{Map, Value as Json};

use crate::clock::Timestamp;
use crate::db::{ColumnType, Conn, Ident, Sql, Value, execute, load, sql};
use crate::error::Result;
use crate::policy::Snapshot;
use crate::records::account_data;
use crate::records::input::Input;
use crate::records::store as records;
use crate::schema::Record;
use crate::system::account_data::EXTERNAL_AUTHS;

/// An account of a service.
#[derive(Clone, Copy)]
pub(crate) struct Identity<'a> {
    /// The name of the service.
    pub(crate) provider: &'a str,
    /// The user's id there.
    pub(crate) id: &'a str,
}

/// Keeps a value under a key until a time, if the key is new. Removes what has expired.
pub(crate) fn keep(
    conn: &mut Conn,
    key: &str,
    value: &str,
    until: Timestamp,
    now: Timestamp,
) -> Result<bool> {
    let mut old = sql(conn.dialect(), "DELETE FROM \"_oauth2\" WHERE \"until\" < ");
    old.bind(Value::Int(now.unix()));
    execute(conn, old.cached())?;
    let mut insert = sql(
        conn.dialect(),
        "INSERT INTO \"_oauth2\" (\"key\", \"value\", \"until\") VALUES (",
    );
    insert.bind(Value::from(key)).text(", ");
    insert.bind(Value::from(value)).text(", ");
    insert.bind(Value::Int(until.unix()));
    insert.text(") ON CONFLICT DO NOTHING");
    Ok(execute(conn, insert.cached())? == 1)
}

/// Takes the value of a key out, if there is one.
pub(crate) fn take(conn: &mut Conn, key: &str, now: Timestamp) -> Result<Option<String>> {
    let of_key = |begin: &'static str, conn: &mut Conn| {
        let mut statement = sql(conn.dialect(), begin);
        statement.text(" FROM \"_oauth2\" WHERE \"until\" >= ");
        statement.bind(Value::Int(now.unix()));
        statement.text(" AND \"key\" = ").bind(Value::from(key));
        statement.cached()
    };
    let select = of_key("SELECT \"value\"", conn);
    let found = load(conn, select, &[ColumnType::Text])?;
    let delete = of_key("DELETE", conn);
    // Of several that take it, one deletes it.
    let is_ours = execute(conn, delete)? == 1;
    Ok(match found.into_iter().flatten().next() {
        Some(Value::Text(value)) if is_ours => Some(value),
        _ => None,
    })
}

/// Returns the id of the account that a user is linked to.
pub(crate) fn linked(
    conn: &mut Conn,
    schema: &Arc<Snapshot>,
    collection: &str,
    identity: Identity<'_>,
) -> Result<Option<String>> {
    // No stored text contains U+0000, and PostgreSQL does not even accept one in a comparison.
    if identity.id.contains('\0') {
        return Ok(None);
    }
    let grant = account_data::grant(schema, EXTERNAL_AUTHS, conn.clock.now())?;
    let mut same = Sql::new(conn.dialect());
    for (index, (name, value)) in [
        ("collectionRef", collection),
        ("provider", identity.provider),
        ("providerId", identity.id),
    ]
    .into_iter()
    .enumerate()
    {
        same.text(if index > 0 { " AND " } else { "" });
        same.column(&records::alias(), &Ident::new(name));
        same.text(" = ").bind(Value::from(value));
    }
    let found = records::find_where(conn, &grant, same, Some(1))?.pop();
    Ok(found.map(|link| link.text("recordRef").to_owned()))
}

/// Links a user to an account.
pub(crate) fn link(
    conn: &mut Conn,
    schema: &Arc<Snapshot>,
    account: &Record,
    identity: Identity<'_>,
) -> Result<()> {
    let grant = account_data::grant(schema, EXTERNAL_AUTHS, conn.clock.now())?;
    let body = Map::from_iter([
        ("provider".to_owned(), Json::from(identity.provider)),
        ("providerId".to_owned(), Json::from(identity.id)),
    ]);
    account_data::create(conn, grant, account, Input::of(body)).map(drop)
}

/// Removes the links of an account, except that of one user.
pub(crate) fn unlink_others(
    conn: &mut Conn,
    schema: &Arc<Snapshot>,
    account: &Record,
    kept: Identity<'_>,
) -> Result<()> {
    let grant = account_data::grant(schema, EXTERNAL_AUTHS, conn.clock.now())?;
    let is_other = |link: &Record| {
        (link.text("provider"), link.text("providerId")) != (kept.provider, kept.id)
    };
    let links = account_data::all_of(conn, &grant, account)?;
    let others = links.iter().filter(|link| is_other(link));
    let ids: Vec<String> = others.map(|link| link.id().to_owned()).collect();
    if ids.is_empty() {
        return Ok(());
    }
    records::delete(conn, &grant, &ids)
}
