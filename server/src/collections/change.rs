//! Alters the table of a collection to match its new definition, changing only what differs: an index that means the
//! same under new names is kept, since both databases rename columns inside it.

use std::collections::BTreeMap;

use super::table::{add_column, alter, create_index, rename_column, rename_table};
use crate::db::{Conn, Dialect, Ident, concurrent, coordination, execute, sql};
use crate::error::{Error, Result};
use crate::files::store as files;
use crate::schema::{Collection, Index, Shape};

/// Alters the table of `old` to match `new`. Columns correspond if the ids of their fields are equal.
pub(super) fn change(conn: &mut Conn, old: &Collection, new: &Collection) -> Result<()> {
    let dialect = conn.dialect();
    let pairs = matched(old, new);
    let indexes = IndexChanges::of(old, new, dialect);
    if old.table != new.table || has_other_columns(old, new, &pairs) || !indexes.dropped.is_empty()
    {
        refuse_if_used(conn, old)?;
    }
    if old.table != new.table {
        // Renamed through a temporary name, since names that differ only in case are equal to SQLite.
        let between = Ident::new("$renamed");
        rename_table(conn, &old.table, &between)?;
        rename_table(conn, &between, &new.table)?;
    }
    for index in &indexes.dropped {
        execute(conn, index.drop(dialect))?;
    }
    change_columns(conn, old, new, &pairs)?;
    rename_indexes(conn, &indexes.renamed)?;
    for (position, index) in dialect.in_creation_order(indexes.created) {
        let built = concurrent::name(&index.create(dialect, &new.table));
        if concurrent::adopt(conn, &new.table, &built, &index.ident())? {
            continue;
        }
        // An index on new columns is built later, concurrently with writes.
        if index.unique || !concurrent::is_large(conn, &new.table)? {
            create_index(conn, new, position, index)?;
        }
    }
    Ok(())
}

/// Gives up if the lock of the table would have to wait for a long transaction: meanwhile, nobody could even read.
pub(super) fn refuse_if_used(conn: &mut Conn, collection: &Collection) -> Result<()> {
    match coordination::blocker(conn, &collection.table)? {
        None => Ok(()),
        Some(blocker) => Err(Error::Busy(
            format!(
                "The table of {} is in use by another transaction ({blocker}), try again when it has ended.",
                collection.def.name
            )
            .into(),
        )),
    }
}

fn has_other_columns(old: &Collection, new: &Collection, pairs: &[(Option<usize>, usize)]) -> bool {
    let is_other = |(from, to): &(Option<usize>, usize)| {
        from.is_none_or(|from| {
            let (from, to) = (&old.columns[from], &new.columns[*to]);
            from.ident != to.ident || from.is_list() != to.is_list()
        })
    };
    old.columns.len() != new.columns.len() || pairs.iter().any(is_other)
}

