import { library } from "./library.mjs";
import { collection, list, record, text } from "./shapes.mjs";

const brief = { fields: "id,page,perPage" };
const books = (query) => list("books", query);

export default [
  {
    name: "lists: pages",
    steps: [
      ...library,
      books({}),
      ...[
        { page: 2, perPage: 4 }, { page: 3, perPage: 4 }, { page: 0, perPage: 2 }, { page: -1, perPage: 2 },
          { perPage: 0 }, { perPage: -5 }, { perPage: 1001 }, { perPage: 99999 },
        { page: "x" }, { perPage: "x" }, { page: "" }, { perPage: "" }, { page: "1.5" }, { page: 999999999999 },
          { page: "99999999999999999999999" }, { page: " 1" }, { page: "1e1" },
        { skipTotal: 1, perPage: 2 }, { skipTotal: "true", perPage: 2, page: 2 }, { skipTotal: 0, perPage: 2 },
          { skipTotal: "false", perPage: 2 }, { skipTotal: "x", perPage: 2 }, { skipTotal: "", perPage: 2 },
          { skipTotal: "T", perPage: 2 }, { skipTotal: "yes" },
      ].map((query) => books({ ...query, sort: "id", fields: "id" })),
      { as: "root", send: "GET /api/collections/books/records?perPage=1&perPage=2&sort=id&fields=id",
        name: "a parameter twice" },
      { as: "root", send: "GET /api/collections/books/records?filter=%ZZ", name: "broken escape" },
      { as: "root", send: "HEAD /api/collections/books/records?perPage=1", name: "HEAD" },
    ],
  },
  {
    name: "lists: sort",
    steps: [
      ...library,
      ...[
        "id", "-id", "+id", "title,id", "-title,id", "pages,-id", "-pages,-id", "lent,id", "printed,id", "-printed,id",
        "meta.a,id", "-meta.deep.x,id", "author.name,id", "-author.name,id", "author,id", "genre,id", "moods,id",
        "moods:length,id", "@rowid", "-@rowid", " title , id ", "title,,id", "", ",", "tags.name,id",
        "reviews_via_book.stars,id", "meta,id", "meta.list.1,id",
        "unknown", "-unknown", "author.unknown", "title desc", "title;drop", "secret,id", "author.secret,id", "--id",
        "@request.auth.id", "@collection.tags.name", "@now", "title:lower,id", "title:each",
        "id,id,id,id,id,id,id,id", "id,id,id,id,id,id,id,id,id", "@random@",
      ].map((sort) => books({ sort, fields: "id" })),
      ...["secret,id", "author.secret,id", "@request.auth.id", "@collection.tags.name",
        "title,id"].map((sort) => list("books", { sort, fields: "id" }, { as: "guest" })),
      list("books", { sort: "@random", fields: "collectionName" }),
    ],
  },
  {
    name: "lists: fields",
    steps: [
      ...library,
      ...[
        "id", "id,title", "*", "", ",", "missing", "id,,title", " id , title ", "meta", "meta.a", "meta.deep.x",
        "meta.*", "*,meta.a", "moods", "title:excerpt(3)", "title:excerpt(3,true)", "title:excerpt(3,false)",
        "title:excerpt", "title:excerpt()", "title:excerpt(x)",
        "title:unknown(1)", "id:excerpt(2)", "pages:excerpt(2)", "*,title:excerpt(2)", "expand.author.name",
        "id,expand.author.name,expand.tags.name", "id,expand.*", "id,expand", "id,expand.author.*", "items.id",
        "collectionName,collectionId", "-id", "title,title:excerpt(2)",
      ].map((fields) => books({ fields, sort: "id", perPage: 2, expand: "author,tags" })),
      { as: "root",
        send: "GET /api/collections/books/records/b10000000000000?fields=id,title,expand.author.id&expand=author" },
      { as: "root", send: "GET /api/collections/books/records/missing?fields=message" },
      { as: "root",
        send: "PATCH /api/collections/books/records/b10000000000000?fields=pages,expand.author.name&expand=author",
        body: { pages: 7 } },
      { as: "root", send: "POST /api/collections/tags/records?fields=name", body: { name: "new" } },
      collection("pages", [text("html")]),
      record("pages",
        { html: "<h1>Title</h1>\n<p>Some   <b>bold</b> words &amp; <script>alert(1)</script> more</p><style>p{}</style> end." }),
      ...["html:excerpt(5)", "html:excerpt(18,true)", "html:excerpt(1000,true)", "html:excerpt(0)",
        "html:excerpt(-1)"].map((fields) => list("pages", { fields })),
    ],
  },
  {
    name: "lists: expand",
    steps: [
      ...library,
      ...[
        "author", "tags", "author,tags", "missing", "title", "author.missing", "reviews_via_book",
        "reviews_via_book.by", "reviews_via_book.book.author", "covers_via_book", "books_via_author",
        "reviews_via_title", "missing_via_book", "reviews_via_missing",
        " author , tags ", "author,author", "author.", ".", "*", "author.books_via_author.tags",
      ].map((expand) => books({ expand, sort: "id", perPage: 3, fields: "id,expand" })),
      list("authors", { expand: "books_via_author.tags,reviews_via_by.book", sort: "id" }),
      record("books", { id: "none00000000000", title: "nothing" }),
      record("books", { id: "some00000000000", title: "something", author: "ann000000000000" }),
      ...["author", "tags", "author,tags", "reviews_via_book", "covers_via_book", "author.tags", "tags.books_via_tags"].flatMap((expand) =>
        ["none", "some"].map((word) => ({ as: "root", send: `GET /api/collections/books/records/${word}00000000000?expand=${expand}&fields=id,expand` }))),
      list("books", { expand: "author,tags,covers_via_book", filter: "id = 'none00000000000' || id = 'some00000000000'", sort: "id", fields: "id,expand" }),
      list("reviews", { expand: "book.author.books_via_author.author.books_via_author.author", sort: "id", perPage: 1,
        fields: "expand" }),
      list("reviews", { expand: "book.author.books_via_author.author.books_via_author.author.books_via_author.author",
        sort: "id", perPage: 1, fields: "expand" }),
      { as: "root", send: "GET /api/collections/books/records/b10000000000000?expand=author,tags,covers_via_book" },
      { as: "root", send: "POST /api/collections/books/records?expand=author,tags", body: { id: "new000000000000",
        title: "new", author: "ann000000000000", tags: ["red000000000000"] } },
      { as: "root", send: "PATCH /api/collections/books/records/new000000000000?expand=author",
        body: { author: "bob000000000000" } },
      { as: "guest", send: "GET /api/collections/books/records/b10000000000000?expand=author,tags" },
      { as: "root", send: "PATCH /api/collections/authors", body: { viewRule: null } },
      { as: "guest", send: "GET /api/collections/books/records/b10000000000000?expand=author,tags" },
      { as: "root", send: "PATCH /api/collections/authors", body: { viewRule: "name = 'Ann'" } },
      list("books", { expand: "author", sort: "id", fields: "id,expand.author.name" }, { as: "guest" }),
      { as: "root", send: "PATCH /api/collections/reviews", body: { viewRule: "stars > 2", listRule: null } },
      list("books", { expand: "reviews_via_book", sort: "id", fields: "id,expand.reviews_via_book.stars" },
        { as: "guest" }),
    ],
  },
];
