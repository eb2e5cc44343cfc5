//! Lists of records: plain pages, and those of PocketBase's own benchmark, with its rules and numbers of connections.

/// A page of records, and the circumstances in which it is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct List {
    pub(crate) query: &'static str,
    pub(crate) rule: &'static str,
    /// The field that has an index.
    pub(crate) index: Option<&'static str>,
    /// What must be in the answer, as a JSON pointer.
    pub(crate) has: &'static str,
}

const PAGE: &str = "perPage=20";
const NO_TOTAL: &str = "perPage=20&skipTotal=1";
const OWN: &str = "author = @request.auth.id";
const OWN_BY_ID: &str = "author.id = @request.auth.id";
const WORDS: &str = "description ~ 'ipsum dolor'";
const EACH_ALL: &str = "type:each != 'c'";
const EACH_ANY: &str = "type:each ?!= 'c'";
const ONE_DEEP: &str = "author.organization.name != 'test'";
const MANY_ALL: &str = "author.permissions.active = true";
const MANY_ANY: &str = "author.permissions.active ?= true";

/// A page that everybody may see, with the total.
pub(crate) const PLAIN: List = page(PAGE);

/// Pages of a table that everybody may see.
pub(crate) const PAGES: [(&str, List); 2] = [
    ("list 30, no total", page("perPage=30&skipTotal=1")),
    ("list 30 with total", page("perPage=30")),
];

/// Name, connections, and the list.
pub(crate) const SCENARIOS: [(&str, usize, List); 27] = [
    ("one client", 1, PLAIN),
    ("many clients", 1000, PLAIN),
    ("many clients, no total", 1000, page(NO_TOTAL)),
    (
        "expand author",
        10,
        expand("perPage=20&expand=author", "/items/0/expand/author/name"),
    ),
    (
        "expand author, ids only",
        10,
        expand(
            "perPage=20&expand=author&fields=id,collectionId,expand.author.id",
            "/items/0/expand/author/id",
        ),
    ),
    (
        "expand author.permissions",
        10,
        expand(
            "perPage=20&expand=author.permissions",
            "/items/0/expand/author/expand/permissions/2/name",
        ),
    ),
    (
        "expand author.permissions, ids only",
        10,
        expand(
            "perPage=20&expand=author.permissions&fields=id,collectionId,expand.author.id,expand.author.expand.permissions.id",
            "/items/0/expand/author/expand/permissions/2/id",
        ),
    ),
    ("signed in", 10, ruled(PAGE, "@request.auth.id != ''", None)),
    ("own", 10, ruled(PAGE, OWN, None)),
    ("own, index", 10, ruled(PAGE, OWN, Some("author"))),
    (
        "own, index, no total",
        10,
        ruled(NO_TOTAL, OWN, Some("author")),
    ),
    ("own by relation", 10, ruled(PAGE, OWN_BY_ID, None)),
    (
        "own by relation, index",
        10,
        ruled(PAGE, OWN_BY_ID, Some("author")),
    ),
    (
        "own by relation, index, no total",
        10,
        ruled(NO_TOTAL, OWN_BY_ID, Some("author")),
    ),
    ("words", 10, ruled(PAGE, WORDS, None)),
    ("words, index", 10, ruled(PAGE, WORDS, Some("description"))),
    (
        "words, index, no total",
        10,
        ruled(NO_TOTAL, WORDS, Some("description")),
    ),
    ("each value, all", 10, ruled(PAGE, EACH_ALL, None)),
    (
        "each value, all, no total",
        10,
        ruled(NO_TOTAL, EACH_ALL, None),
    ),
    ("each value, any", 10, ruled(PAGE, EACH_ANY, None)),
    (
        "each value, any, no total",
        10,
        ruled(NO_TOTAL, EACH_ANY, None),
    ),
    ("nested one", 10, ruled(PAGE, ONE_DEEP, None)),
    ("nested one, no total", 10, ruled(NO_TOTAL, ONE_DEEP, None)),
    ("nested match-all", 10, ruled(PAGE, MANY_ALL, None)),
    (
        "nested match-all, no total",
        10,
        ruled(NO_TOTAL, MANY_ALL, None),
    ),
    ("nested match-any", 10, ruled(PAGE, MANY_ANY, None)),
    (
        "nested match-any, no total",
        10,
        ruled(NO_TOTAL, MANY_ANY, None),
    ),
];

pub(crate) const fn page(query: &'static str) -> List {
    ruled(query, "", None)
}

const fn expand(query: &'static str, has: &'static str) -> List {
    List { has, ..page(query) }
}

const fn ruled(query: &'static str, rule: &'static str, index: Option<&'static str>) -> List {
    List {
        query,
        rule,
        index,
        has: "/items/0/id",
    }
}
