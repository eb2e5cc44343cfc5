//! Field types as the console shows them: their names, pictures and options.

use plinth_sdk::types::{
    EditorOptions, FieldKind, FileOptions, JsonOptions, PasswordOptions, TextOptions,
};

use crate::components::Glyph;
use crate::{format, text};

/// A field type as the console shows it.
pub(crate) struct FieldType {
    /// Returns the name of the type.
    pub(crate) name: fn() -> &'static str,
    /// The picture of the type.
    pub(crate) glyph: Glyph,
    /// The options that can be changed.
    pub(crate) options: &'static [Setting],
    /// Whether it is text for people, which searches look at.
    pub(crate) is_searched: bool,
    /// JSON pointers to the numbers in a value: while one is being typed, it may be a text.
    pub(crate) numbers: &'static [&'static str],
}

/// The control that changes an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Widget {
    /// A text for a machine.
    Code,
    /// A whole number; 0 when empty.
    Count,
    /// A number, or none.
    Number,
    /// On or off.
    Flag,
    /// A list, one item a line.
    Lines,
    /// A collection.
    Collection,
}

/// An option of a field type.
pub(crate) struct Setting {
    /// The key in definitions.
    pub(crate) key: &'static str,
    /// The control.
    pub(crate) widget: Widget,
    /// Returns the label of the control.
    pub(crate) label: fn() -> &'static str,
    help: Help,
}

/// The hint below an option.
#[derive(Clone, Copy)]
enum Help {
    Nothing,
    Words(fn() -> &'static str),
    /// The limit that an empty option stands for.
    Limit(i64),
    /// The limit in bytes that an empty option stands for.
    Size(i64),
}

impl Setting {
    const fn new(
        key: &'static str,
        widget: Widget,
        label: fn() -> &'static str,
        help: Help,
    ) -> Self {
        Self {
            key,
            widget,
            label,
            help,
        }
    }

