//! Values, written the way that filters write them.

use std::borrow::Cow;
use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

/// A value as it stands in a filter: text and dates are quoted, numbers, `true`, `false` and
/// `null` are bare. From [`ToLiteral`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Literal(String);

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A value in [`filter!`](crate::filter!): strings, numbers, booleans,
/// [`SystemTime`]s (which the date types of jiff, chrono and time convert to), `Option`s of them,
/// and own types that are written as one of these.
///
/// ```
/// use plinth_sdk::{Literal, ToLiteral, filter};
///
/// assert_eq!("it's".to_literal().to_string(), r"'it\'s'");
/// assert_eq!(7.5.to_literal().to_string(), "7.5");
/// assert_eq!(None::<i64>.to_literal().to_string(), "null");
/// let epoch = std::time::UNIX_EPOCH;
/// assert_eq!(epoch.to_literal().to_string(), "'1970-01-01 00:00:00.000Z'");
///
/// enum Genre {
///     Drama,
/// }
///
/// impl ToLiteral for Genre {
///     fn to_literal(&self) -> Literal {
///         match self {
///             Self::Drama => "drama".to_literal(),
///         }
///     }
/// }
///
/// assert_eq!(filter!("genre = {}", Genre::Drama).as_str(), "genre = 'drama'");
/// ```
pub trait ToLiteral {
    /// The value as it stands in a filter.
    fn to_literal(&self) -> Literal;
}

impl ToLiteral for str {
    fn to_literal(&self) -> Literal {
        let mut quoted = String::with_capacity(self.len() + 2);
        quoted.push('\'');
        for c in self.chars() {
            if matches!(c, '\'' | '\\') {
                quoted.push('\\');
            }
            quoted.push(c);
        }
        quoted.push('\'');
        Literal(quoted)
    }
}

impl ToLiteral for String {
    fn to_literal(&self) -> Literal {
        self.as_str().to_literal()
    }
}

impl ToLiteral for Cow<'_, str> {
    fn to_literal(&self) -> Literal {
        self.as_ref().to_literal()
    }
}

/// To the millisecond, in UTC.
impl ToLiteral for SystemTime {
    fn to_literal(&self) -> Literal {
        Literal(format!("'{}'", utc(*self)))
    }
}

/// `None` is `null`.
impl<T: ToLiteral> ToLiteral for Option<T> {
    fn to_literal(&self) -> Literal {
        self.as_ref().map_or_else(null, ToLiteral::to_literal)
    }
}

impl<T: ToLiteral + ?Sized> ToLiteral for &T {
    fn to_literal(&self) -> Literal {
        (**self).to_literal()
    }
}

macro_rules! bare {
    ($($type:ty),*) => {$(
        impl ToLiteral for $type {
            fn to_literal(&self) -> Literal {
                Literal(self.to_string())
            }
        }
    )*};
}

bare!(bool, i8, i16, i32, i64, isize, u8, u16, u32, u64, usize);

macro_rules! float {
    ($($type:ty),*) => {$(
        /// Infinity and NaN are `null`, as they are in JSON.
        impl ToLiteral for $type {
            fn to_literal(&self) -> Literal {
                // Rust writes every digit out. An exponent would not be understood.
                if self.is_finite() { Literal(self.to_string()) } else { null() }
            }
        }
    )*};
}

float!(f32, f64);

fn null() -> Literal {
    Literal("null".to_owned())
}

/// `YYYY-MM-DD HH:MM:SS.sssZ`.
fn utc(time: SystemTime) -> String {
    let millis = match time.duration_since(UNIX_EPOCH) {
        Ok(after) => i128::try_from(after.as_millis()).unwrap_or(i128::MAX),
        // Rounds down, as it does after 1970.
        Err(before) => {
            -i128::try_from(before.duration().as_nanos().div_ceil(1_000_000)).unwrap_or(i128::MAX)
        }
    };
    let (days, millis) = (millis.div_euclid(86_400_000), millis.rem_euclid(86_400_000));
    let (year, month, day) = civil(days);
    let (hour, minute, second) = (millis / 3_600_000, millis / 60_000 % 60, millis / 1000 % 60);
    let millis = millis % 1000;
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{millis:03}Z")
}

/// Year, month and day of a day counted from 1970-01-01, by Howard Hinnant's algorithm: eras of
/// 400 years, and years that begin in March so that the leap day comes last.
fn civil(days: i128) -> (i128, i128, i128) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    let year = year_of_era + era * 400 + i128::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn literal(value: impl ToLiteral) -> String {
        value.to_literal().to_string()
    }

    #[test]
    fn numbers_have_no_exponent() {
        assert_eq!(literal(1e21), "1000000000000000000000");
        assert_eq!(literal(1e-7), "0.0000001");
        assert_eq!(literal(-0.5_f32), "-0.5");
        assert_eq!(literal(u64::MAX), "18446744073709551615");
        assert_eq!(literal(f64::NAN), "null");
        assert_eq!(literal(f64::NEG_INFINITY), "null");
    }

    #[test]
    fn dates_are_utc_to_the_millisecond() {
        let after = |millis| UNIX_EPOCH + Duration::from_millis(millis);
        assert_eq!(
            literal(after(951_827_696_789)),
            "'2000-02-29 12:34:56.789Z'"
        );
        assert_eq!(
            literal(after(1_709_251_199_999)),
            "'2024-02-29 23:59:59.999Z'"
        );
        assert_eq!(
            literal(after(4_102_444_800_000)),
            "'2100-01-01 00:00:00.000Z'"
        );
        let before = |nanos| UNIX_EPOCH - Duration::from_nanos(nanos);
        assert_eq!(literal(before(1_000_000)), "'1969-12-31 23:59:59.999Z'");
        assert_eq!(literal(before(1_000_100)), "'1969-12-31 23:59:59.998Z'");
        let first_day = UNIX_EPOCH - Duration::from_secs(719_162 * 86_400);
        assert_eq!(literal(first_day), "'0001-01-01 00:00:00.000Z'");
    }

    #[test]
    fn references_and_options_are_values() {
        let words = [String::from("a"), String::from("b")];
        let literals: Vec<_> = words.iter().map(literal).collect();
        assert_eq!(literals, ["'a'", "'b'"]);
        assert_eq!(literal(Some(true)), "true");
        assert_eq!(literal(None::<&str>), "null");
    }
}
