//! The SQL of accounts.

use plinth_sdk::types::names;

use crate::db::{ColumnType, Conn, Dialect, Ident, Sql, Value, execute, load, sql};
use crate::error::{Error, Result};
use crate::filter::Trust;
use crate::policy::Grant;
use crate::records::store as records;
use crate::schema::{Collection, Record, Rule};

/// Returns the account with this value in `field`.
pub fn find_by(conn: &mut Conn, grant: &Grant, field: &str, value: &str) -> Result<Option<Record>> {
    let dialect = conn.dialect();
    // No stored text contains U+0000, and PostgreSQL does not even accept one in a comparison.
    let Some(column) = grant
        .collection()
        .column(field)
        .filter(|_| !value.contains('\0'))
    else {
        return Ok(None);
    };
    let ignores_case = grant.collection().indexes.iter().any(|index| {
        matches!(&index.columns[..], [only] if only.name == field && only.no_case && index.unique)
    });
    let mut same = Sql::new(dialect);
    let mut wanted = Sql::new(dialect);
    wanted.bind(Value::from(value));
    if ignores_case {
        lower_column(&mut same, dialect, &column.ident);
        let wanted = dialect.lower(wanted);
        same = dialect.compare_indexed(same, (" = ", " = "), wanted, column.lower_prefix);
    } else {
        same.column(&records::alias(), &column.ident);
        same = dialect.compare_indexed(same, (" = ", " = "), wanted, column.prefix);
    }
    Ok(records::find_where(conn, grant, same, Some(1))?.pop())
}

/// Compares in the same way as the index.
fn lower_column(out: &mut Sql, dialect: Dialect, column: &Ident) {
    let mut plain = Sql::new(dialect);
    plain.column(&records::alias(), column);
    out.append(dialect.lower(plain));
}

/// Returns the account with this id, if it may be signed in and its session has not ended: the query includes the
/// collection's auth rule, and that the account is not suspended.
pub fn find_signed_in(
    conn: &mut Conn,
    grant: &Grant,
    id: &str,
    session: Option<&str>,
) -> Result<Option<Record>> {
    let mut good = with_session(conn, grant, session);
    good.text(" AND NOT ").append(is_suspended(conn, grant));
    if grant.collection().rules.session == Rule::Open {
        return find(conn, grant, id, good);
    }
    match find(conn, &grant.for_session(), id, good) {
        // The rule cannot be resolved any more.
        Err(Error::Invalid { .. }) => Ok(None),
        found => found,
    }
}

/// Returns the account with this id, if its session has not ended.
pub fn find_with_session(
    conn: &mut Conn,
    grant: &Grant,
    id: &str,
    session: Option<&str>,
) -> Result<Option<Record>> {
    let good = with_session(conn, grant, session);
    find(conn, grant, id, good)
}

/// Returns the account with this id, if it meets the condition.
fn find(conn: &mut Conn, grant: &Grant, id: &str, condition: Sql) -> Result<Option<Record>> {
    // No stored text contains U+0000, and PostgreSQL does not even accept one in a comparison.
    if id.contains('\0') {
        return Ok(None);
    }
    let mut same = Sql::new(conn.dialect());
    same.column(&records::alias(), &Ident::new("id"));
    same.text(" = ").bind(Value::from(id));
    same.text(" AND ").append(condition);
    Ok(records::find_where(conn, grant, same.cached(), None)?.pop())
}

/// The condition that the account has this session. A token of an older version has none.
fn with_session(conn: &Conn, grant: &Grant, session: Option<&str>) -> Sql {
    let Some(session) = session else {
        return sql(conn.dialect(), "1 = 1");
    };
    let mut out = sql(conn.dialect(), "EXISTS (SELECT 1");
    from_data_of(&mut out, grant, names::AUTH_SESSIONS);
    // As above, no id contains U+0000.
    let id = session.replace('\0', "");
    out.text(" AND \"s\".\"id\" = ")
        .bind(Value::Text(id))
        .text(")");
    out
}

