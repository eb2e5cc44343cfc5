//! Parses subscriptions: `collection/*`, `collection/record` or just `collection`, followed by options.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde_json::{Map, Value as Json};

use crate::filter::{Expression, MAX_LENGTH, parse};
use crate::policy::Action;
use crate::projection::Fields;
use crate::records::expand::Paths;
use crate::schema::Record;

/// A parsed subscription.
#[derive(Clone, Debug)]
pub(super) struct Subscription {
    /// The text of the client, which is also the name of its events.
    pub(super) name: Arc<str>,
    /// The topic, without options.
    pub(super) topic: String,
    /// The options; subscriptions of a client with equal options share them.
    pub(super) options: Arc<Options>,
}

/// The options of a subscription.
#[derive(Clone, Debug, Default)]
pub(super) struct Options {
    /// The text of the client: clients with equal texts form a group.
    pub(super) text: String,
    /// `@request.query`.
    pub(super) query: BTreeMap<String, String>,
    /// `@request.headers`.
    pub(super) headers: BTreeMap<String, String>,
    /// The filter.
    pub(super) filter: Filter,
    /// The relations to expand.
    pub(super) paths: Paths,
    /// The fields to include.
    pub(super) fields: Option<Fields>,
}

/// The filter of a subscription.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Filter {
    /// No filter: all records that the client may see.
    #[default]
    All,
    /// The records that match.
    Where(Expression),
    /// A filter that cannot be parsed: no records.
    Unreadable,
}

/// Splits a subscription into its topic and its options.
pub(super) fn split(name: &str) -> (&str, &str) {
    name.split_once('?').unwrap_or((name, ""))
}

/// Parses the subscriptions of a client.
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
    /// Whether there are any options.
    pub(super) fn has_any(&self) -> bool {
        !self.text.is_empty()
    }

    /// Whether the database need not be asked: such a query is cheap before it ever ran.
    pub(super) fn are_light(&self) -> bool {
        self.filter == Filter::All && self.paths.is_empty()
    }

    /// Parses the options of a subscription. Options that cannot be parsed are ignored, as clients expect.
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
            // Relations that `fields` leaves out are not expanded.
            paths: match &fields {
                Some(fields) => paths.narrowed(&fields.of_expand()),
                None => paths,
            },
            fields,
            headers: headers
                .into_iter()
                .map(|(name, value)| (header(&name), value))
                // The caller of the request is the subscriber.
                .filter(|(name, _)| name != "authorization")
                .collect(),
            query,
        }
    }
}

fn texts(object: Option<&Json>) -> BTreeMap<String, String> {
    let object = object.and_then(Json::as_object).into_iter().flatten();
    let text = |value: &Json| crate::fields::text_of(value).into_owned();
    object
        .map(|(name, value)| (name.clone(), text(value)))
        .collect()
}

/// Returns the topics that a change of the record belongs to, with the action whose rule decides.
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
