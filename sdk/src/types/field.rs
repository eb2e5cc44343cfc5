use serde::{Deserialize, Serialize};

/// A field of a collection: a column of its table.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = FieldBase))]
#[serde(default)]
pub struct Field {
    /// Stable id: renaming the field keeps it.
    pub id: String,
    /// The name, as used in records, filters and the table.
    pub name: String,
    /// Whether the server itself needs the field.
    pub system: bool,
    /// Whether the field is visible to superusers only.
    pub hidden: bool,
    /// Whether the field is shown where a record is represented by a few values.
    pub presentable: bool,
    /// The type, with its options.
    #[cfg_attr(feature = "openapi", schema(ignore))]
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
    Email(EmailOptions),
    /// An absolute URL.
    Url(UrlOptions),
    /// HTML.
    Editor(EditorOptions),
    /// A date and time, in UTC, to the millisecond.
    Date(DateOptions),
    /// A date and time that the server sets.
    Autodate(AutodateOptions),
    /// One or more of a list of values.
    Select(SelectOptions),
    /// Any JSON value.
    Json(JsonOptions),
    /// One or more files.
    File(FileOptions),
    /// References to one or more records of a collection.
    Relation(RelationOptions),
    /// A point on the Earth.
    GeoPoint(GeoPointOptions),
    /// A password, stored as a hash and never returned.
    Password(PasswordOptions),
}

impl Default for FieldKind {
    fn default() -> Self {
        Self::Text(TextOptions::default())
    }
}

/// Options of a text field.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct TextOptions {
    /// A regular expression: a value that is left out is made to match it.
    pub autogenerate_pattern: String,
    /// A hint for people who fill in the field, of up to 300 bytes.
    pub help: String,
    /// The most characters; 0 means [`Self::DEFAULT_MAX`].
    pub max: i64,
    /// The minimum number of characters, unless the value is empty.
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
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct NumberOptions {
    /// A hint for people who fill in the field, of up to 300 bytes.
    pub help: String,
    /// The largest value.
    pub max: Option<f64>,
    /// The smallest value.
    pub min: Option<f64>,
    /// Whether only integers are accepted.
    pub only_int: bool,
    /// Whether the value must not be 0.
    pub required: bool,
}

/// Options of a bool field.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct BoolOptions {
    /// A hint for people who fill in the field, of up to 300 bytes.
    pub help: String,
    /// Whether the value must be true.
    pub required: bool,
}

/// Options of an e-mail field.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct EmailOptions {
    /// Domains that are refused. At most one of the two lists may be set.
    pub except_domains: Option<Vec<String>>,
    /// A hint for people who fill in the field, of up to 300 bytes.
    pub help: String,
    /// The only domains that are accepted. At most one of the two lists may be set.
    pub only_domains: Option<Vec<String>>,
    /// Whether the value must not be empty.
    pub required: bool,
}

/// Options of a URL field.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct UrlOptions {
    /// Domains that are refused. At most one of the two lists may be set.
    pub except_domains: Option<Vec<String>>,
    /// A hint for people who fill in the field, of up to 300 bytes.
    pub help: String,
    /// The only domains that are accepted. At most one of the two lists may be set.
    pub only_domains: Option<Vec<String>>,
    /// Whether the value must not be empty.
    pub required: bool,
}

/// Options of an editor field.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct EditorOptions {
    /// Whether an editor should leave URLs as they are written; the server ignores it.
    #[serde(rename = "convertURLs")]
    pub convert_urls: bool,
    /// A hint for people who fill in the field, of up to 300 bytes.
    pub help: String,
    /// The most bytes; 0 means [`Self::DEFAULT_MAX_SIZE`].
    pub max_size: i64,
    /// Whether the value must not be empty.
    pub required: bool,
}

/// Options of a date field.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct DateOptions {
    /// A hint for people who fill in the field, of up to 300 bytes.
    pub help: String,
    /// The latest date, or empty.
    pub max: String,
    /// The earliest date, or empty.
    pub min: String,
    /// Whether the value must not be empty.
    pub required: bool,
}

/// Options of an autodate field.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct AutodateOptions {
    /// Whether the field is set when the record is created.
    pub on_create: bool,
    /// Whether the field is set when the record is updated.
    pub on_update: bool,
}

/// Options of a select field.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct SelectOptions {
    /// A hint for people who fill in the field, of up to 300 bytes.
    pub help: String,
    /// The maximum number of values; more than 1 makes the value a list.
    pub max_select: i64,
    /// Whether at least one value is required.
    pub required: bool,
    /// The values to select from.
    pub values: Vec<String>,
}

/// Options of a JSON field.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct JsonOptions {
    /// A hint for people who fill in the field, of up to 300 bytes.
    pub help: String,
    /// The most bytes; 0 means [`Self::DEFAULT_MAX_SIZE`].
    pub max_size: i64,
    /// Whether the value must not be empty (`null`, `""`, `[]`, `{}`).
    pub required: bool,
}