fn change_columns(
    conn: &mut Conn,
    old: &Collection,
    new: &Collection,
    pairs: &[(Option<usize>, usize)],
) -> Result<()> {
    let dialect = conn.dialect();
    for (position, column) in old.columns.iter().enumerate() {
        if !pairs.iter().any(|(from, _)| *from == Some(position)) {
            if matches!(column.shape, Shape::File { .. }) {
                files::release_column(conn, old, &new.table, column, None)?;
            }
            let mut drop = alter(dialect, new, " DROP COLUMN ");
            drop.ident(&column.ident);
            execute(conn, drop)?;
        }
    }
    let renames = pairs
        .iter()
        .filter_map(|(from, to)| Some((&old.columns[(*from)?].ident, &new.columns[*to].ident)));
    for step in by_other_names(renames.collect(), "$renamed") {
        rename_column(conn, new, &step.0, &step.1)?;
    }
    for (from, to) in pairs {
        let column = &new.columns[*to];
        match from {
            None => add_column(conn, new, &column.ident, column.storage, column.is_list())?,
            Some(from) if old.columns[*from].is_list() != column.is_list() => {
                let between = Ident::new("$converted");
                add_column(conn, new, &between, column.storage, column.is_list())?;
                let mut fill = sql(dialect, "UPDATE ");
                fill.ident(&new.table)
                    .text(" SET ")
                    .ident(&between)
                    .text(" = ");
                fill.append(if column.is_list() {
                    dialect.list_of_single(&column.ident)
                } else {
                    dialect.last_of_list(&column.ident)
                });
                execute(conn, fill)?;
                let mut drop = alter(dialect, new, " DROP COLUMN ");
                drop.ident(&column.ident);
                execute(conn, drop)?;
                rename_column(conn, new, &between, &column.ident)?;
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// Returns the old column of each new one, if there was one.
fn matched(old: &Collection, new: &Collection) -> Vec<(Option<usize>, usize)> {
    let fields = new.def.fields.iter().enumerate();
    fields
        .map(|(to, field)| (old.def.fields.iter().position(|f| f.id == field.id), to))
        .collect()
}

/// Returns the new names of the columns that remain, by their old names.
fn kept_names<'a>(
    old: &'a Collection,
    new: &'a Collection,
    pairs: &[(Option<usize>, usize)],
) -> BTreeMap<&'a str, &'a str> {
    let kept = pairs.iter().filter_map(|(from, to)| {
        let (from, to) = (&old.columns[(*from)?], &new.columns[*to]);
        (from.is_list() == to.is_list()).then_some((from.name.as_str(), to.name.as_str()))
    });
    kept.collect()
}

/// Returns the old names of the columns that remain, by their new names.
pub(super) fn old_names<'a>(
    old: &'a Collection,
    new: &'a Collection,
) -> BTreeMap<&'a str, &'a str> {
    let kept = kept_names(old, new, &matched(old, new));
    kept.into_iter().map(|(from, to)| (to, from)).collect()
}

/// Renames in two steps, so that two columns or indexes can swap their names.
fn by_other_names(renames: Vec<(&Ident, &Ident)>, between: &str) -> Vec<(Ident, Ident)> {
    let renames = renames.into_iter().filter(|(from, to)| from != to);
    let renames: Vec<_> = renames
        .enumerate()
        .map(|(n, (from, to))| (from, Ident::new(&format!("{between}{n}")), to))
        .collect();
    let away = renames
        .iter()
        .map(|(from, between, _)| ((*from).clone(), between.clone()));
    let back = renames
        .iter()
        .map(|(_, between, to)| (between.clone(), (*to).clone()));
    away.chain(back).collect()
}

fn rename_indexes(conn: &mut Conn, renamed: &[(Ident, Ident)]) -> Result<()> {
    let pairs = renamed.iter().map(|(from, to)| (from, to)).collect();
    for (from, to) in by_other_names(pairs, "$index") {
        let mut rename = sql(conn.dialect(), "ALTER INDEX IF EXISTS ");
        rename.ident(&from).text(" RENAME TO ").ident(&to);
        execute(conn, rename)?;
    }
    Ok(())
}

/// The differences between the indexes of two definitions.
#[derive(Debug, Default)]
pub(super) struct IndexChanges<'a> {
    dropped: Vec<&'a Index>,
    renamed: Vec<(Ident, Ident)>,
    /// The new indexes, with their positions in the definition.
    pub(super) created: Vec<(usize, &'a Index)>,
}

impl<'a> IndexChanges<'a> {
    /// The changes that `new` needs.
    pub(super) fn of(old: &'a Collection, new: &'a Collection, dialect: Dialect) -> Self {
        let kept_names = kept_names(old, new, &matched(old, new));
        Self::between(old, new, &kept_names, dialect.can_rename_indexes())
    }

    fn between(
        old: &'a Collection,
        new: &'a Collection,
        kept_names: &BTreeMap<&str, &str>,
        can_rename: bool,
    ) -> Self {
        // An index on a column that is dropped or converted cannot be kept.
        let carried = |index: &'a Index| (index, index.with_names(kept_names));
        let mut left: Vec<_> = old.indexes.iter().map(carried).collect();
        let mut take = |wanted: &Index, by_name: bool| {
            let at = left.iter().position(|(index, carried)| {
                let is_same = carried.as_ref().is_some_and(|old| old.same_as(wanted));
                is_same && (!by_name || index.name == wanted.name)
            });
            at.map(|at| left.remove(at).0)
        };
        let mut changes = Self::default();
        let wanted = new.indexes.iter().enumerate();
        let others: Vec<_> = wanted
            .filter(|(_, wanted)| take(wanted, true).is_none())
            .collect();
        for (position, wanted) in others {
            match can_rename.then(|| take(wanted, false)).flatten() {
                Some(index) => changes.renamed.push((index.ident(), wanted.ident())),
                None => changes.created.push((position, wanted)),
            }
        }
        changes.dropped = left.into_iter().map(|(index, _)| index).collect();
        changes
    }
}

#[cfg(test)]
mod tests {
    use plinth_sdk::types::{self as wire, Field, FieldKind, TextOptions};

    use super::*;

    fn posts(fields: &[(&str, &str)], indexes: &[&str]) -> Collection {
        let field = |(id, name): &(&str, &str)| Field {
            id: (*id).to_owned(),
            ..Field::new(*name, FieldKind::Text(TextOptions::default()))
        };
        Collection::new(wire::Collection {
            id: "posts0000000000".to_owned(),
            name: "posts".to_owned(),
            fields: fields.iter().map(field).collect(),
            indexes: indexes.iter().map(|text| (*text).to_owned()).collect(),
            ..wire::Collection::default()
        })
    }

    fn names(old: &Collection, new: &Collection, can_rename: bool) -> [Vec<String>; 3] {
        let pairs = matched(old, new);
        let changes = IndexChanges::between(old, new, &kept_names(old, new, &pairs), can_rename);
        let dropped = changes.dropped.iter().map(|index| index.name.clone());
        let renamed = changes.renamed.iter().map(|(_, to)| to.as_str().to_owned());
        let created = changes.created.iter().map(|(_, index)| index.name.clone());
        [dropped.collect(), renamed.collect(), created.collect()]
    }

    #[test]
    fn an_index_is_kept_while_it_means_the_same() {
        let (a, b) = (
            "CREATE INDEX a ON posts (x)",
            "CREATE UNIQUE INDEX b ON posts (x, y)",
        );
        let old = posts(&[("1", "x"), ("2", "y")], &[a, b]);
        let nothing: [Vec<String>; 3] = [vec![], vec![], vec![]];
        let swapped = posts(
            &[("1", "y"), ("2", "x"), ("3", "z")],
            &[
                "CREATE INDEX a ON posts (y)",
                "CREATE UNIQUE INDEX b ON posts (y, x)",
            ],
        );
        assert_eq!(names(&old, &swapped, true), nothing);
        let without_y = posts(&[("1", "x")], &[a]);
        assert_eq!(names(&old, &without_y, true), [vec!["b"], vec![], vec![]]);
        let again = posts(&[("1", "x"), ("9", "y")], &[a, b]);
        assert_eq!(names(&old, &again, true), [vec!["b"], vec![], vec!["b"]]);
        let other_name = posts(
            &[("1", "x"), ("2", "y")],
            &["CREATE INDEX c ON posts (x)", b],
        );
        assert_eq!(names(&old, &other_name, true), [vec![], vec!["c"], vec![]]);
        assert_eq!(
            names(&old, &other_name, false),
            [vec!["a"], vec![], vec!["c"]]
        );
        let unique = posts(
            &[("1", "x"), ("2", "y")],
            &["CREATE UNIQUE INDEX a ON posts (x)", b],
        );
        assert_eq!(names(&old, &unique, true), [vec!["a"], vec![], vec!["a"]]);
    }
}
