//! The projection of responses: the `?fields=` parameter.

mod excerpt;

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use excerpt::Excerpt;

/// A projection: paths such as `title`, `expand.author.name`, `meta.*` and `text:excerpt(100,true)`.
#[derive(Clone, Debug, PartialEq)]
pub struct Fields {
    /// The paths in alphabetical order; the last one counts if there are several for the same value. `None` if the
    /// parameter cannot be parsed.
    paths: Option<BTreeMap<String, Option<Excerpt>>>,
}

/// The rest of a path, and the modifier of the value at its end.
type Want<'a> = (&'a str, Option<&'a Excerpt>);

impl Fields {
    /// Parses the parameter.
    pub fn parse(text: &str) -> Self {
        Self {
            paths: split(text).and_then(|terms| terms.into_iter().map(term).collect()),
        }
    }

    /// Whether the parameter could not be parsed; everything is included then.
    #[cfg(test)]
    fn is_broken(&self) -> bool {
        self.paths.is_none()
    }

    /// Reduces `value`, or each of its items if it is a list. Without paths, everything is included.
    pub fn pick(&self, value: &Json) -> Json {
        let Some(paths) = self.paths.as_ref().filter(|paths| !paths.is_empty()) else {
            return value.clone();
        };
        let wanted: Vec<Want<'_>> = paths
            .iter()
            .map(|(path, excerpt)| (path.as_str(), excerpt.as_ref()))
            .collect();
        pick(value, &wanted)
    }
}

/// The part of a value that is included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted<'a> {
    /// Nothing.
    Nothing,
    /// All of it.
    Everything,
    /// The values at these paths.
    Parts(Vec<&'a str>),
}

impl<'a> Wanted<'a> {
    /// Returns the part of the value at `key` that is included, as in [`Fields::pick`].
    #[must_use]
    pub fn at(&self, key: &str) -> Self {
        let Self::Parts(paths) = self else {
            return self.clone();
        };
        let behind = |path: &&'a str| {
            let rest = path.strip_prefix(key)?;
            rest.strip_prefix('.').or(rest.is_empty().then_some(rest))
        };
        let inside: Vec<&'a str> = paths.iter().filter_map(behind).collect();
        if inside.contains(&"") || (inside.is_empty() && paths.contains(&"*")) {
            Self::Everything
        } else if inside.is_empty() {
            Self::Nothing
        } else {
            Self::Parts(inside)
        }
    }
}

impl Fields {
    /// Returns the part of a record's expanded relations that is included.
    pub fn of_expand(&self) -> Wanted<'_> {
        let paths = self.paths.as_ref().filter(|paths| !paths.is_empty());
        paths.map_or(Wanted::Everything, |paths| {
            Wanted::Parts(paths.keys().map(String::as_str).collect()).at("expand")
        })
    }
}

/// Splits at commas outside of brackets; returns `None` if a bracket is not closed.
fn split(text: &str) -> Option<Vec<&str>> {
    let mut depth = 0_usize;
    let parts = text.split(|c| {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ',' && depth == 0
    });
    let parts: Vec<&str> = parts
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .collect();
    (depth == 0).then_some(parts)
}

fn term(term: &str) -> Option<(String, Option<Excerpt>)> {
    match term.split_once(':') {
        None => Some((term.to_owned(), None)),
        Some((path, modifier)) => Some((path.to_owned(), Some(Excerpt::parse(modifier)?))),
    }
}

