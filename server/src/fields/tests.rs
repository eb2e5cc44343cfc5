use plinth_sdk::types::FieldProblem;
use serde_json::json;

use super::*;

/// Returns the problem of `raw` for a type with these options.
pub(super) fn problem_of(kind: &str, options: &Json, raw: &Json) -> Option<FieldProblem> {
    let mut definition = json!({"type": kind});
    let all = definition.as_object_mut()?;
    all.extend(options.as_object()?.clone());
    let kind: FieldKind = serde_json::from_value(definition).unwrap();
    let value = if raw.is_null() {
        zero(&kind)
    } else {
        normalise(&kind, raw)
    };
    validate(&kind, &value, Some(raw))
}

/// Returns the problem of `raw`, as `code: message {params}`. `docs/FIELDS.md` must list it.
fn refusal(options: &Json, raw: &Json) -> Option<String> {
    let kind = options["type"].as_str()?;
    let problem = problem_of(kind, options, raw)?;
    let code = problem.code().unwrap_or_default();
    let named = FieldKind::each().into_iter().find(|one| one.name() == kind);
    let listed = reference::codes(&named.unwrap());
    assert!(
        listed.iter().any(|one| one == code),
        "the reference of {kind} lacks {code}"
    );
    match problem {
        FieldProblem::Broken {
            code,
            message,
            params,
        } => {
            let params = params.map(|params| crate::json::canonical(&params.into()));
            let code = code.trim_start_matches("validation_");
            Some(
                format!("{code}: {message} {}", params.unwrap_or_default())
                    .trim()
                    .to_owned(),
            )
        }
        FieldProblem::Failed { .. } | FieldProblem::Inside(_) => None,
    }
}

/// Checks each input against PocketBase's answer.
fn check(options: &Json, cases: &[(Json, &str)]) {
    for (raw, expected) in cases {
        let refused = refusal(options, raw);
        assert_eq!(
            refused.as_deref().unwrap_or("ok"),
            *expected,
            "{options} {raw}"
        );
    }
}

const BLANK: &str = "required: Cannot be blank.";
const FORMAT: &str = "invalid_format: Invalid value format.";

#[test]
fn texts() {
    const SHORT: &str = r#"min_text_constraint: Must be at least 2 character(s). {"min":2}"#;
    const LONG: &str = r#"max_text_constraint: Must be no more than 4 character(s). {"max":4}"#;
    check(
        &json!({"type": "text", "min": 2, "max": 4, "required": true}),
        &[
            (json!(null), BLANK),
            (json!(""), BLANK),
            (json!("ab"), "ok"),
            (json!("é漢😀x"), "ok"),
            (json!("😀"), SHORT),
            (json!(0), SHORT),
            (json!("abcde"), LONG),
            (json!("a\0b"), FORMAT),
        ],
    );
    check(
        &json!({"type": "text", "pattern": "^[a-z]+$", "max": 4}),
        &[
            (json!(""), "ok"),
            (json!("abc"), "ok"),
            (json!("a\nb"), FORMAT),
            (json!("ABCDE"), LONG),
        ],
    );
    check(
        &json!({"type": "text"}),
        &[
            (json!("a".repeat(5000)), "ok"),
            (
                json!("a".repeat(5001)),
                r#"max_text_constraint: Must be no more than 5000 character(s). {"max":5000}"#,
            ),
        ],
    );
}

