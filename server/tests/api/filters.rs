//! The language of filters: what each finds among six books. The expectations are PocketBase's answers.

use serde_json::json;

use crate::support::{Client, TestApp};

/// Six books with what belongs to them: values of every type, nulls, quotes, other alphabets.
pub(crate) fn library(app: &TestApp) {
    let id = |name: &str| format!("{name:0<15}");
    let text = |name: &str| json!({"type": "text", "name": name});
    let secret = json!({"type": "text", "name": "secret", "hidden": true});
    let to = |name: &str, target: &serde_json::Value, max: u32| json!({"type": "relation", "name": name, "collectionId": target["id"], "maxSelect": max});
    let authors = json!([text("name"), {"type": "bool", "name": "active"}, secret]);
    let authors = app.open_collection("authors", authors);
    let tags = app.open_collection("tags", json!([text("name")]));
    let books = json!([
        text("title"), {"type": "number", "name": "pages"}, {"type": "bool", "name": "lent"},
        {"type": "date", "name": "printed"}, {"type": "json", "name": "meta"},
        {"type": "select", "name": "genre", "values": ["novel", "poetry", "essay"]},
        {"type": "select", "name": "moods", "values": ["sad", "funny", "dark"], "maxSelect": 3},
        to("author", &authors, 1), to("tags", &tags, 9), secret,
    ]);
    let books = app.open_collection("books", books);
    let reviews = json!([text("words"), {"type": "number", "name": "stars"}, to("book", &books, 1), to("by", &authors, 1)]);
    app.open_collection("reviews", reviews);
    let root = app.root();
    for (name, active, secret) in [("Ann", true, "a"), ("bob", false, "b"), ("", true, "")] {
        let short = if name.is_empty() { "cyd" } else { name }.to_lowercase();
        root.create(
            "authors",
            json!({"id": id(&short), "name": name, "active": active, "secret": secret}),
        );
    }
    for name in ["red", "green", "blue"] {
        root.create("tags", json!({"id": id(name), "name": name}));
    }
    for (n, book) in [
        json!({
            "title": "Alpha", "pages": 100, "lent": true, "printed": "2020-01-02 03:04:05.000Z", "genre": "novel",
            "moods": ["sad", "funny"], "author": id("ann"), "tags": [id("red"), id("green")],
            "meta": {"a": 1, "list": [1, 2, 3], "deep": {"x": "y"}}, "secret": "s",
        }),
        json!({
            "title": "beta", "genre": "poetry", "moods": ["dark"], "author": id("bob"), "tags": [id("red")], "meta": "text",
        }),
        json!({"title": "Gamma 100%", "pages": -5.5, "printed": "2021-06-07 08:09:10.000Z", "author": id("ann")}),
        json!({
            "title": "", "pages": 250, "lent": true, "printed": "2020-12-31 23:59:59.999Z", "genre": "essay",
            "moods": ["sad", "funny", "dark"], "tags": [id("blue"), id("green"), id("red")], "meta": [{"k": "v"}, 2],
        }),
        json!({
            "title": "it's \"quoted\" \\ _under_ é É", "pages": 100, "genre": "novel", "moods": ["funny"],
            "author": id("cyd"), "tags": [id("blue")], "meta": 5,
        }),
        json!({
            "title": "alpha", "pages": 99, "author": id("bob"), "tags": [id("green")],
            "meta": {"a": "1", "deep": {"x": null}},
        }),
    ]
    .into_iter()
    .enumerate()
    {
        let mut book = book;
        book["id"] = json!(id(&format!("b{}", n + 1)));
        root.create("books", book);
    }
    for (words, stars, book, by) in [
        ("good", 5, "b1", "bob"),
        ("bad", 1, "b1", "cyd"),
        ("good", 4, "b2", "ann"),
        ("", 0, "b4", ""),
    ] {
        let by = if by.is_empty() { String::new() } else { id(by) };
        root.create(
            "reviews",
            json!({"words": words, "stars": stars, "book": id(book), "by": by}),
        );
    }
}

/// What a filter finds, as the numbers of the books; or the refusal.
fn found(client: &Client, filter: &str) -> String {
    let reply = client.list("books", &[("filter", filter)]);
    let Some(items) = reply.body["items"].as_array() else {
        return reply.text;
    };
    assert_eq!(reply.body["totalItems"], json!(items.len()), "{filter}");
    items
        .iter()
        .filter_map(|item| item["id"].as_str()?.get(1..2))
        .collect()
}

