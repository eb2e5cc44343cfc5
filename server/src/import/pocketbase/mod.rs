//! Imports a data directory of PocketBase into a Plinth database.
//!
//! [`source`] reads the directory and never changes it, [`definitions`] converts its collections, [`records`] and
//! [`files`] copy their content. The database changes in one transaction, or not at all. What exists already and is
//! equal is left alone, so a second run changes nothing.

mod check;
mod definitions;
mod dir;
mod files;
mod mend;
mod records;
mod relations;
mod report;
mod settings;
mod source;

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};
use plinth_sdk::types::{self as wire, CollectionType};
use serde_json::{Map, Value as Json};

pub use report::{Moved, Note, Report, Tally};
pub use source::Source;

use crate::app::App;
use crate::collections::adopt::{self, Conflict};
use crate::collections::store;
use crate::db::{Claimant, Conn};
use crate::error::{Class, Error, Result};
use crate::policy::{Snapshot, system};
use crate::request::Request;
use crate::schema::Schema;
use crate::system::account_data;

/// The options of an import.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wishes {
    /// Whether superusers are imported.
    pub superusers: bool,
    /// Whether nothing is changed if anything has to be left out.
    pub strict: bool,
}

/// A callback for progress messages.
pub type Progress = Box<dyn FnMut(&str) + Send>;

/// Imports the content of the source.
pub async fn run(
    app: &App,
    source: Source,
    wishes: Wishes,
    progress: Progress,
) -> anyhow::Result<Report> {
    let mut source = source;
    let schema = app.schema.current();
    let mut report = Report::default();
    // With imported superusers, their data is imported too.
    let takes_secrets = wishes.superusers && !has_superusers(app).await.map_err(in_words)?;
    let dialect = app.db.dialect();
    let definitions = definitions::read(
        &mut source,
        &schema,
        dialect,
        takes_secrets,
        &mut report,
        &app.random,
    )?;
    let wanted: Vec<wire::Collection> = definitions.clone();
    let conflicts = app
        .db
        .read(&Claimant::Server, move |conn| {
            conflicts(conn, &schema, &wanted)
        })
        .await
        .map_err(in_words)?;
    if !conflicts.is_empty() {
        bail!(
            "there are already other collections with the names or ids of: {}. Nothing was changed; \
             delete them, or move into a new database",
            conflicts.join(", ")
        );
    }
    let settings = settings::read(&mut source, &mut report).map_err(in_words)?;
    source.note_the_rest(&mut report);
    let copied = files::copy(app, &source, &definitions, &mut report).await?;
    let move_in = Move {
        source,
        definitions,
        settings,
        configured: app.mailer.configured.clone(),
        wishes,
        admitted: HashSet::new(),
        report,
        progress,
    };
    let work = move |conn: &mut Conn| move_in.write(conn);
    match app.db.write(work).await {
        Ok((schema, report)) => {
            app.schema_changed(schema);
            Ok(report)
        }
        Err(error) => {
            copied.settle(app, Ok(&[])).await;
            Err(in_words(error)).context("nothing was changed")
        }
    }
}

async fn has_superusers(app: &App) -> Result<bool> {
    let schema = app.schema.current();
    let count = move |conn: &mut Conn| match schema.find(crate::schema::SUPERUSERS) {
        Some(superusers) => crate::records::store::total(conn, superusers),
        None => Ok(0),
    };
    Ok(app.db.read(&Claimant::Server, count).await? > 0)
}

/// Opens a data directory; refuses anything else before any change.
pub fn open(dir: &Path) -> anyhow::Result<Source> {
    Source::open(dir)
}

/// Returns the names of collections that conflict with existing ones.
fn conflicts(
    conn: &mut Conn,
    schema: &Schema,
    definitions: &[wire::Collection],
) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for definition in definitions {
        if adopt::conflict(conn, schema, definition)? == Conflict::Taken {
            names.push(definition.name.clone());
        }
    }
    Ok(names)
}

