use serde::{Deserialize, Serialize};

/// A field of a collection: a column of its table.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Field {
    /// Stable: it survives a renaming of the field.
    pub id: String,
    /// The name in records, filters and the table.
    pub name: String,
    /// Whether Plinth itself needs the field.
    pub system: bool,
    /// Whether only superusers see the field.
    pub hidden: bool,
    /// Whether the field helps a person to recognise the record.
    pub presentable: bool,
    /// The type with its options.
    #[serde(flatten)]
    pub kind: FieldKind,
}

/// The type of a field, with the options of that type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum FieldKind {
    /// Text.
    Text(TextOptions),
    /// A double-precision number.
    Number(NumberOptions),
    /// True or false.
    Bool(BoolOptions),
    /// An e-mail address.
    Email(DomainOptions),
    /// An absolute URL.
    Url(DomainOptions),
    /// HTML.
    Editor(EditorOptions),
    /// A moment, in UTC, to the millisecond.
    Date(DateOptions),
    /// A moment that the server sets.
    Autodate(AutodateOptions),
    /// One or several of a list of values.
    Select(SelectOptions),
    /// Any JSON value.
    Json(JsonOptions),
    /// One or several files.
    File(FileOptions),
    /// One or several records of a collection.
    Relation(RelationOptions),
    /// A place on the Earth.
    GeoPoint(GeoPointOptions),
    /// A password, kept as a hash and never shown.
    Password(PasswordOptions),
}

impl Default for FieldKind {
    fn default() -> Self {
        Self::Text(TextOptions::default())
    }
}

/// Options of a text field.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TextOptions {
    /// Makes a value that was not given, as a regular expression.
    pub autogenerate_pattern: String,
    /// A hint for people who fill in the field.
    pub help: String,
    /// The most characters; 0 means 5,000.
    pub max: i64,
    /// The fewest characters of a value that is not empty.
    pub min: i64,
    /// A regular expression that the value must match.
    pub pattern: String,
    /// Whether the field is the record's id.
    pub primary_key: bool,
    /// Whether the value must not be empty.
    pub required: bool,
}

/// Options of a number field.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NumberOptions {
    /// A hint for people who fill in the field.
    pub help: String,
    /// The largest value.
    pub max: Option<f64>,
    /// The smallest value.
    pub min: Option<f64>,
    /// Whether fractions are refused.
    pub only_int: bool,
    /// Whether the value must not be 0.
    pub required: bool,
}

/// Options of a bool field.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct BoolOptions {
    /// A hint for people who fill in the field.
    pub help: String,
    /// Whether the value must be true.
    pub required: bool,
}

/// Options of an e-mail or URL field.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DomainOptions {
    /// Domains that are refused; not together with `only_domains`.
    pub except_domains: Option<Vec<String>>,
    /// A hint for people who fill in the field.
    pub help: String,
    /// The only domains that are accepted.
    pub only_domains: Option<Vec<String>>,
    /// Whether the value must not be empty.
    pub required: bool,
}

/// Options of an editor field.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EditorOptions {
    /// Whether an editor should leave URLs as they are written; the server does nothing with it.
    #[serde(rename = "convertURLs")]
    pub convert_urls: bool,
    /// A hint for people who fill in the field.
    pub help: String,
    /// The most bytes; 0 means 5 MB.
    pub max_size: i64,
    /// Whether the value must not be empty.
    pub required: bool,
}

/// Options of a date field.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DateOptions {
    /// A hint for people who fill in the field.
    pub help: String,
    /// The latest moment, or empty.
    pub max: String,
    /// The earliest moment, or empty.
    pub min: String,
    /// Whether the value must not be empty.
    pub required: bool,
}

/// Options of an autodate field.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AutodateOptions {
    /// Whether it is set when the record is created.
    pub on_create: bool,
    /// Whether it is set when the record is updated.
    pub on_update: bool,
}

/// Options of a select field.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SelectOptions {
    /// A hint for people who fill in the field.
    pub help: String,
    /// The most values a record may have; more than 1 makes the value a list.
    pub max_select: i64,
    /// Whether at least one value must be given.
    pub required: bool,
    /// The values to select from.
    pub values: Vec<String>,
}

/// Options of a JSON field.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct JsonOptions {
    /// A hint for people who fill in the field.
    pub help: String,
    /// The most bytes; 0 means 1 MB.
    pub max_size: i64,
    /// Whether the value must not be empty (`null`, `""`, `[]`, `{}`).
    pub required: bool,
}

/// Options of a file field.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct FileOptions {
    /// A hint for people who fill in the field.
    pub help: String,
    /// The most files; more than 1 makes the value a list.
    pub max_select: i64,
    /// The most bytes of a file; 0 means 5 MB.
    pub max_size: i64,
    /// The only types that are accepted, as in `image/png`; all when empty.
    pub mime_types: Option<Vec<String>>,
    /// Whether a file is served only to whoever may view its record.
    pub protected: bool,
    /// Whether at least one file must be given.
    pub required: bool,
    /// Sizes of pictures that can be asked for, such as `100x100`, `100x100t`, `0x100`.
    pub thumbs: Option<Vec<String>>,
}

/// Options of a relation field.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RelationOptions {
    /// Whether this record is deleted together with the record that it refers to.
    pub cascade_delete: bool,
    /// The id of the collection that is referred to.
    pub collection_id: String,
    /// A hint for people who fill in the field.
    pub help: String,
    /// The most records; more than 1 makes the value a list.
    pub max_select: i64,
    /// The fewest records of a value that is not empty.
    pub min_select: i64,
    /// Whether at least one record must be given.
    pub required: bool,
}

/// Options of a field with a place.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct GeoPointOptions {
    /// A hint for people who fill in the field.
    pub help: String,
    /// Whether the place must be another than 0° east, 0° north.
    pub required: bool,
}

/// Options of a password field.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PasswordOptions {
    /// Kept for compatibility; new hashes are argon2id.
    pub cost: i64,
    /// A hint for people who fill in the field.
    pub help: String,
    /// The most characters; 0 means 71.
    pub max: i64,
    /// The fewest characters.
    pub min: i64,
    /// A regular expression that the password must match.
    pub pattern: String,
    /// Whether a password must be given.
    pub required: bool,
}

impl Field {
    /// A field of this name and type, everything else at its default.
    pub fn new(name: impl Into<String>, kind: FieldKind) -> Self {
        Self {
            name: name.into(),
            kind,
            ..Self::default()
        }
    }
}

impl FieldKind {
    /// The name of the type, as in `"type": "text"`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::Number(_) => "number",
            Self::Bool(_) => "bool",
            Self::Email(_) => "email",
            Self::Url(_) => "url",
            Self::Editor(_) => "editor",
            Self::Date(_) => "date",
            Self::Autodate(_) => "autodate",
            Self::Select(_) => "select",
            Self::Json(_) => "json",
            Self::File(_) => "file",
            Self::Relation(_) => "relation",
            Self::GeoPoint(_) => "geoPoint",
            Self::Password(_) => "password",
        }
    }

    /// Whether the value is a list.
    #[must_use]
    pub fn is_multiple(&self) -> bool {
        match self {
            Self::Select(o) => o.max_select > 1,
            Self::File(o) => o.max_select > 1,
            Self::Relation(o) => o.max_select > 1,
            Self::Text(_)
            | Self::Number(_)
            | Self::Bool(_)
            | Self::Email(_)
            | Self::Url(_)
            | Self::Editor(_)
            | Self::Date(_)
            | Self::Autodate(_)
            | Self::Json(_)
            | Self::GeoPoint(_)
            | Self::Password(_) => false,
        }
    }
}
