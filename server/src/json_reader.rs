//! Parses JSON from clients within limits of depth and size, and keeps only the keys of a body that are used.
//!
//! Otherwise a body could take many times its size: each `0,` of a list becomes a value of 32 bytes.

use std::cell::{Cell, RefCell};
use std::fmt;

use plinth_sdk::types::FieldProblem;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value as Json};

use crate::budget::Share;
use crate::error::Error;
use crate::problems::JSON_TOO_DEEP;

/// The maximum number of values in a body, including lists and objects themselves.
pub(crate) const MAX_VALUES: usize = 100_000;

/// The maximum depth of nested lists and objects.
pub(crate) const MAX_DEPTH: usize = 100;

/// Makes the problem of JSON that is nested deeper than [`MAX_DEPTH`].
pub(crate) fn too_deep() -> FieldProblem {
    JSON_TOO_DEEP.with([("maxDepth", MAX_DEPTH.into())])
}

/// The limits of a body.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// The maximum depth.
    pub(crate) levels: usize,
    /// The maximum number of values.
    pub(crate) values: usize,
}

impl Bounds {
    /// The limits for a record.
    pub(crate) const RECORD: Self = Self {
        levels: MAX_DEPTH,
        values: MAX_VALUES,
    };
    /// The limits for a batch: a field is nested in the list of requests, a request, and its body.
    pub(crate) const BATCH: Self = Self {
        levels: MAX_DEPTH + 3,
        values: MAX_VALUES,
    };
    /// The limits for everything else: a body may contain all definitions.
    pub(crate) const OTHER: Self = Self {
        levels: MAX_DEPTH,
        values: 10 * MAX_VALUES,
    };
}

/// The memory of a value in addition to its text, and how many values are accounted for at once.
const BYTES_OF_VALUE: usize = 64;
const STEP: usize = 1024;

/// How many keys of the path to a value that is too deep are kept: enough to name the field in a batch.
const MAX_PATH: usize = 4;

/// The reason why a body cannot be parsed.
#[derive(Debug)]
pub(crate) enum Flaw {
    /// It is malformed.
    Malformed,
    /// It is nested too deep; the path to the value.
    TooDeep(Vec<String>),
    /// It has more values than this.
    TooMany(usize),
    /// The memory budget has no room at present.
    NoRoom,
}

impl Flaw {
    /// Makes the error of a request with this flaw; `message` says that it is malformed.
    pub(crate) fn error(self, message: &'static str) -> Error {
        match self {
            Self::Malformed => Error::invalid(message),
            Self::TooDeep(path) => {
                let field = path.first().map_or("", String::as_str);
                Error::field(message, field, too_deep())
            }
            Self::TooMany(most) => {
                Error::invalid(format!("The request's body has more than {most} values."))
            }
            Self::NoRoom => Error::NoRoom,
        }
    }
}

/// Parses an object, and keeps the keys for which `keep` holds; `null` is an empty object.
pub(crate) fn object(
    json: &[u8],
    keep: &dyn Fn(&str) -> bool,
    bounds: Bounds,
    share: Option<&mut Share>,
) -> Result<Map<String, Json>, Flaw> {
    let text = std::str::from_utf8(json).map_err(|_| Flaw::Malformed)?;
    let limits = Limits::new(bounds, share);
    let top = Top {
        keep,
        limits: &limits,
    };
    let read = whole(top, text);
    read.map_err(|_| limits.flaw())
}

/// Parses any value. Its memory is not accounted for, since the text is accounted for already.
pub(crate) fn value(text: &str) -> Result<Json, Flaw> {
    let limits = Limits::new(Bounds::RECORD, None);
    let item = Item {
        depth: 1,
        limits: &limits,
    };
    let read = whole(item, text);
    read.map_err(|_| limits.flaw())
}

/// Estimates the size of values as JSON.
pub(crate) fn size_of(values: &Map<String, Json>) -> usize {
    let each = values
        .iter()
        .map(|(key, value)| key.len() + 4 + size_of_one(value));
    each.sum()
}

fn size_of_one(value: &Json) -> usize {
    match value {
        Json::Null | Json::Bool(_) | Json::Number(_) => 4,
        Json::String(text) => text.len() + 2,
        Json::Array(items) => items.iter().map(|item| size_of_one(item) + 1).sum(),
        Json::Object(values) => size_of(values),
    }
}