#[track_caller]
fn each_finds(client: &Client, table: &[(&str, &str)]) {
    let wrong: Vec<_> = table
        .iter()
        .map(|(filter, expected)| (filter, expected, found(client, filter)))
        .filter(|(_, expected, found)| found != *expected)
        .collect();
    assert!(wrong.is_empty(), "(filter, expected, found): {wrong:#?}");
}

#[track_caller]
fn each_is_refused(client: &Client, filters: &[&str]) {
    for filter in filters {
        let reply = client.list("books", &[("filter", filter)]);
        assert_eq!(reply.status, 400, "{filter}: {}", reply.text);
        reply.refused(400);
    }
}

#[test]
fn each_filter_finds_what_it_says() {
    let app = TestApp::start();
    library(&app);
    each_finds(app.root(), VALUES);
    each_finds(app.root(), LIKE);
    each_finds(app.root(), SYNTAX);
    each_finds(app.root(), RELATIONS);
    each_finds(app.root(), REQUEST);
}

#[test]
fn what_is_no_filter_is_refused() {
    let app = TestApp::start();
    library(&app);
    each_is_refused(app.root(), WRONG);
    // Guests get the same answer, whatever is wrong.
    for filter in WRONG {
        let reply = app.guest().list("books", &[("filter", filter)]);
        assert!(
            [400, 403].contains(&reply.status),
            "{filter}: {}",
            reply.text
        );
        reply.refused(reply.status);
    }
}

