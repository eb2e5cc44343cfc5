//! Routes of realtime.

use utoipa::openapi::path::{HttpMethod, OperationBuilder};
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::{ContentBuilder, Ref};

use super::Draft;
use super::parts::{self, Route, list_of, object, text};

/// The tag. The space keeps it apart from names of collections.
const TAG: &str = "The changes";

/// Writes down the routes.
pub(super) fn describe(draft: &mut Draft) {
    draft.tag(TAG, "Hearing of changes of records, as they happen.");
    let stream = ContentBuilder::new().schema(Some(text().build())).build();
    let events = ResponseBuilder::new()
        .description(
            "Server-sent events. The first is `PB_CONNECT` with `{\"clientId\": …}`; the others are named after the \
             subscription, and their data is an `Event`.",
        )
        .content("text/event-stream", stream);
    let connect = OperationBuilder::new()
        .tag(TAG)
        .operation_id(Some("realtime_connect"))
        .summary(Some("Connect, to hear of changes"))
        .description(Some(
            "Everyone. The stream ends after five minutes without an event, and after half an hour: connect anew.",
        ))
        .response("200", events)
        .response("default", Ref::from_response_name("Failure"));
    draft.route(HttpMethod::Get, "/api/realtime", connect);

    let limited = text().max_length(Some(2500)).description(Some(
        "`posts/*`, whose list rule decides, or `posts/RECORD`, whose view rule does. Options may follow: \
         `?options={\"query\":{\"filter\":…,\"expand\":…,\"fields\":…},\"headers\":{}}`, URL-encoded.",
    ));
    let subscriptions = list_of(limited).max_items(Some(1000)).build();
    let wish = object([
        ("clientId", text().into()),
        ("subscriptions", subscriptions.into()),
    ]);
    draft.schema("Subscriptions", wish);
    let actions = text().enum_values(Some(["create", "update", "delete"]));
    let event = object([
        ("record", parts::anything().into()),
        ("action", actions.into()),
    ]);
    draft.schema("Event", event);
    let subscribe = Route {
        tag: TAG,
        id: "realtime_subscribe".to_owned(),
        summary: "Say what to hear of".to_owned(),
        description: "Everyone, from the client's address. It replaces what was said before. Whoever asks is who \
                      hears: a client goes from a guest to an account, and no further."
            .to_owned(),
        answer: None,
        parameters: &[],
        problems: &[400, 403, 404],
        needs_token: false,
    };
    let subscribe = subscribe.operation();
    let subscribe = subscribe.request_body(Some(parts::body("Subscriptions")));
    draft.route(HttpMethod::Post, "/api/realtime", subscribe);
}
