//! The types of fields, and the options of each.

use crate::components::Glyph;
use crate::text;

/// How an option is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Widget {
    /// A text for a machine.
    Code,
    /// A whole number; nothing is 0.
    Count,
    /// A number, or none.
    Number,
    /// On or off.
    Flag,
    /// A list, a line each.
    Lines,
    /// A collection.
    Collection,
}

/// An option of a field: its key, what it is called, what it does.
pub(super) type Option = (
    &'static str,
    Widget,
    fn() -> &'static str,
    fn() -> &'static str,
);

fn nothing() -> &'static str {
    ""
}

const REQUIRED: Option = (
    "required",
    Widget::Flag,
    text::required_label,
    text::required_help,
);
const DOMAINS: &[Option] = &[
    (
        "onlyDomains",
        Widget::Lines,
        text::only_domains,
        text::a_line_each,
    ),
    (
        "exceptDomains",
        Widget::Lines,
        text::except_domains,
        text::a_line_each,
    ),
    REQUIRED,
];

const TEXT: &[Option] = &[
    ("min", Widget::Count, text::min_length, nothing),
    (
        "max",
        Widget::Count,
        text::max_length,
        text::max_length_help,
    ),
    ("pattern", Widget::Code, text::pattern, text::pattern_help),
    (
        "autogeneratePattern",
        Widget::Code,
        text::autogenerate,
        text::autogenerate_help,
    ),
    REQUIRED,
];
const RELATION: &[Option] = &[
    (
        "collectionId",
        Widget::Collection,
        text::refers_to,
        text::refers_to_help,
    ),
    (
        "maxSelect",
        Widget::Count,
        text::max_select,
        text::max_select_help,
    ),
    ("minSelect", Widget::Count, text::min_select, nothing),
    REQUIRED,
    (
        "cascadeDelete",
        Widget::Flag,
        text::cascade,
        text::cascade_help,
    ),
];

const FILE: &[Option] = &[
    (
        "maxSelect",
        Widget::Count,
        text::max_select,
        text::max_select_help,
    ),
    (
        "maxSize",
        Widget::Count,
        text::max_size,
        text::max_file_size_help,
    ),
    (
        "mimeTypes",
        Widget::Lines,
        text::mime_types,
        text::mime_types_help,
    ),
    ("thumbs", Widget::Lines, text::thumbs, text::thumbs_help),
    (
        "protected",
        Widget::Flag,
        text::protected,
        text::protected_help,
    ),
    REQUIRED,
];

/// The options of a type, by its name on the wire.
pub(super) fn of(kind: &str) -> &'static [Option] {
    match kind {
        "text" => TEXT,
        "number" => &[
            ("min", Widget::Number, text::min, nothing),
            ("max", Widget::Number, text::max, nothing),
            ("onlyInt", Widget::Flag, text::only_int, nothing),
            (
                "required",
                Widget::Flag,
                text::required_label,
                text::required_number_help,
            ),
        ],
        "bool" => &[(
            "required",
            Widget::Flag,
            text::required_label,
            text::required_bool_help,
        )],
        "email" | "url" => DOMAINS,
        "date" => &[
            ("min", Widget::Code, text::earliest, text::date_help),
            ("max", Widget::Code, text::latest, text::date_help),
            REQUIRED,
        ],
        "autodate" => &[
            ("onCreate", Widget::Flag, text::on_create, nothing),
            ("onUpdate", Widget::Flag, text::on_update, nothing),
        ],
        "select" => &[
            ("values", Widget::Lines, text::values, text::a_line_each),
            (
                "maxSelect",
                Widget::Count,
                text::max_select,
                text::max_select_help,
            ),
            REQUIRED,
        ],
        "editor" => &[
            (
                "maxSize",
                Widget::Count,
                text::max_size,
                text::max_editor_help,
            ),
            (
                "convertURLs",
                Widget::Flag,
                text::convert_urls,
                text::convert_urls_help,
            ),
            REQUIRED,
        ],
        "geoPoint" => &[(
            "required",
            Widget::Flag,
            text::required_label,
            text::required_point_help,
        )],
        "json" => &[
            (
                "maxSize",
                Widget::Count,
                text::max_size,
                text::max_size_help,
            ),
            REQUIRED,
        ],
        "file" => FILE,
        "relation" => RELATION,
        "password" => &[
            ("min", Widget::Count, text::min_length, nothing),
            (
                "max",
                Widget::Count,
                text::max_length,
                text::max_password_help,
            ),
            ("pattern", Widget::Code, text::pattern, text::pattern_help),
            REQUIRED,
        ],
        _ => &[],
    }
}

/// What a type is called, and its picture, by its name on the wire.
pub(crate) fn look(kind: &str) -> (fn() -> &'static str, Glyph) {
    match kind {
        "number" => (text::type_number, Glyph::Number),
        "bool" => (text::type_bool, Glyph::Toggle),
        "email" => (text::type_email, Glyph::At),
        "url" => (text::type_url, Glyph::Link),
        "date" => (text::type_date, Glyph::Calendar),
        "autodate" => (text::type_autodate, Glyph::Clock),
        "select" => (text::type_select, Glyph::List),
        "editor" => (text::type_editor, Glyph::Pencil),
        "geoPoint" => (text::type_geo_point, Glyph::Pin),
        "json" => (text::type_json, Glyph::Braces),
        "file" => (text::type_file, Glyph::File),
        "relation" => (text::type_relation, Glyph::Relation),
        "password" => (text::type_password, Glyph::Key),
        _ => (text::type_text, Glyph::Text),
    }
}

#[cfg(test)]
mod tests {
    use plinth_sdk::types::FieldKind;

    use super::*;

    #[test]
    fn every_option_is_one_that_the_server_knows() {
        for kind in FieldKind::each() {
            let known = serde_json::to_value(&kind).expect("a type");
            let options = of(kind.name());
            assert!(!options.is_empty(), "{} has options", kind.name());
            for (key, ..) in options {
                assert!(
                    known.get(key).is_some(),
                    "{} has no option {key}",
                    kind.name()
                );
            }
        }
    }

    #[test]
    fn every_option_of_the_server_can_be_changed() {
        // Not options of a person: what the server sets, what is kept for compatibility, what all types share.
        let others = ["type", "primaryKey", "cost", "help"];
        for kind in FieldKind::each() {
            let known = serde_json::to_value(&kind).expect("a type");
            for key in known.as_object().expect("an object").keys() {
                let offered = of(kind.name()).iter().any(|(offered, ..)| offered == key);
                assert!(
                    offered || others.contains(&key.as_str()),
                    "{} lacks {key}",
                    kind.name()
                );
            }
        }
    }
}
