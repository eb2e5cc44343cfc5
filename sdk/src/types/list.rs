use serde::{Deserialize, Serialize};

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Page<T> {
    /// The items of this page.
    pub items: Vec<T>,
    /// The number of this page, starting at 1.
    #[cfg_attr(feature = "openapi", schema(minimum = 1))]
    pub page: u64,
    /// The maximum number of items per page.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 1000))]
    pub per_page: u64,
    /// The number of items on all pages; -1 with `skipTotal`.
    #[cfg_attr(feature = "openapi", schema(minimum = -1))]
    pub total_items: i64,
    /// The number of pages; -1 with `skipTotal`.
    #[cfg_attr(feature = "openapi", schema(minimum = -1))]
    pub total_pages: i64,
    /// The cursor of the next page, or empty on the last page; only in answers to a request with `cursor`.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}
