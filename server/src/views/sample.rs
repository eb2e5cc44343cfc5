//! Samples of a view's query: its fields and first rows, read before the view is made, in a bounded time.

use std::collections::HashSet;
use std::sync::Arc;

use plinth_sdk::types::{Collection as Definition, CollectionType, Field, FieldProblem};

use super::{Refusal, View};
use crate::db::{Claimant, ColumnType, Db, Ident, Rows, Sql, Value, sql};
use crate::error::{Error, Result};
use crate::problems;
use crate::random::Random;
use crate::records::store;
use crate::schema::{Collection, Record};
use crate::system::defaults;

/// How many records are looked at.
const MAX_RECORDS: i64 = 10;
/// The most characters of a query.
const MAX_LENGTH: usize = 5_000;

/// The first records of a query, and their fields.
pub struct Sample {
    /// The fields.
    pub fields: Vec<Field>,
    /// The records.
    pub records: Vec<Record>,
}

/// Tries a query out. What is wrong with it is [`Error::Invalid`].
pub async fn take(
    db: &Db,
    claimant: &Claimant,
    query: &str,
    sources: &[Arc<Collection>],
    random: &Random,
) -> Result<Sample> {
    let dialect = db.dialect();
    let refused = |Refusal(reason)| Error::invalid(reason);
    let view = View::read(query, sources).map_err(refused)?;
    let select = view.select(dialect).map_err(refused)?;
    let name = format!("temp_view_{}", random.alphanumeric(5));
    let definition = Definition {
        id: defaults::collection_id(CollectionType::View, &name),
        name,
        kind: CollectionType::View,
        fields: view.fields(&[]),
        ..Definition::default()
    };
    if view.is_recursive {
        // The first rows would come of one that never ends, too.
        let mut count = sql(dialect, "SELECT count(*) FROM (");
        count.append(select.clone()).text(") AS \"all\"");
        bounded(db, claimant, count, vec![ColumnType::Int]).await?;
    }
    let fields = definition.fields.clone();
    let collection = Arc::new(Collection::new(definition));
    let alias = Ident::new("first");
    let (columns, storages) = collection.selection(dialect, &alias);
    let mut first = sql(dialect, "SELECT ");
    first.append(columns).text(" FROM (").append(select);
    first.text(") AS ").ident(&alias).text(" LIMIT ");
    first.numeral(&MAX_RECORDS.to_string());
    let rows = bounded(db, claimant, first, storages).await?;
    let records = store::records(&collection, rows);
    let mut ids = HashSet::new();
    for record in &records {
        if !matches!(record.value("id"), Some(Value::Text(id)) if !id.is_empty()) {
            return Err(Error::invalid(
                "the query could return records with empty or invalid ids",
            ));
        }
        if !ids.insert(record.id()) {
            return Err(Error::invalid(
                "the query could return records with non-unique ids",
            ));
        }
    }
    Ok(Sample { fields, records })
}

/// Returns the problem of a query that is too long.
pub fn length_problem(query: &str) -> Option<FieldProblem> {
    let is_long = query.chars().count() > MAX_LENGTH;
    problems::filled(query).or_else(|| is_long.then(|| problems::too_long(MAX_LENGTH)))
}

async fn bounded(
    db: &Db,
    claimant: &Claimant,
    query: Sql,
    columns: Vec<ColumnType>,
) -> Result<Rows> {
    match db.read_user_sql(claimant, query, columns).await {
        Err(Error::TooSlow) => Err(Error::invalid("the query takes too long")),
        outcome => outcome,
    }
}