#[test]
fn ids() {
    let id = |pattern: &str| json!({"type": "text", "primaryKey": true, "required": true, "pattern": pattern});
    check(
        &id("^[a-z0-9]+$"),
        &[
            (json!("con"), "ok"),
            (json!("a/b"), FORMAT),
            (json!("A"), FORMAT),
            (json!(""), BLANK),
        ],
    );
    check(
        &id(".*"),
        &[
            (json!("é~@;#&"), "ok"),
            (json!("com0"), "ok"),
            (
                json!("/ .a"),
                r#"forbidden_pk_character: '.' is not a valid primary key character. {"ch":"."}"#,
            ),
            (
                json!("a\\/"),
                r#"forbidden_pk_character: '/' is not a valid primary key character. {"ch":"/"}"#,
            ),
            (
                json!("$%"),
                r#"forbidden_pk_character: '%' is not a valid primary key character. {"ch":"%"}"#,
            ),
            (
                json!("con"),
                r#"reserved_pk: The primary key 'CON' is reserved and cannot be used. {"reserved":"CON"}"#,
            ),
            (
                json!("lpt9"),
                r#"reserved_pk: The primary key 'LPT9' is reserved and cannot be used. {"reserved":"LPT9"}"#,
            ),
        ],
    );
}

#[test]
fn passwords() {
    check(
        &json!({"type": "password", "min": 2, "pattern": "^[a-z]+$"}),
        &[
            (json!(""), "ok"),
            (json!("ab"), "ok"),
            (
                json!("a"),
                "min_text_constraint: Must be at least 2 character(s).",
            ),
            (json!("AB"), FORMAT),
            (
                json!("a".repeat(72)),
                "max_text_constraint: Must be less than 71 character(s).",
            ),
        ],
    );
    check(
        &json!({"type": "password", "required": true}),
        &[(json!(""), BLANK)],
    );
}

#[test]
fn numbers_and_bools() {
    check(
        &json!({"type": "number", "min": -5, "max": 10}),
        &[
            (json!(-5), "ok"),
            (json!("x"), "ok"),
            (
                json!(-6),
                r#"min_number_constraint: Must be greater or equal than -5. {"min":-5}"#,
            ),
            (
                json!("11"),
                r#"max_number_constraint: Must be less or equal than 10. {"max":10}"#,
            ),
            (
                json!("NaN"),
                "not_a_number: The submitted number is not properly formatted.",
            ),
            (
                json!("-inf"),
                "not_a_number: The submitted number is not properly formatted.",
            ),
        ],
    );
    check(
        &json!({"type": "number", "min": 1, "required": true}),
        &[
            (json!(0), BLANK),
            (
                json!(0.5),
                r#"min_number_constraint: Must be greater or equal than 1. {"min":1}"#,
            ),
        ],
    );
    check(
        &json!({"type": "number", "min": 1, "onlyInt": true}),
        &[
            (json!(0), "ok"),
            (json!(1e18), "ok"),
            (
                json!(2.5),
                "only_int_constraint: Decimal numbers are not allowed.",
            ),
            (
                json!(1e19),
                "only_int_constraint: Decimal numbers are not allowed.",
            ),
        ],
    );
    for (number, expected) in [
        (0.5, "0.5"),
        (100_000.0, "100000"),
        (1e6, "1e+06"),
        (1_234_567.5, "1.2345675e+06"),
        (-1e20, "-1e+20"),
        (0.0001, "0.0001"),
        (1.5e-7, "1.5e-07"),
    ] {
        assert_eq!(number::worded(number), expected);
    }
    check(
        &json!({"type": "bool", "required": true}),
        &[(json!("true"), "ok"), (json!("x"), BLANK)],
    );
}

#[test]
fn addresses_of_domains() {
    const EMAIL: &str = "email_domain_not_allowed: Email domain is not allowed.";
    const URL: &str = "url_domain_not_allowed: Url domain is not allowed.";
    check(
        &json!({"type": "email", "onlyDomains": ["a.com", "b.org"]}),
        &[
            (json!("x@a.com"), "ok"),
            (json!(""), "ok"),
            (json!("x@A.COM"), EMAIL),
            (json!("x@sub.a.com"), EMAIL),
            (json!("x"), "is_email: Must be a valid email address."),
        ],
    );
    check(
        &json!({"type": "email", "exceptDomains": ["a.com"], "required": true}),
        &[
            (json!(""), BLANK),
            (json!("x@a.com"), EMAIL),
            (json!("x@sub.a.com"), "ok"),
        ],
    );
    check(
        &json!({"type": "url", "onlyDomains": ["a.com"], "exceptDomains": []}),
        &[
            (json!("http://user@a.com?x"), "ok"),
            (json!("http://a.com:8080/x"), URL),
            (json!("a.com"), URL),
            (json!("mailto:x@a.com"), URL),
            (json!("//a.com"), "invalid_url: Must be a valid url."),
        ],
    );
}

