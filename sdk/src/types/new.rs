//! Short ways to write definitions down.

use super::{
    AutodateOptions, BoolOptions, Collection, CollectionType, DateOptions, DomainOptions,
    EditorOptions, Field, FieldKind, FileOptions, GeoPointOptions, JsonOptions, NumberOptions,
    PasswordOptions, RelationOptions, SelectOptions, TextOptions,
};

/// New definitions, to be completed with `..`:
///
/// ```
/// use plinth_sdk::types::{Collection, Field};
///
/// let posts = Collection {
///     list_rule: Some(String::new()),
///     fields: vec![Field::text("title").required(), Field::created("created")],
///     ..Collection::base("posts")
/// };
/// assert_eq!(posts.view_rule, None);
/// ```
impl Collection {
    /// A collection of records that only superusers have access to.
    pub fn base(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            kind: CollectionType::Base,
            ..Self::default()
        }
    }

    /// A collection of accounts that only superusers have access to.
    pub fn auth(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            kind: CollectionType::Auth,
            ..Self::default()
        }
    }

    /// A view of what the query finds, that only superusers have access to.
    pub fn view(name: impl Into<String>, query: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            kind: CollectionType::View,
            view_query: Some(query.into()),
            ..Self::default()
        }
    }
}

/// New types of fields.
impl FieldKind {
    /// One of each type that there is, with the options that a new field of it starts with.
    pub fn each() -> [Self; 14] {
        [
            Self::Text(TextOptions::default()),
            Self::Number(NumberOptions::default()),
            Self::Bool(BoolOptions::default()),
            Self::Email(DomainOptions::default()),
            Self::Url(DomainOptions::default()),
            Self::Editor(EditorOptions::default()),
            Self::Date(DateOptions::default()),
            Self::Select(SelectOptions {
                max_select: 1,
                ..SelectOptions::default()
            }),
            Self::Relation(RelationOptions {
                max_select: 1,
                ..RelationOptions::default()
            }),
            Self::File(FileOptions {
                max_select: 1,
                ..FileOptions::default()
            }),
            Self::Json(JsonOptions::default()),
            Self::GeoPoint(GeoPointOptions::default()),
            Self::Password(PasswordOptions {
                min: 8,
                ..PasswordOptions::default()
            }),
            Self::Autodate(AutodateOptions {
                on_create: true,
                on_update: false,
            }),
        ]
    }
}

/// New fields, with every option at its default.
impl Field {
    /// A text field.
    pub fn text(name: impl Into<String>) -> Self {
        Self::new(name, FieldKind::Text(TextOptions::default()))
    }

    /// A number field.
    pub fn number(name: impl Into<String>) -> Self {
        Self::new(name, FieldKind::Number(NumberOptions::default()))
    }

    /// A bool field.
    pub fn bool(name: impl Into<String>) -> Self {
        Self::new(name, FieldKind::Bool(BoolOptions::default()))
    }

    /// An e-mail field.
    pub fn email(name: impl Into<String>) -> Self {
        Self::new(name, FieldKind::Email(DomainOptions::default()))
    }

    /// A URL field.
    pub fn url(name: impl Into<String>) -> Self {
        Self::new(name, FieldKind::Url(DomainOptions::default()))
    }

    /// A field with HTML.
    pub fn editor(name: impl Into<String>) -> Self {
        Self::new(name, FieldKind::Editor(EditorOptions::default()))
    }

    /// A date field.
    pub fn date(name: impl Into<String>) -> Self {
        Self::new(name, FieldKind::Date(DateOptions::default()))
    }

    /// A field with the moment at which the record was created.
    pub fn created(name: impl Into<String>) -> Self {
        let options = AutodateOptions {
            on_create: true,
            on_update: false,
        };
        Self::new(name, FieldKind::Autodate(options))
    }

    /// A field with the moment at which the record last changed.
    pub fn updated(name: impl Into<String>) -> Self {
        let options = AutodateOptions {
            on_create: true,
            on_update: true,
        };
        Self::new(name, FieldKind::Autodate(options))
    }

    /// A field with one of these values.
    pub fn select<V: Into<String>>(
        name: impl Into<String>,
        values: impl IntoIterator<Item = V>,
    ) -> Self {
        let options = SelectOptions {
            max_select: 1,
            values: values.into_iter().map(Into::into).collect(),
            ..SelectOptions::default()
        };
        Self::new(name, FieldKind::Select(options))
    }

    /// A field with a JSON value.
    pub fn json(name: impl Into<String>) -> Self {
        Self::new(name, FieldKind::Json(JsonOptions::default()))
    }

    /// A field with a place on the Earth.
    pub fn geo_point(name: impl Into<String>) -> Self {
        Self::new(name, FieldKind::GeoPoint(GeoPointOptions::default()))
    }

    /// A field with a file.
    pub fn file(name: impl Into<String>) -> Self {
        let options = FileOptions {
            max_select: 1,
            ..FileOptions::default()
        };
        Self::new(name, FieldKind::File(options))
    }

    /// A field with a record of the collection of this id.
    pub fn relation(name: impl Into<String>, collection_id: impl Into<String>) -> Self {
        let options = RelationOptions {
            collection_id: collection_id.into(),
            max_select: 1,
            ..RelationOptions::default()
        };
        Self::new(name, FieldKind::Relation(options))
    }

    /// The same field for several values, up to `max`. It changes selects, files and relations.
    #[must_use]
    pub fn multiple(mut self, max: i64) -> Self {
        match &mut self.kind {
            FieldKind::Select(options) => options.max_select = max,
            FieldKind::File(options) => options.max_select = max,
            FieldKind::Relation(options) => options.max_select = max,
            FieldKind::Text(_)
            | FieldKind::Number(_)
            | FieldKind::Bool(_)
            | FieldKind::Email(_)
            | FieldKind::Url(_)
            | FieldKind::Editor(_)
            | FieldKind::Date(_)
            | FieldKind::Autodate(_)
            | FieldKind::Json(_)
            | FieldKind::GeoPoint(_)
            | FieldKind::Password(_) => {}
        }
        self
    }

    /// The same field, with a value needed in every record: not empty, not 0, not `false`.
    #[must_use]
    pub fn required(mut self) -> Self {
        match &mut self.kind {
            FieldKind::Text(options) => options.required = true,
            FieldKind::Number(options) => options.required = true,
            FieldKind::Bool(options) => options.required = true,
            FieldKind::Email(options) | FieldKind::Url(options) => options.required = true,
            FieldKind::Editor(options) => options.required = true,
            FieldKind::Date(options) => options.required = true,
            FieldKind::Select(options) => options.required = true,
            FieldKind::Json(options) => options.required = true,
            FieldKind::File(options) => options.required = true,
            FieldKind::Relation(options) => options.required = true,
            FieldKind::GeoPoint(options) => options.required = true,
            FieldKind::Password(options) => options.required = true,
            // The server sets it anyway.
            FieldKind::Autodate(_) => {}
        }
        self
    }
}
