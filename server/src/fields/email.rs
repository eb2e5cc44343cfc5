//! E-mail addresses.

use plinth_sdk::types::{EmailOptions, FieldKind, FieldProblem};
use serde_json::Value as Json;
use utoipa::openapi::schema::{KnownFormat, SchemaFormat};

use super::address::{HasDomains, is_email};
use super::definition::Definition;
use super::schema::{Context, Described, Notes, or_zero, text};
use super::{FieldType, problem_of_text};
use crate::db::Value;
use crate::problems;

impl FieldType for EmailOptions {
    fn problem(&self, value: &Value, _: Option<&Json>) -> Option<FieldProblem> {
        problem_of_text(value, self.required, |email| {
            if !is_email(email) {
                return Some(problems::NOT_EMAIL.problem());
            }
            let domain = email.rsplit_once('@').map_or("", |(_, domain)| domain);
            (!self.domains().allow(domain)).then(|| problems::EMAIL_DOMAIN.problem())
        })
    }

    fn option_problems(&self, _: &Definition<'_>) -> Option<FieldProblem> {
        self.domains().problems()
    }

    fn without_limits(&self) -> FieldKind {
        FieldKind::Email(Self::default())
    }

    fn schema(&self, notes: Notes, context: &Context<'_>) -> Described {
        let format = SchemaFormat::KnownFormat(KnownFormat::Email);
        let notes = self.domains().note(notes, context);
        or_zero(text().format(Some(format)), !self.required, "", notes)
    }

    #[cfg(test)]
    fn reference(&self) -> super::Reference {
        use serde_json::json;

        super::Reference {
            value: "A string with an e-mail address, or an empty one.",
            example: r#""ann@example.com""#,
            refused: vec![
                (json!({"required": true}), json!("")),
                (json!({}), json!("ann")),
                (json!({"onlyDomains": ["a.com"]}), json!("ann@b.com")),
            ],
            elsewhere: &[],
        }
    }
}
