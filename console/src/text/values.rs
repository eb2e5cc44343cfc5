//! Texts of the inputs of HTML and of geo points.

catalogue! {
    html_views(field: &str) = "Ways to see {field}";
    source = "HTML";
    preview = "Preview";
    preview_of(field: &str) = "Preview of {field}";
    preview_hint = "Scripts do not run here, and nothing is loaded from elsewhere.";
    longitude = "Longitude";
    latitude = "Latitude";
    between(least: i64, most: i64) = "From {least} to {most}.";
    not_between(least: i64, most: i64) = "It must be from {least} to {most}.";
}
