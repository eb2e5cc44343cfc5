//! Imports the files of records. Both servers have the same layout: `<collection id>/<record id>/<name>`.

use std::ffi::OsStr;
use std::path::Path;

use anyhow::Context;
use plinth_sdk::types::{self as wire, CollectionType};

use super::dir::{Dir, Refusal};
use super::report::Named;
use super::{Report, Source, in_words};
use crate::app::App;
use crate::fields;
use crate::files::accept::Stored;
use crate::files::{Upload, storage};

/// Copies the missing files of these collections to the storage.
pub(super) async fn copy(
    app: &App,
    source: &Source,
    collections: &[wire::Collection],
    report: &mut Report,
) -> anyhow::Result<Stored> {
    let mut stored = Stored::default();
    let Some(from) = open(source, report)? else {
        return Ok(stored);
    };
    let mut copy = Copy {
        app,
        stored: &mut stored,
        left_out: Named::new("files"),
        links: Named::new("links and the like"),
        report,
    };
    for collection in collections {
        // The files of a view belong to other collections.
        if collection.kind == CollectionType::View {
            continue;
        }
        if let Err(error) = copy.collection(&from, collection).await {
            stored.settle(app, Ok(&[])).await;
            let name = &collection.name;
            let error = error.context(format!("cannot copy the files of {name}"));
            return Err(error.context("nothing was changed"));
        }
    }
    let Copy {
        left_out, links, ..
    } = copy;
    links.finish("storage", report);
    report.files_left_out += left_out.finish("storage", report);
    report.files = stored.count();
    Ok(stored)
}

/// Opens the directory of files, if there is one.
fn open(source: &Source, report: &mut Report) -> anyhow::Result<Option<Dir>> {
    if let Some(dir) = &source.storage {
        let unreadable = || format!("cannot read {}", dir.display());
        return Ok(Some(Dir::open(dir).with_context(unreadable)?));
    }
    let unreadable = || format!("cannot read {}", source.dir.display());
    let dir = Dir::open(&source.dir).with_context(unreadable)?;
    match dir.dir("storage".as_ref()) {
        Ok(storage) => Ok(Some(storage)),
        Err(Refusal::Missing) => Ok(None),
        Err(refusal) => {
            let why = format!(
                "no file was taken, {}; if it is your own, name the directory that the files are in with --storage",
                refusal.words()
            );
            report.note("storage", why);
            report.files_left_out += 1;
            Ok(None)
        }
    }
}

/// The state of copying files.
struct Copy<'a> {
    app: &'a App,
    stored: &'a mut Stored,
    left_out: Named,
    /// PocketBase makes no links, pipes or devices: leaving them out loses nothing.
    links: Named,
    report: &'a mut Report,
}

impl Copy<'_> {
    async fn collection(
        &mut self,
        from: &Dir,
        collection: &wire::Collection,
    ) -> anyhow::Result<()> {
        let Some(records) = self.enter(from, OsStr::new(&collection.id)) else {
            return Ok(());
        };
        for id in records.names()? {
            // A file for PocketBase's own use.
            if !records.is_dir(&id) && records.file(&id).is_ok() {
                continue;
            }
            let Some(text) = id.to_str().filter(|id| fields::is_file_name(id)) else {
                self.leave_out(&records.path_of(&id), "no record has such an id");
                continue;
            };
            if let Some(record) = self.enter(&records, &id) {
                self.record(&record, &collection.id, text).await?;
            }
        }
        Ok(())
    }

    async fn record(&mut self, from: &Dir, collection: &str, id: &str) -> anyhow::Result<()> {
        for file in from.names()? {
            // Thumbnails are made again on demand; the attributes of a file are stored next to it.
            let is_known_of = Path::new(&file).extension() == Some("attrs".as_ref());
            if is_known_of || from.is_dir(&file) {
                continue;
            }
            let Some(name) = file.to_str().filter(|name| fields::is_file_name(name)) else {
                self.leave_out(&from.path_of(&file), "no file of a record is called that");
                continue;
            };
            let path = storage::file(collection, id, name);
            let there = self.app.files.storage.head(&path).await.map_err(in_words)?;
            if there.is_some() {
                continue;
            }
            let opened = from.file(&file);
            let upload = opened.and_then(|file| {
                Upload::of_file(file, name.to_owned()).map_err(Refusal::Unreadable)
            });
            match upload {
                Ok(upload) => {
                    let of = [collection, id, name];
                    let outcome = self.stored.put_one(self.app, of, &upload).await;
                    outcome.map_err(in_words)?;
                }
                Err(refusal) => self.refuse(&from.path_of(&file), &refusal),
            }
        }
        Ok(())
    }

    fn enter(&mut self, from: &Dir, name: &OsStr) -> Option<Dir> {
        match from.dir(name) {
            Ok(dir) => Some(dir),
            Err(Refusal::Missing) => None,
            Err(refusal) => {
                self.refuse(&from.path_of(name), &refusal);
                None
            }
        }
    }

    fn refuse(&mut self, path: &str, refusal: &Refusal) {
        let among = match refusal {
            Refusal::Link | Refusal::Other | Refusal::Missing => &mut self.links,
            Refusal::Unreadable(_) => &mut self.left_out,
        };
        among.add(path, &refusal.words(), self.report);
    }

    fn leave_out(&mut self, path: &str, why: &str) {
        self.left_out.add(path, why, self.report);
    }
}
