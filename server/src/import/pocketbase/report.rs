//! The report of an import.

use std::fmt;

/// The result of an import.
#[derive(Debug, Default)]
pub struct Report {
    /// The imported collections, in order.
    pub collections: Vec<Moved>,
    /// The number of new files.
    pub files: usize,
    /// The number of imported sections of the settings.
    pub settings: u64,
    /// The number of files that could not be imported.
    pub files_left_out: u64,
    /// The superusers of the other server, who are imported only if the operator says so.
    pub superusers: Vec<Note>,
    /// The list of what was not imported unchanged.
    pub notes: Vec<Note>,
}

/// An imported collection.
#[derive(Clone, Debug)]
pub struct Moved {
    /// The name.
    pub name: String,
    /// Whether it is new, or was empty.
    pub is_new: bool,
    /// The records.
    pub records: Tally,
}

/// The result for a collection's records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// The number of new records.
    pub new: u64,
    /// The number of records that existed and are equal.
    pub same: u64,
    /// The number of records that existed with other values, which remain.
    pub different: u64,
    /// The number of records that cannot be imported.
    pub refused: u64,
    /// The number of superusers and their data, which were not imported.
    pub held_back: u64,
}

/// Something that was not imported, or not unchanged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The subject: `posts.map`, `settings.smtp`.
    pub about: String,
    /// The reason, or what to do.
    pub why: String,
}

/// How many superusers are listed.
const MOST_SUPERUSERS: usize = 1000;
/// How many entries of a kind are listed.
const NAMED: u64 = 20;

/// Entries of a kind that are listed up to a number and then counted: there may be millions.
#[derive(Debug)]
pub(super) struct Named {
    kind: &'static str,
    count: u64,
}

impl Named {
    pub(super) fn new(kind: &'static str) -> Self {
        Self { kind, count: 0 }
    }

    /// Adds an entry.
    pub(super) fn add(&mut self, about: &str, why: &str, report: &mut Report) {
        self.count += 1;
        if self.count <= NAMED {
            report.note(about, format!("left out: {why}"));
        }
    }

    /// Reports the number of entries that were not listed; returns the total.
    pub(super) fn finish(&self, about: &str, report: &mut Report) -> u64 {
        if self.count > NAMED {
            let more = self.count - NAMED;
            report.note(about, format!("{more} more {} are left out", self.kind));
        }
        self.count
    }
}

impl Report {
    /// Returns the number of records that could not be imported.
    pub fn records_left_out(&self) -> u64 {
        let records = self.collections.iter().map(|moved| moved.records.refused);
        records.sum()
    }

    /// Whether everything was imported.
    pub fn is_complete(&self) -> bool {
        self.files_left_out == 0 && self.records_left_out() == 0
    }

    /// Adds a superuser of the other server.
    pub fn superuser(&mut self, email: &str, why: &str) {
        if self.superusers.len() < MOST_SUPERUSERS {
            self.superusers.push(Note {
                about: email.to_owned(),
                why: why.to_owned(),
            });
        }
    }

    /// Lists what was not imported, or not unchanged, one per line.
    pub fn problems(&self) -> String {
        let mut lines = Vec::new();
        for (title, notes) in [
            ("Superusers there:", &self.superusers),
            ("Not taken, or not as it was:", &self.notes),
        ] {
            if !notes.is_empty() {
                lines.push(title.to_owned());
            }
            let line =
                |Note { about, why }: &Note| format!("  {}: {}", printable(about), printable(why));
            lines.extend(notes.iter().map(line));
        }
        if !self.is_complete() {
            let (records, files) = (self.records_left_out(), self.files_left_out);
            lines.push(format!("Left out: {records} records and {files} files."));
        }
        lines.join("\n")
    }

    /// Adds an entry about something that was not imported unchanged.
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
                (records.refused, "left out"),
                (records.held_back, "of superusers, not taken"),
            ] {
                if count > 0 {
                    write!(f, ", {count} {what}")?;
                }
            }
            writeln!(f)?;
        }
        let problems = self.problems();
        if !problems.is_empty() {
            writeln!(f, "{problems}")?;
        }
        if self.is_nothing_new() {
            return write!(
                f,
                "All that can be taken was there already; nothing was changed."
            );
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

/// Removes control characters, which could control the terminal: the text is not trusted.
fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let is_direction = matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if c.is_control() || is_direction {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}