fn pick(value: &Json, wanted: &[Want<'_>]) -> Json {
    match value {
        Json::Object(object) => Json::Object(pick_from(object, wanted)),
        Json::Array(items) if items.first().is_some_and(Json::is_object) => {
            items.iter().map(|item| pick(item, wanted)).collect()
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_) => {
            value.clone()
        }
    }
}

fn pick_from(object: &Map<String, Json>, wanted: &[Want<'_>]) -> Map<String, Json> {
    let find = |name: &str| {
        let found = wanted.binary_search_by(|(path, _)| (*path).cmp(name));
        found.ok().map(|position| wanted[position].1)
    };
    let everything = find("*");
    let mut out = Map::new();
    for (key, value) in object {
        let mut inside = below(wanted, key);
        let mut whole = find(key);
        if inside.first().is_some_and(|(rest, _)| rest.is_empty()) {
            whole = whole.or(Some(inside.remove(0).1));
        }
        if inside.is_empty() {
            whole = whole.or(everything);
        }
        let picked = match whole {
            Some(Some(excerpt)) => excerpt.of(value),
            Some(None) => value.clone(),
            None if inside.is_empty() => continue,
            None => pick(value, &inside),
        };
        out.insert(key.clone(), picked);
    }
    out
}

/// Returns the rests of the paths through `key`, in their order, which keeps them adjacent.
fn below<'a>(wanted: &[Want<'a>], key: &str) -> Vec<Want<'a>> {
    let is_before = |path: &str| path.bytes().lt(key.bytes().chain([b'.']));
    let start = wanted.partition_point(|(path, _)| is_before(path));
    let through = wanted[start..].iter().map_while(|(path, excerpt)| {
        let rest = path.strip_prefix(key)?.strip_prefix('.')?;
        Some((rest, *excerpt))
    });
    through.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn parts_of_a_record() {
        let record = json!({
            "id": "546",
            "t": "<h1>Title</h1>\n<p>Some   <b>bold</b> words",
            "u": "plain text here",
            "j": {
                "a": [{"b": 1, "c": 2}, {"b": 3}],
                "m": [1, {"b": 2}],
                "o": {"p": {"q": 1}},
                "s": "<b>x</b>yy",
                "a.b": 7,
            },
        });
        let all = json!({"q": 1});
        for (fields, expected) in [
            ("id", json!({"id": "546"})),
            (" id ,, u ", json!({"id": "546", "u": "plain text here"})),
            ("missing", json!({})),
            ("items.id", json!({})),
            ("-id", json!({})),
            ("j.a.b", json!({"j": {"a": [{"b": 1}, {"b": 3}], "a.b": 7}})),
            ("j.m.b", json!({"j": {"m": [1, {"b": 2}]}})),
            ("j.o.*", json!({"j": {"o": {"p": all}}})),
            ("j.o.p.x", json!({"j": {"o": {"p": {}}}})),
            ("j.o,j.o.p.x", json!({"j": {"o": {"p": all}}})),
            ("j.*.b", json!({"j": {}})),
            ("j..a", json!({"j": {}})),
            ("*.a", json!({})),
            ("(id)", json!({})),
            ("j.s:excerpt(1)", json!({"j": {"s": "x"}})),
            ("id,id:excerpt(2)", json!({"id": "54"})),
            ("id:excerpt(2),id", json!({"id": "546"})),
            ("t:excerpt(3, true)", json!({"t": "Tit..."})),
            ("t: excerpt(3)", json!({"t": "Tit"})),
            (
                "j.a:excerpt(1)",
                json!({"j": {"a": [{"b": 1, "c": 2}, {"b": 3}]}}),
            ),
        ] {
            let fields_read = Fields::parse(fields);
            assert!(!fields_read.is_broken(), "{fields}");
            assert_eq!(fields_read.pick(&record), expected, "{fields}");
        }
        for fields in ["", ",", "*", "id,*"] {
            assert_eq!(Fields::parse(fields).pick(&record), record, "{fields}");
        }
        let picked = Fields::parse("*:excerpt(3),j.o").pick(&record);
        assert_eq!(
            picked,
            json!({"id": "546", "t": "Tit", "u": "pla", "j": {"o": {"p": {"q": 1}}}})
        );
        let picked = Fields::parse("id").pick(&json!([record]));
        assert_eq!(picked, json!([{"id": "546"}]));
    }

    #[test]
    fn parameters_that_cannot_be_read() {
        for fields in [
            "t:",
            "t:x",
            "t:excerpt",
            "t:excerpt()",
            "t:excerpt(x)",
            "t:excerpt(0)",
            "t:excerpt(-5,true)",
            "t:excerpt(5,true,1)",
            "t:Excerpt(3)",
            "t:excerpt(3",
            "id,t:unknown(1)",
        ] {
            assert!(Fields::parse(fields).is_broken(), "{fields}");
        }
    }
}