/// Options of a file field.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct FileOptions {
    /// A hint for people who fill in the field, of up to 300 bytes.
    pub help: String,
    /// The maximum number of files; more than 1 makes the value a list.
    pub max_select: i64,
    /// The most bytes of a file; 0 means [`Self::DEFAULT_MAX_SIZE`].
    pub max_size: i64,
    /// The accepted media types, such as `image/png`; all if empty.
    pub mime_types: Option<Vec<String>>,
    /// Whether a file is served only to callers who may view its record.
    pub protected: bool,
    /// Whether at least one file is required.
    pub required: bool,
    /// Sizes of thumbnails that can be requested, such as `100x100`, `100x100t`, `0x100`.
    pub thumbs: Option<Vec<String>>,
}

/// Options of a relation field.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct RelationOptions {
    /// Whether a record is deleted when a record that it refers to is deleted.
    pub cascade_delete: bool,
    /// The id of the target collection.
    pub collection_id: String,
    /// A hint for people who fill in the field, of up to 300 bytes.
    pub help: String,
    /// The maximum number of records; more than 1 makes the value a list.
    pub max_select: i64,
    /// The minimum number of records, unless the value is empty.
    pub min_select: i64,
    /// Whether at least one record is required.
    pub required: bool,
}

/// Options of a geo point field.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct GeoPointOptions {
    /// A hint for people who fill in the field, of up to 300 bytes.
    pub help: String,
    /// Whether the point must differ from 0° east, 0° north.
    pub required: bool,
}

/// Options of a password field.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct PasswordOptions {
    /// Ignored, kept for compatibility: passwords are hashed with Argon2id.
    pub cost: i64,
    /// A hint for people who fill in the field, of up to 300 bytes.
    pub help: String,
    /// The most characters; 0 means [`Self::DEFAULT_MAX`].
    pub max: i64,
    /// The minimum number of characters.
    pub min: i64,
    /// A regular expression that the password must match.
    pub pattern: String,
    /// Whether the commonest passwords are refused. `PocketBase` does not have this option, so it is left out while it is
    /// off.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub refuse_common: bool,
    /// Whether a password is required.
    pub required: bool,
}

impl Field {
    /// Returns a field of this name and type, with everything else at its default.
    pub fn new(name: impl Into<String>, kind: FieldKind) -> Self {
        Self {
            name: name.into(),
            kind,
            ..Self::default()
        }
    }
}

/// The largest whole number that every client can read: 2^53 - 1. Sizes and lengths in options may be as large.
pub const MAX_SAFE_INTEGER: i64 = (1 << 53) - 1;

impl TextOptions {
    /// The most characters of a text whose field sets no limit.
    pub const DEFAULT_MAX: i64 = 5000;

    /// Returns the most characters of a value.
    #[must_use]
    pub fn max_length(&self) -> i64 {
        or_default(self.max, Self::DEFAULT_MAX)
    }
}

impl EditorOptions {
    /// The most bytes of HTML whose field sets no limit: 5 MiB.
    pub const DEFAULT_MAX_SIZE: i64 = 5 << 20;

    /// Returns the most bytes of a value.
    #[must_use]
    pub fn most_bytes(&self) -> i64 {
        or_default(self.max_size, Self::DEFAULT_MAX_SIZE)
    }
}

impl JsonOptions {
    /// The most bytes of JSON whose field sets no limit: 1 MiB.
    pub const DEFAULT_MAX_SIZE: i64 = 1 << 20;

    /// Returns the most bytes of a value.
    #[must_use]
    pub fn most_bytes(&self) -> i64 {
        or_default(self.max_size, Self::DEFAULT_MAX_SIZE)
    }
}

impl FileOptions {
    /// The most bytes of a file whose field sets no limit: 5 MiB.
    pub const DEFAULT_MAX_SIZE: i64 = 5 << 20;

    /// Returns the most bytes of each file.
    #[must_use]
    pub fn most_bytes(&self) -> i64 {
        or_default(self.max_size, Self::DEFAULT_MAX_SIZE)
    }
}

impl PasswordOptions {
    /// The most characters of a password whose field sets no limit, and the largest limit: a bcrypt hash of an imported
    /// account takes in no more bytes.
    pub const DEFAULT_MAX: i64 = 71;
    /// The fewest characters of a password in a new field.
    pub const NEW_MIN: i64 = 8;

    /// Returns the most characters of a password.
    #[must_use]
    pub fn max_length(&self) -> i64 {
        or_default(self.max, Self::DEFAULT_MAX)
    }
}

fn or_default(limit: i64, default: i64) -> i64 {
    if limit > 0 { limit } else { default }
}
