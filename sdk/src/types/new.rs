//! Constructors of definitions.

use super::{
    AutodateOptions, BoolOptions, Collection, CollectionType, DateOptions, EditorOptions,
    EmailOptions, Field, FieldKind, FileOptions, GeoPointOptions, JsonOptions, NumberOptions,
    RelationOptions, SelectOptions, TextOptions, UrlOptions,
};

/// Constructors of definitions, to be completed with `..`:
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
    /// Creates a base collection that only superusers have access to.
    pub fn base(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            kind: CollectionType::Base,
            ..Self::default()
        }
    }

    /// Creates an auth collection that only superusers have access to.
    pub fn auth(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            kind: CollectionType::Auth,
            ..Self::default()
        }
    }

    /// Creates a view of the query's result that only superusers have access to.
    pub fn view(name: impl Into<String>, query: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            kind: CollectionType::View,
            view_query: Some(query.into()),
            ..Self::default()
        }
    }
}

/// Constructors of fields with default options.
impl Field {
    /// Creates a text field.
    pub fn text(name: impl Into<String>) -> Self {
        Self::new(name, FieldKind::Text(TextOptions::default()))
    }

    /// Creates a number field.
    pub fn number(name: impl Into<String>) -> Self {
        Self::new(name, FieldKind::Number(NumberOptions::default()))
    }

    /// Creates a bool field.
    pub fn bool(name: impl Into<String>) -> Self {
        Self::new(name, FieldKind::Bool(BoolOptions::default()))
    }

    /// Creates an e-mail field.
    pub fn email(name: impl Into<String>) -> Self {
        Self::new(name, FieldKind::Email(EmailOptions::default()))
    }

    /// Creates a URL field.
    pub fn url(name: impl Into<String>) -> Self {
        Self::new(name, FieldKind::Url(UrlOptions::default()))
    }

    /// Creates an editor field, which holds HTML.
    pub fn editor(name: impl Into<String>) -> Self {
        Self::new(name, FieldKind::Editor(EditorOptions::default()))
    }

    /// Creates a date field.
    pub fn date(name: impl Into<String>) -> Self {
        Self::new(name, FieldKind::Date(DateOptions::default()))
    }

    /// Creates an autodate field that holds the time of creation.
    pub fn created(name: impl Into<String>) -> Self {
        let options = AutodateOptions {
            on_create: true,
            on_update: false,
        };
        Self::new(name, FieldKind::Autodate(options))
    }

    /// Creates an autodate field that holds the time of the last change.
    pub fn updated(name: impl Into<String>) -> Self {
        let options = AutodateOptions {
            on_create: true,
            on_update: true,
        };
        Self::new(name, FieldKind::Autodate(options))
    }

    /// Creates a select field for one of these values.
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

    /// Creates a JSON field.
    pub fn json(name: impl Into<String>) -> Self {
        Self::new(name, FieldKind::Json(JsonOptions::default()))
    }

    /// Creates a geo point field.
    pub fn geo_point(name: impl Into<String>) -> Self {
        Self::new(name, FieldKind::GeoPoint(GeoPointOptions::default()))
    }

    /// Creates a file field for one file.
    pub fn file(name: impl Into<String>) -> Self {
        let options = FileOptions {
            max_select: 1,
            ..FileOptions::default()
        };
        Self::new(name, FieldKind::File(options))
    }

    /// Creates a relation field for one record of the collection with this id.
    pub fn relation(name: impl Into<String>, collection_id: impl Into<String>) -> Self {
        let options = RelationOptions {
            collection_id: collection_id.into(),
            max_select: 1,
            ..RelationOptions::default()
        };
        Self::new(name, FieldKind::Relation(options))
    }

    /// Sets how many values the field takes at most. It changes selects, files and relations.
    #[must_use]
    pub fn multiple(mut self, max: i64) -> Self {
        if let (_, Some(max_select)) = self.kind.common_mut() {
            *max_select = max;
        }
        self
    }

    /// Makes a value necessary in every record: not empty, not 0, not `false`.
    #[must_use]
    pub fn required(mut self) -> Self {
        if let (Some(required), _) = self.kind.common_mut() {
            *required = true;
        }
        self
    }
}
