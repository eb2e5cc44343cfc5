use plinth_sdk::types::{
    BoolOptions, DateOptions, JsonOptions, NumberOptions, RelationOptions, SelectOptions,
    TextOptions,
};
use serde_json::json;

use super::*;

fn several() -> FieldKind {
    FieldKind::Relation(RelationOptions {
        max_select: 5,
        ..RelationOptions::default()
    })
}

fn text(value: &str) -> Value {
    Value::from(value)
}

fn list_of(json: &str) -> Value {
    Value::Json(json.to_owned())
}

#[test]
fn texts_numbers_and_bools() {
    let kind = FieldKind::Text(TextOptions::default());
    for (raw, expected) in [
        (json!(null), ""),
        (json!(true), "true"),
        (json!(-1.5), "-1.5"),
        (json!(1e21), "1000000000000000000000"),
        (json!(1e-7), "0.0000001"),
        (
            json!(12_345_678_901_234_567_890_u64),
            "12345678901234567000",
        ),
        (json!(" padded "), " padded "),
        (json!(["a"]), ""),
        (json!({"a": 1}), ""),
    ] {
        assert_eq!(normalise(&kind, &raw), text(expected), "{raw}");
    }
    let kind = FieldKind::Number(NumberOptions::default());
    for (raw, expected) in [
        (json!(true), 1.0),
        (json!("5.5"), 5.5),
        (json!("1e3"), 1000.0),
        (json!("+5"), 5.0),
        (json!("1_000"), 1000.0),
        (json!("1__0"), 0.0),
        (json!("1e400"), 0.0),
        (json!("0x10"), 0.0),
        (json!(" 5 "), 0.0),
        (json!("5a"), 0.0),
        (json!([5]), 0.0),
        (json!("infinity"), f64::INFINITY),
    ] {
        assert_eq!(normalise(&kind, &raw), Value::Number(expected), "{raw}");
    }
    let kind = FieldKind::Bool(BoolOptions::default());
    for (raw, expected) in [
        (json!("T"), true),
        (json!("TRUE"), true),
        (json!("tRUE"), false),
        (json!("yes"), false),
        (json!(-1.5), true),
        (json!(0), false),
        (json!([true]), false),
    ] {
        assert_eq!(normalise(&kind, &raw), Value::Bool(expected), "{raw}");
    }
}

#[test]
fn one_or_several() {
    let one = FieldKind::Select(SelectOptions::default());
    for (raw, single, multiple) in [
        (json!(null), "", "[]"),
        (json!("a"), "a", r#"["a"]"#),
        (json!(["b", "a", "b", ""]), "a", r#"["b","a"]"#),
        (json!([1.5, true, null, "a"]), "a", r#"["1.5","true","a"]"#),
        (json!(5), "5", r#"["5"]"#),
        (json!(r#" ["a","b",null] "#), "b", r#"["a","b"]"#),
        (json!("[1]"), "[1]", r#"["[1]"]"#),
        (json!("x[y"), "x[y", r#"["x[y"]"#),
        (json!("a,b"), "a,b", r#"["a,b"]"#),
        (json!(["a", ["b"]]), "", "[]"),
        (json!({"a": 1}), "", "[]"),
    ] {
        assert_eq!(normalise(&one, &raw), text(single), "{raw}");
        assert_eq!(normalise(&several(), &raw), list_of(multiple), "{raw}");
    }
    assert_eq!(zero(&one), text(""));
    assert_eq!(zero(&several()), list_of("[]"));
}

#[test]
fn json_and_text_that_is_json() {
    let kind = FieldKind::Json(JsonOptions::default());
    for (raw, expected) in [
        (json!(""), r#""""#),
        (json!("text"), r#""text""#),
        (json!("true"), "true"),
        (json!("5"), "5"),
        (json!("01"), r#""01""#),
        (json!(" 5 "), r#"" 5 ""#),
        (json!(r#""quoted""#), r#""quoted""#),
        (json!("{broken"), r#""{broken""#),
        (json!(r#"{"b": 1, "a": 2}"#), r#"{"a":2,"b":1}"#),
        (
            json!({"b": [1, {"c": null}], "a": 1.0}),
            r#"{"a":1,"b":[1,{"c":null}]}"#,
        ),
    ] {
        assert_eq!(normalise(&kind, &raw), list_of(expected), "{raw}");
    }
    assert_eq!(normalise(&kind, &json!(null)), Value::Null);
    assert_eq!(normalise(&kind, &json!("null")), Value::Null);
}

#[test]
fn modifiers() {
    use Modifier::{Append, Prepend, Remove};
    let number = FieldKind::Number(NumberOptions::default());
    for (modifier, raw, expected) in [
        (Append, json!(3), 8.0),
        (Remove, json!("10"), -5.0),
        (Append, json!("x"), 5.0),
        (Prepend, json!(1), 5.0),
    ] {
        let value = of(&number)
            .change(modifier, &raw)
            .apply(&Value::Number(5.0));
        assert_eq!(value, Value::Number(expected));
    }
    let current = list_of(r#"["a","b"]"#);
    for (modifier, raw, expected) in [
        (Append, json!(["c", "a"]), r#"["a","b","c"]"#),
        (Prepend, json!("b"), r#"["b","a"]"#),
        (Remove, json!(["b", "x"]), r#"["a"]"#),
        (Remove, json!(null), r#"["a","b"]"#),
    ] {
        let value = of(&several()).change(modifier, &raw).apply(&current);
        assert_eq!(value, list_of(expected));
    }
    let one = FieldKind::Select(SelectOptions::default());
    assert_eq!(
        of(&one).change(Append, &json!("b")).apply(&text("a")),
        text("b")
    );
    assert_eq!(
        of(&one).change(Prepend, &json!("b")).apply(&text("a")),
        text("a")
    );
    assert_eq!(
        of(&one).change(Remove, &json!("a")).apply(&text("a")),
        text("")
    );
    let date = FieldKind::Date(DateOptions::default());
    assert_eq!(
        of(&date).change(Append, &json!("y")).apply(&text("x")),
        text("x")
    );
    assert_eq!(split_key("+n"), ("n", Some(Prepend)));
    assert_eq!(split_key("n-"), ("n", Some(Remove)));
    assert_eq!(split_key("n"), ("n", None));
}
