//! Absolute URLs.

use plinth_sdk::types::{FieldKind, FieldProblem, UrlOptions};
use serde_json::Value as Json;
use utoipa::openapi::schema::SchemaFormat;

use super::address::{HasDomains, host, is_url};
use super::definition::Definition;
use super::schema::{Context, Described, Notes, or_zero, text};
use super::{FieldType, problem_of_text};
use crate::db::Value;
use crate::problems;

impl FieldType for UrlOptions {
    fn problem(&self, value: &Value, _: Option<&Json>) -> Option<FieldProblem> {
        problem_of_text(value, self.required, |url| {
            if !is_url(url) {
                return Some(problems::NOT_URL.problem());
            }
            (!self.domains().allow(host(url))).then(|| problems::URL_DOMAIN.problem())
        })
    }

    fn option_problems(&self, _: &Definition<'_>) -> Option<FieldProblem> {
        self.domains().problems()
    }

    fn without_limits(&self) -> FieldKind {
        FieldKind::Url(Self::default())
    }

    fn is_unbounded(&self) -> bool {
        true
    }

    fn schema(&self, notes: Notes, context: &Context<'_>) -> Described {
        let format = SchemaFormat::Custom("uri".to_owned());
        let notes = self.domains().note(notes, context);
        or_zero(text().format(Some(format)), !self.required, "", notes)
    }

    #[cfg(test)]
    fn reference(&self) -> super::Reference {
        use serde_json::json;

        super::Reference {
            value: "A string with a URL of fewer than 2,083 characters, or an empty one.",
            example: r#""https://example.com/a""#,
            refused: vec![
                (json!({"required": true}), json!("")),
                (json!({}), json!("example")),
                (json!({"onlyDomains": ["a.com"]}), json!("https://b.com")),
            ],
            elsewhere: &[],
        }
    }
}
