//! Forms as JSON: URL-encoded ones, and the fields of multipart ones.

use serde_json::{Map, Number, Value as Json};

use crate::budget::Share;
use crate::files::Upload;
use crate::json_reader::{self, Bounds, Flaw};

/// The field whose value is a JSON object with further fields.
const JSON_PAYLOAD: &str = "@jsonPayload";

/// The whitespace of JSON.
const JSON_SPACES: &[char] = &[' ', '\t', '\n', '\r'];

/// The maximum number of fields of a URL-encoded form.
const MAX_FIELDS: usize = 10_000;

/// A form.
#[derive(Debug, Default)]
pub(super) struct Form {
    /// The fields, as they were sent.
    pub(super) fields: Vec<(String, String)>,
    /// The files.
    pub(super) uploads: Vec<Upload>,
}

/// How a form is read.
struct Reading<'a> {
    /// How a text becomes a JSON value.
    meaning: fn(&str) -> Json,
    /// Which names are kept.
    keep: &'a dyn Fn(&str) -> bool,
    /// The limits.
    bounds: Bounds,
}

impl Form {
    /// Returns the values as JSON: texts that look like numbers become numbers.
    pub(super) fn values(&self) -> Result<Map<String, Json>, Flaw> {
        self.collect(&Reading::all(infer), None)
    }

    /// Returns the values as JSON strings.
    pub(super) fn texts(&self) -> Result<Map<String, Json>, Flaw> {
        self.collect(&Reading::all(|text| Json::from(text)), None)
    }

    /// Returns the values under the names that are kept, and the files. Texts that look like numbers become numbers.
    pub(super) fn parts(
        self,
        keep: &dyn Fn(&str) -> bool,
        bounds: Bounds,
        share: &mut Share,
    ) -> Result<(Map<String, Json>, Vec<Upload>), Flaw> {
        let reading = Reading {
            meaning: infer,
            keep,
            bounds,
        };
        Ok((self.collect(&reading, Some(share))?, self.uploads))
    }

    fn collect(
        &self,
        reading: &Reading<'_>,
        mut share: Option<&mut Share>,
    ) -> Result<Map<String, Json>, Flaw> {
        let mut values = Map::new();
        for (name, text) in &self.fields {
            if name == JSON_PAYLOAD || !(reading.keep)(name) {
                continue;
            }
            let value = (reading.meaning)(text);
            match values.get_mut(name) {
                // No text means an array by itself: this is one of an earlier repetition.
                Some(Json::Array(several)) => several.push(value),
                Some(one) => *one = Json::Array(vec![one.take(), value]),
                None => {
                    values.insert(name.clone(), value);
                }
            }
        }
        for (_, text) in self.fields.iter().filter(|(name, _)| name == JSON_PAYLOAD) {
            if text.trim_matches(JSON_SPACES) == "null" {
                // As PocketBase has it, whose decoder empties what it decodes `null` into.
                values.clear();
                continue;
            }
            let more = json_reader::object(
                text.as_bytes(),
                reading.keep,
                reading.bounds,
                share.as_deref_mut(),
            )?;
            values.extend(more);
        }
        Ok(values)
    }
}

impl Reading<'static> {
    /// Keeps all names.
    fn all(meaning: fn(&str) -> Json) -> Self {
        Self {
            meaning,
            keep: &|_| true,
            bounds: Bounds::OTHER,
        }
    }
}

/// Converts a text to JSON: `true`, `false`, and a number if the text is the canonical form of that number.
fn infer(text: &str) -> Json {
    match text {
        "true" => return Json::Bool(true),
        "false" => return Json::Bool(false),
        _ => {}
    }
    let is_number = text
        .parse::<f64>()
        .is_ok_and(|number| number.is_finite() && number.to_string() == text);
    let number = is_number.then(|| text.parse::<Number>().ok()).flatten();
    number.map_or_else(|| Json::from(text), Json::Number)
}

/// Reads a URL-encoded form.
pub(super) fn parse(bytes: &[u8]) -> Option<Form> {
    let text = std::str::from_utf8(bytes).ok()?;
    // A semicolon separated fields once; whoever still means that must not be misunderstood.
    if text.contains(';') || !is_escaped(text) {
        return None;
    }
    let mut form = Form::default();
    for (name, value) in url::form_urlencoded::parse(bytes) {
        if form.fields.len() == MAX_FIELDS {
            return None;
        }
        form.fields.push((name.into_owned(), value.into_owned()));
    }
    Some(form)
}

/// Whether every `%` begins a valid escape.
pub(crate) fn is_escaped(text: &str) -> bool {
    text.split('%').skip(1).all(|rest| {
        let digits = rest.as_bytes().get(..2);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_can_be_nothing_else_becomes_a_number() {
        for (text, meaning) in [
            ("true", json!(true)),
            ("false", json!(false)),
            ("True", json!("True")),
            ("null", json!("null")),
            ("", json!("")),
            ("5", json!(5)),
            ("-5", json!(-5)),
            ("1.5", json!(1.5)),
            ("0.0", json!("0.0")),
            ("1.50", json!("1.50")),
            ("001", json!("001")),
            ("+5", json!("+5")),
            (".5", json!(".5")),
            ("5.", json!("5.")),
            (" 5", json!(" 5")),
            ("1e3", json!("1e3")),
            ("1E5", json!("1E5")),
            ("inf", json!("inf")),
            ("NaN", json!("NaN")),
            ("0x10", json!("0x10")),
            // A double does not hold these.
            ("9007199254740993", json!("9007199254740993")),
            ("12345678901234567890", json!("12345678901234567890")),
        ] {
            assert_eq!(infer(text), meaning, "{text}");
        }
    }

    #[test]
    fn json_comes_last_and_means_what_it_says() {
        let values = |text: &str| parse(text.as_bytes()).and_then(|form| form.values().ok());
        for (text, meaning) in [
            ("a=1&a=x&b=2", json!({"a": [1, "x"], "b": 2})),
            ("a=1&a=2&a=3", json!({"a": [1, 2, 3]})),
            (
                "@jsonPayload={\"a\":\"1\"}&a=2&b=3",
                json!({"a": "1", "b": 3}),
            ),
            (
                "@jsonPayload={\"a\":1}&@jsonPayload={\"a\":[2]}",
                json!({"a": [2]}),
            ),
            ("a=1&@jsonPayload=null", json!({})),
            ("a=b+c%20d%2B", json!({"a": "b c d+"})),
            ("a", json!({"a": ""})),
            ("&&", json!({})),
        ] {
            assert_eq!(values(text), meaning.as_object().cloned(), "{text}");
        }
        for text in [
            "a=%zz",
            "a=%",
            "a=1;b=2",
            "@jsonPayload=",
            "@jsonPayload=[]",
            "@jsonPayload={",
        ] {
            assert_eq!(values(text), None, "{text}");
        }
    }
}
