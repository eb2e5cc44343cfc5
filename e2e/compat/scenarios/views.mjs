import { autodate, bool, collection, id, json, list, number, open, record, relation, select, text } from "./shapes.mjs";

const view = (name, viewQuery, options = {}) => ({
  as: "root",
  send: "POST /api/collections",
  name: `create ${name}: ${viewQuery.replaceAll(/\s+/g, " ")}`,
  body: { name, type: "view", listRule: "", viewRule: "", viewQuery, ...options },
  save: name,
});
const dryRun = (query, as = "root") => ({
  as,
  send: "POST /api/collections/meta/dry-run-view",
  name: `dry run by ${as}: ${String(query).slice(0, 80)}`,
  body: { query },
});
const patch = (name, body) => ({
  as: "root",
  send: `PATCH /api/collections/${name}`,
  name: `change ${name}: ${JSON.stringify(body)}`,
  body,
});

// Two authors, three posts.
const library = [
  collection("writers", [text("name", { required: true, presentable: true }), bool("known")], open),
  collection("posts", [
    text("title", { help: "the name" }), number("stars"), bool("shown"), select("tags", { values: ["a", "b"], maxSelect: 2 }),
    json("meta"), text("draft", { hidden: true }), relation("by", "{{writers.id}}", { maxSelect: 1 }),
    autodate("made", { onCreate: true }),
  ], open),
  record("writers", { id: id("ann"), name: "Ann", known: true }),
  record("writers", { id: id("bob"), name: "Bob" }),
  record("posts", { id: id("p1"), title: "One", stars: 5, shown: true, tags: ["a", "b"], meta: { a: [1, 2] }, by: id("ann") }),
  record("posts", { id: id("p2"), title: "two", stars: 2.5, tags: ["b"], meta: "x", draft: "d", by: id("ann") }),
  record("posts", { id: id("p3"), title: "12", meta: null }),
];

const joined = `select p.id, p.title, p.stars as points, p.shown, p.tags, p.meta, p.draft, p.by, w.name as writer, w.known, w.id as who,
  lower(p.title) as low, (p.stars + 1) as more, count(p.id) as n, cast(p.stars as text) as words, CAST(p.stars as int) as whole
  from posts p left join writers w on w.id = p.by group by p.id`;

// The same without groups.
const portable = `select p.id, p.title, p.stars as points, p.shown, p.tags, p.meta, p.draft, p.by, w.name as writer, w.known, w.id as who,
  lower(p.title) as low, (p.stars + 1) as more, cast(p.stars as text) as words, (select count(*) from posts) as n
  from posts p left join writers w on w.id = p.by`;

