//! Validates values of another server.
//!
//! A value that no field of its type could have is refused. A value that only this field's own limits refuse
//! (`required`, `max`, `values`, …) remains: PocketBase checks those when a record is written, so records may be
//! older than a limit, and must not be lost.

use plinth_sdk::types::{Field, FieldKind};

use super::mend::words;
use crate::db::Value;
use crate::fields;
use crate::schema::{Collection, Record};

/// The maximum cost of a bcrypt hash that sign-ins may have to compute.
const MAX_BCRYPT_COST: u32 = 16;
/// The maximum length of a file name.
const MAX_FILE_NAME: usize = 255;

/// The fields of a collection, with and without their own limits.
pub(super) struct Check {
    /// The fields with the limits that any field of the type has.
    loose: Vec<Field>,
}

/// The result of validating a record.
pub(super) enum Verdict {
    /// The record is valid.
    Fine,
    /// A field's own limits refuse a value, which remains.
    BeyondLimits(String),
    /// The record cannot be imported: the field, and the reason.
    Impossible(String),
}

impl Check {
    pub(super) fn of(collection: &Collection) -> Self {
        let is_auth = collection.is_auth();
        let fields = collection.def.fields.iter();
        let loose = |field: &Field| Field {
            kind: if is_auth && field.name == "tokenKey" {
                // Tokens are signed with this value.
                field.kind.clone()
            } else {
                fields::of(&field.kind).without_limits()
            },
            ..field.clone()
        };
        Self {
            loose: fields.map(loose).collect(),
        }
    }

    /// Validates a record.
    pub(super) fn record(&self, record: &Record) -> Verdict {
        let mut beyond = None;
        let fields = record.collection.def.fields.iter().zip(&self.loose);
        for ((field, loose), value) in fields.zip(&record.values) {
            let name = &field.name;
            if let Some(why) = impossible(loose, value) {
                return Verdict::Impossible(format!("{name}: {why}"));
            }
            let has_form = !matches!(field.kind, FieldKind::Password(_) | FieldKind::File(_));
            if beyond.is_none()
                && has_form
                && let Some(problem) = fields::validate(&field.kind, value, None)
            {
                beyond = Some(format!("{name}: {}", words(&problem)));
            }
        }
        beyond.map_or(Verdict::Fine, Verdict::BeyondLimits)
    }
}

/// Whether a name is safe for the file system.
pub(super) fn is_file_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= MAX_FILE_NAME
        && !name.starts_with('.')
        && !name.contains(['/', '\\'])
        && !name.chars().any(char::is_control)
}

fn impossible(field: &Field, value: &Value) -> Option<String> {
    match (&field.kind, value) {
        (FieldKind::Password(_), Value::Text(hash)) => hash_problem(hash).map(str::to_owned),
        (FieldKind::Date(_) | FieldKind::Autodate(_), Value::Text(text))
            if !text.is_empty() && fields::normalise_date(text).is_none() =>
        {
            Some("it is no date".to_owned())
        }
        (FieldKind::File(_), _) => {
            let names = fields::items(value);
            let wrong = names.iter().find(|name| !is_file_name(name));
            wrong.map(|name| format!("no file of a record is called {name:?}"))
        }
        // Any text can be a value of it.
        (FieldKind::Select(_), _) => None,
        _ => {
            let problem = fields::validate(&field.kind, value, None)?;
            Some(words(&problem))
        }
    }
}

/// Validates a hash, whose cost decides how long a sign-in takes.
fn hash_problem(hash: &str) -> Option<&'static str> {
    if hash.is_empty() {
        // Nobody can sign in with this hash.
        return None;
    }
    let mut parts = hash.split('$').skip(1);
    let is_bcrypt = matches!(parts.next(), Some("2a" | "2b" | "2x" | "2y"));
    let cost = parts.next().and_then(|cost| cost.parse::<u32>().ok());
    match cost {
        Some(cost) if is_bcrypt && cost <= MAX_BCRYPT_COST => None,
        Some(_) if is_bcrypt => Some("its hash takes too long to be compared"),
        _ => Some("it is no bcrypt hash"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn n70_a_hash_is_bcrypt_of_a_cost_that_can_be_waited_for() {
        for (hash, is_fine) in [
            ("", true),
            ("$2a$10$abcdefghijklmnopqrstuv", true),
            ("$2y$16$abcdefghijklmnopqrstuv", true),
            ("$2a$31$abcdefghijklmnopqrstuv", false),
            ("$argon2id$v=19$m=4194304,t=9,p=1$c2FsdHNhbHQ$aGFzaA", false),
            ("plain text", false),
        ] {
            assert_eq!(hash_problem(hash).is_none(), is_fine, "{hash}");
        }
    }

    #[test]
    fn n33_names_of_files_say_nothing_to_a_file_system() {
        for name in ["a.png", "main.c++", "Ünïcode %2F.txt"] {
            assert!(is_file_name(name), "{name}");
        }
        for name in [
            "",
            ".",
            "..",
            ".ssh",
            "a/b",
            "..\\a",
            "a\nb",
            &"x".repeat(256),
        ] {
            assert!(!is_file_name(name), "{name}");
        }
    }
}
