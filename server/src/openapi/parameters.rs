//! Parameters of paths and queries that several routes share.

#![expect(dead_code, reason = "only their descriptions are used")]

use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterIn};

/// The selection of properties.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Selection {
    /// The properties to return, such as `id,title,expand.author.name`; for a list, the properties of its items. `*`
    /// stands for all properties of a level, and `:excerpt(200,true)` shortens a text.
    #[param(required = false)]
    fields: String,
}

/// The parameters of a list.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub(crate) struct ListParams {
    /// The number of the page. Less than 1 counts as 1.
    #[param(required = false, default = 1)]
    page: i64,
    /// The number of items per page. Less than 1 counts as 30, and more than 1000 as 1000.
    #[param(required = false, default = 30)]
    per_page: i64,
    /// The fields to sort by, in order of precedence, with `-` in front for descending order. Without it, the oldest
    /// come first. `@random` and `@rowid` are possible too.
    #[param(required = false, style = Form, explode = false, max_items = 8)]
    sort: Vec<String>,
    /// A filter: comparisons such as `title ~ 'ab' && year >= 2000`, joined by `&&` and `||`.
    #[param(required = false, max_length = 3500)]
    filter: String,
    /// Whether to omit the totals, which is faster; they become -1.
    #[param(required = false, default = false)]
    skip_total: bool,
}

/// A filter alone.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Filter {
    /// A filter: comparisons such as `title ~ 'ab' && year >= 2000`, joined by `&&` and `||`.
    #[param(required = false, max_length = 3500)]
    filter: String,
}

/// The cursor of a list of records.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Cursor {
    /// The position at which the page begins, instead of `page`: empty for the first page, then `nextCursor` of the
    /// previous page, until that is empty. Every page takes the same time. The list must be sorted by
    /// nothing, or by text, number, bool and date fields of the collection itself.
    #[param(required = false)]
    cursor: String,
}

/// The expansion of relations.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Expand {
    /// Relations to follow, such as `author,comments_via_post.author`, up to six levels. The records appear in
    /// `expand`, if the caller may view them.
    #[param(required = false)]
    expand: String,
}

/// The path of a record, or of anything else with an id.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct RecordPath {
    /// The id.
    id: String,
}

/// The path of a collection.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct CollectionPath {
    /// The collection's id or name.
    collection: String,
}

/// The path of a file.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct FilePath {
    /// The collection's id or name.
    collection: String,
    /// The record's id.
    id: String,
    /// The file's name, as in the record.
    filename: String,
}

/// The parameters of a download.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct FileParams {
    /// The size of a thumbnail, one of those that the field lists, such as `100x100` or `0x300`. For images.
    #[param(required = false)]
    thumb: String,
    /// Whether a browser should save the file instead of showing it.
    #[param(required = false)]
    download: bool,
    /// A token from `/api/files/token`, for protected files.
    #[param(required = false)]
    token: String,
}

/// The parameters of the counts of requests.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct OverviewParams {
    /// The number of minutes, up to the current one.
    #[param(required = false, minimum = 1, maximum = 1440, default = 60)]
    minutes: i64,
}

/// Returns the parameters that become components: those of the routes of records.
pub(super) fn shared() -> Vec<Parameter> {
    let query = || Some(ParameterIn::Query);
    let path = || Some(ParameterIn::Path);
    let mut parameters = RecordPath::into_params(path);
    parameters.extend(CollectionPath::into_params(path));
    parameters.extend(ListParams::into_params(query));
    parameters.extend(Cursor::into_params(query));
    parameters.extend(Expand::into_params(query));
    parameters.extend(Selection::into_params(query));
    parameters
}