#[test]
fn dates() {
    check(
        &json!({"type": "date", "min": "2024-01-01 00:00:00.500Z", "max": "2024-12-31", "required": true}),
        &[
            (json!("garbage"), BLANK),
            (json!("2024-01-01 00:00:00.500999Z"), "ok"),
            (json!("2024-12-31"), "ok"),
            (
                json!("2024-01-01"),
                r#"min_greater_equal_than_required: Must be no less than 2024-01-01 00:00:00.5 +0000 UTC. {"threshold":"2024-01-01T00:00:00.5Z"}"#,
            ),
            (
                json!("2024-12-31 00:00:00.001Z"),
                r#"max_less_equal_than_required: Must be no greater than 2024-12-31 00:00:00 +0000 UTC. {"threshold":"2024-12-31T00:00:00Z"}"#,
            ),
        ],
    );
    check(&json!({"type": "autodate"}), &[(json!("x"), "ok")]);
}

#[test]
fn choices() {
    const MANY: &str = r#"too_many_values: Select no more than 2. {"maxSelect":2}"#;
    check(
        &json!({"type": "select", "values": ["a", "b"], "maxSelect": 2, "required": true}),
        &[
            (json!([""]), BLANK),
            (json!(["b", "a"]), "ok"),
            (json!(["x", "y", "z"]), MANY),
            (
                json!(["a", "x!"]),
                r#"invalid_value: Invalid value x! {"value":"x!"}"#,
            ),
            (
                json!("  "),
                r#"invalid_value: Invalid value. {"value":"  "}"#,
            ),
        ],
    );
    check(
        &json!({"type": "select", "values": ["a"]}),
        &[
            (json!(["x", "a"]), "ok"),
            (json!(5), r#"invalid_value: Invalid value 5. {"value":"5"}"#),
        ],
    );
    check(
        &json!({"type": "relation", "minSelect": 2, "maxSelect": 2}),
        &[
            (json!(null), "ok"),
            (
                json!("a"),
                r#"not_enough_values: Select at least 2. {"minSelect":2}"#,
            ),
            (json!(["a", "b", "c"]), MANY),
            (
                json!(["a", "b\0"]),
                "missing_rel_records: Failed to find all relation records with the provided ids.",
            ),
        ],
    );
    check(
        &json!({"type": "relation", "required": true}),
        &[(json!([]), BLANK), (json!("a"), "ok")],
    );
}

#[test]
fn json_values() {
    const LARGE: &str =
        r#"json_size_limit: The maximum allowed JSON size is 10 bytes. {"maxSize":10}"#;
    const INVALID: &str = "invalid_json: Must be a valid json value.";
    check(
        &json!({"type": "json", "maxSize": 10}),
        &[
            (json!("123456789"), "ok"),
            (json!("1234567890a"), LARGE),
            (json!([1, 2, 3, 4, 5]), LARGE),
            (json!("[1,     2]"), "ok"),
            (json!("[1,      2]"), LARGE),
            (json!("ééééé"), LARGE),
        ],
    );
    check(
        &json!({"type": "json", "required": true}),
        &[
            (json!(null), BLANK),
            (json!(""), BLANK),
            (json!("{}"), BLANK),
            (json!(0), "ok"),
            (json!(false), "ok"),
            (json!({"a\0": 1}), INVALID),
            (json!(["\\\0"]), INVALID),
            (json!([r"\u0000"]), "ok"),
            (json!(r#""\u0000""#), INVALID),
        ],
    );
}
