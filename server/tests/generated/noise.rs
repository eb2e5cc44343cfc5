//! Texts that are no filters and no orders, mostly.

use proptest::prelude::*;
use proptest::sample::select;

use crate::filters::{LITERALS, OPERATORS, PATHS, filter};

/// Texts that are no filters, mostly.
pub(crate) fn noise() -> impl Strategy<Value = String> {
    let words = prop_oneof![
        select(PATHS).prop_map(str::to_owned),
        select(LITERALS).prop_map(str::to_owned),
        select(OPERATORS).prop_map(str::to_owned),
        select(
            &[
                "&&",
                "||",
                "(",
                ")",
                ",",
                "//",
                "\n",
                "'",
                "\"",
                "\\",
                ":",
                ".",
                "geoDistance(",
                "strftime(",
                ":each",
                ":lower",
                ":length",
                ":isset",
                ":changed",
                "--",
                ";",
                "\0"
            ][..]
        )
        .prop_map(str::to_owned),
        ".{0,8}",
    ];
    let separator = select(&["", " "][..]);
    prop_oneof![
        ".{0,60}",
        (prop::collection::vec(words, 0..12), separator)
            .prop_map(|(words, separator)| words.join(separator)),
        // A filter with something wrong in it.
        (filter(), any::<prop::sample::Index>(), ".{0,2}").prop_map(|(filter, index, other)| {
            let places: Vec<usize> = filter.char_indices().map(|(at, _)| at).collect();
            let at = places[index.index(places.len())];
            format!(
                "{}{other}{}",
                &filter[..at],
                filter[at..].chars().skip(1).collect::<String>()
            )
        }),
    ]
}

/// Orders of lists.
pub(crate) fn sort() -> impl Strategy<Value = String> {
    let term = (select(&["", "-", "+"][..]), select(PATHS))
        .prop_map(|(sign, path)| format!("{sign}{path}"));
    prop::collection::vec(term, 1..4).prop_map(|terms| terms.join(","))
}
