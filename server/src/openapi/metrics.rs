//! Routes of those who watch a server.

use utoipa::openapi::path::{HttpMethod, OperationBuilder};
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{ContentBuilder, Ref, SecurityRequirement};

use super::Draft;
use super::parts::{Route, boolean, integer, json_response, list_of, object, reference, text};

/// The tag. The space keeps it apart from names of collections.
const TAG: &str = "Health and metrics";

/// Writes down the routes: probes for everybody, the rest for superusers.
pub(super) fn describe(draft: &mut Draft, is_superuser: bool) {
    draft.tag(TAG, "For those who watch the server.");
    probes(draft);
    if is_superuser {
        metrics(draft);
        overview(draft);
    }
}

fn operation(id: &str, summary: &str) -> OperationBuilder {
    OperationBuilder::new()
        .tag(TAG)
        .operation_id(Some(id))
        .summary(Some(summary))
        .security(SecurityRequirement::default())
}

fn plain(description: &str) -> Response {
    let content = ContentBuilder::new().schema(Some(text())).build();
    ResponseBuilder::new()
        .description(description)
        .content("text/plain", content)
        .build()
}

fn probes(draft: &mut Draft) {
    let live = operation("live", "See whether the process is alive")
        .description(Some(
            "Asks nobody else, and is answered from the start to the end.",
        ))
        .response("200", plain("`ok`"));
    draft.route(HttpMethod::Get, "/livez", live);

    let mut readiness = object([
        ("ready", boolean().into()),
        (
            "server",
            text()
                .enum_values(Some(["ok", "starting", "draining"]))
                .into(),
        ),
        (
            "database",
            text()
                .enum_values(Some(["ok", "unreachable", "unknown"]))
                .into(),
        ),
        (
            "writes",
            text()
                .enum_values(Some([
                    "ok",
                    "full",
                    "read_only",
                    "locked",
                    "failing",
                    "unknown",
                ]))
                .into(),
        ),
        (
            "realtime",
            text()
                .enum_values(Some(["ok", "stalled", "unknown"]))
                .into(),
        ),
    ]);
    readiness = readiness.description(Some("Whether requests should be sent here, or why not."));
    draft.schema("Readiness", readiness);
    let ready = operation("ready", "See whether requests should be sent here")
        .response("200", json_response("They should.", "Readiness"))
        .response("503", json_response("They should not.", "Readiness"));
    draft.route(HttpMethod::Get, "/readyz", ready);
}

fn metrics(draft: &mut Draft) {
    let metrics = operation("metrics", "Read the metrics as Prometheus does")
        .description(Some(
            "With the setting `metrics_token` as a bearer token; without that setting there is no such route.",
        ))
        .response("200", plain("Prometheus's text format."))
        .response("401", Ref::from_response_name("Unauthorized"))
        .response("404", Ref::from_response_name("NotFound"));
    draft.route(HttpMethod::Get, "/metrics", metrics);
}

fn overview(draft: &mut Draft) {
    let millis = |share: &str| {
        ObjectBuilder::new()
            .schema_type(Type::Number)
            .description(Some(format!("The milliseconds that {share} took at most.")))
    };
    let minute = object([
        ("time", text().description(Some("When it began.")).into()),
        ("requests", integer().into()),
        (
            "clientErrors",
            integer().description(Some("Answers 4xx.")).into(),
        ),
        (
            "serverErrors",
            integer().description(Some("Answers 5xx.")).into(),
        ),
        ("p50", millis("half of them").into()),
        ("p95", millis("95 in 100").into()),
        ("p99", millis("99 in 100").into()),
    ]);
    draft.schema("Minute", minute);
    let minutes = list_of(reference("Minute"))
        .description(Some("The oldest first; the last is not over yet."));
    draft.schema("Overview", object([("minutes", minutes.build().into())]));
    let overview = Route {
        tag: TAG,
        id: "metrics_overview".to_owned(),
        summary: "See requests by the minute".to_owned(),
        description:
            "Superusers, and operators with the area `metrics:read`. What all servers of the database answered, at most ten seconds late."
                .to_owned(),
        answer: Some("Overview"),
        parameters: &["minutes", "fields"],
        problems: &[400, 401, 403],
        needs_token: true,
    };
    let path = "/api/metrics/overview";
    draft.route(HttpMethod::Get, path, overview.operation());
}

#[cfg(test)]
mod tests {
    use plinth_sdk::types::{Minute, Readiness};

    use super::*;

    /// What is described is what is answered.
    #[test]
    fn schemas_have_the_keys_of_the_types() {
        let mut draft = Draft::default();
        describe(&mut draft, true);
        let schemas = serde_json::to_value(&draft.components.schemas).unwrap();
        let readiness = Readiness {
            ready: true,
            server: String::new(),
            database: String::new(),
            writes: String::new(),
            realtime: String::new(),
        };
        let types = [
            ("Minute", serde_json::to_value(Minute::default()).unwrap()),
            ("Readiness", serde_json::to_value(readiness).unwrap()),
        ];
        for (name, value) in types {
            let described = schemas[name]["properties"].as_object().unwrap();
            let answered = value.as_object().unwrap();
            assert!(
                described.keys().eq(answered.keys()),
                "{name}: {described:?}"
            );
        }
    }
}
