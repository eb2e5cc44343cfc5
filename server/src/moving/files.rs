//! Files of records. The layout is the same here and there: `<collection's id>/<record's id>/<name>`.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use anyhow::Context;
use plinth_sdk::types as wire;

use super::{Report, Source, in_words};
use crate::app::App;
use crate::files::accept::Stored;
use crate::files::{Upload, storage};

/// Copies the files of these collections that are not there yet to where files are kept.
pub(super) async fn copy(
    app: &App,
    source: &Source,
    collections: &[wire::Collection],
    report: &mut Report,
) -> anyhow::Result<Stored> {
    let mut stored = Stored::default();
    for collection in collections {
        let from = source.dir.join("storage").join(&collection.id);
        let outcome = copy_records(app, &from, &collection.id, &mut stored, report).await;
        if let Err(error) = outcome {
            stored.settle(app, Ok(&[])).await;
            let name = &collection.name;
            let error = error.context(format!("cannot copy the files of {name}"));
            return Err(error.context("nothing was changed"));
        }
    }
    report.files = stored.count();
    Ok(stored)
}

async fn copy_records(
    app: &App,
    from: &Path,
    collection: &str,
    stored: &mut Stored,
    report: &mut Report,
) -> anyhow::Result<()> {
    for record in entries(from)? {
        if !record.file_type()?.is_dir() {
            continue;
        }
        for file in entries(&record.path())? {
            let (id, name) = (record.file_name(), file.file_name());
            let kind = file.file_type()?;
            let (Some(id), Some(name)) = (id.to_str(), name.to_str()) else {
                report.note(file.path().display().to_string(), "its name is no text");
                continue;
            };
            // Thumbs are made anew when somebody wants them; beside each file is what is known of it.
            let is_known_of = Path::new(name).extension() == Some("attrs".as_ref());
            if kind.is_dir() || is_known_of {
                continue;
            }
            if kind.is_file() {
                copy_file(app, &file.path(), [collection, id, name], stored).await?;
            } else {
                report.note(file.path().display().to_string(), "it is no file");
            }
        }
    }
    Ok(())
}

/// What is in a directory, if there is one, in the order of the names.
fn entries(dir: &Path) -> io::Result<Vec<fs::DirEntry>> {
    if !dir.is_dir() {
        return Ok(Vec::new());
    }
    let mut entries: Vec<_> = fs::read_dir(dir)?.collect::<io::Result<_>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    Ok(entries)
}

async fn copy_file(
    app: &App,
    from: &Path,
    to: [&str; 3],
    stored: &mut Stored,
) -> anyhow::Result<()> {
    let [collection, record, name] = to;
    let path = storage::file(collection, record, name);
    let there = app.files.storage.head(&path).await.map_err(in_words)?;
    if there.is_some() {
        return Ok(());
    }
    let file = File::open(from).with_context(|| from.display().to_string())?;
    let upload = Upload::of_file(file, name.to_owned())?;
    let outcome = stored.put_one(app, to, &upload).await;
    outcome.map_err(in_words)
}
