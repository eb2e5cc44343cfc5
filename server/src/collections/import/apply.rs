//! Applies a plan with valid definitions to the database.

use std::collections::BTreeSet;
use std::sync::Arc;

use plinth_sdk::types as wire;

use super::{Change, Plan, named};
use crate::collections::store::{forget, remove, write};
use crate::collections::{change, table};
use crate::db::Conn;
use crate::error::Result;
use crate::policy;
use crate::schema::Collection;
use crate::views::store as views;

/// Applies the plan.
pub(super) fn apply(conn: &mut Conn, plan: &Plan<'_>) -> Result<()> {
    drop_views(conn, plan)?;
    let (gone_views, gone): (Vec<_>, Vec<_>) = plan.gone.iter().partition(|one| one.is_view());
    for view in gone_views {
        policy::store::forget_collection(conn, &view.def.id)?;
        forget(conn, &view.def.id)?;
    }
    for one in gone {
        remove(conn, plan.schema, one)?;
    }
    let now = conn.clock.now().to_string();
    change_tables(conn, &plan.tables, &now)?;
    for change in &plan.views {
        let new = &change.new;
        views::create(conn, new, &plan.target).map_err(|error| named(error, &new.def.name))?;
        settle(conn, change, &now)?;
    }
    for change in &plan.untouched {
        settle(conn, change, &now)?;
    }
    Ok(())
}

/// Drops the views that are deleted or created again, each before those that it reads.
fn drop_views(conn: &mut Conn, plan: &Plan<'_>) -> Result<()> {
    let again = plan.views.iter().filter_map(|change| change.old.as_ref());
    let ids: BTreeSet<&str> = again
        .chain(&plan.gone)
        .map(|one| one.def.id.as_str())
        .collect();
    let all = views::in_order(plan.schema);
    let dropped = all
        .into_iter()
        .filter(|view| ids.contains(view.def.id.as_str()));
    let dropped: Vec<_> = dropped.collect();
    views::make_way(conn, &dropped)
}

/// Alters existing tables, then creates new ones.
fn change_tables(conn: &mut Conn, changes: &[Change], now: &str) -> Result<()> {
    // Collections may swap their names, so all names that are given up are freed first.
    let mut renamed = Vec::new();
    for (number, change) in changes.iter().enumerate() {
        let Some(old) = &change.old else {
            continue;
        };
        if old.def.name == change.new.def.name {
            renamed.push((Arc::clone(old), change));
            continue;
        }
        let between = Collection::new(wire::Collection {
            name: format!("$imported{number}"),
            ..old.def.clone()
        });
        change::refuse_if_used(conn, old)?;
        table::rename_table(conn, &old.table, &between.table)?;
        write(conn, &between, Some(&old.def.id))?;
        renamed.push((Arc::new(between), change));
    }
    for (old, change) in renamed {
        let new = &change.new;
        change::change(conn, &old, new).map_err(|error| named(error, &new.def.name))?;
        settle(conn, change, now)?;
    }
    for change in changes.iter().filter(|change| change.old.is_none()) {
        let new = &change.new;
        table::create(conn, new).map_err(|error| named(error, &new.def.name))?;
        settle(conn, change, now)?;
    }
    Ok(())
}

/// Writes the definition of a collection whose table or view is up to date.
fn settle(conn: &mut Conn, change: &Change, now: &str) -> Result<()> {
    let new = &change.new;
    if let Some(old) = &change.old {
        policy::store::follow_fields(conn, old, new)?;
        // A view that only follows what it reads keeps its time of update.
        if !change.is_mentioned {
            return if old.def == new.def {
                Ok(())
            } else {
                write(conn, new, Some(&old.def.id))
            };
        }
    }
    let mut definition = new.def.clone();
    now.clone_into(&mut definition.updated);
    if change.old.is_none() {
        now.clone_into(&mut definition.created);
    }
    let old = change.old.as_ref().map(|old| old.def.id.as_str());
    write(conn, &Collection::new(definition), old)
}
