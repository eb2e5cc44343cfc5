import { library } from "./library.mjs";
import { list } from "./shapes.mjs";

const found = (filters, as = "root", collection = "books") =>
  filters.map((filter) => {
    const name = `${collection}: ${filter.slice(0, 200)} (${as})`;
    return list(collection, { filter, sort: "id", fields: "id" }, { as, name });
  });

const operators = ["=", "!=", ">", ">=", "<", "<=", "~", "!~", "?=", "?!=", "?>", "?>=", "?<", "?<=", "?~", "?!~"];
const operands = {
  title: ["'Alpha'", "''", "'alpha'"],
  pages: ["100", "0", "'100'", "-5.5"],
  lent: ["true", "false"],
  printed: ["'2020-01-02 03:04:05.000Z'", "'2021'", "''"],
  genre: ["'novel'", "null"],
  moods: ["'sad'", "'[]'"],
  author: ["'ann000000000000'", "''"],
  tags: ["'red000000000000'"],
  "meta.a": ["1", "'1'", "null"],
  meta: ["'text'", "null"],
  "author.name": ["'Ann'", "''"],
  "tags.name": ["'red'"],
  "reviews_via_book.stars": ["1"],
  "reviews_via_book.words": ["'good'", "''"],
  "covers_via_book.colour": ["'red'"],
  "moods:each": ["'sad'", "'funny'"],
  "moods:length": ["2", "0"],
  "title:lower": ["'alpha'"],
};

const everyCombination = Object.entries(operands).flatMap(([field, values]) =>
  values.flatMap((value) => operators.map((operator) => `${field} ${operator} ${value}`)),
);