/// The data to be written.
struct Move {
    source: Source,
    definitions: Vec<wire::Collection>,
    settings: Map<String, Json>,
    configured: wire::MetaSettings,
    wishes: Wishes,
    /// The ids of the imported superusers.
    admitted: HashSet<String>,
    report: Report,
    progress: Progress,
}

impl Move {
    /// Changes the database.
    fn write(mut self, conn: &mut Conn) -> Result<(Snapshot, Report)> {
        let before = store::lock(conn)?;
        let (mut places, mut refused) = (Vec::new(), Vec::new());
        for definition in &self.definitions {
            let place = adopt::conflict(conn, &before, definition)?;
            if place == Conflict::Taken {
                return Err(Error::SchemaChanged);
            }
            if place != Conflict::Same && definition.kind == CollectionType::View {
                if let Some(why) = adopt::adopt_view(conn, definition.clone())? {
                    let why = format!("not taken, the database has it otherwise: {why}");
                    self.report.note(&definition.name, why);
                    refused.push(definition.id.clone());
                }
            } else if place != Conflict::Same {
                adopt::adopt(conn, &before, definition.clone(), &place)?;
            }
            places.push(place);
        }
        let is_new = |(definition, place): (&wire::Collection, &Conflict)| {
            *place != Conflict::Same && !refused.contains(&definition.id)
        };
        let is_changed = self.definitions.iter().zip(&places).any(is_new);
        let after = Arc::new(if is_changed {
            store::committed(conn)?
        } else {
            before
        });
        let places = self.definitions.clone().into_iter().zip(places);
        let places = places.filter(|(definition, _)| !refused.contains(&definition.id));
        // Data of accounts follows the accounts.
        let (attached, others): (Vec<_>, Vec<_>) =
            places.partition(|(definition, _)| account_data::is_account_data(definition));
        for (definition, place) in others.into_iter().chain(attached) {
            let records = self.copy(conn, &after, &definition, &place)?;
            self.report.collections.push(Moved {
                name: definition.name,
                is_new: place != Conflict::Same,
                records,
            });
        }
        for one in self.report.collections.clone() {
            if let Some(collection) = after.find(&one.name).filter(|one| !one.is_view()) {
                relations::note_missing(conn, &after, collection, &mut self.report)?;
            }
        }
        let taken = settings::write(conn, &self.settings, &self.configured, &mut self.report)?;
        self.report.settings = taken;
        if self.wishes.strict && !self.report.is_complete() {
            let problems = self.report.problems();
            let why = anyhow::anyhow!("not everything can be taken\n{problems}");
            return Err(Error::internal(why));
        }
        Ok((store::read(conn)?, self.report))
    }

    /// Copies the records of a collection.
    fn copy(
        &mut self,
        conn: &mut Conn,
        after: &Arc<Snapshot>,
        definition: &wire::Collection,
        place: &Conflict,
    ) -> Result<Tally> {
        if definition.kind == CollectionType::View {
            return Ok(Tally::default());
        }
        let collection = after.find(&definition.id).ok_or_else(Error::missing)?;
        let why = "the operator's own command moves everything";
        let grant = system(after, collection, Request::internal(conn.clock.now()), why);
        let records = records::Copy {
            grant: &grant,
            is_empty: !matches!(place, Conflict::Same | Conflict::System),
            wishes: self.wishes,
            admitted: &mut self.admitted,
            progress: &mut self.progress,
            report: &mut self.report,
        };
        records.run(conn, &mut self.source)
    }
}

/// Formats an error for the operator, with its cause.
fn in_words(error: Error) -> anyhow::Error {
    if let Error::Internal(error) = error {
        return error;
    }
    if let Error::Storage(error) = error {
        return error.context("the storage of files failed");
    }
    if let Error::SchemaChanged = error {
        return anyhow::Error::msg("the collections were changed meanwhile; try again");
    }
    if error.class() == Class::Unknown {
        let why = "the database can't be written to; is its disk full, or its server away?";
        return anyhow::Error::msg(why);
    }
    error.into()
}
