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
    /// How many files could not be taken.
    pub files_left_out: u64,
    /// Superusers elsewhere, who are superusers here only where the operator has said so.
    pub superusers: Vec<Note>,
    /// What was not taken as it is.
    pub notes: Vec<Note>,
}

/// A collection that was taken.
#[derive(Clone, Debug)]
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
    /// They cannot be records here.
    pub refused: u64,
    /// They are superusers, or belong to one.
    pub held_back: u64,
}

/// Something that was not taken, or not as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// What it is about: `posts.map`, `settings.smtp`.
    pub about: String,
    /// Why, or what to do.
    pub why: String,
}

/// How many superusers are named. Nobody has more, and a report must end.
const MOST_SUPERUSERS: usize = 1000;
/// How many things of a kind are named one by one.
const NAMED: u64 = 20;

/// Things of one kind that are named up to a number, and then counted: there may be millions.
#[derive(Debug)]
pub(super) struct Named {
    kind: &'static str,
    count: u64,
}

impl Named {
    pub(super) fn new(kind: &'static str) -> Self {
        Self { kind, count: 0 }
    }

    /// Notes one more.
    pub(super) fn add(&mut self, about: &str, why: &str, report: &mut Report) {
        self.count += 1;
        if self.count <= NAMED {
            report.note(about, format!("left out: {why}"));
        }
    }

    /// Says how many there were besides those that were named; gives how many there were in all.
    pub(super) fn finish(&self, about: &str, report: &mut Report) -> u64 {
        if self.count > NAMED {
            let more = self.count - NAMED;
            report.note(about, format!("{more} more {} are left out", self.kind));
        }
        self.count
    }
}

impl Report {
    /// How many records could not be taken.
    pub fn records_left_out(&self) -> u64 {
        let records = self.collections.iter().map(|moved| moved.records.refused);
        records.sum()
    }

    /// Whether all that could have been taken was.
    pub fn is_complete(&self) -> bool {
        self.files_left_out == 0 && self.records_left_out() == 0
    }

    /// Names a superuser of the other server.
    pub fn superuser(&mut self, email: &str, why: &str) {
        if self.superusers.len() < MOST_SUPERUSERS {
            self.superusers.push(Note {
                about: email.to_owned(),
                why: why.to_owned(),
            });
        }
    }

    /// What was not taken, or not as it was: a line each.
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

/// A text without what could steer a terminal: it may be somebody else's.
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
