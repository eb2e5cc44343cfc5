//! Passwords: stored as hashes, never sent to a client.

use plinth_sdk::types::{FieldKind, FieldProblem, PasswordOptions};
use serde_json::Value as Json;

use super::definition::{Definition, regex};
use super::schema::{Context, Described, Limits, Notes, password};
use super::text::length;
use super::{FieldType, JSON_BYTES_OF_CHARACTER, Shape, cast, pattern, required, unsupported};
use crate::db::{ColumnType, Value};
use crate::problems::{self, inside, range};

/// The cost of bcrypt that PocketBase accepts. Plinth keeps the option and ignores it.
const COST: (i64, i64) = (4, 31);

impl FieldType for PasswordOptions {
    fn storage(&self) -> ColumnType {
        ColumnType::Text
    }

    fn shape(&self) -> Shape {
        Shape::Secret
    }

    fn zero(&self) -> Value {
        Value::from("")
    }

    fn normalise(&self, raw: &Json) -> Value {
        Value::Text(cast::text(raw).into_owned())
    }

    fn problem(&self, value: &Value, _: Option<&Json>) -> Option<FieldProblem> {
        let Value::Text(password) = value else {
            return Some(unsupported());
        };
        if password.is_empty() {
            return required(self.required);
        }
        let length = length(password);
        if length < self.min {
            return Some(problems::MIN_PASSWORD.worded([("min", &self.min.to_string())]));
        }
        let max = self.max_length();
        if length > max {
            return Some(problems::MAX_PASSWORD.worded([("max", &max.to_string())]));
        }
        (!pattern::matches(&self.pattern, password)).then(|| problems::INVALID_FORMAT.problem())
    }

    fn option_problems(&self, _: &Definition<'_>) -> Option<FieldProblem> {
        inside([
            ("min", range(self.min, 1, Self::DEFAULT_MAX)),
            ("max", range(self.max, self.min, Self::DEFAULT_MAX)),
            ("pattern", regex(&self.pattern)),
            ("cost", range(self.cost, COST.0, COST.1)),
        ])
    }

    fn without_limits(&self) -> FieldKind {
        FieldKind::Password(self.clone())
    }

    /// A body has the password, its confirmation and the old one.
    fn body_bytes(&self) -> i64 {
        self.max_length()
            .saturating_mul(3 * JSON_BYTES_OF_CHARACTER)
    }

    fn schema(&self, notes: Notes, _: &Context<'_>) -> Described {
        let limits = Limits {
            min: self.min,
            max: self.max_length(),
            pattern: &self.pattern,
            required: self.required,
        };
        limits.apply(password(), notes)
    }

    #[cfg(test)]
    fn reference(&self) -> super::Reference {
        super::Reference {
            value: "A string that is sent; answers never have it. Outside of auth collections the field exists for imports only.",
            example: r#""correct horse""#,
            problems: &[
                problems::REQUIRED,
                problems::MIN_PASSWORD,
                problems::MAX_PASSWORD,
                problems::INVALID_FORMAT,
                problems::MISMATCH,
                problems::OLD_PASSWORD,
            ],
        }
    }
}
