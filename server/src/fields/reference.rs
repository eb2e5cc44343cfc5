//! Generates `docs/FIELDS.md`: what it says comes from the types themselves, and from the doc comments of their options in
//! the SDK.

use std::collections::BTreeMap;
use std::fmt::Write;

use plinth_sdk::types::{Field, FieldKind, TextOptions};
use serde_json::{Value as Json, json};

use super::{Change, Modifier, of, zero};
use crate::db::Value;
use crate::generated::is_up_to_date;
use crate::problems::ProblemType;

/// Texts of `docs/FIELDS.md` on a type that cannot be derived from code.
pub(crate) struct Reference {
    /// Describes values on the wire.
    pub(crate) value: &'static str,
    /// A value that a field with no limits accepts, as JSON.
    pub(crate) example: &'static str,
    /// Options and a value that a field with them refuses, for each problem that [`FieldType::problem`] finds.
    pub(crate) refused: Vec<(Json, Json)>,
    /// Problems that other parts of the server find in values of the type.
    pub(crate) elsewhere: &'static [ProblemType],
}

const HEAD: &str = "\
# Field types

Generated from `server/src/fields/` and `sdk/src/types/field.rs`; see [CONTRIBUTING](../CONTRIBUTING.md#generated-documents).

A collection's `fields` is a list of objects such as `{\"name\": \"title\", \"type\": \"text\", \"max\": 200}`. Every type has these keys,
and the options below; what is left out is at its default.
";

const MIDDLE: &str = "
A value that makes no sense for its type becomes the type's *zero value* (a number for `\"abc\"` is 0); so does a value that is left
out when a record is created. What breaks an option is refused, with a code that [ERRORS](ERRORS.md) explains. *Modifiers* are
keys of an update that change the stored value: `{\"views+\": 1}`. Every field with a unique index can give
`validation_not_unique`, and every field `validation_not_permitted` where roles limit the fields that a caller may set.
";

/// Returns the codes of the problems that a value of the type can have, by refusing values.
pub(super) fn codes(kind: &FieldKind) -> Vec<String> {
    let reference = of(kind).reference();
    let mut codes: Vec<String> = Vec::new();
    for (options, raw) in reference.refused {
        let problem = super::tests::problem_of(kind.name(), &options, &raw);
        let problem = problem.unwrap_or_else(|| panic!("{} takes {options}", kind.name()));
        let code = problem.code().unwrap().to_owned();
        if !codes.contains(&code) {
            codes.push(code);
        }
    }
    let elsewhere = reference.elsewhere.iter();
    codes.extend(elsewhere.map(|problem| problem.code.to_owned()));
    codes
}

/// Reads the doc comments of a struct's members in the SDK, by their keys on the wire. `limit` replaces links to its
/// default.
fn documented(name: &str, limit: Option<i64>) -> BTreeMap<String, String> {
    let source = include_str!("../../../sdk/src/types/field.rs");
    let (_, body) = source
        .split_once(&format!("pub struct {name} {{\n"))
        .unwrap();
    let (body, _) = body.split_once("\n}\n").unwrap();
    let mut found = BTreeMap::new();
    let (mut meaning, mut renamed) = (Vec::new(), None);
    for line in body.lines().map(str::trim) {
        if let Some(text) = line.strip_prefix("/// ") {
            meaning.push(text);
        } else if let Some(rest) = line.strip_prefix("#[serde(rename = \"") {
            renamed = rest.split('"').next().map(str::to_owned);
        } else if let Some(member) = line.strip_prefix("pub ") {
            let key = camel_case(member.split(':').next().unwrap());
            found.insert(
                renamed.take().unwrap_or(key),
                with_limit(&meaning.join(" "), limit),
            );
            meaning.clear();
        }
    }
    found
}

/// Puts the number in the place of a link to the SDK's constant.
fn with_limit(meaning: &str, limit: Option<i64>) -> String {
    let links = ["[`Self::DEFAULT_MAX`]", "[`Self::DEFAULT_MAX_SIZE`]"];
    let Some(limit) = limit else {
        return meaning.to_owned();
    };
    links.iter().fold(meaning.to_owned(), |text, link| {
        text.replace(link, &limit.to_string())
    })
}

fn camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |all, word| all + &*capitalized(word))
}

fn capitalized(word: &str) -> String {
    let (first, rest) = word.split_at(1);
    first.to_uppercase() + rest
}

