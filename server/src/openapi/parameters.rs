//! Parameters of paths and queries, which routes refer to.

use serde_json::json;
use utoipa::openapi::Required;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn, ParameterStyle};
use utoipa::openapi::schema::ArrayBuilder;

use super::parts::{Described, boolean, integer, text};
use crate::filter;

/// The parameters of routes, by the names of their components.
pub(super) fn all() -> [(&'static str, Parameter); 11] {
    let sort = ArrayBuilder::new()
        .items(text().max_length(Some(255)))
        .max_items(Some(8));
    [
        path("Collection", "collection", "The collection's id or name."),
        path("Record", "id", "The record's id."),
        query(
            "page",
            integer().minimum(Some(1)).default(Some(json!(1))),
            "The page's number.",
        ),
        query(
            "perPage",
            integer()
                .minimum(Some(1))
                .maximum(Some(1000))
                .default(Some(json!(30))),
            "How many items a page holds. More than 1000 counts as 1000.",
        ),
        list_query(
            "sort",
            sort,
            "What to sort by, first to last: names of fields, with `-` in front for descending order. Without it, \
             the oldest come first. Also `@random` and `@rowid`.",
        ),
        query(
            "filter",
            text().max_length(Some(filter::MAX_LENGTH)),
            "Which ones: comparisons such as `title ~ 'ab' && year >= 2000`, joined by `&&` and `||`.",
        ),
        query(
            "skipTotal",
            boolean().default(Some(json!(false))),
            "Leaves the totals out (they become -1), which is faster.",
        ),
        query(
            "cursor",
            text(),
            "Instead of `page`, where the list goes on: empty at first, then the `nextCursor` of the answer before, \
             until that is empty. Each page takes the same time, however many lie before it. For tables, sorted by \
             nothing or by texts, numbers, bools and dates of their own.",
        ),
        query(
            "expand",
            text(),
            "Relations to follow, such as `author,comments_via_post.author`: six levels at most. What they lead to \
             comes in `expand`, as far as you may view it.",
        ),
        query(
            "minutes",
            integer()
                .minimum(Some(1))
                .maximum(Some(1440))
                .default(Some(json!(60))),
            "How many minutes, up to the present one.",
        ),
        query(
            "fields",
            text(),
            "Which properties to answer, such as `id,title,expand.author.name`; of a list's items, for a list. `*` is \
             all of a level, `:excerpt(200,true)` shortens a text. The others are missing from the answer.",
        ),
    ]
}

fn path(key: &'static str, name: &str, description: &str) -> (&'static str, Parameter) {
    let parameter = ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .description(Some(description))
        .schema(Some(text()));
    (key, parameter.build())
}

fn query(
    name: &'static str,
    schema: impl Into<Described>,
    description: &str,
) -> (&'static str, Parameter) {
    (name, query_builder(name, schema, description).build())
}

/// A parameter whose values are separated by commas.
fn list_query(
    name: &'static str,
    schema: ArrayBuilder,
    description: &str,
) -> (&'static str, Parameter) {
    let parameter = query_builder(name, schema.build(), description)
        .style(Some(ParameterStyle::Form))
        .explode(Some(false));
    (name, parameter.build())
}

fn query_builder(name: &str, schema: impl Into<Described>, description: &str) -> ParameterBuilder {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Query)
        .required(Required::False)
        .description(Some(description))
        .schema(Some(schema))
}
