//! A connection to PostgreSQL.

use std::borrow::Cow;

use anyhow::Context;
use diesel::connection::{Connection, DefaultLoadingMode, LoadConnection, SimpleConnection};
use diesel::deserialize::FromSql;
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel::row::{Field, Row};
use diesel::sql_types::{BigInt, Bool, Double, Nullable, Text, Untyped};
use diesel::{PgConnection, deserialize};

use super::failure::Failure;
use super::repeated::Repeated;
use super::{Each, Point, Sql, Storage, Value, ValueRef};
use crate::json;

/// A statement that takes longer is somebody's mistake, and must not keep a connection from everybody else.
const SETUP: &str = "
    SET client_min_messages = warning;
    SET TIME ZONE 'UTC';
    SET statement_timeout = '30s';
    SET idle_in_transaction_session_timeout = '60s';
";

pub(super) struct Postgres {
    conn: PgConnection,
    repeated: Repeated,
}

impl Postgres {
    pub(super) fn open(url: &str) -> anyhow::Result<Self> {
        let mut conn = PgConnection::establish(url).context("cannot connect to PostgreSQL")?;
        conn.batch_execute(SETUP)?;
        Ok(Self {
            conn,
            repeated: Repeated::default(),
        })
    }

    pub(super) fn batch(&mut self, statements: &str) -> Result<(), Failure> {
        Ok(self.conn.batch_execute(statements)?)
    }

    pub(super) fn execute(&mut self, statement: Sql) -> Result<usize, Failure> {
        let statement = self.kept(statement);
        Ok(self.conn.execute_returning_count(&statement)?)
    }

    pub(super) fn each(
        &mut self,
        query: Sql,
        columns: &[Storage],
        look: &mut Each<'_>,
    ) -> Result<(), Failure> {
        let query = self.kept(query);
        for row in LoadConnection::<DefaultLoadingMode>::load(&mut self.conn, query)? {
            let row = row?;
            let values = columns.iter().enumerate();
            let values = values.map(|(index, storage)| read(&row, index, *storage));
            let values = values.collect::<deserialize::Result<_>>();
            look(values.map_err(diesel::result::Error::DeserializationError)?);
        }
        Ok(())
    }

    /// A statement that comes again stays prepared.
    fn kept(&mut self, statement: Sql) -> Sql {
        statement.cached_if(|text| self.repeated.comes_again(text))
    }
}

fn read<'a>(
    row: &impl Row<'a, Pg>,
    index: usize,
    storage: Storage,
) -> deserialize::Result<ValueRef<'static>> {
    let field = row.get(index);
    let field = field.ok_or_else(|| format!("the row has no column {index}"))?;
    let Some(raw) = field.value() else {
        return Ok(ValueRef::Null);
    };
    Ok(match storage {
        Storage::Text => ValueRef::Text(Cow::Owned(FromSql::<Text, Pg>::from_sql(raw)?)),
        Storage::Number => ValueRef::Number(FromSql::<Double, Pg>::from_sql(raw)?),
        Storage::Int => ValueRef::Int(FromSql::<BigInt, Pg>::from_sql(raw)?),
        Storage::Bool => ValueRef::Bool(FromSql::<Bool, Pg>::from_sql(raw)?),
        Storage::Json => {
            // It writes jsonb in its own layout.
            let text: String = FromSql::<Text, Pg>::from_sql(raw)?;
            ValueRef::Json(json::normalise(&text).unwrap_or(text).into())
        }
        Storage::Point => {
            let text: String = FromSql::<Text, Pg>::from_sql(raw)?;
            ValueRef::Json(Point::stored(&text).to_json().into())
        }
    })
}

impl QueryFragment<Pg> for Sql {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        if !self.is_cached() {
            out.unsafe_to_cache_prepared();
        }
        let mut written = 0;
        for (at, value) in self.binds() {
            out.push_sql(&self.as_str()[written..*at]);
            written = *at;
            match value {
                Value::Null => out.push_bind_param::<Nullable<Text>, Option<String>>(&None)?,
                Value::Text(v) | Value::Json(v) => out.push_bind_param::<Text, String>(v)?,
                Value::Number(v) => out.push_bind_param::<Double, f64>(v)?,
                Value::Int(v) => out.push_bind_param::<BigInt, i64>(v)?,
                Value::Bool(v) => out.push_bind_param::<Bool, bool>(v)?,
            }
        }
        out.push_sql(&self.as_str()[written..]);
        Ok(())
    }
}

impl QueryId for Sql {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for Sql {
    type SqlType = Untyped;
}