export default [
  {
    name: "filters: each operator on each kind of field",
    steps: [
      ...library,
      ...found(everyCombination),
    ],
  },
  {
    name: "filters: literals and empty values",
    steps: [
      ...library,
      ...found([
        "title = null", "title != null", "pages = null", "pages = ''", "pages != ''", "lent = 1", "lent = 0",
        "lent = 'true'", "lent != null", "lent = ''", "printed = null", "printed != ''", "genre = ''", "genre != ''",
        "author = null", "author != null", "meta = ''", "meta != ''", "meta != null", "meta = 5", "meta = '5'",
        "meta.missing = null", "meta.missing = ''", "meta.deep.x = 'y'", "meta.deep = null", "meta.list.0 = 1",
        "meta.list.9 = 1", "meta.list ~ '2'", "meta.0.k = 'v'", "meta.list:length = 3", "meta.list:each > 0",
        "meta.list:each ?= 2", "tags = ''", "tags != ''", "tags = '[]'", "tags = null", "tags:length = 0",
        "tags:length > 1", "tags:each = 'red000000000000'", "tags.id = 'red000000000000'",
        "tags.id ?= 'red000000000000'", "moods = '[\"dark\"]'", "moods ~ 'sad'", "moods:each ~ 'a'", "moods:each = ''",
        "'Alpha' = title", "100 = pages", "title = title", "title = genre", "pages > meta.a", "author = author.id",
        "1 = 1", "1 = 2", "'a' = 'A'", "null = ''", "null = null", "true = 1", "title != ''", "pages > -6",
        "pages = 1e2", "pages = 100.0", "pages = .5", "pages = -5.50", "pages = +100", "pages = 0x64", "pages > '99'",
        "title > 5", "title ~ 5", "pages ~ 1", "pages ~ '00'", "lent ~ 'rue'", "5 ~ 5", "'abc' ~ 'B'",
        "id = 'B10000000000000'", "created = ''", "collectionName = 'books'", "collectionId = ''", "expand = ''",
        "lent > '-1'", "-2.5 < lent", "1 ~ pages", "1 ~ 0", "tags = '%' && tags:length = 1", "tags:length ?= title",
        "reviews_via_book.stars >= reviews_via_book.stars", "reviews_via_book.words != meta",
        "reviews_via_book.words < title:lower", "true < strftime('%Y', tags.name)",
      ]),
    ],
  },
  {
    name: "filters: like",
    steps: [
      ...library,
      ...found([
        "title ~ 'a'", "title ~ 'A'", "title ~ 'alp%'", "title ~ '%pha'", "title ~ '%'", "title ~ ''", "title !~ ''",
        "title ~ '100\\\\%'", "title ~ '100\\%'", "title ~ '_'", "title ~ '_under_'", "title ~ 'é'", "title ~ 'É'",
        "title !~ 'a'", "title ~ 'a%a'", "title ~ '\\\\'", "title ~ null", "title !~ null", "title ~ genre",
        "title ~ title", "'Alpha beta' ~ title", "title ~ '\"'", "title ~ \"'\"", "author.name ~ 'n'",
        "tags.name ~ 'r'", "tags.name ?~ 'r'", "tags.name !~ 'r'", "tags.name ?!~ 'r'",
      ]),
    ],
  },
  {
    name: "filters: syntax",
    steps: [
      ...library,
      ...found([
        "", " ", "title='Alpha'", "  title  =  'Alpha'  ", "title='Alpha'&&pages=100", "title='Alpha'||title='beta'",
        "title='Alpha'||title='beta'&&pages=5", "(title='Alpha'||title='beta')&&pages=0",
        "title='beta'&&pages=5||title='Alpha'", "((title='Alpha'))", "( title = 'Alpha' )",
        "title = 'Alpha' // a comment", "// only a comment", "title = 'Alpha' // x\n|| title = 'beta'",
        "title = 'a//b'", "title =\n'Alpha'", "title\t=\t'Alpha'", "title = \"Alpha\"",
        "title = 'it\\'s \"quoted\" \\\\ _under_ é É'", "title ~ 'it\\'s'", "title ~ \"it's\"",
        "title ~ \"\\\"quoted\\\"\"", "title = 'a\\nb'",
        "title", "title =", "= 'a'", "title = ", "title 'a'", "title = 'a", "title = a'", "title = \"a'",
        "title == 'a'", "title = = 'a'", "title === 'a'", "title <> 'a'", "title => 'a'", "title ?? 'a'",
        "title ? 'a'", "title ?", "title = 'a' &&", "&& title = 'a'", "title = 'a' & title = 'b'",
        "title = 'a' and title = 'b'", "title = 'a' title = 'b'", "title = 'a' , title = 'b'", "(title = 'a'",
        "title = 'a')", "()", "(())", "(title) = 'a'", "title = ('a')", "!title", "!(title = 'a')", "NOT title = 'a'",
        "title IN ('a')", "title = 'a'; drop table books", "title = 'a' -- x", "title = `a`", "title = [1]",
        "title = {}", "title = alpha", "Title = 'Alpha'", "TITLE = 'Alpha'", "title. = 'a'", ".title = 'a'",
        "title..x = 'a'", "title-x = 'a'", "1title = 'a'", "@title = 'a'", "title = @", "#title = 'a'", "title = true",
        "title = TRUE", "title = NULL", "lent = True", "пример = 1",
        "title = 'a' && (pages = 1 || (lent = true && (genre = 'novel')))",
        "pages = 1 && pages = 2 || pages = 100 && lent = true",
        "title:unknown = 'a'", "title:each = 'a'", "title:length = 1", "title:lower:lower = 'a'", "title: = 'a'",
        "pages:lower = '100'", "moods:lower ~ 'sad'", "title:isset = true", "title:changed = true",
        "author:each = 'x'", "author:length = 1", "author.name:lower = 'ann'", "tags.name:length = 1",
        "tags:lower ~ 'red'",
        "missing = 1", "author.missing = 1", "title.x = 1", "pages.x = 1", "author.name.x = 1",
        "missing_via_book.x = 1", "reviews_via_missing.x = 1", "reviews_via_title.x = 1", "reviews_via_book = ''",
        "reviews_via_book.id != ''", "reviews_via_book.missing = 1", "reviews_via_book:length = 2",
        "reviews_via_book.by.name = 'bob'", "reviews_via_book.by.name ?= 'bob'",
        "reviews_via_book.book.reviews_via_book.stars ?= 5", "author.books_via_author.title ?= 'Alpha'",
        "author.books_via_author.pages > 0",
        "author.books_via_author.author.books_via_author.author.books_via_author.title ?= 'Alpha'",
        "author.books_via_author.author.books_via_author.author.books_via_author.author.books_via_author.title ?= 'Alpha'",
        Array(100).fill("pages=1").join("||"), Array(200).fill("pages=1").join("||"),
          Array(201).fill("pages=1").join("||"), `title = '${"x".repeat(3489)}'`, `title = '${"x".repeat(3490)}'`,
          `title = '${"x".repeat(3491)}'`,
        "strftime('%Y', printed) = '2020'", "strftime('%Y-%m', printed, '+1 month') = '2020-02'",
        "strftime('%Y') = '2020'", "strftime() = ''", "STRFTIME('%Y', printed) = '2020'",
        "strftime('%Y', '2020-01-01') = '2020'", "unknown(title) = 1", "lower(title) = 'alpha'",
        "strftime('%Y', printed = '2020'",
      ]),
    ],
  },
  {
    name: "filters: macros and request values",
    steps: [
      ...library,
      ...found([
        "printed < @now", "printed > @now", "printed < @todayStart && printed != ''", "printed < @todayEnd",
        "printed < @yesterday", "printed < @tomorrow", "printed < @monthStart", "printed < @monthEnd",
        "printed < @yearStart", "printed < @yearEnd", "@year > 2020", "@month > 0 && @month < 13", "@day > 0",
        "@hour >= 0", "@minute >= 0", "@second >= 0", "@weekday >= 0 && @weekday < 7", "@todayStart < @todayEnd",
        "@nope = 1", "@now:lower = ''", "@todaystart = ''",
        "@request.auth.id != ''", "@request.auth.email ~ 'root'", "@request.auth.collectionName = '_superusers'",
        "@request.method = 'GET'", "@request.method = 'get'", "@request.context = 'default'",
        "@request.query.filter ~ 'query'", "@request.query.nope = ''", "@request.query.sort:isset = true",
        "@request.query.nope:isset = false", "@request.headers.authorization != ''", "@request.headers.x_nope = ''",
        "@request.body.title = ''", "@request.body.title:isset = false", "@request.nope = ''", "@request = ''",
        "@request.auth.nope = ''", "@request.auth = ''",
        "@collection.tags.name = 'red'", "@collection.tags.name ?= 'red'", "@collection.tags.name ?= title",
        "@collection.authors.id ?= author", "@collection.authors:x.id ?= author && @collection.authors:x.name = 'bob'",
        "@collection.authors.id ?= author && @collection.authors.name ?= 'bob'", "@collection.missing.x = 1",
        "@collection.tags = 1", "@collection.tags.missing = 1", "@collection.books.pages > pages",
        "@collection.books.pages ?> pages", "@collection.authors.secret ?= 'a'",
      ]),
      ...found(["@request.auth.id = ''", "@request.method = 'GET'", "@collection.tags.name ?= 'red'",
        "@collection.missing.x = 1", "printed < @now", "title = 'Alpha' && @request.query.x = 1",
        "author.name = 'Ann'", "reviews_via_book.stars ?= 5", "secret = 's'", "author.secret = 'a'",
        "tags.name ?= 'red'", "title = '@request.auth'", "title = '@collection.x'"], "guest"),
      ...found(["secret = 's'", "author.secret = 'a'", "books_via_author.secret ?= 's'"], "root").slice(0, 2),
      { as: "root", send: "PATCH /api/collections/authors", body: { listRule: null } },
      ...found(["author.name = 'Ann'", "author = 'ann000000000000'", "author.id = 'ann000000000000'",
        "author.active = true"], "guest"),
      { as: "root", send: "PATCH /api/collections/authors", body: { listRule: "name != 'Ann'" } },
      ...found(["author.name = 'Ann'", "author.name = 'bob'", "author.name != 'x'", "author.id != ''"], "guest"),
      { as: "root", send: "PATCH /api/collections/reviews", body: { listRule: "stars > 2" } },
      ...found(["reviews_via_book.stars ?= 5", "reviews_via_book.stars ?= 1", "reviews_via_book.words ?= 'good'",
        "reviews_via_book.words = 'good'"], "guest"),
    ],
  },
];
