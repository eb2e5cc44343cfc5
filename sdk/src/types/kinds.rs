//! The table of the field types, from which everything that depends on the type alone is made.

use super::{
    AutodateOptions, BoolOptions, DateOptions, EditorOptions, EmailOptions, FieldKind, FileOptions,
    GeoPointOptions, JsonOptions, NumberOptions, PasswordOptions, RelationOptions, SelectOptions,
    TextOptions, UrlOptions,
};

/// The options that several types have; at their defaults where a type does not.
struct Common<'a> {
    help: &'a str,
    required: bool,
    max_select: i64,
}

/// Takes a line for each type: its options, its name on the wire, the form of its values (`one`, `several` if `maxSelect`
/// says so, `automatic` if the server sets them), the options of a new field that differ from the defaults, and the limit
/// that applies where `max` or `maxSize` is 0.
macro_rules! field_types {
    ($(
        $kind:ident($options:ident) $name:literal $form:ident
        $({ $($key:ident: $value:expr),+ })? $(= $limit:path)?;
    )+) => {
        /// Field types with their default options.
        impl FieldKind {
            /// Returns the name of the type, as in `"type": "text"`.
            #[must_use]
            pub fn name(&self) -> &'static str {
                match self {
                    $(Self::$kind(_) => $name,)+
                }
            }

            /// Returns one of each type, with the options that a new field of it starts with.
            #[must_use]
            pub fn each() -> Vec<Self> {
                vec![$(
                    Self::$kind($options { $($($key: $value,)+)? ..$options::default() }),
                )+]
            }

            /// Returns the limit of a value that applies where the option `max` or `maxSize` is 0; `None` for a type without
            /// such an option.
            #[must_use]
            pub fn default_limit(&self) -> Option<i64> {
                match self {
                    $(Self::$kind(_) => field_types!(@limit $($limit)?),)+
                }
            }

            fn common(&self) -> Common<'_> {
                match self {
                    $(Self::$kind(options) => field_types!(@$form options),)+
                }
            }

            /// Returns the options `required` and `maxSelect` of a type that has them.
            pub(super) fn common_mut(&mut self) -> (Option<&mut bool>, Option<&mut i64>) {
                match self {
                    $(Self::$kind(options) => field_types!(@$form mut options),)+
                }
            }

            /// Returns the OpenAPI schema of the type's options.
            #[cfg(feature = "openapi")]
            pub(super) fn options_schema(
                &self,
            ) -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                match self {
                    $(Self::$kind(_) => <$options as utoipa::PartialSchema>::schema(),)+
                }
            }
        }
    };
    (@limit) => { None };
    (@limit $limit:path) => { Some($limit) };
    (@one $options:ident) => {
        Common { help: &$options.help, required: $options.required, max_select: 1 }
    };
    (@several $options:ident) => {
        Common { help: &$options.help, required: $options.required, max_select: $options.max_select }
    };
    (@automatic $options:ident) => {{
        let AutodateOptions { .. } = $options;
        Common { help: "", required: false, max_select: 1 }
    }};
    (@one mut $options:ident) => { (Some(&mut $options.required), None) };
    (@several mut $options:ident) => {
        (Some(&mut $options.required), Some(&mut $options.max_select))
    };
    (@automatic mut $options:ident) => {{
        let AutodateOptions { .. } = $options;
        (None, None)
    }};
}

field_types! {
    Text(TextOptions) "text" one = TextOptions::DEFAULT_MAX;
    Number(NumberOptions) "number" one;
    Bool(BoolOptions) "bool" one;
    Email(EmailOptions) "email" one;
    Url(UrlOptions) "url" one;
    Editor(EditorOptions) "editor" one = EditorOptions::DEFAULT_MAX_SIZE;
    Date(DateOptions) "date" one;
    Select(SelectOptions) "select" several { max_select: 1 };
    Relation(RelationOptions) "relation" several { max_select: 1 };
    File(FileOptions) "file" several { max_select: 1 } = FileOptions::DEFAULT_MAX_SIZE;
    Json(JsonOptions) "json" one = JsonOptions::DEFAULT_MAX_SIZE;
    GeoPoint(GeoPointOptions) "geoPoint" one;
    Password(PasswordOptions) "password" one { min: PasswordOptions::NEW_MIN, refuse_common: true } = PasswordOptions::DEFAULT_MAX;
    Autodate(AutodateOptions) "autodate" automatic { on_create: true };
}

impl FieldKind {
    /// Returns the hint for people who fill in the field; empty for a type without that option.
    #[must_use]
    pub fn help(&self) -> &str {
        self.common().help
    }

    /// Returns whether a value must be given: not empty, not 0, not `false`.
    #[must_use]
    pub fn is_required(&self) -> bool {
        self.common().required
    }

    /// Returns whether the value is a list.
    #[must_use]
    pub fn is_multiple(&self) -> bool {
        self.common().max_select > 1
    }
}
