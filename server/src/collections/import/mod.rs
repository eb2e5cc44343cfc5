//! Imports collections: creates and changes several in one transaction.
//!
//! They may refer to each other in any way, so no order would work: [`Plan`] derives all definitions and validates
//! each among all others, then [`apply`] changes the database.

mod apply;

use std::collections::BTreeSet;
use std::sync::Arc;

use plinth_sdk::types::{self as wire, CollectionType, FieldProblem, FieldProblems};
use serde_json::{Map, Value as Json};

use super::store::{committed, lock};
use super::{prepare, validate};
use crate::db::{Conn, Dialect};
use crate::error::{Error, Result};
use crate::policy::Snapshot;
use crate::problems::{IMPORT_FAILED, UNLOADABLE};
use crate::random::Random;
use crate::schema::{Author, Collection, Schema};
use crate::system::defaults;
use crate::views::store as views;

const FAILED: &str = "Failed to import collections.";

/// Creates and changes collections; deletes those that are not mentioned, if the import says so.
pub(super) fn run(conn: &mut Conn, wanted: &wire::Import) -> Result<Snapshot> {
    let schema = lock(conn)?;
    let plan = Plan::new(&schema, wanted, conn.dialect(), &conn.random)?;
    plan.check()?;
    apply::apply(conn, &plan)?;
    committed(conn)
}

/// A collection to be created or changed.
struct Change {
    old: Option<Arc<Collection>>,
    new: Arc<Collection>,
    /// Whether the import mentions the collection. Views that read changed collections follow without being
    /// mentioned.
    is_mentioned: bool,
}

/// The plan of an import: the collections to create, change and delete.
struct Plan<'a> {
    schema: &'a Schema,
    /// The collections with tables.
    tables: Vec<Change>,
    /// The views to be created again, each after those that it reads.
    views: Vec<Change>,
    /// The mentioned views that do not change in the database.
    untouched: Vec<Change>,
    /// The collections to be deleted, since the import does not mention them.
    gone: Vec<Arc<Collection>>,
    /// All collections as they will be.
    target: Vec<Arc<Collection>>,
    /// A view with an invalid query, and the reason. Other problems may follow from it.
    unreadable: Option<(String, FieldProblem)>,
}

/// A view whose fields have not been derived yet.
struct Pending {
    old: Option<Arc<Collection>>,
    definition: wire::Collection,
    is_mentioned: bool,
}

impl<'a> Plan<'a> {
    fn new(
        schema: &'a Schema,
        wanted: &wire::Import,
        dialect: Dialect,
        random: &Random,
    ) -> Result<Self> {
        let mentioned = read(schema, wanted, random)?;
        let is_mentioned = |one: &Collection| {
            let mut olds = mentioned.iter().filter_map(|(old, _)| old.as_ref());
            olds.any(|old| old.def.id == one.def.id)
        };
        let (kept, gone): (Vec<_>, Vec<_>) = schema
            .iter()
            .filter(|one| !is_mentioned(one))
            .cloned()
            .partition(|one| !wanted.delete_missing || one.def.system);

        // Views that read one of these have to be created again.
        let mut changed: BTreeSet<String> = gone.iter().map(|one| one.def.id.clone()).collect();
        let is_seen_alike = |old: &Collection, new: &wire::Collection| {
            old.def.name == new.name
                && old.def.view_query == new.view_query
                && (old.is_view() || old.def.fields == new.fields)
        };
        for (old, new) in &mentioned {
            if let Some(old) = old.as_ref().filter(|old| !is_seen_alike(old, new)) {
                changed.insert(old.def.id.clone());
            }
        }
        let readers = views::readers(schema, &changed);
        changed.extend(readers.into_iter().map(|view| view.def.id.clone()));

        let mut plan = Self {
            schema,
            tables: Vec::new(),
            views: Vec::new(),
            untouched: Vec::new(),
            gone,
            target: Vec::new(),
            unreadable: None,
        };
        let mut pending = Vec::new();
        for (old, definition) in mentioned {
            let is_mentioned = true;
            let is_changed = old.as_ref().is_none_or(|old| changed.contains(&old.def.id));
            // A change of type is refused later; a view then has no query to derive fields from.
            let is_view = definition.kind == CollectionType::View
                && old.as_ref().is_none_or(|old| old.is_view());
            if is_view && is_changed {
                pending.push(Pending {
                    old,
                    definition,
                    is_mentioned,
                });
                continue;
            }
            let new = Arc::new(Collection::new(definition));
            plan.target.push(Arc::clone(&new));
            let change = Change {
                old,
                new,
                is_mentioned,
            };
            if is_view {
                plan.untouched.push(change);
            } else {
                plan.tables.push(change);
            }
        }
        for one in kept {
            if one.is_view() && changed.contains(&one.def.id) {
                let definition = plan.renamed(&one);
                let is_mentioned = false;
                pending.push(Pending {
                    old: Some(one),
                    definition,
                    is_mentioned,
                });
            } else {
                plan.target.push(one);
            }
        }
        plan.complete(pending, dialect);
        Ok(plan)
    }

