//! What was moved, and what was not.

use std::fmt;

/// What became of a run.
#[derive(Debug, Default)]
pub struct Report {
    /// The collections that were taken, in their order.
    pub collections: Vec<Moved>,
    /// How many files are new.
    pub files: usize,
    /// How many sections of the settings were taken.
    pub settings: u64,
    /// What was not taken as it is.
    pub notes: Vec<Note>,
}

/// A collection that was taken.
#[derive(Debug)]
pub struct Moved {
    /// Its name.
    pub name: String,
    /// Whether it is new, or was empty.
    pub is_new: bool,
    /// Its records.
    pub records: Tally,
}

/// What became of a collection's records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// They are new.
    pub new: u64,
    /// They were there, the same.
    pub same: u64,
    /// They were there with other values, which stay.
    pub different: u64,
    /// Another record has a value that may be there only once.
    pub refused: u64,
}

/// Something that was not taken, or not as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// What it is about: `posts.map`, `settings.smtp`.
    pub about: String,
    /// Why, or what to do.
    pub why: String,
}

impl Report {
    /// Notes something that was not taken as it is.
    pub fn note(&mut self, about: impl Into<String>, why: impl Into<String>) {
        let note = Note {
            about: about.into(),
            why: why.into(),
        };
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    fn is_nothing_new(&self) -> bool {
        self.files == 0
            && self.settings == 0
            && self
                .collections
                .iter()
                .all(|moved| !moved.is_new && moved.records.new == 0)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self
            .collections
            .iter()
            .map(|moved| moved.name.chars().count());
        let width = width.max().unwrap_or_default();
        for Moved { name, records, .. } in &self.collections {
            write!(f, "  {name:width$}  {:>7} new", records.new)?;
            for (count, what) in [
                (records.same, "the same"),
                (records.different, "different, left as they are"),
                (records.refused, "refused"),
            ] {
                if count > 0 {
                    write!(f, ", {count} {what}")?;
                }
            }
            writeln!(f)?;
        }
        if !self.notes.is_empty() {
            writeln!(f, "Not taken, or not as it was:")?;
            for Note { about, why } in &self.notes {
                writeln!(f, "  {about}: {why}")?;
            }
        }
        if self.is_nothing_new() {
            return write!(f, "Everything was there already; nothing was changed.");
        }
        let new: u64 = self.collections.iter().map(|moved| moved.records.new).sum();
        write!(
            f,
            "Moved: {} collections, {new} new records, {} new files, {} sections of settings.",
            self.collections.len(),
            self.files,
            self.settings
        )
    }
}
