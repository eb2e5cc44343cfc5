//! How far away moments are.

catalogue! {
    now = "now";
    ahead(span: &str) = "in {span}";
    past(span: &str) = "{span} ago";
}
