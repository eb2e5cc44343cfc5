use std::collections::BTreeSet;
use std::sync::Arc;

use plinth_sdk::types as wire;
use serde_json::{Value as Json, json};

use crate::policy::Snapshot;
use crate::policy::roles::Policies;
use crate::request::{Account, Caller};
use crate::schema::{Collection, Record, Schema};
use crate::settings::Settings;

/// An open collection, one with rules, a locked one, and accounts.
fn schema() -> Snapshot {
    let collections = json!([
        {
            "id": "pbc_movies", "name": "movies", "type": "base",
            "listRule": "", "viewRule": "", "createRule": "@request.auth.role = 'editor'",
            "fields": [
                {"name": "id", "type": "text", "system": true, "primaryKey": true, "required": true,
                    "min": 15, "max": 15, "pattern": "^[a-z0-9]+$", "autogeneratePattern": "[a-z0-9]{15}"},
                {"name": "title", "type": "text", "required": true, "min": 2, "max": 80, "help": "As on the poster."},
                {"name": "slug", "type": "text", "pattern": "^[a-z-]+$"},
                {"name": "code", "type": "text", "pattern": r"(?i)^\p{L}+$"},
                {"name": "year", "type": "number", "min": 1888, "max": 2100.5, "onlyInt": true},
                {"name": "rating", "type": "number", "required": true},
                {"name": "released", "type": "date", "min": "1888-01-01 00:00:00.000Z"},
                {"name": "site", "type": "url", "onlyDomains": ["example.com"]},
                {"name": "contact", "type": "email", "required": true},
                {"name": "genre", "type": "select", "values": ["noir", "western"], "maxSelect": 1},
                {"name": "tags", "type": "select", "values": ["a", "b", "c"], "maxSelect": 2, "required": true},
                {"name": "owner", "type": "relation", "collectionId": "pbc_users", "maxSelect": 1},
                {"name": "notes", "type": "relation", "collectionId": "pbc_secrets", "maxSelect": 5},
                {"name": "seen", "type": "bool", "required": true},
                {"name": "extra", "type": "json"},
                {"name": "budget", "type": "number", "hidden": true},
                {"name": "created", "type": "autodate", "onCreate": true}
            ]
        },
        {
            "id": "pbc_secrets", "name": "secrets", "type": "base",
            "fields": [{"name": "id", "type": "text", "primaryKey": true}]
        },
        {
            "id": "pbc_users", "name": "users", "type": "auth", "authRule": "verified = true",
            "tokenAudiences": ["https://shop.example.org"],
            "viewRule": "id = @request.auth.id", "createRule": "", "updateRule": "id = @request.auth.id",
            "passwordAuth": {"enabled": true, "identityFields": ["email", "username"]},
            "otp": {"enabled": true, "duration": 180, "length": 8},
            "fields": [
                {"name": "id", "type": "text", "primaryKey": true, "autogeneratePattern": "[a-z0-9]{15}"},
                {"name": "email", "type": "email", "system": true, "required": true},
                {"name": "emailVisibility", "type": "bool", "system": true},
                {"name": "verified", "type": "bool", "system": true},
                {"name": "password", "type": "password", "system": true, "hidden": true, "required": true, "min": 8},
                {"name": "tokenKey", "type": "text", "system": true, "hidden": true, "min": 30, "max": 60}
            ]
        },
        {
            "id": "pbc_staff", "name": "staff", "type": "auth", "authRule": "",
            "passwordAuth": {"enabled": false, "identityFields": ["email"]},
            "fields": [{"name": "id", "type": "text", "primaryKey": true}]
        }
    ]);
    let collections: Vec<wire::Collection> = serde_json::from_value(collections).unwrap();
    let collections = collections.into_iter().map(Collection::new).map(Arc::new);
    let schema = Schema::new(1, collections.collect());
    let mut settings = Settings::default();
    settings.batch.enabled = true;
    Snapshot::new(schema, Policies::default(), settings)
}