/// The condition that the account is suspended.
fn is_suspended(conn: &Conn, grant: &Grant) -> Sql {
    let mut out = sql(conn.dialect(), "EXISTS (SELECT 1");
    from_data_of(&mut out, grant, names::SUSPENSIONS);
    out.text(" AND (\"s\".\"until\" = '' OR \"s\".\"until\" > ");
    out.bind(Value::Text(conn.clock.now().to_string()))
        .text("))");
    out
}

/// Appends ` FROM <table> AS s WHERE s <belongs to the account>`
fn from_data_of(out: &mut Sql, grant: &Grant, table: &str) {
    out.text(" FROM ").ident(&Ident::new(table));
    out.text(" AS \"s\" WHERE \"s\".\"collectionRef\" = ")
        .bind(Value::from(grant.collection().def.id.as_str()));
    out.text(" AND \"s\".\"recordRef\" = ")
        .column(&records::alias(), &Ident::new("id"));
}

/// Whether the account may sign in: it is not suspended, and the collection's auth rule allows it.
pub fn may_sign_in(conn: &mut Conn, grant: &Grant, record: &Record) -> Result<bool> {
    let suspended = is_suspended(conn, grant);
    if find(conn, grant, record.id(), suspended)?.is_some() {
        return Ok(false);
    }
    let holds = holds(conn, grant, record, &grant.collection().rules.auth)?;
    Ok(holds.unwrap_or(false))
}

/// Whether the account needs a second factor.
pub fn needs_second_factor(conn: &mut Conn, grant: &Grant, record: &Record) -> Result<bool> {
    let auth = grant.collection().def.auth.as_ref();
    let Some(mfa) = auth.map(|auth| &auth.mfa).filter(|mfa| mfa.enabled) else {
        return Ok(false);
    };
    match Rule::parse(Some(&mfa.rule)) {
        // A rule that cannot be resolved exempts nobody.
        Ok(rule) => Ok(holds(conn, grant, record, &rule)?.unwrap_or(true)),
        Err(_) => Ok(true),
    }
}

/// Whether a rule holds for an account with the values that it has here; `None` if it cannot be resolved any more.
fn holds(conn: &mut Conn, grant: &Grant, record: &Record, rule: &Rule) -> Result<Option<bool>> {
    let dialect = conn.dialect();
    let rule = match rule {
        Rule::Locked => return Ok(Some(false)),
        Rule::Open => return Ok(Some(true)),
        Rule::Filter(rule) => rule,
    };
    let (mut resolver, _) = grant.narrow(dialect, records::alias())?;
    let Ok(condition) = resolver.condition(rule, Trust::Full) else {
        return Ok(None);
    };
    let (joins, condition) = resolver.emit(condition);
    records::holds_for(conn, record, joins, condition).map(Some)
}

/// Returns the highest cost of a bcrypt hash in the collection; 0 if there are none. Scans the collection.
pub fn bcrypt_cost(conn: &mut Conn, collection: &Collection) -> Result<u32> {
    let mut select = sql(
        conn.dialect(),
        "SELECT max(substr(\"password\", 5, 2)) FROM ",
    );
    select
        .ident(&collection.table)
        .text(" WHERE substr(\"password\", 1, 2) = '$2'");
    let rows = load(conn, select, &[ColumnType::Text])?;
    let cost = match rows.first().map(Vec::as_slice) {
        Some([Value::Text(cost)]) => cost.parse().ok(),
        _ => None,
    };
    Ok(cost.unwrap_or_default())
}

/// Replaces the hash `old` of a password by a better one.
pub fn replace_hash(
    conn: &mut Conn,
    collection: &Collection,
    id: &str,
    old: &str,
    new: &str,
) -> Result<()> {
    let mut update = sql(conn.dialect(), "UPDATE ");
    update
        .ident(&collection.table)
        .text(" SET \"password\" = ")
        .bind(Value::from(new));
    update.text(" WHERE \"id\" = ").bind(Value::from(id));
    update.text(" AND \"password\" = ").bind(Value::from(old));
    execute(conn, update)?;
    Ok(())
}
