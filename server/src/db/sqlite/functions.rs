//! SQL functions that filters call and SQLite lacks. PostgreSQL gets the same ones by a migration.

use rusqlite::functions::FunctionFlags;
use rusqlite::{Connection, Result};

/// The mean radius of the Earth, in kilometres.
const RADIUS: f64 = 6371.0;

/// Registers the functions on a connection.
pub(in crate::db) fn register(conn: &Connection) -> Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    conn.create_scalar_function("_number", 1, flags, |arguments| {
        let text: Option<String> = arguments.get(0)?;
        Ok(text.and_then(|text| as_number(&text)))
    })?;
    conn.create_scalar_function("_geo_distance", 4, flags, |arguments| {
        let degrees = |position| arguments.get::<Option<f64>>(position);
        let (a, b) = ((degrees(0)?, degrees(1)?), (degrees(2)?, degrees(3)?));
        let ((Some(lon_a), Some(lat_a)), (Some(lon_b), Some(lat_b))) = (a, b) else {
            return Ok(None);
        };
        Ok(Some(geo_distance((lon_a, lat_a), (lon_b, lat_b))))
    })
}

/// Parses a text as SQLite does where it needs a number.
pub fn as_number(text: &str) -> Option<f64> {
    let number = text.trim().parse().ok();
    number.filter(|number: &f64| number.is_finite())
}

/// Returns the kilometres between two points on a sphere, each with its longitude first.
fn geo_distance(a: (f64, f64), b: (f64, f64)) -> f64 {
    let (lat_a, lat_b) = (a.1.to_radians(), b.1.to_radians());
    let between = b.0.to_radians() - a.0.to_radians();
    let cosine = lat_a.cos() * lat_b.cos() * between.cos() + lat_a.sin() * lat_b.sin();
    // Rounding must not take it out of its range.
    RADIUS * cosine.clamp(-1.0, 1.0).acos()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        let sofia = (23.32, 42.69);
        assert!((geo_distance(sofia, (2.35, 48.85)) - 1_758.3).abs() < 1.0);
        assert!(geo_distance(sofia, sofia) < 0.001);
        assert!((geo_distance((0.0, 0.0), (180.0, 0.0)) - 20_015.08).abs() < 0.1);
    }
}
