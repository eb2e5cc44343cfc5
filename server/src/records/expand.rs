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
/// Records in all that are put into one answer, as often as each is.
const MAX_TOTAL: usize = 10_000;

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

/// What one name of a path leads to.
struct Branch {
    name: String,
    /// Whether a record has one of them at most.
    is_one: bool,
    /// The records that it leads to, each once.
    records: Vec<Record>,
    /// Which of these belong to a record, by its id.
    attached: HashMap<String, Vec<usize>>,
    /// Where it goes on from there.
    deeper: Vec<Branch>,
}

/// Adds to each record the records that `paths` lead to, as far as the caller may view them. Beyond [`MAX_TOTAL`]
/// nothing more is added.
pub fn expand(conn: &mut Conn, grant: &Grant, records: &mut [Record], paths: &Paths) -> Result<()> {
    let mut room = MAX_TOTAL;
    let branches = branches(conn, grant, records, paths, &mut room)?;
    if branches.is_empty() {
        return Ok(());
    }
    room = MAX_TOTAL;
    for record in records {
        record.expand = Some(attachments(record, &branches, &mut room));
    }
    Ok(())
}

/// Loads what `paths` lead to, at most `room` records.
fn branches(
    conn: &mut Conn,
    grant: &Grant,
    records: &[Record],
    paths: &Paths,
    room: &mut usize,
) -> Result<Vec<Branch>> {
    let mut branches = Vec::new();
    if records.is_empty() {
        return Ok(branches);
    }
    for (name, deeper) in &paths.0 {
        let mut branch = Branch {
            name: name.clone(),
            is_one: true,
            records: Vec::new(),
            attached: HashMap::new(),
            deeper: Vec::new(),
        };
        let next = if grant.collection().column(name).is_some() {
            follow(conn, grant, records, *room, &mut branch)?
        } else {
            follow_back(conn, grant, records, *room, &mut branch)?
        };
        let Some(next) = next else { continue };
        let is_wrong = !deeper.lead_somewhere(grant.schema(), grant.collection(), name);
        // Where there is nothing, nothing is asked of it.
        if is_wrong && !branch.records.is_empty() {
            continue;
        }
        *room = room.saturating_sub(branch.records.len());
        store::reveal(conn, &next, &mut branch.records)?;
        branch.deeper = self::branches(conn, &next, &branch.records, deeper, room)?;
        branches.push(branch);
    }
    Ok(branches)
}

/// Finds what `records` refer to, and gives the grant for it; `None` when the caller may not view it.
fn follow(
    conn: &mut Conn,
    grant: &Grant,
    records: &[Record],
    room: usize,
    branch: &mut Branch,
) -> Result<Option<Grant>> {
    let collection = grant.collection();
    let Some(position) = collection.position(&branch.name) else {
        return Ok(None);
    };
    let column = &collection.columns[position];
    let Shape::Relation { target, is_list } = &column.shape else {
        return Ok(None);
    };
    if column.hidden && !grant.request.caller.is_superuser() {
        return Ok(None);
    }
    let target = grant.schema().find(target);
    let Some(grant) = target.map_or(Ok(None), |target| grant.expanding(target))? else {
        return Ok(None);
    };
    let of = |record: &Record| {
        if record.reaches(&column.name) {
            values::list(&record.values[position])
        } else {
            Vec::new()
        }
    };
    let mut ids: Vec<String> = records.iter().flat_map(of).collect();
    ids.sort_unstable();
    ids.dedup();
    ids.truncate(room);
    branch.is_one = !is_list;
    branch.records = store::find_all(conn, &grant, &ids)?;
    let found = branch.records.iter().enumerate();
    let by_id: HashMap<&str, usize> = found.map(|(index, record)| (record.id(), index)).collect();
    for record in records {
        let ids = of(record);
        let found = ids.iter().filter_map(|id| by_id.get(id.as_str()).copied());
        let attached = found.collect();
        branch.attached.insert(record.id().to_owned(), attached);
    }
    Ok(Some(grant))
}

/// Finds what refers to `records`, and gives the grant for it; `None` when the caller may not view it.
fn follow_back(
    conn: &mut Conn,
    grant: &Grant,
    records: &[Record],
    room: usize,
    branch: &mut Branch,
) -> Result<Option<Grant>> {
    let schema = Arc::clone(grant.schema());
    let Some((source, column)) = schema.back_relation(grant.collection(), &branch.name) else {
        return Ok(None);
    };
    if column.hidden && !grant.request.caller.is_superuser() {
        return Ok(None);
    }
    let Some(grant) = grant.expanding(source)? else {
        return Ok(None);
    };
    if !grant.reach().common_fields().has(&column.name) {
        return Ok(None);
    }
    let engine = conn.engine();
    let ids = records.iter().map(|record| record.id().to_owned());
    let ids: Vec<String> = ids.collect();
    let mut refers = Sql::new(engine);
    if column.is_list() {
        let any = dialect::refers_to_any(engine, &store::alias(), &column.ident, &ids);
        refers.append(any);
    } else {
        refers.column(&store::alias(), &column.ident);
        store::in_list(&mut refers, &ids);
    }
    let limit = room.min(MAX_BACK * ids.len());
    branch.is_one = source.is_unique(&column.name) && !column.is_list();
    branch.records = store::find_where(conn, &grant, refers, i64::try_from(limit).ok())?;
    branch.attached = ids.into_iter().map(|id| (id, Vec::new())).collect();
    for (index, record) in branch.records.iter().enumerate() {
        let targets = record.value(&column.name).map(values::list);
        for target in targets.unwrap_or_default() {
            if let Some(attached) = branch.attached.get_mut(&target)
                && attached.len() < MAX_BACK
            {
                attached.push(index);
            }
        }
    }
    Ok(Some(grant))
}

/// What the branches have for a record, as JSON, at most `room` records in all.
fn attachments(record: &Record, branches: &[Branch], room: &mut usize) -> Map<String, Json> {
    let mut expand = Map::new();
    for branch in branches {
        let attached = branch.attached.get(record.id());
        let attached = attached.map(Vec::as_slice).unwrap_or_default();
        let most = if branch.is_one { 1 } else { attached.len() };
        let mut list = Vec::new();
        for index in attached.iter().take(most) {
            if *room == 0 {
                break;
            }
            *room -= 1;
            let record = &branch.records[*index];
            let mut json = record.to_json();
            if let Json::Object(json) = &mut json
                && !branch.deeper.is_empty()
            {
                let deeper = attachments(record, &branch.deeper, room);
                json.insert("expand".to_owned(), Json::Object(deeper));
            }
            list.push(json);
        }
        let value = if branch.is_one {
            list.pop()
        } else {
            Some(list).filter(|list| !list.is_empty()).map(Json::from)
        };
        if let Some(value) = value {
            expand.insert(branch.name.clone(), value);
        }
    }
    expand
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
