use serde::{Deserialize, Serialize};

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Page<T> {
    /// What is on the page.
    pub items: Vec<T>,
    /// The number of this page; the first is 1.
    pub page: u64,
    /// How many items a page holds at most.
    pub per_page: u64,
    /// How many items there are on all pages, or -1 when the total was skipped.
    pub total_items: i64,
    /// How many pages there are, or -1 when the total was skipped.
    pub total_pages: i64,
    /// Where the list goes on, for a list that is read by cursors; empty at its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}
