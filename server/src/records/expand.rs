//! Expands relations (`?expand=author,comments_via_post.author`) with one query per path.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::store;
use crate::budget::Room;
use crate::db::{Conn, Sql};
use crate::error::Result;
use crate::fields;
use crate::json;
use crate::policy::Grant;
use crate::projection::Wanted;
use crate::schema::{Collection, Record, Schema, Shape};

const MAX_DEPTH: usize = 6;
/// The maximum number of records of a back-relation for one record.
const MAX_BACK: usize = 1000;
/// The maximum number of expanded records in a response, counting repetitions.
const MAX_TOTAL: usize = 10_000;

/// The paths to expand, as a tree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Paths(BTreeMap<String, Paths>);

impl Paths {
    /// Parses the parameter.
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

    /// Whether a path, with all of its continuations, leads to records.
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

    /// Returns the paths whose records the response needs.
    #[must_use]
    pub fn narrowed(&self, wanted: &Wanted<'_>) -> Self {
        let paths = self.0.iter().filter_map(|(name, deeper)| {
            let wanted = wanted.at(name);
            let behind = wanted.at("expand");
            (wanted != Wanted::Nothing).then(|| (name.clone(), deeper.narrowed(&behind)))
        });
        Self(paths.collect())
    }

    /// Whether there are no paths.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The records that one segment of a path leads to.
struct Branch {
    name: String,
    /// Whether a record has at most one of them.
    is_one: bool,
    /// The records, without repetitions.
    records: Vec<Record>,
    /// The records that belong to each record, by its id.
    attached: HashMap<String, Vec<usize>>,
    /// The next segments.
    deeper: Vec<Branch>,
}

/// Adds the expanded relations to each record, as far as the caller may view them. Stops after [`MAX_TOTAL`] records.
pub fn expand(conn: &mut Conn, grant: &Grant, records: &mut [Record], paths: &Paths) -> Result<()> {
    let (mut read, mut written) = (Room::unlimited(), Room::unlimited());
    expand_within(conn, grant, records, paths, [&mut read, &mut written])
}

/// Adds the expanded relations to each record while there is room for the records that are read, and for their JSON.
pub fn expand_within(
    conn: &mut Conn,
    grant: &Grant,
    records: &mut [Record],
    paths: &Paths,
    [read, written]: [&mut Room; 2],
) -> Result<()> {
    let mut count = MAX_TOTAL;
    let branches = branches(conn, grant, records, paths, &mut count, read)?;
    if branches.is_empty() {
        return Ok(());
    }
    let mut writing = Writing {
        count: MAX_TOTAL,
        room: written,
    };
    for record in records {
        let mut out = Vec::new();
        writing.attachments(&mut out, record, &branches)?;
        record.expand = Some(out);
    }
    Ok(())
}

/// Loads the records that `paths` lead to, at most `count`.
fn branches(
    conn: &mut Conn,
    grant: &Grant,
    records: &[Record],
    paths: &Paths,
    count: &mut usize,
    room: &mut Room,
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
            follow(conn, grant, records, (*count, &mut *room), &mut branch)?
        } else {
            follow_back(conn, grant, records, (*count, &mut *room), &mut branch)?
        };
        let Some(next) = next else { continue };
        let is_wrong = !deeper.lead_somewhere(grant.schema(), grant.collection(), name);
        // Without records, there is nothing to query.
        if is_wrong && !branch.records.is_empty() {
            continue;
        }
        *count = count.saturating_sub(branch.records.len());
        store::reveal(conn, &next, &mut branch.records)?;
        branch.deeper = self::branches(conn, &next, &branch.records, deeper, count, room)?;
        branches.push(branch);
    }
    Ok(branches)
}

/// Finds the records that `records` refer to, and the grant for them; `None` if the caller may not view any.
fn follow(
    conn: &mut Conn,
    grant: &Grant,
    records: &[Record],
    (count, room): (usize, &mut Room),
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
            fields::items(&record.values[position])
        } else {
            Vec::new()
        }
    };
    let mut ids: Vec<String> = records.iter().flat_map(of).collect();
    ids.sort_unstable();
    ids.dedup();
    ids.truncate(count);
    branch.is_one = !is_list;
    branch.records = store::find_all_within(conn, &grant, &ids, room)?;
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

