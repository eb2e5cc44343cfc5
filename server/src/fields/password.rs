//! Passwords: stored as hashes, never sent to a client.

use plinth_sdk::types::{FieldKind, FieldProblem, PasswordOptions};
use serde_json::Value as Json;

use super::definition::{Definition, regex};
use super::schema::{Context, Described, Limits, Notes, password};
use super::text::length;
use super::{FieldType, JSON_BYTES_OF_CHARACTER, Shape, pattern, problem_of_text, unsupported};
use crate::db::Value;
use crate::passwords::common::is_common;
use crate::problems::{self, in_one_line, inside, range};

/// The cost of bcrypt that PocketBase accepts. Plinth keeps the option and ignores it.
const COST: (i64, i64) = (4, 31);
/// The highest cost of an imported bcrypt hash: sign-ins have to compute it.
const MAX_BCRYPT_COST: u32 = 16;

impl FieldType for PasswordOptions {
    fn shape(&self) -> Shape {
        Shape::Secret
    }

    fn problem(&self, value: &Value, _: Option<&Json>) -> Option<FieldProblem> {
        problem_of_text(value, self.required, |password| {
            let length = length(password);
            if length < self.min {
                return Some(problems::MIN_PASSWORD.worded([("min", &self.min.to_string())]));
            }
            let max = self.max_length();
            if length > max {
                return Some(problems::MAX_PASSWORD.worded([("max", &max.to_string())]));
            }
            if !pattern::matches(&self.pattern, password) {
                return Some(problems::INVALID_FORMAT.problem());
            }
            (self.refuse_common && is_common(password)).then(|| problems::COMMON_PASSWORD.problem())
        })
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

    fn import_problem(&self, value: &Value) -> Option<String> {
        match value {
            Value::Text(hash) => hash_problem(hash).map(str::to_owned),
            Value::Null | Value::Number(_) | Value::Int(_) | Value::Bool(_) | Value::Json(_) => {
                Some(in_one_line(&unsupported()))
            }
        }
    }

    /// A hash says nothing of the password's length.
    fn broken_limit(&self, _: &Value) -> Option<FieldProblem> {
        None
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
        use serde_json::json;

        super::Reference {
            value: "A string that is sent; answers never have it. Outside of auth collections the field exists for imports only.",
            example: r#""correct horse""#,
            refused: vec![
                (json!({"required": true}), json!("")),
                (json!({"min": 2}), json!("a")),
                (json!({"max": 1}), json!("ab")),
                (json!({"pattern": "^a$"}), json!("b")),
                (json!({"refuseCommon": true}), json!("12345678")),
            ],
            elsewhere: &[problems::MISMATCH, problems::OLD_PASSWORD],
        }
    }
}

/// Returns what is wrong with an imported hash, whose cost decides how long a sign-in takes.
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
}
