//! E-mail addresses.

use plinth_sdk::types::{EmailOptions, FieldKind, FieldProblem};
use serde_json::Value as Json;
use utoipa::openapi::schema::{KnownFormat, SchemaFormat};

use super::address::{Domains, is_email};
use super::definition::Definition;
use super::schema::{Context, Described, Notes, or_zero, text};
use super::{FieldType, cast, required, unsupported};
use crate::db::{ColumnType, Value};
use crate::problems;

impl FieldType for EmailOptions {
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
        let Value::Text(email) = value else {
            return Some(unsupported());
        };
        if email.is_empty() {
            return required(self.required);
        }
        if !is_email(email) {
            return Some(problems::NOT_EMAIL.problem());
        }
        let domain = email.rsplit_once('@').map_or("", |(_, domain)| domain);
        (!domains(self).allow(domain)).then(|| problems::EMAIL_DOMAIN.problem())
    }

    fn option_problems(&self, _: &Definition<'_>) -> Option<FieldProblem> {
        domains(self).problems()
    }

    fn without_limits(&self) -> FieldKind {
        FieldKind::Email(Self::default())
    }

    fn schema(&self, notes: Notes, context: &Context<'_>) -> Described {
        let format = SchemaFormat::KnownFormat(KnownFormat::Email);
        let notes = domains(self).note(notes, context);
        or_zero(text().format(Some(format)), !self.required, "", notes)
    }

    #[cfg(test)]
    fn reference(&self) -> super::Reference {
        super::Reference {
            value: "A string with an e-mail address, or an empty one.",
            example: r#""ann@example.com""#,
            problems: &[
                problems::REQUIRED,
                problems::NOT_EMAIL,
                problems::EMAIL_DOMAIN,
            ],
        }
    }
}

fn domains(options: &EmailOptions) -> Domains<'_> {
    Domains {
        only: options.only_domains.as_deref().unwrap_or_default(),
        except: options.except_domains.as_deref().unwrap_or_default(),
    }
}
