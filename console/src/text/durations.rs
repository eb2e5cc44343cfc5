//! Lengths of time.

catalogue! {
    seconds(count: i64) = "{count} s";
    minutes(count: i64) = "{count} min";
    hours(count: i64) = "{count} h";
    one_day = "1 day";
    days(count: i64) = "{count} days";
}