    /// Returns the hint below the control.
    pub(crate) fn help(&self) -> String {
        match self.help {
            Help::Nothing => String::new(),
            Help::Words(words) => words().to_owned(),
            Help::Limit(limit) => text::empty_means(&format::count(limit)),
            Help::Size(bytes) => text::empty_means(&format::size(format::bytes(bytes))),
        }
    }
}

/// Returns how a type is shown.
pub(crate) fn of(kind: &FieldKind) -> FieldType {
    match kind {
        FieldKind::Text(_) => FieldType {
            is_searched: true,
            ..shown(text::type_text, Glyph::Text, TEXT)
        },
        FieldKind::Number(_) => FieldType {
            numbers: &[""],
            ..shown(text::type_number, Glyph::Number, NUMBER)
        },
        FieldKind::Bool(_) => shown(text::type_bool, Glyph::Toggle, BOOL),
        FieldKind::Email(_) => FieldType {
            is_searched: true,
            ..shown(text::type_email, Glyph::At, DOMAINS)
        },
        FieldKind::Url(_) => FieldType {
            is_searched: true,
            ..shown(text::type_url, Glyph::Link, DOMAINS)
        },
        FieldKind::Editor(_) => shown(text::type_editor, Glyph::Pencil, EDITOR),
        FieldKind::Date(_) => shown(text::type_date, Glyph::Calendar, DATE),
        FieldKind::Autodate(_) => shown(text::type_autodate, Glyph::Clock, AUTODATE),
        FieldKind::Select(_) => shown(text::type_select, Glyph::List, SELECT),
        FieldKind::Json(_) => shown(text::type_json, Glyph::Braces, JSON),
        FieldKind::File(_) => shown(text::type_file, Glyph::File, FILE),
        FieldKind::Relation(_) => shown(text::type_relation, Glyph::Relation, RELATION),
        FieldKind::GeoPoint(_) => FieldType {
            numbers: &["/lon", "/lat"],
            ..shown(text::type_geo_point, Glyph::Pin, GEO_POINT)
        },
        FieldKind::Password(_) => shown(text::type_password, Glyph::Key, PASSWORD),
    }
}

const fn shown(name: fn() -> &'static str, glyph: Glyph, options: &'static [Setting]) -> FieldType {
    FieldType {
        name,
        glyph,
        options,
        is_searched: false,
        numbers: &[],
    }
}

const REQUIRED: Setting = Setting::new(
    "required",
    Widget::Flag,
    text::required_label,
    Help::Words(text::required_help),
);

const TEXT: &[Setting] = &[
    Setting::new("min", Widget::Count, text::min_length, Help::Nothing),
    Setting::new(
        "max",
        Widget::Count,
        text::max_length,
        Help::Limit(TextOptions::DEFAULT_MAX),
    ),
    Setting::new(
        "pattern",
        Widget::Code,
        text::pattern,
        Help::Words(text::pattern_help),
    ),
    Setting::new(
        "autogeneratePattern",
        Widget::Code,
        text::autogenerate,
        Help::Words(text::autogenerate_help),
    ),
    REQUIRED,
];
const NUMBER: &[Setting] = &[
    Setting::new("min", Widget::Number, text::min, Help::Nothing),
    Setting::new("max", Widget::Number, text::max, Help::Nothing),
    Setting::new("onlyInt", Widget::Flag, text::only_int, Help::Nothing),
    Setting::new(
        "required",
        Widget::Flag,
        text::required_label,
        Help::Words(text::required_number_help),
    ),
];
const BOOL: &[Setting] = &[Setting::new(
    "required",
    Widget::Flag,
    text::required_label,
    Help::Words(text::required_bool_help),
)];
const DOMAINS: &[Setting] = &[
    Setting::new(
        "onlyDomains",
        Widget::Lines,
        text::only_domains,
        Help::Words(text::a_line_each),
    ),
    Setting::new(
        "exceptDomains",
        Widget::Lines,
        text::except_domains,
        Help::Words(text::a_line_each),
    ),
    REQUIRED,
];
const EDITOR: &[Setting] = &[
    Setting::new(
        "maxSize",
        Widget::Count,
        text::max_size,
        Help::Size(EditorOptions::DEFAULT_MAX_SIZE),
    ),
    Setting::new(
        "convertURLs",
        Widget::Flag,
        text::convert_urls,
        Help::Words(text::convert_urls_help),
    ),
    REQUIRED,
];
const DATE: &[Setting] = &[
    Setting::new(
        "min",
        Widget::Code,
        text::earliest,
        Help::Words(text::date_help),
    ),
    Setting::new(
        "max",
        Widget::Code,
        text::latest,
        Help::Words(text::date_help),
    ),
    REQUIRED,
];
const AUTODATE: &[Setting] = &[
    Setting::new("onCreate", Widget::Flag, text::on_create, Help::Nothing),
    Setting::new("onUpdate", Widget::Flag, text::on_update, Help::Nothing),
];
const SELECT: &[Setting] = &[
    Setting::new(
        "values",
        Widget::Lines,
        text::values,
        Help::Words(text::a_line_each),
    ),
    Setting::new(
        "maxSelect",
        Widget::Count,
        text::max_select,
        Help::Words(text::max_select_help),
    ),
    REQUIRED,
];
const JSON: &[Setting] = &[
    Setting::new(
        "maxSize",
        Widget::Count,
        text::max_size,
        Help::Size(JsonOptions::DEFAULT_MAX_SIZE),
    ),
    REQUIRED,
];
const FILE: &[Setting] = &[
    Setting::new(
        "maxSelect",
        Widget::Count,
        text::max_select,
        Help::Words(text::max_select_help),
    ),
    Setting::new(
        "maxSize",
        Widget::Count,
        text::max_size,
        Help::Size(FileOptions::DEFAULT_MAX_SIZE),
    ),
    Setting::new(
        "mimeTypes",
        Widget::Lines,
        text::mime_types,
        Help::Words(text::mime_types_help),
    ),
    Setting::new(
        "thumbs",
        Widget::Lines,
        text::thumbs,
        Help::Words(text::thumbs_help),
    ),
    Setting::new(
        "protected",
        Widget::Flag,
        text::protected,
        Help::Words(text::protected_help),
    ),
    REQUIRED,
];
const RELATION: &[Setting] = &[
    Setting::new(
        "collectionId",
        Widget::Collection,
        text::refers_to,
        Help::Words(text::refers_to_help),
    ),
    Setting::new(
        "maxSelect",
        Widget::Count,
        text::max_select,
        Help::Words(text::max_select_help),
    ),
    Setting::new("minSelect", Widget::Count, text::min_select, Help::Nothing),
    REQUIRED,
    Setting::new(
        "cascadeDelete",
        Widget::Flag,
        text::cascade,
        Help::Words(text::cascade_help),
    ),
];
const GEO_POINT: &[Setting] = &[Setting::new(
    "required",
    Widget::Flag,
    text::required_label,
    Help::Words(text::required_point_help),
)];
const PASSWORD: &[Setting] = &[
    Setting::new("min", Widget::Count, text::min_length, Help::Nothing),
    Setting::new(
        "max",
        Widget::Count,
        text::max_length,
        Help::Limit(PasswordOptions::DEFAULT_MAX),
    ),
    Setting::new(
        "pattern",
        Widget::Code,
        text::pattern,
        Help::Words(text::pattern_help),
    ),
    Setting::new(
        "refuseCommon",
        Widget::Flag,
        text::refuse_common,
        Help::Words(text::refuse_common_help),
    ),
    REQUIRED,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_option_is_one_that_the_server_knows() {
        for kind in FieldKind::each() {
            let known = serde_json::to_value(&kind).expect("a type");
            let options = of(&kind).options;
            assert!(!options.is_empty(), "{} has options", kind.name());
            for Setting { key, .. } in options {
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
                let offered = of(&kind).options.iter().any(|offered| offered.key == key);
                assert!(
                    offered || others.contains(&key.as_str()),
                    "{} lacks {key}",
                    kind.name()
                );
            }
        }
    }

    #[test]
    fn hints_name_the_limits_of_the_server() {
        let help = |kind: FieldKind, key: &str| {
            let setting = of(&kind).options.iter().find(|setting| setting.key == key);
            setting.map(Setting::help).unwrap_or_default()
        };
        let text = FieldKind::Text(TextOptions::default());
        assert_eq!(help(text, "max"), "Empty means 5,000.");
        let file = FieldKind::File(FileOptions::default());
        assert_eq!(help(file, "maxSize"), "Empty means 5 MB.");
        let json = FieldKind::Json(JsonOptions::default());
        assert_eq!(help(json, "maxSize"), "Empty means 1 MB.");
    }
}
