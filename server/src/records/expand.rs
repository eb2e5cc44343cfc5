//! `?expand=author,comments_via_post.author`: the records that records refer to, one query a path.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::{Record, store, values};
use crate::collections::{Collection, Schema, Shape};
use crate::db::{Conn, Sql, dialect};
use crate::error::Result;
use crate::policy::Grant;

const MAX_DEPTH: usize = 6;
/// Records of one back-relation of one record.
const MAX_BACK: usize = 1000;

/// Paths to follow, as a tree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Paths(BTreeMap<String, Paths>);

impl Paths {
    /// Reads the parameter.
    pub fn parse(text: &str) -> Self {
        let mut paths = Self::default();
        for path in text.split(',') {
            let mut at = &mut paths;
            for name in path.trim().split('.').take(MAX_DEPTH) {
                if name.is_empty() {
                    break;
                }
                at = at.0.entry(name.to_owned()).or_default();
            }
        }
        paths
    }

    /// Whether there is something to follow at `name`, and at each of these behind it.
    fn lead_somewhere(&self, schema: &Schema, collection: &Collection, name: &str) -> bool {
        let next = match collection.column(name).map(|column| &column.shape) {
            Some(Shape::Relation { target, .. }) => schema.find(target),
            Some(_) => None,
            None => schema
                .back_relation(collection, name)
                .map(|(source, _)| source),
        };
        next.is_some_and(|next| {
            self.0
                .iter()
                .all(|(name, deeper)| deeper.lead_somewhere(schema, next, name))
        })
    }

    /// Whether nothing is to be followed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Adds to each record the records that `paths` lead to, as far as the caller may view them.
pub fn expand(conn: &mut Conn, grant: &Grant, records: &mut [Record], paths: &Paths) -> Result<()> {
    for (name, deeper) in &paths.0 {
        if records.is_empty() {
            return Ok(());
        }
        if !deeper.lead_somewhere(grant.schema(), grant.collection(), name) {
            continue;
        }
        for record in &mut *records {
            record.expand.get_or_insert_with(Map::new);
        }
        if grant.collection().column(name).is_some() {
            follow(conn, grant, records, name, deeper)?;
        } else {
            follow_back(conn, grant, records, name, deeper)?;
        }
    }
    Ok(())
}

fn follow(
    conn: &mut Conn,
    grant: &Grant,
    records: &mut [Record],
    name: &str,
    deeper: &Paths,
) -> Result<()> {
    let collection = grant.collection();
    let Some(position) = collection.position(name) else {
        return Ok(());
    };
    let column = &collection.columns[position];
    let Shape::Relation { target, is_list } = &column.shape else {
        return Ok(());
    };
    if column.hidden && !grant.request.caller.is_superuser() {
        return Ok(());
    }
    let Some(grant) = grant
        .schema()
        .find(target)
        .and_then(|target| grant.expanding(target))
    else {
        return Ok(());
    };
    let mut ids: Vec<String> = records
        .iter()
        .flat_map(|record| values::list(&record.values[position]))
        .collect();
    ids.sort_unstable();
    ids.dedup();
    let found = store::find_all(conn, &grant, &ids)?;
    let by_id: HashMap<String, Json> = rendered(conn, &grant, found, deeper)?
        .into_iter()
        .map(|(record, json)| (record.id().to_owned(), json))
        .collect();
    for record in records {
        let ids = values::list(&record.values[position]);
        let mut found = ids.iter().filter_map(|id| by_id.get(id).cloned());
        let value = if *is_list {
            Some(found.collect::<Vec<_>>())
                .filter(|list| !list.is_empty())
                .map(Json::from)
        } else {
            found.next()
        };
        attach(record, name, value);
    }
    Ok(())
}

fn follow_back(
    conn: &mut Conn,
    grant: &Grant,
    records: &mut [Record],
    name: &str,
    deeper: &Paths,
) -> Result<()> {
    let schema = Arc::clone(grant.schema());
    let Some((source, column)) = schema.back_relation(grant.collection(), name) else {
        return Ok(());
    };
    if column.hidden && !grant.request.caller.is_superuser() {
        return Ok(());
    }
    let Some(grant) = grant.expanding(source) else {
        return Ok(());
    };
    let engine = conn.engine();
    let ids: Vec<String> = records
        .iter()
        .map(|record| record.id().to_owned())
        .collect();
    let mut refers = Sql::new(engine);
    if column.is_list() {
        refers.append(dialect::refers_to_any(
            engine,
            &store::alias(),
            &column.ident,
            &ids,
        ));
    } else {
        refers.column(&store::alias(), &column.ident);
        store::in_list(&mut refers, &ids);
    }
    let limit = i64::try_from(MAX_BACK * ids.len()).ok();
    let found = store::find_where(conn, &grant, refers, limit)?;
    let mut by_target: HashMap<String, Vec<Json>> = HashMap::new();
    for (record, json) in rendered(conn, &grant, found, deeper)? {
        for target in record
            .value(&column.name)
            .map(values::list)
            .unwrap_or_default()
        {
            let list = by_target.entry(target).or_default();
            if list.len() < MAX_BACK {
                list.push(json.clone());
            }
        }
    }
    let is_one = source.is_unique(&column.name) && !column.is_list();
    for record in records {
        let list = by_target.remove(record.id());
        let value = list.and_then(|mut list| {
            if is_one {
                list.pop()
            } else {
                Some(Json::from(list))
            }
        });
        attach(record, name, value);
    }
    Ok(())
}

/// The records as JSON, with what they refer to in turn.
fn rendered(
    conn: &mut Conn,
    grant: &Grant,
    mut records: Vec<Record>,
    deeper: &Paths,
) -> Result<Vec<(Record, Json)>> {
    store::reveal(conn, grant, &mut records)?;
    expand(conn, grant, &mut records, deeper)?;
    let render = |record: Record| {
        let json = record.to_json();
        (record, json)
    };
    Ok(records.into_iter().map(render).collect())
}

fn attach(record: &mut Record, name: &str, value: Option<Json>) {
    if let Some(value) = value {
        let expand = record.expand.get_or_insert_with(Map::new);
        expand.insert(name.to_owned(), value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_share_their_beginnings() {
        let paths = Paths::parse("a.b, a.c,d,");
        assert_eq!(paths.0.keys().collect::<Vec<_>>(), ["a", "d"]);
        assert_eq!(paths.0["a"].0.keys().collect::<Vec<_>>(), ["b", "c"]);
        assert!(Paths::parse("").is_empty());
    }
}
