use serde_json::{Value as Json, json};

use super::*;
use crate::collections::prepare;
use crate::random::Random;
use crate::system::defaults;

fn schema() -> Schema {
    let mut all = defaults::initial(&Random::seeded(1));
    let posts = json!({"name": "posts", "id": "posts_id", "indexes": ["CREATE INDEX idx_p ON posts (title)"],
        "fields": [{"type": "text", "name": "title"}]});
    all.push(prepare::prepare(posts.as_object().unwrap(), None, &Random::seeded(1)).unwrap());
    Schema::new(
        1,
        all.into_iter()
            .map(|def| Arc::new(Collection::new(def)))
            .collect(),
    )
}

/// The problems' paths and codes, such as `fields.1.name required`.
fn codes(body: &Json, old: Option<&str>) -> Vec<String> {
    let schema = schema();
    let old = old.map(|name| schema.find(name).unwrap().def.clone());
    let mut body = body.as_object().unwrap().clone();
    if old.is_none() {
        body.entry("name").or_insert(json!("fresh"));
    }
    let new = match &old {
        None => prepare::prepare_new(&body, &schema, &Random::seeded(1)),
        Some(_) => prepare::prepare(&body, old.as_ref(), &Random::seeded(1)),
    };
    let new = new.unwrap();
    let mut out = Vec::new();
    flatten(
        "",
        &validate(&new, old.as_ref(), &schema, Author::Superuser),
        &mut out,
    );
    out
}

fn flatten(path: &str, problems: &FieldProblems, out: &mut Vec<String>) {
    for (key, problem) in problems {
        match problem {
            FieldProblem::Broken { code, .. } => {
                out.push(format!("{path}{key} {}", &code["validation_".len()..]));
            }
            FieldProblem::Failed { .. } => panic!("no batch"),
            FieldProblem::Inside(inside) => flatten(&format!("{path}{key}."), inside, out),
        }
    }
}

#[test]
fn names_and_ids() {
    for (body, expected) in [
        (json!({}), vec![]),
        (
            json!({"name": "posts"}),
            vec!["name collection_name_exists"],
        ),
        (json!({"name": ""}), vec!["name required"]),
        (json!({"name": "a b"}), vec!["name match_invalid"]),
        (json!({"name": "x_via_y"}), vec!["name found_via"]),
        (
            json!({"name": "a".repeat(256)}),
            vec!["name length_out_of_range"],
        ),
        (
            json!({"name": "Users"}),
            vec!["name collection_name_exists"],
        ),
        (
            json!({"name": "_pb_users_auth_"}),
            vec!["name collection_name_id_duplicate"],
        ),
        (
            json!({"name": "_collections"}),
            vec!["name collection_name_invalid"],
        ),
        (
            json!({"name": "sqlite_x"}),
            vec!["name collection_name_invalid"],
        ),
        (
            json!({"name": "PG_class"}),
            vec!["name collection_name_invalid"],
        ),
        (
            json!({"name": "idx_p"}),
            vec!["name collection_name_invalid"],
        ),
        (
            json!({"name": "posts_id_key"}),
            vec!["name collection_name_invalid"],
        ),
        (json!({"id": "a b"}), vec!["id match_invalid"]),
        (
            json!({"id": "_pb_users_auth_"}),
            vec!["id invalid_or_existing_id"],
        ),
        (json!({"id": "users"}), vec!["id invalid_or_existing_id"]),
    ] {
        assert_eq!(codes(&body, None), expected, "{body}");
    }
}

#[test]
fn changes() {
    for (old, body, expected) in [
        (
            "posts",
            json!({"name": "posts_id"}),
            vec!["name collection_name_id_duplicate"],
        ),
        ("posts", json!({"name": "Posts"}), vec![]),
        (
            "posts",
            json!({"system": true}),
            vec!["system collection_system_flag_change"],
        ),
        (
            "users",
            json!({"type": "base"}),
            vec!["type collection_type_change"],
        ),
        (
            "_superusers",
            json!({"name": "roots"}),
            vec!["name collection_system_name_change"],
        ),
        (
            "_superusers",
            json!({"listRule": ""}),
            vec!["listRule collection_system_rule_change"],
        ),
        (
            "_superusers",
            json!({"authRule": null}),
            vec!["authRule collection_system_rule_change"],
        ),
        (
            "posts",
            json!({"fields": [{"type": "number", "name": "title", "id": "text724990059"}]}),
            vec!["fields.1 field_type_change"],
        ),
        (
            "users",
            json!({"fields": [{"type": "email", "name": "mail", "id": "email3885137012"}]}),
            vec!["fields system_field_change"],
        ),
        ("users", json!({"fields": []}), vec![]),
        (
            "posts",
            json!({"fields": []}),
            vec!["indexes.0 invalid_index_expression"],
        ),
    ] {
        assert_eq!(codes(&body, Some(old)), expected, "{body}");
    }
}

