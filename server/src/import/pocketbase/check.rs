//! Validates values of another server.
//!
//! A value that no field of its type could have is refused. A value that only this field's own limits refuse
//! (`required`, `max`, `values`, …) remains: PocketBase checks those when a record is written, so records may be
//! older than a limit, and must not be lost.

use plinth_sdk::types::{Field, FieldKind};

use crate::fields;
use crate::problems::in_one_line;
use crate::schema::{Collection, Record};

/// The fields of a collection, with and without their own limits.
pub(super) struct Check {
    /// The types of the fields, with the limits that any field of the type has.
    loose: Vec<FieldKind>,
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
        let loose = |field: &Field| {
            if is_auth && field.name == "tokenKey" {
                // Tokens are signed with this value.
                field.kind.clone()
            } else {
                fields::of(&field.kind).without_limits()
            }
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
            if let Some(why) = fields::of(loose).import_problem(value) {
                return Verdict::Impossible(format!("{name}: {why}"));
            }
            if beyond.is_none()
                && let Some(problem) = fields::of(&field.kind).broken_limit(value)
            {
                beyond = Some(format!("{name}: {}", in_one_line(&problem)));
            }
        }
        beyond.map_or(Verdict::Fine, Verdict::BeyondLimits)
    }
}