fn document(is_superuser: bool) -> Json {
    let schema = schema();
    let superuser = Account {
        record: Record::new(Arc::clone(schema.iter().next().unwrap()), Vec::new()),
        is_superuser: true,
        refreshable: false,
        expires: i64::MAX,
        session: None,
        roles: crate::request::Roles::default(),
    };
    let caller = if is_superuser {
        Caller::Account(Arc::new(superuser))
    } else {
        Caller::Guest
    };
    serde_json::to_value(super::api::describe(&schema, &caller)).unwrap()
}

fn operations(document: &Json) -> Vec<(String, Json)> {
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            operations.push((format!("{method} {path}"), operation.clone()));
        }
    }
    operations
}

fn all_references(value: &Json, into: &mut BTreeSet<String>) {
    match value {
        Json::Object(members) => {
            into.extend(
                members
                    .get("$ref")
                    .and_then(Json::as_str)
                    .map(str::to_owned),
            );
            members
                .values()
                .for_each(|value| all_references(value, into));
        }
        Json::Array(items) => items.iter().for_each(|item| all_references(item, into)),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
}

#[test]
fn guests_see_what_is_open_to_them() {
    let document = document(false);
    let seen: Vec<String> = operations(&document)
        .into_iter()
        .map(|(route, _)| route)
        .collect();
    assert_eq!(
        seen,
        [
            "get /.well-known/jwks.json",
            "post /api/batch",
            "get /api/collections/movies/records",
            "post /api/collections/movies/records",
            "get /api/collections/movies/records/{id}",
            "get /api/collections/users/auth-methods",
            "post /api/collections/users/auth-refresh",
            "post /api/collections/users/auth-token",
            "post /api/collections/users/auth-with-otp",
            "post /api/collections/users/auth-with-password",
            "post /api/collections/users/auth-with-totp",
            "post /api/collections/users/confirm-email-change",
            "post /api/collections/users/confirm-password-reset",
            "post /api/collections/users/confirm-verification",
            "post /api/collections/users/end-other-sessions",
            "post /api/collections/users/records",
            "get /api/collections/users/records/{id}",
            "patch /api/collections/users/records/{id}",
            "post /api/collections/users/request-email-change",
            "post /api/collections/users/request-otp",
            "post /api/collections/users/request-password-reset",
            "post /api/collections/users/request-verification",
            "delete /api/collections/users/totp",
            "post /api/collections/users/totp",
            "post /api/collections/users/totp/confirm",
            "post /api/files/token",
            "get /api/files/{collection}/{id}/{filename}",
            "get /api/health",
            "get /api/oauth2-redirect",
            "post /api/oauth2-redirect",
            "get /api/openapi.json",
            "get /api/policy/areas",
            "get /api/realtime",
            "post /api/realtime",
            "get /api/setup",
            "post /api/setup",
            "get /livez",
            "get /readyz",
        ]
    );
    let text = document.to_string();
    for secret in [
        "secrets",
        "staff",
        "budget",
        "tokenKey",
        "editor",
        "verified = true",
    ] {
        assert!(!text.contains(secret), "guests read of {secret}");
    }
}

/// Routes without an operation, and why.
const UNDESCRIBED: [(&str, &str); 3] = [
    ("get /", "redirects to the console"),
    ("get /_", "redirects to the console"),
    ("get /_/{path:.*}", "a file of the console"),
];

#[test]
fn every_route_has_an_operation() {
    let schema = schema();
    let described: BTreeSet<String> = operations(&document(true))
        .into_iter()
        .map(|(route, _)| {
            // Routes of records and accounts are described for each collection by its name.
            let is_name = |part: &str| schema.find(part).is_some();
            let parts = route.split('/');
            let parts: Vec<&str> = parts
                .map(|part| if is_name(part) { "{collection}" } else { part })
                .collect();
            parts.join("/")
        })
        .collect();
    let routes: BTreeSet<String> = crate::routes::endpoints()
        .iter()
        .flat_map(|endpoint| {
            let method = |method: &actix_web::http::Method| method.as_str().to_lowercase();
            let routes = endpoint.methods().map(method);
            routes.map(|method| format!("{method} {}", endpoint.path))
        })
        .collect();
    let undescribed: BTreeSet<String> = UNDESCRIBED
        .into_iter()
        .map(|(route, _)| route.to_owned())
        .collect();
    let missing: Vec<_> = routes.difference(&described).collect();
    assert_eq!(missing, undescribed.iter().collect::<Vec<_>>());
    let gone: Vec<_> = described.difference(&routes).collect();
    assert!(gone.is_empty(), "described, and no routes: {gone:?}");
}

#[test]
fn superusers_see_everything() {
    let document = document(true);
    let routes: Vec<String> = operations(&document)
        .into_iter()
        .map(|(route, _)| route)
        .collect();
    for route in [
        "delete /api/collections/secrets/records/{id}",
        "post /api/collections/staff/auth-with-password",
        "put /api/collections/import",
        "patch /api/collections/{collection}",
    ] {
        assert!(routes.iter().any(|known| known == route), "no {route}");
    }
    let create = &document["paths"]["/api/collections/movies/records"]["post"];
    assert_eq!(
        create["description"],
        "For callers who satisfy `@request.auth.role = 'editor'`."
    );
    let delete = &document["paths"]["/api/collections/movies/records/{id}"]["delete"];
    assert_eq!(
        delete["description"],
        "For superusers, and for accounts with a role that allows it."
    );
    assert_eq!(delete["security"], json!([{"token": []}]));
    let schemas = &document["components"]["schemas"];
    assert_eq!(
        schemas["movies_record"]["properties"]["budget"]["type"],
        "number"
    );
    assert!(
        schemas["users_record"]["properties"]
            .get("password")
            .is_none()
    );
}

#[test]
fn the_document_is_sound() {
    for is_superuser in [false, true] {
        let document = document(is_superuser);
        assert_eq!(document["openapi"], "3.1.0");
        let mut references = BTreeSet::new();
        all_references(&document, &mut references);
        for reference in references {
            let target = document.pointer(reference.trim_start_matches('#'));
            assert!(target.is_some(), "{reference} leads nowhere");
        }
        let mut ids = BTreeSet::new();
        for (route, operation) in operations(&document) {
            let id = operation["operationId"].as_str().unwrap().to_owned();
            assert!(ids.insert(id), "the id of {route} is not its own");
            let tag = &operation["tags"][0];
            let tags = document["tags"].as_array().unwrap();
            assert!(
                tags.iter().any(|known| known["name"] == *tag),
                "nobody explains {tag}"
            );
        }
    }
}

#[test]
fn the_same_collections_make_the_same_bytes() {
    let bytes = || crate::json::body(&document(true));
    assert_eq!(bytes(), bytes());
}

#[test]
fn options_become_limits() {
    let document = document(false);
    let body = &document["components"]["schemas"]["movies_create"];
    let needed = ["title", "rating", "contact", "tags", "seen"];
    assert_eq!(body["required"], json!(needed));
    let properties = &body["properties"];
    assert!(properties.get("created").is_none());
    let expected = [
        (
            "title",
            json!({"type": "string", "minLength": 2, "maxLength": 80, "description": "As on the poster."}),
        ),
        (
            "slug",
            json!({"anyOf": [
                {"type": "string", "maxLength": 5000, "pattern": "^[a-z-]+$"},
                {"type": "string", "enum": [""]},
            ]}),
        ),
        (
            "year",
            json!({"anyOf": [
                {"type": "integer", "format": "int64", "minimum": 1888, "maximum": 2100.5},
                {"type": "number", "enum": [0]},
            ]}),
        ),
        (
            "rating",
            json!({"type": "number", "format": "double", "description": "Not 0."}),
        ),
        ("contact", json!({"type": "string", "format": "email"})),
        (
            "genre",
            json!({"type": "string", "enum": ["noir", "western", ""]}),
        ),
        (
            "tags",
            json!({"type": "array", "items": {"type": "string", "enum": ["a", "b", "c"]}, "minItems": 1, "maxItems": 2}),
        ),
        (
            "owner",
            json!({"type": "string", "description": "The id of a record of `users`."}),
        ),
        (
            "notes",
            json!({"type": "array", "items": {"type": "string"}, "maxItems": 5, "description": "Ids of records."}),
        ),
        ("seen", json!({"type": "boolean", "enum": [true]})),
    ];
    for (name, schema) in expected {
        assert_eq!(properties[name], schema, "{name}");
    }
    assert!(properties["code"]["anyOf"][0].get("pattern").is_none());
    assert_eq!(properties["site"]["anyOf"][0]["format"], "uri");
}

/// Serializes a default value, whose keys the server always sends.
fn sent<T: Default + serde::Serialize>() -> Json {
    serde_json::to_value(T::default()).unwrap()
}

#[test]
fn schemas_have_the_keys_of_the_types() {
    let document = document(true);
    let schemas = &document["components"]["schemas"];
    let readiness = wire::Readiness {
        ready: true,
        server: String::new(),
        database: String::new(),
        writes: String::new(),
        realtime: String::new(),
    };
    for (name, value) in [
        ("BatchResult", sent::<wire::BatchResult>()),
        ("Cron", sent::<wire::Cron>()),
        ("JobPreview", sent::<wire::JobPreview>()),
        ("Log", sent::<wire::Log>()),
        ("LogHour", sent::<wire::LogHour>()),
        ("Minute", sent::<wire::Minute>()),
        ("Readiness", serde_json::to_value(readiness).unwrap()),
        ("Setup", sent::<wire::Setup>()),
    ] {
        let sent: BTreeSet<&String> = value.as_object().unwrap().keys().collect();
        let described = schemas[name]["properties"].as_object().unwrap();
        assert_eq!(described.keys().collect::<BTreeSet<_>>(), sent, "{name}");
        let required = schemas[name]["required"].as_array().unwrap();
        assert_eq!(required.len(), sent.len(), "{name}: {required:?}");
    }
}

#[test]
fn filters_have_the_limit_of_the_parser() {
    let document = document(true);
    let filter = &document["components"]["parameters"]["filter"]["schema"];
    assert_eq!(filter["maxLength"], crate::filter::MAX_LENGTH);
}

#[test]
fn modifiers_are_patterns() {
    let document = document(true);
    let body = &document["components"]["schemas"]["movies_update"];
    assert_eq!(body["additionalProperties"], true);
    let patterns = body["patternProperties"].as_object().unwrap();
    let patterns: Vec<&str> = patterns.keys().map(String::as_str).collect();
    for pattern in [
        r"^budget\+$",
        "^year-$",
        r"^\+tags$",
        r"^tags\+$",
        "^notes-$",
    ] {
        assert!(patterns.contains(&pattern), "{pattern} in {patterns:?}");
    }
    let properties = body["properties"].as_object().unwrap();
    assert!(properties.keys().all(|key| !key.contains(['+', '-'])));
}

#[test]
fn accounts_have_a_password_that_is_only_sent() {
    let document = document(false);
    let schemas = &document["components"]["schemas"];
    let keys = |schema: &str| -> Vec<String> {
        schemas[schema]["properties"]
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect()
    };
    assert_eq!(
        keys("users_create"),
        [
            "email",
            "emailVisibility",
            "id",
            "password",
            "passwordConfirm",
            "verified"
        ]
    );
    assert_eq!(
        keys("users_update"),
        [
            "email",
            "emailVisibility",
            "oldPassword",
            "password",
            "passwordConfirm",
            "verified"
        ]
    );
    assert_eq!(
        schemas["users_create"]["required"],
        json!(["email", "password", "passwordConfirm"])
    );
    assert_eq!(
        schemas["users_create"]["properties"]["password"]["minLength"],
        8
    );
    assert_eq!(
        keys("users_record"),
        [
            "collectionId",
            "collectionName",
            "email",
            "emailVisibility",
            "expand",
            "id",
            "verified"
        ]
    );
    let identity = &schemas["users_sign_in"]["properties"]["identityField"]["enum"];
    assert_eq!(*identity, json!(["email", "username"]));
}
