//! Double-precision numbers.

use plinth_sdk::types::{FieldKind, FieldProblem, NumberOptions};
use serde_json::Value as Json;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};

use super::definition::Definition;
use super::schema::{Context, Described, Notes, integer, or_zero};
use super::{Change, FieldType, Modifier, Modifiers, cast, required, unsupported};
use crate::db::{ColumnType, Value};
use crate::json::number_text;
use crate::problems::{self, inside};

impl FieldType for NumberOptions {
    fn storage(&self) -> ColumnType {
        ColumnType::Number
    }

    fn zero(&self) -> Value {
        Value::Number(0.0)
    }

    fn normalise(&self, raw: &Json) -> Value {
        Value::Number(cast::number(raw))
    }

    fn modifiers(&self) -> Modifiers {
        Modifiers::Arithmetic
    }

    fn change(&self, modifier: Modifier, raw: &Json) -> Change {
        match modifier {
            Modifier::Append => Change::Add(cast::number(raw)),
            Modifier::Remove => Change::Add(-cast::number(raw)),
            Modifier::Prepend => Change::Nothing,
        }
    }

    fn problem(&self, value: &Value, _: Option<&Json>) -> Option<FieldProblem> {
        let Value::Number(number) = *value else {
            return Some(unsupported());
        };
        if !number.is_finite() {
            return Some(problems::NOT_A_NUMBER.problem());
        }
        if number == 0.0 {
            return required(self.required);
        }
        // The range of a 64-bit integer, as for PocketBase.
        let is_integer =
            number.fract() == 0.0 && (-2_f64.powi(63)..2_f64.powi(63)).contains(&number);
        if self.only_int && !is_integer {
            return Some(problems::ONLY_INT.problem());
        }
        if let Some(min) = self.min.filter(|min| number < *min) {
            let words = [("min", &*worded(min))];
            return Some(problems::MIN_NUMBER.build(&words, [("min", min.into())]));
        }
        self.max.filter(|max| number > *max).map(|max| {
            let words = [("max", &*worded(max))];
            problems::MAX_NUMBER.build(&words, [("max", max.into())])
        })
    }

    fn option_problems(&self, _: &Definition<'_>) -> Option<FieldProblem> {
        let whole = |limit: Option<f64>| {
            let is_wrong = self.only_int && limit.is_some_and(|limit| limit.fract() != 0.0);
            is_wrong.then(|| problems::ONLY_INT.problem())
        };
        let order = match (self.min, self.max) {
            (Some(min), Some(max)) if max < min => {
                let words = [("min", &*number_text(min))];
                Some(problems::MIN_NUMBER.build(&words, [("min", min.into())]))
            }
            _ => None,
        };
        inside([("min", whole(self.min)), ("max", whole(self.max).or(order))])
    }

    fn without_limits(&self) -> FieldKind {
        FieldKind::Number(Self::default())
    }

    fn schema(&self, notes: Notes, context: &Context<'_>) -> Described {
        let schema = if self.only_int {
            integer()
        } else {
            let format = SchemaFormat::KnownFormat(KnownFormat::Double);
            ObjectBuilder::new()
                .schema_type(Type::Number)
                .format(Some(format))
        };
        if !context.is_body() {
            return schema.description(notes.join()).into();
        }
        let schema = schema.minimum(self.min).maximum(self.max);
        let refuses_zero =
            self.min.is_some_and(|min| min > 0.0) || self.max.is_some_and(|max| max < 0.0);
        let notes = notes.add_if(self.required && !refuses_zero, "Not 0.");
        or_zero(schema, !self.required && refuses_zero, 0, notes)
    }

    #[cfg(test)]
    fn reference(&self) -> super::Reference {
        use serde_json::json;

        super::Reference {
            value: "A number of double precision.",
            example: "1.5",
            refused: vec![
                (json!({"required": true}), json!(0)),
                (json!({}), json!("infinity")),
                (json!({"onlyInt": true}), json!(1.5)),
                (json!({"min": 1}), json!(0.5)),
                (json!({"max": 1}), json!(2)),
            ],
            elsewhere: &[],
        }
    }
}

/// Writes a limit as messages have it: `1e+06` from a million on.
pub(super) fn worded(number: f64) -> String {
    let scientific = format!("{number:e}");
    let Some((digits, exponent)) = scientific.split_once('e') else {
        return scientific;
    };
    match exponent.parse::<i32>() {
        Ok(exponent) if !(-4..6).contains(&exponent) && number.is_finite() => {
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{digits}e{sign}{:02}", exponent.abs())
        }
        _ => number_text(number),
    }
}