export default [
  {
    name: "views: grouped",
    steps: [
      ...library,
      view("shelf", joined),
      list("shelf", { sort: "id" }),
      list("shelf", { sort: "-points,id", filter: "n = 1", expand: "by,who" }),
    ],
  },
  {
    name: "views: records",
    steps: [
      ...library,
      view("shelf", portable),
      { as: "root", send: "GET /api/collections/shelf" },
      ...["root", "guest"].flatMap((as) => [
        list("shelf", { sort: "id" }, { as }),
        list("shelf", { sort: "id", expand: "by,who" }, { as }),
        { as, send: `GET /api/collections/shelf/records/${id("p1")}?expand=by` },
        { as, send: "GET /api/collections/shelf/records/missing" },
        ...["title = 'One'", "points > 2", "shown = true", "shown != true", "tags ~ 'a'", "tags:length = 2", "tags:each = 'b'",
          "low = 'one'", "low = 12", "low ~ 'o'", "more > 3", "more = 1", "words = '5'", "n = 3", "writer = ''", "writer = null",
          "writer != ''", "writer != 'Ann'", "writer ~ 'n'", "writer !~ 'n'", "known = true", "known != true", "known = false", "by.name = 'Ann'",
          "who.known = true", "who = ''", "meta.a:length = 2", "meta.a.0 = 1", "meta = 'x'", "meta = null", "draft = 'd'", "missing = 1",
          "points > 1 && writer = 'Ann'"]
          .map((filter) => list("shelf", { filter, sort: "id", fields: "id" }, { as })),
      ]),
      ...["title", "-title", "points,-id", "writer,id", "-writer,-id", "low,id", "by.name,id", "missing", "@rowid"]
        .map((sort) => list("shelf", { sort, fields: "id" })),
      list("shelf", { sort: "id", perPage: 2, page: 2 }),
      list("shelf", { sort: "id", perPage: 1, skipTotal: 1 }),
      list("writers", { expand: "shelf_via_by", sort: "id", filter: "shelf_via_by.points ?> 3" }),
      { as: "root", send: `PATCH /api/collections/posts/records/${id("p1")}`, body: { title: "Uno" } },
      list("shelf", { sort: "id", fields: "id,title,low" }),
      { as: "root", send: `DELETE /api/collections/posts/records/${id("p2")}` },
      { as: "root", send: `DELETE /api/collections/writers/records/${id("ann")}` },
      list("shelf", { sort: "id", fields: "id,by,writer,n" }),
    ],
  },
  {
    name: "views: only read",
    steps: [
      ...library,
      view("shelf", "select id, title from posts", { listRule: "title != 'two'", viewRule: null }),
      ...["root", "guest"].flatMap((as) => [
        list("shelf", { sort: "id" }, { as }),
        { as, send: `GET /api/collections/shelf/records/${id("p1")}` },
        { as, send: "POST /api/collections/shelf/records", body: { title: "x" } },
        { as, send: `PATCH /api/collections/shelf/records/${id("p1")}`, body: { title: "x" } },
        { as, send: `DELETE /api/collections/shelf/records/${id("p1")}` },
        { as, send: "DELETE /api/collections/shelf/truncate" },
      ]),
      ...["createRule", "updateRule", "deleteRule"].map((rule) => patch("shelf", { [rule]: "" })),
      patch("shelf", { indexes: ["create index i on shelf (title)"] }),
      patch("shelf", { type: "base" }),
      patch("posts", { type: "view" }),
      patch("shelf", { listRule: "missing = 1" }),
      patch("shelf", { fields: [] }),
      patch("shelf", { fields: 5 }),
      collection("pins", [relation("pin", "{{shelf.id}}", { maxSelect: 1 })]),
    ],
  },
  {
    name: "views: queries",
    steps: [
      ...library,
      ...["select 1 as id", "select id, title from posts order by title limit 2;", "select (ROW_NUMBER() OVER()) as id, title from posts",
        "with c as (select id, title from posts) select id, title from c", "select x.id, x.t from (select id, title as t from posts) x",
        "(select id, title from posts union all select id, name as title from writers)", "select distinct id, stars from posts order by id",
        "select p.id, w.id as who from posts as p inner join writers w on w.id = p.by where p.stars > 1",
        'select id, "title" as a, [stars] as b, `shown` as c, \'lit\' as d from posts', "select by as id, id as x from posts where by <> ''",
        "select id, meta, stars, shown, tags, by, made, draft from posts", "select id, total(stars) as t from posts group by id",
        "select id, cast(stars as bool) as b, cast(stars as numeric) as n, cast(stars as real) as r from posts where stars < 2",
      ].map((query) => dryRun(query)),
      ...["", "   ", "select", "select * from posts", "select posts.* from posts", "select title from posts", "select id from missing",
        "select missing as id from posts", "select id, title, title from posts", "select id, 1 as expand from posts",
        "select id, 1 as \"a b\" from posts", "delete from posts", "insert into posts (id) values (1)", "values (1)", "pragma user_version",
        "select id from posts; select 1", "select id from posts; drop table posts", "select id from posts where id = ?", "select null as id",
        "select '' as id", "(select 1 as id union all select 1 as id)", "x".repeat(5001), 5, null].map((query) => dryRun(query)),
      dryRun("select 1 as id", "guest"),
      view("bad", "select '123' as abc"),
      view("bad", ""),
      { as: "root", send: "POST /api/collections", body: { name: "bad", type: "view" } },
      { as: "root", send: "POST /api/collections", body: { name: "bad", type: "view", viewQuery: 5 } },
      view("bad", "select id from posts", { listRule: "missing = 1" }),
      view("bad", "select id from posts", { createRule: "", indexes: ["create index i on bad (id)"] }),
      view("Posts", "select id from posts"),
    ],
  },
  {
    name: "views: changes",
    steps: [
      ...library,
      view("shelf", "select id, title, stars as points from posts"),
      view("above", "select id, title as name from shelf", { listRule: "name != ''" }),
      { as: "root", send: "GET /api/collections/above" },
      patch("shelf", { viewQuery: "select id, title, shown from posts" }),
      { as: "root", send: "DELETE /api/collections/posts" },
      { as: "root", send: "DELETE /api/collections/shelf" },
      patch("above", { viewQuery: "select id from above" }),
      patch("above", { viewQuery: "select id, stars from posts", listRule: "stars > 2" }),
      list("above", { sort: "id" }),
      { as: "root", send: "DELETE /api/collections/above" },
      { as: "root", send: "GET /api/collections?filter=type='view'&fields=name,type" },
      { as: "root", send: "PUT /api/collections/import", body: { collections: [
        { name: "later", type: "view", viewQuery: "select id, title from posts", fields: [{ name: "x", type: "text" }] }] } },
      list("later", { sort: "id" }),
      { as: "root", send: "GET /api/collections/meta/scaffolds?fields=view" },
    ],
  },
];
