//! Schemas of bodies for which neither the SDK nor a handler has a type.

#![expect(dead_code, reason = "only their schemas are used")]

use utoipa::ToSchema;

/// The storage to test.
#[derive(ToSchema)]
pub(crate) struct TestS3 {
    filesystem: Filesystem,
}

#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
enum Filesystem {
    Storage,
    Backups,
}

/// The subscriptions of a stream.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct Subscriptions {
    /// The id from the stream's first event.
    #[schema(min_length = 1)]
    client_id: String,
    /// Topics: `posts/*` for the records that the list rule allows, or `posts/RECORD_ID` for one record, by the view
    /// rule. Options may follow, URL-encoded:
    /// `?options={"query":{"filter":…,"expand":…,"fields":…},"headers":{}}`.
    #[schema(max_items = 1000)]
    subscriptions: Vec<String>,
}

/// The data of an event in a stream.
#[derive(ToSchema)]
pub(crate) struct RealtimeEvent {
    /// The record after the change, or before its deletion.
    #[schema(value_type = Object)]
    record: serde_json::Value,
    action: EventAction,
}

#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
enum EventAction {
    Create,
    Update,
    Delete,
}