#[test]
fn indexes() {
    let fields = json!([{"type": "text", "name": "a"}, {"type": "number", "name": "n"}]);
    for (indexes, expected) in [
        (
            json!(["CREATE INDEX i ON x (a)", "CREATE UNIQUE INDEX j ON x (a)"]),
            vec![],
        ),
        (
            json!(["garbage"]),
            vec!["indexes.0 invalid_index_expression"],
        ),
        (
            json!(["CREATE INDEX i ON x (missing)"]),
            vec!["indexes.0 invalid_index_expression"],
        ),
        (
            json!(["CREATE INDEX i ON x (n COLLATE NOCASE)"]),
            vec!["indexes.0 invalid_index_expression"],
        ),
        (
            json!(["CREATE INDEX sqlite_i ON x (a)"]),
            vec!["indexes.0 invalid_index_expression"],
        ),
        (
            json!(["CREATE INDEX users ON x (a)"]),
            vec!["indexes.0 invalid_index_expression"],
        ),
        (
            json!(["CREATE INDEX i ON x (a)", "CREATE INDEX I ON x (n)"]),
            vec!["indexes.1 duplicated_index_name"],
        ),
        (
            json!(["CREATE INDEX i ON x (a)", "CREATE INDEX j ON x (a)"]),
            vec!["indexes.1 duplicated_index_definition"],
        ),
        (
            json!(["CREATE INDEX IDX_P ON x (a)"]),
            vec!["indexes.0 existing_index_name"],
        ),
    ] {
        let body = json!({"fields": fields, "indexes": indexes});
        assert_eq!(codes(&body, None), expected, "{indexes}");
    }
}

#[test]
fn auth_options() {
    for (body, expected) in [
        (json!({}), vec![]),
        (
            json!({"manageRule": ""}),
            vec!["manageRule nil_or_not_empty_required"],
        ),
        (
            json!({"authRule": "nope = 1"}),
            vec!["authRule invalid_rule"],
        ),
        (
            json!({"authToken": {"duration": 5}}),
            vec!["authToken.duration min_greater_equal_than_required"],
        ),
        (
            json!({"fileToken": {"duration": 0}}),
            vec!["fileToken.duration required"],
        ),
        (
            json!({"authToken": {"secret": "short"}}),
            vec!["authToken.secret length_out_of_range"],
        ),
        (
            json!({"passwordAuth": {"identityFields": ["nope"]}}),
            vec!["passwordAuth.identityFields missing_field"],
        ),
        (
            json!({"passwordAuth": {"identityFields": ["name"]}}),
            vec!["passwordAuth.identityFields missing_unique_constraint"],
        ),
        (
            json!({"passwordAuth": {"identityFields": []}}),
            vec!["passwordAuth.identityFields required"],
        ),
        (
            json!({"passwordAuth": {"enabled": false, "identityFields": []}}),
            vec![],
        ),
        (
            json!({"mfa": {"enabled": true}}),
            vec!["mfa.enabled mfa_not_enough_auths"],
        ),
        (
            json!({"otp": {"enabled": true, "duration": 9, "length": 3}}),
            vec![
                "otp.duration min_greater_equal_than_required",
                "otp.length min_greater_equal_than_required",
            ],
        ),
        (
            json!({"otp": {"enabled": true, "duration": 86_401, "length": 72}}),
            vec![
                "otp.duration max_less_equal_than_required",
                "otp.length max_less_equal_than_required",
            ],
        ),
        (
            json!({"otp": {"enabled": false, "duration": 9, "length": 3}}),
            vec![],
        ),
        (
            json!({"otp": {"enabled": true}, "mfa": {"enabled": true, "duration": 0, "rule": "nope = 1"}}),
            vec!["mfa.duration required", "mfa.rule invalid_rule"],
        ),
        (
            json!({"otp": {"enabled": true}, "mfa": {"enabled": true, "rule": "verified = true"}}),
            vec![],
        ),
        (
            json!({"verificationTemplate": {"subject": ""}}),
            vec!["verificationTemplate.subject required"],
        ),
    ] {
        assert_eq!(codes(&body, Some("users")), expected, "{body}");
    }
    let pile = codes(&json!({"type": "auth"}), Some("posts"));
    assert!(
        pile.contains(&"otp.emailTemplate.body required".to_owned()),
        "{pile:?}"
    );
    assert!(
        pile.contains(&"type collection_type_change".to_owned()),
        "{pile:?}"
    );
}
