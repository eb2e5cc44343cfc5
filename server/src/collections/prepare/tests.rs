use crate::random::Random;
use serde_json::json;

use super::*;

fn prepared(body: &Json, existing: Option<&Collection>) -> Result<Collection> {
    prepare(body.as_object().unwrap(), existing, &Random::seeded(1))
}

fn names(collection: &Collection) -> Vec<&str> {
    collection
        .fields
        .iter()
        .map(|field| field.name.as_str())
        .collect()
}

#[test]
fn system_fields_and_indexes_are_added() {
    let body = json!({"name": "people", "type": "auth", "fields": [
        {"type": "number", "name": "email"}, {"type": "text", "name": "nick"},
    ]});
    let people = prepared(&body, None).unwrap();
    assert_eq!(people.id, "pbc_1846335439");
    assert_eq!(
        names(&people),
        [
            "id",
            "email",
            "nick",
            "password",
            "tokenKey",
            "emailVisibility",
            "verified"
        ]
    );
    assert_eq!(people.fields[1].id, "number3885137012");
    assert_eq!(
        people.indexes[0],
        "CREATE UNIQUE INDEX `idx_tokenKey_pbc_1846335439` ON `people` (`tokenKey`)"
    );
    assert_eq!(people.indexes.len(), 2);
}

#[test]
fn fields_are_the_same_by_id_then_by_name() {
    let body = json!({"name": "t", "indexes": ["CREATE INDEX i ON t (a)"], "fields": [
        {"type": "text", "name": "a", "id": "f_a", "max": 7}, {"type": "text", "name": "b", "id": "f_b"},
    ]});
    let old = prepared(&body, None).unwrap();
    for (fields, expected) in [
        (
            json!([{"type": "text", "name": "a"}]),
            vec!["text3208210256", "f_a"],
        ),
        (
            json!([{"type": "bool", "name": "a"}]),
            vec!["text3208210256", "bool3904355907"],
        ),
        (
            json!([{"type": "text", "name": "b", "id": "f_a"}, {"type": "text", "name": "c", "id": "f_a"}]),
            vec!["text3208210256", "f_a"],
        ),
        (Json::Null, vec!["text3208210256"]),
    ] {
        let new = prepared(&json!({"fields": fields}), Some(&old)).unwrap();
        let ids: Vec<&str> = new.fields.iter().map(|field| field.id.as_str()).collect();
        assert_eq!(ids, expected, "{fields}");
    }
    let renamed = json!({"name": "u", "fields": [{"type": "text", "name": "z", "id": "f_a"}]});
    let renamed = prepared(&renamed, Some(&old)).unwrap();
    assert_eq!(renamed.indexes, ["CREATE INDEX `i` ON `u` (`z`)"]);
}

#[test]
fn options_merge_and_secrets_stay() {
    let old = prepared(&json!({"name": "p", "type": "auth"}), None).unwrap();
    let secrets = |c: &Collection| {
        let auth = c.auth.clone().unwrap();
        (auth.auth_token.secret, auth.file_token.secret)
    };
    let body =
        json!({"authToken": {"duration": 60}, "passwordAuth": {"enabled": false}, "otp": null});
    let new = prepared(&body, Some(&old)).unwrap();
    let auth = new.auth.as_deref().unwrap();
    assert_eq!((auth.auth_token.duration, auth.otp.length), (60, 8));
    assert_eq!(auth.password_auth.identity_fields, ["email"]);
    assert_eq!(secrets(&new), secrets(&old));
    let locked = prepared(&json!({"authRule": null}), Some(&old)).unwrap();
    assert_ne!(secrets(&locked).0, secrets(&old).0);
    assert_eq!(secrets(&locked).1, secrets(&old).1);
}

#[test]
fn imports_keep_what_they_do_not_mention() {
    let body = json!({"name": "t", "fields": [
        {"type": "text", "name": "a", "id": "f_a"}, {"type": "number", "name": "n"},
    ]});
    let old = prepared(&body, None).unwrap();
    let import = json!({"name": "t", "fields": [{"type": "text", "name": "new"}, {"type": "text", "name": "a"}]});
    for (delete_missing, expected) in [
        (false, vec!["new", "a", "id", "n"]),
        (true, vec!["new", "a", "id"]),
    ] {
        let body = merge_import(import.as_object().unwrap(), &old, delete_missing);
        assert_eq!(
            names(&prepare(&body, Some(&old), &Random::seeded(1)).unwrap()),
            expected
        );
    }
}

#[test]
fn nonsense_is_refused() {
    for (body, message, field) in [
        (json!({"name": 5}), TYPE_UNREADABLE, ""),
        (json!({"type": 5}), TYPE_UNREADABLE, ""),
        (json!({"id": 5}), UNREADABLE, ""),
        (json!({"fields": {}}), UNREADABLE, ""),
        (json!({"fields": [null]}), UNREADABLE, ""),
        (json!({"fields": [{"name": "a"}]}), UNREADABLE, ""),
        (
            json!({"fields": [{"name": "a", "type": "unknown"}]}),
            UNREADABLE,
            "",
        ),
        (
            json!({"fields": [{"name": "a", "type": "text", "min": 1.5}]}),
            UNREADABLE,
            "",
        ),
        (json!({"indexes": [5]}), UNREADABLE, ""),
        (json!({"listRule": 5}), UNREADABLE, ""),
        (json!({"authRule": 5}), UNREADABLE, ""),
        (json!({"type": "other"}), CREATE_FAILED, "type"),
    ] {
        let problem = prepared(&body, None).unwrap_err().problem();
        assert_eq!(problem.message, message, "{body}");
        assert_eq!(
            problem.data.keys().next().map_or("", String::as_str),
            field,
            "{body}"
        );
    }
}
