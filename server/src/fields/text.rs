//! Text, and ids: a text field can be the primary key.

use plinth_sdk::types::{Field, FieldKind, FieldProblem, TextOptions};
use serde_json::Value as Json;

use super::definition::{Definition, regex, size};
use super::schema::{Context, Described, Limits, Notes, text};
use super::{FieldType, JSON_BYTES_OF_CHARACTER, generate, pattern, problem_of_text, required};
use crate::db::Value;
use crate::problems::{self, filled, inside, range};
use crate::random::Random;

/// Characters that no id has, whatever its pattern says: ids occur in paths, of URLs and of files.
const NO_ID_HAS: &[char] = &[
    '.', '/', '\\', '|', '"', '\'', '`', '<', '>', ':', '?', '*', '%', '$', '\0', '\t', '\n', '\r',
    ' ',
];

impl FieldType for TextOptions {
    fn problem(&self, value: &Value, _: Option<&Json>) -> Option<FieldProblem> {
        problem_of_text(value, self.required || self.primary_key, |text| {
            if self.primary_key
                && self.pattern != pattern::ID
                && let Some(problem) = id_problem(text)
            {
                return Some(problem);
            }
            let length = length(text);
            if length < self.min {
                return Some(problems::MIN_TEXT.with([("min", self.min.into())]));
            }
            if length > self.max_length() {
                return Some(problems::MAX_TEXT.with([("max", self.max_length().into())]));
            }
            let is_valid = !text.contains('\0') && pattern::matches(&self.pattern, text);
            (!is_valid).then(|| problems::INVALID_FORMAT.problem())
        })
    }

    fn option_problems(&self, definition: &Definition<'_>) -> Option<FieldProblem> {
        let is_key = self.primary_key;
        let is_other_key = |other: &Field| {
            other.id != definition.field.id
                && matches!(&other.kind, FieldKind::Text(o) if o.primary_key)
        };
        let second_key = (is_key && definition.collection.fields.iter().any(is_other_key))
            .then(|| problems::COMPOSITE_PRIMARY_KEY.problem());
        let unreadable = regex(&self.pattern);
        let generated = if unreadable.is_none() {
            autogenerate_problem(self)
        } else {
            None
        };
        let key_pattern = is_key.then(|| filled(&self.pattern)).flatten();
        inside([
            ("min", size(self.min)),
            (
                "max",
                range(self.max, self.min, plinth_sdk::types::MAX_SAFE_INTEGER),
            ),
            ("pattern", key_pattern.or(unreadable)),
            ("autogeneratePattern", generated),
            ("primaryKey", second_key),
            ("required", required(is_key && !self.required)),
        ])
    }

    fn without_limits(&self) -> FieldKind {
        if self.primary_key {
            return FieldKind::Text(self.clone());
        }
        // A field without a limit of its own has the default one.
        let max = if self.max > Self::DEFAULT_MAX {
            self.max
        } else {
            0
        };
        FieldKind::Text(Self {
            max,
            min: 0,
            pattern: String::new(),
            required: false,
            ..self.clone()
        })
    }

    fn is_unbounded(&self) -> bool {
        true
    }

    fn body_bytes(&self) -> i64 {
        self.max_length().saturating_mul(JSON_BYTES_OF_CHARACTER)
    }

    fn schema(&self, notes: Notes, context: &Context<'_>) -> Described {
        if !context.is_body() {
            return text().description(notes.join()).into();
        }
        let notes = notes.add_if(
            !self.autogenerate_pattern.is_empty(),
            "Generated when omitted.",
        );
        let limits = Limits {
            min: self.min,
            max: self.max_length(),
            pattern: &self.pattern,
            required: self.required,
        };
        limits.apply(text(), notes)
    }

    #[cfg(test)]
    fn reference(&self) -> super::Reference {
        use serde_json::json;

        super::Reference {
            value: "A string. Numbers and bools that are sent become strings.",
            example: r#""Hello""#,
            refused: vec![
                (json!({"required": true}), json!("")),
                (json!({"min": 2}), json!("a")),
                (json!({"max": 1}), json!("ab")),
                (json!({"pattern": "^a$"}), json!("b")),
                (json!({"primaryKey": true}), json!("a b")),
                (json!({"primaryKey": true}), json!("con")),
            ],
            elsewhere: &[],
        }
    }
}

/// Checks that the field accepts what its own `autogeneratePattern` makes.
fn autogenerate_problem(options: &TextOptions) -> Option<FieldProblem> {
    let recipe = options.autogenerate_pattern.as_str();
    if recipe.is_empty() {
        return None;
    }
    if let problem @ Some(_) = regex(recipe) {
        return problem;
    }
    // A sample. It is always the same, so that the decision is reproducible.
    let Some(value) = generate(recipe, &Random::seeded(0)) else {
        return Some(problems::AUTOGENERATE.problem());
    };
    let length = length(&value);
    let fits = length >= options.min
        && length <= options.max_length()
        && pattern::matches(&options.pattern, &value);
    (!fits).then(|| problems::AUTOGENERATE_VALUE.worded([("value", &value)]))
}

fn id_problem(id: &str) -> Option<FieldProblem> {
    if let Some(forbidden) = NO_ID_HAS.iter().find(|c| id.contains(**c)) {
        return Some(problems::ID_CHARACTER.with([("ch", forbidden.to_string().into())]));
    }
    let reserved = id.to_ascii_uppercase();
    let is_device = matches!(reserved.as_str(), "CON" | "PRN" | "AUX" | "NUL")
        || matches!(
            reserved.as_bytes(),
            [b'C', b'O', b'M', b'1'..=b'9'] | [b'L', b'P', b'T', b'1'..=b'9']
        );
    is_device.then(|| problems::ID_RESERVED.with([("reserved", reserved.into())]))
}

/// Returns the number of characters.
pub(super) fn length(text: &str) -> i64 {
    i64::try_from(text.chars().count()).unwrap_or(i64::MAX)
}