/// Finds the records that refer to `records`, and the grant for them; `None` if the caller may not view any.
fn follow_back(
    conn: &mut Conn,
    grant: &Grant,
    records: &[Record],
    (count, room): (usize, &mut Room),
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
    let dialect = conn.dialect();
    let ids = records.iter().map(|record| record.id().to_owned());
    let ids: Vec<String> = ids.collect();
    let mut refers = Sql::new(dialect);
    if column.is_list() {
        let any = dialect.list_contains_any(&store::alias(), &column.ident, &ids);
        refers.append(any);
    } else {
        refers.column(&store::alias(), &column.ident);
        store::in_list(&mut refers, &ids);
    }
    let limit = count.min(MAX_BACK * ids.len());
    branch.is_one = source.is_unique(&column.name) && !column.is_list();
    branch.records =
        store::find_where_within(conn, &grant, refers, i64::try_from(limit).ok(), room)?;
    branch.attached = ids.into_iter().map(|id| (id, Vec::new())).collect();
    for (index, record) in branch.records.iter().enumerate() {
        let targets = record.value(&column.name).map(fields::items);
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

/// The rest of the limits for the response.
struct Writing<'a> {
    /// The number of records.
    count: usize,
    room: &'a mut Room,
}

impl Writing<'_> {
    /// Writes the expanded relations of a record as JSON, with keys in alphabetical order.
    fn attachments(
        &mut self,
        out: &mut Vec<u8>,
        record: &Record,
        branches: &[Branch],
    ) -> Result<()> {
        out.push(b'{');
        let mut is_first = true;
        for branch in branches {
            let attached = branch.attached.get(record.id());
            let attached = attached.map(Vec::as_slice).unwrap_or_default();
            if attached.is_empty() || self.count == 0 {
                continue;
            }
            if !std::mem::take(&mut is_first) {
                out.push(b',');
            }
            json::push_str(out, &branch.name);
            out.push(b':');
            if branch.is_one {
                self.record(out, &branch.records[attached[0]], branch)?;
                continue;
            }
            out.push(b'[');
            for (position, index) in attached.iter().enumerate() {
                if self.count == 0 {
                    break;
                }
                if position > 0 {
                    out.push(b',');
                }
                self.record(out, &branch.records[*index], branch)?;
            }
            out.push(b']');
        }
        out.push(b'}');
        Ok(())
    }

    fn record(&mut self, out: &mut Vec<u8>, record: &Record, branch: &Branch) -> Result<()> {
        self.count -= 1;
        let mut deeper = None;
        if !branch.deeper.is_empty() {
            let mut inside = Vec::new();
            self.attachments(&mut inside, record, &branch.deeper)?;
            deeper = Some(inside);
        }
        let (before, within) = (out.len(), deeper.as_ref().map_or(0, Vec::len));
        record.write_with(out, deeper.as_deref());
        // The nested records were counted already.
        self.room.has(out.len() - before - within);
        self.room.check()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::projection::Fields;

    #[test]
    fn paths_share_their_beginnings() {
        let paths = Paths::parse("a.b, a.c,d,");
        assert_eq!(paths.0.keys().collect::<Vec<_>>(), ["a", "d"]);
        assert_eq!(paths.0["a"].0.keys().collect::<Vec<_>>(), ["b", "c"]);
        assert!(Paths::parse("").is_empty());
    }

    #[test]
    fn n66_paths_whose_records_are_left_out_are_not_followed() {
        let paths = Paths::parse("a.b,a.c,d");
        for (fields, left) in [
            ("id", ""),
            ("id,expand", "a.b,a.c,d"),
            ("", "a.b,a.c,d"),
            ("*", "a.b,a.c,d"),
            ("t:unknown(1)", "a.b,a.c,d"),
            ("expand.a", "a.b,a.c"),
            ("expand.a.*", "a.b,a.c"),
            ("expand.a.t", "a"),
            ("expand.*", "a.b,a.c,d"),
            ("expand.d.t,expand.a.expand.c.t", "a.c,d"),
            ("expand.x", ""),
        ] {
            let fields_read = Fields::parse(fields);
            let narrowed = paths.narrowed(&fields_read.of_expand());
            assert_eq!(narrowed, Paths::parse(left), "{fields}");
        }
    }
}