fn stored(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Text(text) => json!(text),
        Value::Number(number) => serde_json::from_str(&crate::json::number_text(*number)).unwrap(),
        Value::Int(number) => json!(number),
        Value::Bool(is) => json!(is),
        Value::Json(text) => serde_json::from_str(text).unwrap(),
    }
}

fn modifiers(kind: &FieldKind) -> Vec<&'static str> {
    let several = several(kind);
    let does = |modifier| !matches!(of(&several).change(modifier, &json!("a")), Change::Nothing);
    let mut found = Vec::new();
    for (modifier, text) in [
        (Modifier::Append, "`name+`"),
        (Modifier::Prepend, "`+name`"),
        (Modifier::Remove, "`name-`"),
    ] {
        if does(modifier) {
            found.push(text);
        }
    }
    if let FieldKind::Text(_) = kind {
        found.push("`name:autogenerate` (its value is the beginning of a generated text)");
    }
    found
}

/// Returns the type with several values, if it can have them.
fn several(kind: &FieldKind) -> FieldKind {
    Field::new("name", kind.clone()).multiple(3).kind
}

fn table(
    out: &mut String,
    keys: &serde_json::Map<String, Json>,
    meanings: &BTreeMap<String, String>,
) {
    out.push_str("\n| option | default | meaning |\n|---|---|---|\n");
    for (key, default) in keys {
        let meaning = &meanings[key];
        writeln!(out, "| `{key}` | `{default}` | {meaning} |").unwrap();
    }
}

fn members(value: &impl serde::Serialize) -> serde_json::Map<String, Json> {
    let Json::Object(mut members) = serde_json::to_value(value).unwrap() else {
        panic!("not an object");
    };
    members.remove("type");
    members
}

fn document() -> String {
    let mut out = HEAD.to_owned();
    let text = FieldKind::Text(TextOptions::default());
    let mut common = members(&Field::new("", text.clone()));
    common.retain(|key, _| !members(&text).contains_key(key));
    table(&mut out, &common, &documented("Field", None));
    out.push_str(MIDDLE);
    for kind in FieldKind::each() {
        let (name, reference) = (kind.name(), of(&kind).reference());
        write!(out, "\n## {name}\n\n{}\n", reference.value).unwrap();
        let plain: Json = json!({"type": name});
        let plain: FieldKind = serde_json::from_value(plain).unwrap();
        let options = format!("{}Options", capitalized(name));
        let meanings = documented(&options, kind.default_limit());
        let mut defaults = members(&plain);
        for key in meanings.keys() {
            // Definitions leave it out while it is off.
            defaults.entry(key.clone()).or_insert(Json::Bool(false));
        }
        table(&mut out, &defaults, &meanings);
        writeln!(
            out,
            "\n- Zero value: `{}`{}",
            stored(&zero(&plain)),
            list_zero(&plain)
        )
        .unwrap();
        let modifiers = modifiers(&kind);
        if !modifiers.is_empty() {
            writeln!(out, "- Modifiers: {}", modifiers.join(", ")).unwrap();
        }
        let codes = codes(&kind);
        if !codes.is_empty() {
            let codes: Vec<String> = codes.iter().map(|code| format!("`{code}`")).collect();
            writeln!(out, "- Problems: {}", codes.join(", ")).unwrap();
        }
        writeln!(out, "- Example: `{}`", reference.example).unwrap();
    }
    out
}

fn list_zero(kind: &FieldKind) -> &'static str {
    if several(kind).is_multiple() {
        ", or `[]` for a list"
    } else {
        ""
    }
}

#[test]
fn fields_in_docs_are_up_to_date() {
    is_up_to_date("FIELDS.md", &document());
}

#[test]
fn examples_are_values_of_their_types() {
    for kind in FieldKind::each() {
        let example: Json = serde_json::from_str(of(&kind).reference().example).unwrap();
        let mut kind = if example.is_array() {
            several(&kind)
        } else {
            kind
        };
        if let FieldKind::Select(options) = &mut kind {
            options.values = vec!["red".to_owned(), "blue".to_owned()];
        }
        let value = of(&kind).normalise(&example);
        assert_eq!(stored(&value), example, "{}", kind.name());
        assert_eq!(
            of(&kind).problem(&value, Some(&example)),
            None,
            "{}",
            kind.name()
        );
    }
}