const VALUES: &[(&str, &str)] = &[
    ("title = null", "4"),
    ("title != null", "12356"),
    ("pages = null", ""),
    ("pages = ''", ""),
    ("pages != ''", "123456"),
    ("lent = 1", "14"),
    ("lent = 0", "2356"),
    ("lent = 'true'", ""),
    ("lent != null", "123456"),
    ("lent = ''", ""),
    ("printed = null", "256"),
    ("printed != ''", "134"),
    ("genre = ''", "36"),
    ("genre != ''", "1245"),
    ("author = null", "4"),
    ("author != null", "12356"),
    ("meta = ''", ""),
    ("meta != ''", "123456"),
    ("meta != null", "12456"),
    ("meta = 5", "5"),
    ("meta = '5'", ""),
    ("meta.missing = null", "123456"),
    ("meta.missing = ''", ""),
    ("meta.deep.x = 'y'", "1"),
    ("meta.deep = null", "2345"),
    ("meta.list.0 = 1", "1"),
    ("meta.list.9 = 1", ""),
    ("meta.list ~ '2'", "1"),
    ("meta.0.k = 'v'", "4"),
    ("meta.list:length = 3", ""),
    ("meta.list:each > 0", ""),
    ("meta.list:each ?= 2", ""),
    ("tags = ''", ""),
    ("tags != ''", "123456"),
    ("tags = '[]'", "3"),
    ("tags = null", ""),
    ("tags:length = 0", "3"),
    ("tags:length > 1", "14"),
    ("tags:each = 'red000000000000'", "2"),
    ("tags.id = 'red000000000000'", "2"),
    ("tags.id ?= 'red000000000000'", "124"),
    (r#"moods = '["dark"]'"#, "2"),
    ("moods ~ 'sad'", "14"),
    ("moods:each ~ 'a'", "2"),
    ("moods:each = ''", "36"),
    ("'Alpha' = title", "1"),
    ("100 = pages", "15"),
    ("title = title", "123456"),
    ("title = genre", ""),
    ("pages > meta.a", "16"),
    ("author = author.id", "123456"),
    ("1 = 1", "123456"),
    ("1 = 2", ""),
    ("'a' = 'A'", ""),
    ("null = ''", "123456"),
    ("null = null", "123456"),
    ("true = 1", "123456"),
    ("title != ''", "12356"),
    ("pages > -6", "123456"),
    ("pages = 100.0", "15"),
    ("pages = -5.50", "3"),
    ("pages > '99'", "145"),
    ("title > 5", "12356"),
    ("title ~ 5", ""),
    ("pages ~ 1", "15"),
    ("pages ~ '00'", "15"),
    ("lent ~ 'rue'", ""),
    ("5 ~ 5", "123456"),
    ("'abc' ~ 'B'", "123456"),
    ("id = 'B10000000000000'", ""),
];

const LIKE: &[(&str, &str)] = &[
    ("title ~ 'a'", "1236"),
    ("title ~ 'A'", "1236"),
    ("title ~ 'alp%'", "16"),
    ("title ~ '%pha'", "16"),
    ("title ~ '%'", "123456"),
    ("title ~ ''", "123456"),
    ("title !~ ''", ""),
    (r"title ~ '100\\%'", "3"),
    (r"title ~ '100\%'", "3"),
    ("title ~ '_'", "5"),
    ("title ~ '_under_'", "5"),
    ("title ~ 'é'", "5"),
    ("title ~ 'É'", "5"),
    ("title !~ 'a'", "45"),
    ("title ~ 'a%a'", "16"),
    (r"title ~ '\\'", "5"),
    ("title ~ null", ""),
    ("title !~ null", ""),
    ("title ~ genre", "36"),
    ("title ~ title", "12346"),
    ("'Alpha beta' ~ title", "1246"),
    (r#"title ~ '"'"#, "5"),
    (r#"title ~ "'""#, "5"),
    ("author.name ~ 'n'", "13"),
    ("tags.name ~ 'r'", "126"),
    ("tags.name ?~ 'r'", "1246"),
    ("tags.name !~ 'r'", "5"),
    ("tags.name ?!~ 'r'", "45"),
];

const SYNTAX: &[(&str, &str)] = &[
    ("title='Alpha'", "1"),
    ("  title  =  'Alpha'  ", "1"),
    ("title='Alpha'&&pages=100", "1"),
    ("title='Alpha'||title='beta'", "12"),
    ("title='Alpha'||title='beta'&&pages=5", "1"),
    ("(title='Alpha'||title='beta')&&pages=0", "2"),
    ("title='beta'&&pages=5||title='Alpha'", "1"),
    ("((title='Alpha'))", "1"),
    ("( title = 'Alpha' )", "1"),
    ("title = 'Alpha' // a comment", "1"),
    ("title = 'a//b'", ""),
    ("title\t=\t'Alpha'", "1"),
    (r#"title = "Alpha""#, "1"),
    (r#"title = 'it\'s "quoted" \\ _under_ é É'"#, "5"),
    (r"title ~ 'it\'s'", "5"),
    (r#"title ~ "it's""#, "5"),
    (r#"title ~ "\"quoted\"""#, "5"),
    (r"title = 'a\nb'", ""),
    ("title = true", ""),
    ("title = TRUE", ""),
    ("title = NULL", "4"),
    ("lent = True", "14"),
    (
        "title = 'a' && (pages = 1 || (lent = true && (genre = 'novel')))",
        "",
    ),
    ("pages = 1 && pages = 2 || pages = 100 && lent = true", "1"),
    ("title:each = 'a'", ""),
    ("title:length = 1", ""),
    ("pages:lower = '100'", "15"),
    ("moods:lower ~ 'sad'", "14"),
    ("title:isset = true", ""),
    ("title:changed = true", ""),
];

const RELATIONS: &[(&str, &str)] = &[
    ("author:each = 'x'", ""),
    ("author:length = 1", "12356"),
    ("author.name:lower = 'ann'", "13"),
    ("tags.name:length = 1", ""),
    ("tags:lower ~ 'red'", "124"),
    ("reviews_via_book.id != ''", "124"),
    ("reviews_via_book.by.name = 'bob'", ""),
    ("reviews_via_book.by.name ?= 'bob'", "1"),
    ("reviews_via_book.book.reviews_via_book.stars ?= 5", "1"),
    ("author.books_via_author.title ?= 'Alpha'", "13"),
    ("author.books_via_author.pages > 0", "5"),
    (
        "author.books_via_author.author.books_via_author.author.books_via_author.title ?= 'Alpha'",
        "13",
    ),
    ("tags.name = 'red'", "2"),
    ("tags.name >= 'red'", "2"),
    ("tags.name ~ 'red'", "2"),
    ("tags.name ?!= 'red'", "13456"),
    ("tags.name ?< 'red'", "1456"),
    ("tags.name ?!~ 'red'", "1456"),
    ("reviews_via_book.stars > 1", "2"),
    ("reviews_via_book.stars <= 1", "4"),
    ("reviews_via_book.stars ?= 1", "1"),
    ("reviews_via_book.stars ?>= 1", "12"),
    ("reviews_via_book.stars ?~ 1", "1"),
    ("reviews_via_book.words != 'good'", "3456"),
    ("reviews_via_book.words < 'good'", "4"),
    ("reviews_via_book.words !~ 'good'", "4"),
    ("reviews_via_book.words ?> 'good'", ""),
    ("reviews_via_book.words ?<= 'good'", "124"),
    ("reviews_via_book.words = ''", "3456"),
    ("reviews_via_book.words >= ''", "124"),
    ("reviews_via_book.words ~ ''", "124"),
    ("reviews_via_book.words ?!= ''", "12"),
    ("reviews_via_book.words ?< ''", ""),
    ("reviews_via_book.words ?!~ ''", ""),
    ("moods:each > 'sad'", ""),
    ("moods:each <= 'sad'", "1245"),
    ("moods:each ?= 'sad'", "14"),
    ("moods:each ?>= 'sad'", "14"),
    ("moods:each ?~ 'sad'", "14"),
    ("moods:each != 'funny'", "236"),
    ("moods:each < 'funny'", "2"),
    ("moods:each !~ 'funny'", "2"),
    ("moods:each ?> 'funny'", "14"),
    ("moods:each ?<= 'funny'", "1245"),
    ("moods:length = 2", "1"),
    ("moods:length >= 2", "14"),
    ("moods:length ~ 2", "1"),
    ("moods:length ?!= 2", "23456"),
    ("moods:length ?< 2", "2356"),
    ("moods:length ?!~ 2", "23456"),
    ("moods:length > 0", "1245"),
    ("moods:length <= 0", "36"),
    ("moods:length ?= 0", "36"),
    ("moods:length ?>= 0", "123456"),
    ("moods:length ?~ 0", "36"),
];

const REQUEST: &[(&str, &str)] = &[
    ("printed < @now", "123456"),
    ("printed > @now", ""),
    ("printed < @todayStart && printed != ''", "134"),
    ("printed < @todayEnd", "123456"),
    ("printed < @yesterday", "123456"),
    ("printed < @tomorrow", "123456"),
    ("printed < @monthStart", "123456"),
    ("printed < @monthEnd", "123456"),
    ("printed < @yearStart", "123456"),
    ("printed < @yearEnd", "123456"),
    ("@year > 2020", "123456"),
    ("@month > 0 && @month < 13", "123456"),
    ("@day > 0", "123456"),
    ("@hour >= 0", "123456"),
    ("@minute >= 0", "123456"),
    ("@second >= 0", "123456"),
    ("@weekday >= 0 && @weekday < 7", "123456"),
    ("@todayStart < @todayEnd", "123456"),
    ("@request.auth.id != ''", "123456"),
    ("@request.auth.email ~ 'root'", "123456"),
    ("@request.auth.collectionName = '_superusers'", "123456"),
    ("@request.method = 'GET'", "123456"),
    ("@request.method = 'get'", ""),
    ("@request.context = 'default'", "123456"),
    ("@request.query.nope = ''", "123456"),
    ("@request.query.nope:isset = false", "123456"),
    ("@request.headers.authorization != ''", "123456"),
    ("@request.headers.x_nope = ''", "123456"),
    ("@request.body.title = ''", "123456"),
    ("@request.body.title:isset = false", "123456"),
    ("@request.auth.nope = ''", "123456"),
    ("@collection.tags.name = 'red'", ""),
    ("@collection.tags.name ?= 'red'", "123456"),
    ("@collection.tags.name ?= title", ""),
    ("@collection.authors.id ?= author", "12356"),
    (
        "@collection.authors:x.id ?= author && @collection.authors:x.name = 'bob'",
        "",
    ),
    (
        "@collection.authors.id ?= author && @collection.authors.name ?= 'bob'",
        "26",
    ),
    ("@collection.books.pages > pages", ""),
    ("@collection.books.pages ?> pages", "12356"),
    ("@collection.authors.secret ?= 'a'", "123456"),
    ("secret = 's'", "1"),
    ("author.secret = 'a'", "13"),
];

const WRONG: &[&str] = &[
    "pages = 1e2",
    "pages = .5",
    "pages = +100",
    "pages = 0x64",
    "created = ''",
    "collectionName = 'books'",
    "collectionId = ''",
    "expand = ''",
    "// only a comment",
    "title",
    "title =",
    "= 'a'",
    "title = ",
    "title 'a'",
    "title = 'a",
    "title = a'",
    r#"title = "a'"#,
    "title == 'a'",
    "title = = 'a'",
    "title === 'a'",
    "title <> 'a'",
    "title => 'a'",
    "title ?? 'a'",
    "title ? 'a'",
    "title ?",
    "title = 'a' &&",
    "&& title = 'a'",
    "title = 'a' & title = 'b'",
    "title = 'a' and title = 'b'",
    "title = 'a' title = 'b'",
    "title = 'a' , title = 'b'",
    "(title = 'a'",
    "title = 'a')",
    "()",
    "(())",
    "(title) = 'a'",
    "title = ('a')",
    "!title",
    "!(title = 'a')",
    "NOT title = 'a'",
    "title IN ('a')",
    "title = 'a'; drop table books",
    "title = 'a' -- x",
    "title = `a`",
    "title = [1]",
    "title = {}",
    "title = alpha",
    "Title = 'Alpha'",
    "TITLE = 'Alpha'",
    "title. = 'a'",
    ".title = 'a'",
    "title..x = 'a'",
    "title-x = 'a'",
    "1title = 'a'",
    "@title = 'a'",
    "title = @",
    "#title = 'a'",
    "пример = 1",
    "title:unknown = 'a'",
    "title:lower:lower = 'a'",
    "title: = 'a'",
    "missing = 1",
    "author.missing = 1",
    "title.x = 1",
    "pages.x = 1",
    "author.name.x = 1",
    "missing_via_book.x = 1",
    "reviews_via_missing.x = 1",
    "reviews_via_title.x = 1",
    "reviews_via_book = ''",
    "reviews_via_book.missing = 1",
    "reviews_via_book:length = 2",
    "author.books_via_author.author.books_via_author.author.books_via_author.author.books_via_author.title ?= 'Alpha'",
    "unknown(title) = 1",
    "lower(title) = 'alpha'",
    "@nope = 1",
    "@now:lower = ''",
    "@todaystart = ''",
    "@request.nope = ''",
    "@request = ''",
    "@request.auth = ''",
    "@collection.missing.x = 1",
    "@collection.tags = 1",
    "@collection.tags.missing = 1",
];

#[test]
fn n41_length_number_and_depth_have_limits() {
    let app = TestApp::start();
    library(&app);
    let root = app.root();
    let status = |filter: &str| {
        let reply = root.list("books", &[("filter", filter)]);
        if reply.status != 200 {
            reply.refused(400);
        }
        reply.status
    };
    let of_length =
        |length: usize| format!("title = '{}'", "x".repeat(length - "title = ''".len()));
    assert_eq!(
        (status(&of_length(3500)), status(&of_length(3501))),
        (200, 400)
    );
    let of_terms = |count: usize| vec!["pages=1"; count].join("||");
    assert_eq!((status(&of_terms(200)), status(&of_terms(201))), (200, 400));
    let nested = |depth: usize| format!("{}1=1{}", "(".repeat(depth), ")".repeat(depth));
    assert_eq!(status(&nested(20)), 200);
    for depth in [100, 1000, 1700] {
        assert!([200, 400].contains(&status(&nested(depth))), "{depth}");
    }
    assert_eq!(status(&"(".repeat(3500)), 400);
    assert_eq!(status(&"title='a'&&(".repeat(290)), 400);
    let back = |levels: usize| {
        format!(
            "{}title ?= 'Alpha'",
            "author.books_via_author.".repeat(levels)
        )
    };
    assert_eq!((status(&back(3)), status(&back(4))), (200, 400));
    let dots = |count: usize| format!("meta{} = 1", ".a".repeat(count));
    assert_eq!(status(&dots(100)), 200);
    assert_eq!(status("title = 'a\u{0}b'"), 200);
    assert_eq!(status("title = 'a' \u{0}"), 400);
    // What is heavy but allowed ends.
    let heavy =
        vec!["tags.name ~ 'e' && reviews_via_book.by.books_via_author.tags.name ?~ 'e'"; 40]
            .join("||");
    assert!([200, 400].contains(&status(&heavy)));
    assert_eq!(found(root, "title = 'Alpha'"), "1");
}
