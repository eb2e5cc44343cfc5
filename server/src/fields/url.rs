//! Absolute URLs.

use plinth_sdk::types::{FieldKind, FieldProblem, UrlOptions};
use serde_json::Value as Json;
use utoipa::openapi::schema::SchemaFormat;

use super::address::{Domains, host, is_url};
use super::definition::Definition;
use super::schema::{Context, Described, Notes, or_zero, text};
use super::{FieldType, cast, required, unsupported};
use crate::db::{ColumnType, Value};
use crate::problems;

impl FieldType for UrlOptions {
    fn storage(&self) -> ColumnType {
        ColumnType::Text
    }

    fn zero(&self) -> Value {
        Value::from("")
    }

    fn normalise(&self, raw: &Json) -> Value {
        Value::Text(cast::text(raw).into_owned())
    }

    fn problem(&self, value: &Value, _: Option<&Json>) -> Option<FieldProblem> {
        let Value::Text(url) = value else {
            return Some(unsupported());
        };
        if url.is_empty() {
            return required(self.required);
        }
        if !is_url(url) {
            return Some(problems::NOT_URL.problem());
        }
        (!domains(self).allow(host(url))).then(|| problems::URL_DOMAIN.problem())
    }

    fn option_problems(&self, _: &Definition<'_>) -> Option<FieldProblem> {
        domains(self).problems()
    }

    fn without_limits(&self) -> FieldKind {
        FieldKind::Url(Self::default())
    }

    fn is_unbounded(&self) -> bool {
        true
    }

    fn schema(&self, notes: Notes, context: &Context<'_>) -> Described {
        let format = SchemaFormat::Custom("uri".to_owned());
        let notes = domains(self).note(notes, context);
        or_zero(text().format(Some(format)), !self.required, "", notes)
    }

    #[cfg(test)]
    fn reference(&self) -> super::Reference {
        super::Reference {
            value: "A string with a URL of fewer than 2,083 characters, or an empty one.",
            example: r#""https://example.com/a""#,
            problems: &[problems::REQUIRED, problems::NOT_URL, problems::URL_DOMAIN],
        }
    }
}

fn domains(options: &UrlOptions) -> Domains<'_> {
    Domains {
        only: options.only_domains.as_deref().unwrap_or_default(),
        except: options.except_domains.as_deref().unwrap_or_default(),
    }
}
