//! Functions that filters call and SQLite does not have. PostgreSQL has the same in a migration.

use diesel::SqliteConnection;
use diesel::result::QueryResult;

mod declared {
    use diesel::sql_types::{Double, Nullable, Text};

    #[diesel::declare_sql_function]
    extern "SQL" {
        #[sql_name = "_number"]
        fn number(text: Nullable<Text>) -> Nullable<Double>;
        #[sql_name = "_geo_distance"]
        fn geo_distance(
            lon_a: Nullable<Double>,
            lat_a: Nullable<Double>,
            lon_b: Nullable<Double>,
            lat_b: Nullable<Double>,
        ) -> Nullable<Double>;
    }
}

/// The mean radius of the Earth, in kilometres.
const RADIUS: f64 = 6371.0;

/// Makes the functions known to a connection.
pub(super) fn register(conn: &mut SqliteConnection) -> QueryResult<()> {
    declared::number_utils::register_impl(conn, |text: Option<String>| as_number(&text?))?;
    declared::geo_distance_utils::register_impl(
        conn,
        |lon_a: Option<f64>, lat_a: Option<f64>, lon_b: Option<f64>, lat_b: Option<f64>| {
            Some(geo_distance((lon_a?, lat_a?), (lon_b?, lat_b?)))
        },
    )
}

/// The number that a text looks like to SQLite.
pub fn as_number(text: &str) -> Option<f64> {
    let number = text.trim().parse().ok();
    number.filter(|number: &f64| number.is_finite())
}

/// Kilometres between two places on a sphere, each with its longitude first.
fn geo_distance(a: (f64, f64), b: (f64, f64)) -> f64 {
    let (lat_a, lat_b) = (a.1.to_radians(), b.1.to_radians());
    let between = b.0.to_radians() - a.0.to_radians();
    let cosine = lat_a.cos() * lat_b.cos() * between.cos() + lat_a.sin() * lat_b.sin();
    // Rounding may not take it out of its range.
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