/// Parses a whole text.
fn whole<'de, S: DeserializeSeed<'de>>(seed: S, text: &'de str) -> serde_json::Result<S::Value> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let read = seed.deserialize(&mut reader)?;
    reader.end()?;
    Ok(read)
}

/// The rest of the limits while a body is parsed.
struct Limits<'a> {
    bounds: Bounds,
    values: Cell<usize>,
    /// How many values the share has room for.
    paid: Cell<usize>,
    /// The path, from the inside out.
    path: RefCell<Vec<(usize, String)>>,
    flaw: RefCell<Option<Flaw>>,
    share: RefCell<Option<&'a mut Share>>,
}

impl<'a> Limits<'a> {
    fn new(bounds: Bounds, share: Option<&'a mut Share>) -> Self {
        Self {
            bounds,
            values: Cell::new(0),
            paid: Cell::new(STEP),
            path: RefCell::new(Vec::new()),
            flaw: RefCell::new(None),
            share: RefCell::new(share),
        }
    }

    fn count<E: serde::de::Error>(&self) -> Result<(), E> {
        let values = self.values.get() + 1;
        self.values.set(values);
        let most = self.bounds.values;
        if values > most {
            return Err(self.refuse(Flaw::TooMany(most)));
        }
        if values > self.paid.get() {
            self.paid.set(values + STEP);
            if let Some(share) = self.share.borrow_mut().as_mut() {
                let room = share.take(STEP * BYTES_OF_VALUE);
                room.map_err(|_| self.refuse(Flaw::NoRoom))?;
            }
        }
        Ok(())
    }

    fn refuse<E: serde::de::Error>(&self, flaw: Flaw) -> E {
        *self.flaw.borrow_mut() = Some(flaw);
        E::custom("beyond a limit")
    }

    /// Adds a key or position to the path of a value that is too deep.
    fn note(&self, depth: usize, key: impl FnOnce() -> String) {
        if depth < MAX_PATH && matches!(*self.flaw.borrow(), Some(Flaw::TooDeep(_))) {
            self.path.borrow_mut().push((depth, key()));
        }
    }

    fn flaw(&self) -> Flaw {
        match self.flaw.take() {
            Some(Flaw::TooDeep(_)) => {
                let path = self.path.take().into_iter().rev();
                Flaw::TooDeep(path.map(|(_, key)| key).collect())
            }
            Some(flaw) => flaw,
            None => Flaw::Malformed,
        }
    }
}

/// The object itself.
struct Top<'a, 's> {
    keep: &'a dyn Fn(&str) -> bool,
    limits: &'a Limits<'s>,
}

impl<'de> DeserializeSeed<'de> for Top<'_, '_> {
    type Value = Map<String, Json>;

    fn deserialize<D: serde::Deserializer<'de>>(self, reader: D) -> Result<Self::Value, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Top<'_, '_> {
    type Value = Map<String, Json>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an object")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Map::new())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut object = Map::new();
        while let Some(key) = map.next_key_seed(Key(self.keep))? {
            let Some(key) = key else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            let item = Item {
                depth: 1,
                limits: self.limits,
            };
            match map.next_value_seed(item) {
                Ok(value) => object.insert(key, value),
                Err(error) => {
                    self.limits.note(0, || key);
                    return Err(error);
                }
            };
        }
        Ok(object)
    }
}

/// A key, if it is kept.
struct Key<'a>(&'a dyn Fn(&str) -> bool);

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = Option<String>;

    fn deserialize<D: serde::Deserializer<'de>>(self, reader: D) -> Result<Self::Value, D::Error> {
        reader.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = Option<String>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok((self.0)(key).then(|| key.to_owned()))
    }
}

/// A value inside so many lists and objects.
struct Item<'a, 's> {
    depth: usize,
    limits: &'a Limits<'s>,
}

impl<'a, 's> Item<'a, 's> {
    fn inside<E: serde::de::Error>(&self) -> Result<Item<'a, 's>, E> {
        if self.depth > self.limits.bounds.levels {
            return Err(self.limits.refuse(Flaw::TooDeep(Vec::new())));
        }
        Ok(Item {
            depth: self.depth + 1,
            limits: self.limits,
        })
    }
}

impl<'de> DeserializeSeed<'de> for Item<'_, '_> {
    type Value = Json;

