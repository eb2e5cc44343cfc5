//! Filters that are made up, of every operator, on every type of field.

use proptest::prelude::*;
use proptest::sample::select;

/// Paths from a record of `things`, with their modifiers.
pub(crate) const PATHS: &[&str] = &[
    "id",
    "text",
    "editor",
    "email",
    "url",
    "number",
    "bool",
    "date",
    "data",
    "data.a",
    "data.list",
    "data.list.0",
    "data.deep.x",
    "place",
    "place.lon",
    "place.lat",
    "one",
    "many",
    "many:each",
    "many:length",
    "friend",
    "friends",
    "friends:each",
    "friends:length",
    "text:lower",
    "editor:lower",
    "one:lower",
    "friend.id",
    "friend.name",
    "friend.size",
    "friend.place.lon",
    "friend.name:lower",
    "friends.name",
    "friends.size",
    "friends.place.lat",
    "notes_via_thing.text",
    "notes_via_thing.number",
    "notes_via_thing.thing.text",
    "notes_via_thing.thing.number",
    "friend.things_via_friend.number",
    "@now",
    "@todayStart",
    "@year",
    "@request.auth.collectionName",
    "@request.query.nothing",
    "@request.method",
    "@collection.notes.number",
    "@collection.notes.text",
    "@collection.others:x.name",
];

pub(crate) const LITERALS: &[&str] = &[
    "null",
    "true",
    "false",
    "0",
    "1",
    "-1",
    "5",
    "5.5",
    "-2.5",
    "100",
    "1000000",
    "''",
    "'a'",
    "'A'",
    "'b'",
    "'é'",
    "'5'",
    "'5.0'",
    "'5.5'",
    "' 5'",
    "'-1'",
    "'0'",
    "'1'",
    "'true'",
    "'false'",
    "'null'",
    "'%'",
    "'a%'",
    "'%a'",
    "'_'",
    "'\\\\'",
    "'\\\\%'",
    "'it\\'s'",
    "\"it's\"",
    "'[]'",
    "'[\"a\"]'",
    "'{}'",
    "'{\"lon\":0,\"lat\":0}'",
    "'2024'",
    "'2024-01-31'",
    "'2024-01-31 10:20:30.456Z'",
    "'other0000000001'",
    "'<p>A</p>'",
];

pub(crate) const OPERATORS: &[&str] = &[
    "=", "!=", ">", ">=", "<", "<=", "~", "!~", "?=", "?!=", "?>", "?>=", "?<", "?<=", "?~", "?!~",
];

/// Arguments of `geoDistance`.
const PLACES: &[&str] = &[
    "place.lon",
    "place.lat",
    "number",
    "bool",
    "data.a",
    "text",
    "friend.place.lon",
    "friends.place.lat",
    "null",
    "0",
    "23.32",
    "-74.5",
    "90",
    "@year",
];

/// What `strftime` takes for a moment.
const MOMENTS: &[&str] = &[
    "date",
    "text",
    "number",
    "data.a",
    "bool",
    "friend.size",
    "friends.name",
    "notes_via_thing.text",
    "null",
    "'2024-01-31'",
    "'2024-02-29 23:59:59.999Z'",
    "'2023-02-31'",
    "'12:30'",
    "'24:00'",
    "'2024-01-31T10:00:00+02:30'",
    "'2024-01-31 10:00 -01:00'",
    "'2024-13-01'",
    "'1969-12-31 23:59:59.5'",
    "'0001-01-01'",
    "'-4713-11-24 12:00:00'",
    "'9999-12-31 23:59:59.999'",
    "2460000.5",
    "0",
    "1700000000",
    "'2460000.5'",
    "'1e3'",
    "''",
];

const FORMATS: &[&str] = &[
    "%Y",
    "%m",
    "%d",
    "%H",
    "%M",
    "%S",
    "%f",
    "%s",
    "%j",
    "%J",
    "%w",
    "%u",
    "%W",
    "%U",
    "%V",
    "%G",
    "%g",
    "%e",
    "%k",
    "%l",
    "%I",
    "%p",
    "%P",
    "%R",
    "%T",
    "%F",
    "%%",
    "%Y-%m-%d %H:%M:%f",
    "week %V of %G",
    "",
    "%",
    "%Q",
    "x",
    "é%Y",
];

const MODIFIERS: &[&str] = &[
    "+1 day",
    "-1 day",
    "+1 month",
    "-1 months",
    "+13 months",
    "+1 year",
    "-5 years",
    "+1.5 days",
    "-1.5 months",
    "+0.5 years",
    "+90 minutes",
    "-3600 seconds",
    "+36 hours",
    "+01:30",
    "-12:00:00.5",
    "+0001-02-03",
    "-0000-11-30 23:59",
    "+00100-00-00",
    "start of day",
    "start of month",
    "START OF YEAR",
    "weekday 0",
    "weekday 6",
    "weekday 7",
    "weekday 2.0",
    "unixepoch",
    "julianday",
    "auto",
    "subsec",
    "floor",
    "ceiling",
    "",
    "bogus",
    "+1",
    "1 day",
    "+1  day",
    "+1 fortnight",
    "+1e1 days",
    "+99999999 days",
    "+12:60",
    "+0001-12-00",
];

/// What a distance is compared with. As a text it would have other last digits on each database.
const NUMBERS: &[&str] = &[
    "0",
    "1",
    "-1",
    "5000",
    "8000.5",
    "null",
    "''",
    "'5000'",
    "number",
    "place.lon",
    "friend.size",
    "friends.size",
    "notes_via_thing.number",
];
const ORDERS: &[&str] = &["=", "!=", ">", ">=", "<", "<=", "?=", "?!=", "?>", "?<="];

/// A filter of a list of `things`.
pub(crate) fn filter() -> impl Strategy<Value = String> {
    let any = (operand(), select(OPERATORS), operand())
        .prop_map(|(left, operator, right)| format!("{left} {operator} {right}"))
        .prop_filter("the clock goes on between two requests", |comparison| {
            !(comparison.contains("@now") && comparison.contains('~'))
        });
    let distance = (distance(), select(ORDERS), select(NUMBERS))
        .prop_map(|(left, operator, right)| format!("{left} {operator} {right}"));
    let comparison = prop_oneof![9 => any, 1 => distance];
    comparison.prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a} && {b}")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a} || {b}")),
            inner.prop_map(|a| format!("({a})")),
        ]
    })
}

fn operand() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => select(PATHS).prop_map(str::to_owned),
        5 => select(LITERALS).prop_map(str::to_owned),
        1 => moment_in_words(),
    ]
}

fn distance() -> impl Strategy<Value = String> {
    prop::collection::vec(select(PLACES), 4)
        .prop_map(|places| format!("geoDistance({})", places.join(",")))
}

/// A call of `strftime`.
pub(crate) fn moment_in_words() -> impl Strategy<Value = String> {
    let modifiers = prop::collection::vec(select(MODIFIERS), 0..4);
    (select(FORMATS), select(MOMENTS), modifiers).prop_map(|(format, moment, modifiers)| {
        let words = modifiers.iter().map(|word| format!(", '{word}'"));
        let modifiers = words.collect::<Vec<_>>().concat();
        format!("strftime('{format}', {moment}{modifiers})")
    })
}
