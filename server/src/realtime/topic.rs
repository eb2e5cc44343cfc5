//! What a client subscribes to: `collection/*`, `collection/record` or just `collection`, with options behind it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde_json::{Map, Value as Json};

use crate::filter::{Expression, MAX_LENGTH, parse};
use crate::policy::Action;
use crate::projection::Fields;
use crate::records::expand::Paths;
use crate::schema::Record;

/// A subscription, read.
#[derive(Clone, Debug)]
pub(super) struct Subscription {
    /// As the client has it; events are named so.
    pub(super) name: Arc<str>,
    /// What is before the options.
    pub(super) topic: String,
    /// What is behind it; the subscriptions of a client share theirs.
    pub(super) options: Arc<Options>,
}

/// What a client wants of the records that it hears of.
#[derive(Clone, Debug, Default)]
pub(super) struct Options {
    /// As the client has them: who has the same wants the same.
    pub(super) text: String,
    /// `@request.query`.
    pub(super) query: BTreeMap<String, String>,
    /// `@request.headers`.
    pub(super) headers: BTreeMap<String, String>,
    /// Which records.
    pub(super) filter: Filter,
    /// What they come with.
    pub(super) paths: Paths,
    /// What of them.
    pub(super) fields: Option<Fields>,
}

/// Which records a client wants to hear of.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Filter {
    /// All that it may.
    #[default]
    All,
    /// Those for which this holds.
    Where(Expression),
    /// None: nobody knows what is meant.
    Unreadable,
}

/// The topic of a subscription, and what is behind it.
pub(super) fn split(name: &str) -> (&str, &str) {
    name.split_once('?').unwrap_or((name, ""))
}

/// Reads the subscriptions of a client.
pub(super) fn parse_all(names: &[String]) -> Vec<Arc<Subscription>> {
    let mut read: HashMap<&str, Arc<Options>> = HashMap::new();
    let mut subscriptions = Vec::with_capacity(names.len());
    for name in names {
        let (topic, suffix) = split(name);
        let options = read
            .entry(suffix)
            .or_insert_with(|| Arc::new(Options::parse(suffix)));
        subscriptions.push(Arc::new(Subscription {
            name: name.as_str().into(),
            topic: topic.to_owned(),
            options: Arc::clone(options),
        }));
    }
    subscriptions
}

impl Options {
    /// Whether there are any.
    pub(super) fn has_any(&self) -> bool {
        !self.text.is_empty()
    }

    /// Whether they ask nothing of the database: such a question is cheap before it was ever asked.
    pub(super) fn are_light(&self) -> bool {
        self.filter == Filter::All && self.paths.is_empty()
    }

    /// Reads what is behind a topic. Options that cannot be read are none, as they always were for clients.
    fn parse(suffix: &str) -> Self {
        url::form_urlencoded::parse(suffix.as_bytes())
            .find(|(key, _)| key == "options")
            .and_then(|(_, value)| serde_json::from_str(&value).ok())
            .map_or_else(Self::default, |given| Self::read(suffix, &given))
    }

    fn read(text: &str, given: &Map<String, Json>) -> Self {
        let query = texts(given.get("query"));
        let filter = query.get("filter").map_or("", String::as_str);
        let filter = if filter.is_empty() {
            Filter::All
        } else if filter.len() > MAX_LENGTH {
            Filter::Unreadable
        } else {
            parse(filter).map_or(Filter::Unreadable, Filter::Where)
        };
        let headers = texts(given.get("headers"));
        let header = |name: &str| name.to_ascii_lowercase().replace('-', "_");
        let fields = query.get("fields").filter(|text| !text.is_empty());
        let fields = fields.map(|text| Fields::parse(text));
        let paths = query
            .get("expand")
            .map_or_else(Paths::default, |text| Paths::parse(text));
        Self {
            text: text.to_owned(),
            filter,
            // What would be left out again is not even looked for.
            paths: match &fields {
                Some(fields) => paths.narrowed(&fields.of_expand()),
                None => paths,
            },
            fields,
            headers: headers
                .into_iter()
                .map(|(name, value)| (header(&name), value))
                // Who subscribes is who sends the request.
                .filter(|(name, _)| name != "authorization")
                .collect(),
            query,
        }
    }
}

fn texts(object: Option<&Json>) -> BTreeMap<String, String> {
    let object = object.and_then(Json::as_object).into_iter().flatten();
    let text = |value: &Json| crate::records::values::text(value).into_owned();
    object
        .map(|(name, value)| (name.clone(), text(value)))
        .collect()
}

/// The topics that a change of the record is about, and whose rule decides who hears of it.
pub(super) fn topics(record: &Record) -> [(String, Action); 6] {
    let (id, name) = (&record.collection.def.id, &record.collection.def.name);
    let one = |collection: &str| (format!("{collection}/{}", record.id()), Action::View);
    let all = |collection: &str| (format!("{collection}/*"), Action::List);
    [
        one(name),
        one(id),
        all(name),
        all(id),
        (name.clone(), Action::List),
        (id.clone(), Action::List),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_from_the_suffix() {
        let encoded = url::form_urlencoded::Serializer::new(String::new())
            .append_pair(
                "options",
                r#"{"query":{"filter":"a = 1","expand":"b","n":5},"headers":{"X-Token":"t"}}"#,
            )
            .finish();
        let name = format!("posts/*?{encoded}");
        let read = parse_all(&[name.clone(), "posts/*?options=5".to_owned()]);
        let subscription = &read[0];
        assert_eq!(
            (&*subscription.name, &*subscription.topic),
            (&*name, "posts/*")
        );
        let options = &subscription.options;
        assert!(matches!(options.filter, Filter::Where(_)));
        assert_eq!(options.headers["x_token"], "t");
        assert_eq!(options.query["n"], "5");
        assert!(!options.paths.is_empty());
        assert!(options.fields.is_none());
    }

    #[test]
    fn odd_options_are_none_and_an_odd_filter_is_nothing() {
        for name in [
            "posts",
            "posts?",
            "posts?options=",
            "posts?options=%7B",
            "posts?options=5",
        ] {
            assert_eq!(split(name).0, "posts");
            assert_eq!(Options::parse(split(name).1).filter, Filter::All, "{name}");
        }
        let name = r#"posts?options={"query":{"filter":"a =="}}"#;
        assert_eq!(Options::parse(split(name).1).filter, Filter::Unreadable);
    }
}
