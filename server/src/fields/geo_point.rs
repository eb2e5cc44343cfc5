//! Points on the Earth.

use plinth_sdk::types::{FieldKind, FieldProblem, GeoPointOptions};
use serde_json::Value as Json;
use utoipa::openapi::schema::{ObjectBuilder, Type};

use super::schema::{Context, Described, Notes};
use super::{FieldType, Shape, required, unsupported};
use crate::db::{ColumnType, GeoPoint, Value};
use crate::problems;

const MAX_LATITUDE: f64 = 90.0;
const MAX_LONGITUDE: f64 = 180.0;

impl FieldType for GeoPointOptions {
    fn storage(&self) -> ColumnType {
        ColumnType::GeoPoint
    }

    fn shape(&self) -> Shape {
        Shape::Point
    }

    fn zero(&self) -> Value {
        Value::Json(GeoPoint::default().to_json())
    }

    fn normalise(&self, raw: &Json) -> Value {
        Value::Json(GeoPoint::of(raw).to_json())
    }

    fn problem(&self, value: &Value, _: Option<&Json>) -> Option<FieldProblem> {
        let Value::Json(text) = value else {
            return Some(unsupported());
        };
        let point = GeoPoint::stored(text);
        if point == GeoPoint::default() {
            return required(self.required);
        }
        if !(-MAX_LATITUDE..=MAX_LATITUDE).contains(&point.lat) {
            return Some(problems::LATITUDE.problem());
        }
        (!(-MAX_LONGITUDE..=MAX_LONGITUDE).contains(&point.lon))
            .then(|| problems::LONGITUDE.problem())
    }

    fn without_limits(&self) -> FieldKind {
        FieldKind::GeoPoint(Self {
            required: false,
            ..self.clone()
        })
    }

    fn schema(&self, notes: Notes, context: &Context<'_>) -> Described {
        let degrees = |most: f64| {
            let schema = ObjectBuilder::new().schema_type(Type::Number);
            schema.minimum(Some(-most)).maximum(Some(most))
        };
        let mut point = ObjectBuilder::new()
            .schema_type(Type::Object)
            .property("lon", degrees(MAX_LONGITUDE))
            .property("lat", degrees(MAX_LATITUDE));
        // A coordinate that a body leaves out is 0.
        if !context.is_body() {
            point = point.required("lon").required("lat");
        }
        let notes = notes.add_if(
            context.is_body() && self.required,
            "Not `lon` 0 and `lat` 0.",
        );
        point.description(notes.join()).into()
    }

    #[cfg(test)]
    fn reference(&self) -> super::Reference {
        use serde_json::json;

        super::Reference {
            value: "An object with `lon`, from -180 to 180, and `lat`, from -90 to 90. A coordinate that is left out is 0.",
            example: r#"{"lon": 13.4, "lat": 52.5}"#,
            refused: vec![
                (json!({"required": true}), json!({"lon": 0, "lat": 0})),
                (json!({}), json!({"lat": 91})),
                (json!({}), json!({"lon": 181})),
            ],
            elsewhere: &[],
        }
    }
}