    fn deserialize<D: serde::Deserializer<'de>>(self, reader: D) -> Result<Json, D::Error> {
        self.limits.count()?;
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Item<'_, '_> {
    type Value = Json;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("any value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Json, E> {
        let number = Number::from_f64(value).ok_or_else(|| E::custom("no number"))?;
        Ok(Json::Number(number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(Json::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Json, E> {
        Ok(Json::String(value))
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Json, A::Error> {
        let mut items = Vec::new();
        loop {
            match list.next_element_seed(self.inside()?) {
                Ok(Some(item)) => items.push(item),
                Ok(None) => return Ok(Json::Array(items)),
                Err(error) => {
                    self.limits.note(self.depth, || items.len().to_string());
                    return Err(error);
                }
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
        let mut object = Map::new();
        // An empty object counts as much as one with values.
        self.inside::<A::Error>()?;
        while let Some(key) = map.next_key::<String>()? {
            match map.next_value_seed(self.inside()?) {
                Ok(value) => object.insert(key, value),
                Err(error) => {
                    self.limits.note(self.depth, || key);
                    return Err(error);
                }
            };
        }
        Ok(Json::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::budget::{Budget, Holder};

    fn read(text: &str) -> Result<Map<String, Json>, Flaw> {
        let mut share = Budget::new(64 << 20).share(Holder::Guest);
        object(
            text.as_bytes(),
            &|key| key.len() == 1,
            Bounds::RECORD,
            Some(&mut share),
        )
    }

    #[test]
    fn kept_keys_are_read_as_by_any_reader() {
        for text in [
            r#"{"a":1,"b":-5,"c":1.5e300,"d":"x\u00e9\n","e":[true,false,null,{}],"f":{"g":{"h":[]}}}"#,
            r#"{"a":1,"a":{"b":2}}"#,
            "{}",
            r#"{"a":18446744073709551615,"b":9007199254740993,"c":1e-400}"#,
        ] {
            let expected: Json = serde_json::from_str(text).unwrap();
            assert_eq!(Json::Object(read(text).unwrap()), expected, "{text}");
        }
        assert_eq!(read("null").unwrap(), Map::new());
        for text in [
            "",
            "{",
            "[]",
            "5",
            "\"a\"",
            "{} x",
            "{\"a\":1,}",
            "{\"a\":1e400}",
            "{\"a\":01}",
        ] {
            assert!(matches!(read(text), Err(Flaw::Malformed)), "{text}");
        }
    }

    #[test]
    fn n64_other_keys_are_not_read_and_values_are_counted() {
        let zeros = |count: usize| vec!["0"; count].join(",");
        let text = format!(r#"{{"other":[{}],"a":1}}"#, zeros(1_000_000));
        assert_eq!(read(&text).unwrap(), *json!({"a": 1}).as_object().unwrap());
        let text = format!(r#"{{"a":[{}]}}"#, zeros(MAX_VALUES - 1));
        assert!(read(&text).is_ok());
        let text = format!(r#"{{"a":[{}]}}"#, zeros(MAX_VALUES));
        assert!(matches!(read(&text), Err(Flaw::TooMany(MAX_VALUES))));
        let mut share = Budget::new(2 << 20).share(Holder::Guest);
        let text = format!(r#"{{"a":[{}]}}"#, zeros(90_000));
        let read = object(text.as_bytes(), &|_| true, Bounds::RECORD, Some(&mut share));
        assert!(matches!(read, Err(Flaw::NoRoom)));
    }

    #[test]
    fn f19_what_is_too_deep_is_named() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(read(&format!(r#"{{"a":{}}}"#, nested(100))).is_ok());
        for depth in [101, 127, 128, 200, 100_000] {
            let Err(Flaw::TooDeep(path)) = read(&format!(r#"{{"a":{}}}"#, nested(depth))) else {
                panic!("{depth}");
            };
            assert_eq!(path[0], "a");
        }
        let text = format!(r#"{{"r":[1,{{"body":{{"data":{}}}}}]}}"#, nested(150));
        let Err(Flaw::TooDeep(path)) = read(&text) else {
            panic!("not too deep");
        };
        assert_eq!(path, ["r", "1", "body", "data"]);
        // The depth of the rest is not known.
        assert!(matches!(
            read(&format!(r#"{{"a":{}"#, "[".repeat(90))),
            Err(Flaw::Malformed)
        ));
    }
}
