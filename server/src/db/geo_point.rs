//! Geo points.

use serde_json::Value as Json;

/// A point on the Earth, in degrees.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct GeoPoint {
    /// East of Greenwich.
    pub lon: f64,
    /// North of the equator.
    pub lat: f64,
}

impl GeoPoint {
    /// Reads the point that a client sends. A coordinate that is not a number is 0. Forms can send only text, so a text
    /// that is a JSON object counts as that object.
    pub fn of(raw: &Json) -> Self {
        let parsed = raw
            .as_str()
            .and_then(|text| serde_json::from_str(text).ok());
        let Json::Object(members) = parsed.as_ref().unwrap_or(raw) else {
            return Self::default();
        };
        let mut point = Self::default();
        for (name, value) in members {
            let Some(degrees) = value.as_f64() else {
                continue;
            };
            // No negative zero: it is the same point.
            let degrees = degrees + 0.0;
            if name.eq_ignore_ascii_case("lon") {
                point.lon = degrees;
            } else if name.eq_ignore_ascii_case("lat") {
                point.lat = degrees;
            }
        }
        point
    }

    /// Reads the point that a column holds.
    pub fn stored(text: &str) -> Self {
        serde_json::from_str(text).map_or_else(|_| Self::default(), |json| Self::of(&json))
    }

    /// The point as JSON, as it is stored and sent. Numbers have no exponents, so that every engine writes them alike.
    pub fn to_json(self) -> String {
        format!("{{\"lon\":{},\"lat\":{}}}", self.lon, self.lat)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_clients_mean() {
        let sent = |raw: Json| GeoPoint::of(&raw).to_json();
        assert_eq!(
            sent(json!({"lat": 2, "lon": 1.5})),
            r#"{"lon":1.5,"lat":2}"#
        );
        assert_eq!(
            sent(json!(r#" {"lon":3,"lat":-4}"#)),
            r#"{"lon":3,"lat":-4}"#
        );
        assert_eq!(sent(json!({"Lon": 1, "LAT": -0.0})), r#"{"lon":1,"lat":0}"#);
        assert_eq!(
            sent(json!({"lon": 1e-7, "lat": "2"})),
            r#"{"lon":0.0000001,"lat":0}"#
        );
        for nothing in [
            json!(null),
            json!("x"),
            json!([1, 2]),
            json!(5),
            json!(true),
            json!({}),
        ] {
            assert_eq!(sent(nothing), r#"{"lon":0,"lat":0}"#);
        }
    }
}
