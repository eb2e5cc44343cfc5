//! Files of records. The layout is the same here and there: `<collection's id>/<record's id>/<name>`.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context;
use plinth_sdk::types as wire;

use super::{Report, Source};

/// What was copied, in case that it has to go again.
#[derive(Debug, Default)]
pub(super) struct Copied(Vec<PathBuf>);

impl Copied {
    /// Removes the copies.
    pub(super) fn remove(self) {
        for file in self.0 {
            if let Err(error) = fs::remove_file(&file) {
                tracing::warn!(%error, file = %file.display(), "cannot remove a copy");
            }
        }
    }
}

/// Copies the files of these collections that are not there yet.
pub(super) fn copy(
    source: &Source,
    dir: &Path,
    collections: &[wire::Collection],
    report: &mut Report,
) -> anyhow::Result<Copied> {
    let mut copied = Copied::default();
    let (from, to) = (source.dir.join("storage"), dir.join("storage"));
    for collection in collections {
        let pair = (from.join(&collection.id), to.join(&collection.id));
        let outcome = copy_records(&pair.0, &pair.1, &mut copied, report)
            .with_context(|| format!("cannot copy the files of {}", collection.name));
        if let Err(error) = outcome {
            copied.remove();
            return Err(error.context("nothing was changed"));
        }
    }
    report.files = copied.0.len() as u64;
    Ok(copied)
}

fn copy_records(
    from: &Path,
    to: &Path,
    copied: &mut Copied,
    report: &mut Report,
) -> io::Result<()> {
    for record in entries(from)? {
        if !record.file_type()?.is_dir() {
            continue;
        }
        let to = to.join(record.file_name());
        for file in entries(&record.path())? {
            let name = file.file_name();
            let kind = file.file_type()?;
            // Thumbs are made anew when somebody wants them; beside each file is what is known of it.
            let is_derived = kind.is_dir() || name.to_string_lossy().ends_with(".attrs");
            if is_derived {
                continue;
            }
            if kind.is_file() {
                copy_file(&file.path(), &to, &to.join(name), copied)?;
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

fn copy_file(from: &Path, dir: &Path, to: &Path, copied: &mut Copied) -> io::Result<()> {
    if to.exists() {
        return Ok(());
    }
    fs::create_dir_all(dir)?;
    let mut from = File::open(from)?;
    let mut file = File::create_new(to)?;
    copied.0.push(to.to_owned());
    io::copy(&mut from, &mut file)?;
    file.sync_all()
}
