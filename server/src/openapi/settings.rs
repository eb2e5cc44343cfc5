//! Settings described.

use utoipa::openapi::path::HttpMethod;
use utoipa::openapi::schema::{ObjectBuilder, Type};

use super::parts::{self, Route, boolean, integer, object, text};
use super::{Draft, Reader};

/// The tag. The space keeps it apart from names of collections.
const TAG: &str = "The settings";

/// Writes down the routes.
pub(super) fn describe(reader: &Reader<'_>, draft: &mut Draft) {
    if !reader.is_superuser {
        return;
    }
    draft.tag(TAG, "What superusers set while the server runs.");
    schemas(draft);
    let route = |id: &str, summary: &str, answer| Route {
        tag: TAG,
        id: id.to_owned(),
        summary: summary.to_owned(),
        description: "Superusers only.".to_owned(),
        answer,
        parameters: &["fields"],
        problems: &[400, 401, 403],
        needs_token: true,
    };
    let view = route("settings_view", "See the settings", Some("Settings"));
    draft.route(HttpMethod::Get, "/api/settings", view.operation());
    let update = route(
        "settings_update",
        "Change settings; the rest stays",
        Some("Settings"),
    );
    let update = update
        .operation()
        .request_body(Some(parts::body("Settings")));
    draft.route(HttpMethod::Patch, "/api/settings", update);
    let test = Route {
        parameters: &[],
        ..route(
            "settings_test_email",
            "Send a mail, to see whether it arrives",
            None,
        )
    };
    let test = test.operation().request_body(Some(parts::body("TestMail")));
    draft.route(HttpMethod::Post, "/api/settings/test/email", test);
}

fn schemas(draft: &mut Draft) {
    let least = |least: i64| integer().minimum(Some(least));
    let meta = ObjectBuilder::new()
        .schema_type(Type::Object)
        .property("appName", text().max_length(Some(255)))
        .property("appURL", text().max_length(Some(255)))
        .property("senderName", text().max_length(Some(255)))
        .property("senderAddress", text().max_length(Some(255)));
    let batch = ObjectBuilder::new()
        .schema_type(Type::Object)
        .property("enabled", boolean())
        .property("maxRequests", least(0))
        .property("timeout", least(0).description(Some("Seconds.")))
        .property(
            "maxBodySize",
            least(0).description(Some("Bytes; 0 means 128 MB.")),
        );
    let logs = ObjectBuilder::new()
        .schema_type(Type::Object)
        .property("maxDays", least(0))
        .property("minLevel", integer())
        .property("logIP", boolean())
        .property("logAuthId", boolean());
    let settings = ObjectBuilder::new()
        .schema_type(Type::Object)
        .description(Some(
            "Other sections are there for PocketBase's clients, and cannot be switched on.",
        ))
        .property("meta", meta)
        .property("batch", batch)
        .property("logs", logs);
    draft.schema("Settings", settings);
    let templates = [
        "verification",
        "password-reset",
        "email-change",
        "otp",
        "login-alert",
    ];
    let mail = object([
        ("email", text().into()),
        ("template", text().enum_values(Some(templates)).into()),
    ]);
    let collection = text().description(Some("Whose accounts'; superusers' when empty."));
    draft.schema("TestMail", mail.property("collection", collection));
}
