//! Routes of the log.

use utoipa::openapi::path::HttpMethod;

use super::parts::{Route, anything, integer, list_of, object, page, reference, text};
use super::{Draft, Reader};

/// The tag. The space keeps it apart from names of collections.
const TAG: &str = "The log";

/// Writes down the routes, for whoever may read the log.
pub(super) fn describe(reader: &Reader<'_>, draft: &mut Draft) {
    if !reader.sees("logs:read") {
        return;
    }
    draft.tag(
        TAG,
        "What happened: requests, and what the server warns of.",
    );
    let data = anything().description(Some(
        "Of a request: `type` (`request`), `method`, `url`, `status`, `execTime` in milliseconds, `auth`, `userIP`, \
         `remoteIP`, `referer`, `userAgent`, `requestId`; `error` and `details` if it failed.",
    ));
    let log = object([
        ("id", text().into()),
        ("created", text().into()),
        (
            "level",
            integer()
                .description(Some("-4 debug, 0 info, 4 warnings, 8 errors."))
                .into(),
        ),
        ("message", text().into()),
        ("data", data.into()),
    ]);
    draft.schema("Log", log);
    draft.schema("Logs", page(reference("Log")));
    let hour = object([
        ("date", text().description(Some("When it began.")).into()),
        ("total", integer().into()),
    ]);
    draft.schema("LogHours", list_of(hour));
    let route = |verb: &str, summary: &str| Route {
        tag: TAG,
        id: format!("logs_{verb}"),
        summary: summary.to_owned(),
        description: "Superusers, and operators with the area `logs:read`.".to_owned(),
        answer: None,
        parameters: &[],
        problems: &[400, 401, 403],
        needs_token: true,
    };
    let list = Route {
        answer: Some("Logs"),
        parameters: &["page", "perPage", "sort", "filter", "skipTotal", "fields"],
        ..route("list", "List the log")
    };
    draft.route(HttpMethod::Get, "/api/logs", list.operation());
    let stats = Route {
        answer: Some("LogHours"),
        parameters: &["filter", "fields"],
        ..route("stats", "Count the entries of each hour")
    };
    draft.route(HttpMethod::Get, "/api/logs/stats", stats.operation());
    let view = Route {
        answer: Some("Log"),
        parameters: &["Record", "fields"],
        problems: &[401, 403, 404],
        ..route("view", "View an entry of the log")
    };
    draft.route(HttpMethod::Get, "/api/logs/{id}", view.operation());
}

#[cfg(test)]
mod tests {
    use plinth_sdk::types::{Log, LogHour};

    use super::*;
    use crate::policy::Snapshot;
    use crate::request::Caller;

    /// What is described is what is answered.
    #[test]
    fn schemas_have_the_keys_of_the_types() {
        let schema = Snapshot::default();
        let reader = Reader {
            schema: &schema,
            caller: &Caller::Guest,
            is_superuser: true,
        };
        let mut draft = Draft::default();
        describe(&reader, &mut draft);
        let schemas = serde_json::to_value(&draft.components.schemas).unwrap();
        for (described, value) in [
            (
                &schemas["Log"],
                serde_json::to_value(Log::default()).unwrap(),
            ),
            (
                &schemas["LogHours"]["items"],
                serde_json::to_value(LogHour::default()).unwrap(),
            ),
        ] {
            let mut described: Vec<&String> = described["properties"]
                .as_object()
                .unwrap()
                .keys()
                .collect();
            described.sort();
            let answered: Vec<&String> = value.as_object().unwrap().keys().collect();
            assert_eq!(described, answered);
        }
    }
}