    /// Returns the definition of a view that is not mentioned, with the new names of what it reads.
    fn renamed(&self, view: &Collection) -> wire::Collection {
        let mut known: Vec<_> = self.schema.iter().cloned().collect();
        let mut definition = view.def.clone();
        for change in &self.tables {
            let Some(old) = change
                .old
                .as_ref()
                .filter(|old| old.def.name != change.new.def.name)
            else {
                continue;
            };
            let schema = Schema::new(self.schema.version, known.clone());
            definition = views::renamed(&Collection::new(definition), &schema, old, &change.new);
            for one in &mut known {
                if one.def.id == old.def.id {
                    *one = Arc::clone(&change.new);
                }
            }
        }
        definition
    }

    /// Gives views their fields, each after those that it reads.
    fn complete(&mut self, mut pending: Vec<Pending>, dialect: Dialect) {
        while !pending.is_empty() {
            let before = pending.len();
            let mut refused = Vec::new();
            for mut view in pending {
                let old = view.old.as_ref().map(|old| &old.def);
                let problem = views::complete(&mut view.definition, old, &self.target, dialect);
                if let Some(problem) = problem {
                    refused.push((view, problem));
                    continue;
                }
                let new = Arc::new(Collection::new(view.definition));
                self.target.push(Arc::clone(&new));
                self.views.push(Change {
                    old: view.old,
                    new,
                    is_mentioned: view.is_mentioned,
                });
            }
            if refused.len() == before {
                let mut refused = refused.into_iter();
                let first = refused.next();
                self.unreadable = first.map(|(view, problem)| (view.definition.name, problem));
                return;
            }
            pending = refused.into_iter().map(|(view, _)| view).collect();
        }
    }

    /// Validates each definition among all others as they will be. Problems of rules are reported last, since they
    /// may follow from other problems.
    fn check(&self) -> Result<()> {
        let mut wrong_rules = None;
        for change in self.changes().filter(|change| change.is_mentioned) {
            let new = &change.new.def;
            if change.old.as_ref().is_some_and(|old| old.is_own()) {
                return Err(failed(&new.name, "it is the server's own"));
            }
            let others = self.target.iter().filter(|one| one.def.id != new.id);
            let others = Schema::new(self.schema.version, others.cloned().collect());
            let old = change.old.as_ref().map(|old| &old.def);
            let problems = validate::validate(new, old, &others, Author::Superuser);
            let (rules, rest): (FieldProblems, FieldProblems) = problems
                .into_iter()
                .partition(|(key, _)| defaults::is_rule(key));
            if !rest.is_empty() {
                return Err(failed(&new.name, &detail(&rest)));
            }
            if !rules.is_empty() && wrong_rules.is_none() {
                wrong_rules = Some(failed(&new.name, &detail(&rules)));
            }
        }
        if let Some((name, problem)) = &self.unreadable {
            let problems = FieldProblems::from([("viewQuery".to_owned(), problem.clone())]);
            return Err(failed(name, &detail(&problems)));
        }
        wrong_rules.map_or(Ok(()), Err)?;
        let target = Schema::new(self.schema.version, self.target.clone());
        for gone in &self.gone {
            if let Some((referrer, _)) = target.relations_to(gone).next() {
                return Err(failed(&referrer.def.name, "it refers to what is to go"));
            }
        }
        Ok(())
    }

    fn changes(&self) -> impl Iterator<Item = &Change> {
        self.tables.iter().chain(&self.views).chain(&self.untouched)
    }
}

type Read = (Option<Arc<Collection>>, wire::Collection);

/// Parses the collections of an import: as they are, and as they will be.
fn read(schema: &Schema, wanted: &wire::Import, random: &Random) -> Result<Vec<Read>> {
    let mut all: Vec<Read> = Vec::new();
    for body in &wanted.collections {
        let Some(body) = body.as_object() else {
            return Err(Error::invalid(UNLOADABLE));
        };
        let old = meant(schema, body).cloned();
        let definition = match &old {
            None => prepare::prepare_new(body, schema, random),
            Some(old) => {
                let body = prepare::merge_import(body, &old.def, wanted.delete_missing);
                prepare::prepare(&body, Some(&old.def), random)
            }
        };
        let definition = definition.map_err(|error| named(error, text(body, "name")))?;
        if all.iter().any(|(_, other)| other.id == definition.id) {
            return Err(failed(&definition.name, "it is there twice"));
        }
        all.push((old, definition));
    }
    Ok(all)
}

/// Returns the collection that an imported one replaces: by its id, or by its name if it has no id.
fn meant<'a>(schema: &'a Schema, body: &Map<String, Json>) -> Option<&'a Arc<Collection>> {
    match text(body, "id") {
        "" => schema.find(text(body, "name")),
        id => schema.iter().find(|one| one.def.id == id),
    }
}

fn text<'a>(body: &'a Map<String, Json>, key: &str) -> &'a str {
    body.get(key).and_then(Json::as_str).unwrap_or_default()
}

fn failed(name: &str, detail: &str) -> Error {
    let problem = IMPORT_FAILED.quoting(&[("name", name), ("reason", detail)]);
    Error::field(FAILED, "collections", problem)
}

/// Attributes an error to a collection.
fn named(error: Error, name: &str) -> Error {
    let Error::Invalid { message, data } = error else {
        return error;
    };
    if data.is_empty() {
        failed(name, &message)
    } else {
        failed(name, &detail(&data))
    }
}

fn detail(problems: &FieldProblems) -> String {
    serde_json::to_string(problems).unwrap_or_default()
}
