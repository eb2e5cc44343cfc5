//! Collections that a query makes of others: what their records are, and who may read them.

use serde_json::{Value, json};

use crate::support::{Client, Reply, TestApp, on_postgres};

/// Posts and their authors: two posts of Ann's, one of nobody's.
pub(crate) fn library(app: &TestApp) -> Client {
    app.open_collection(
        "posts",
        json!([
            {"name": "title", "type": "text", "help": "What it is called."},
            {"name": "stars", "type": "number"},
            {"name": "shown", "type": "bool"},
            {"name": "tags", "type": "select", "values": ["a", "b"], "maxSelect": 2},
            {"name": "meta", "type": "json"},
            {"name": "draft", "type": "text", "hidden": true},
            {"name": "author", "type": "relation", "collectionId": "_pb_users_auth_", "maxSelect": 1},
            {"name": "made", "type": "autodate", "onCreate": true},
        ]),
    );
    let ann = app.user("ann");
    let root = app.root();
    for (id, title, stars, author) in [
        ("p1", "One", 5, "ann000000000000"),
        ("p2", "Two", 2, "ann000000000000"),
        ("p3", "12", 0, ""),
    ] {
        root.create(
            "posts",
            json!({
                "id": format!("{id:0<15}"), "title": title, "stars": stars, "author": author,
                "shown": stars > 0, "tags": ["a", "b"], "meta": {"b": 1, "a": [stars]}, "draft": "secret",
            }),
        );
    }
    ann
}

/// Makes a view that everybody may read.
pub(crate) fn view(app: &TestApp, name: &str, query: &str) -> Value {
    app.collection(json!({
        "name": name, "type": "view", "viewQuery": query, "listRule": "", "viewRule": "",
    }))
}

/// Asserts that the query is refused, in words that may be the database's.
#[track_caller]
pub(crate) fn refused_query(reply: &Reply) {
    reply.is_refusal();
    assert_eq!(reply.status, 400, "{}", reply.text);
    assert_eq!(
        reply.code("viewQuery"),
        "validation_invalid_view_query",
        "{}",
        reply.text
    );
}

/// The fields of a definition as `name:type`.
fn kinds(definition: &Value) -> Vec<String> {
    let fields = definition["fields"].as_array().expect("fields");
    let word = |field: &Value, key: &str| field[key].as_str().unwrap_or_default().to_owned();
    let kind = |field: &Value| format!("{}:{}", word(field, "name"), word(field, "type"));
    fields.iter().map(kind).collect()
}

/// The first record of a list, without what every record has.
fn first(client: &Client, view: &str) -> Value {
    let mut record = client.list(view, &[("sort", "id")]).ok()["items"][0].clone();
    let record = record.as_object_mut().expect("a record");
    record.remove("collectionId");
    record.remove("collectionName");
    Value::Object(record.clone())
}

#[test]
fn a_view_shows_what_its_query_finds() {
    let app = TestApp::start();
    library(&app);
    let made = view(
        &app,
        "shelf",
        "select p.id, p.title, p.stars as points, p.shown, p.tags, p.meta, p.author, u.name as by, u.id as who, p.draft
         from posts p left join users u on u.id = p.author",
    );
    assert_eq!(made["type"], "view");
    assert_eq!(made["indexes"], json!([]));
    assert_eq!(
        kinds(&made),
        [
            "id:text",
            "title:text",
            "points:number",
            "shown:bool",
            "tags:select",
            "meta:json",
            "author:relation",
            "by:text",
            "who:relation",
            "draft:text",
        ]
    );
    assert_eq!(made["fields"][1]["help"], "What it is called.");
    assert_eq!(app.root().get("/api/collections/shelf").ok(), made);
    assert_eq!(
        first(&app.guest(), "shelf"),
        json!({
            "id": "p10000000000000", "title": "One", "points": 5, "shown": true, "tags": ["a", "b"],
            "meta": {"a": [5], "b": 1}, "author": "ann000000000000", "by": "ann", "who": "ann000000000000",
        }),
        "a hidden field stays hidden"
    );
    assert_eq!(first(app.root(), "shelf")["draft"], "secret");
    let last = app.guest().view("shelf", "p30000000000000").ok();
    assert_eq!(
        (&last["by"], &last["who"]),
        (&json!(""), &json!("")),
        "no row is the empty value"
    );
    app.guest().view("shelf", "p40000000000000").refused(404);

    // What changes is seen at once.
    app.root()
        .update("posts", "p10000000000000", json!({"title": "Uno"}))
        .ok();
    assert_eq!(first(&app.guest(), "shelf")["title"], "Uno");
    app.root().remove("posts", "p10000000000000");
    assert_eq!(first(&app.guest(), "shelf")["title"], "Two");
}

#[test]
fn what_a_query_computes_has_a_type() {
    let app = TestApp::start();
    library(&app);
    let made = view(
        &app,
        "sums",
        "select author as id, count(*) as posts, sum(stars) as stars, cast(min(stars) as text) as least,
         cast(avg(stars) as real) as mean, total(stars) as all_stars, max(title) as top, 'x' as word, 1.5 as half
         from posts where author <> '' group by author;",
    );
    assert_eq!(
        kinds(&made),
        [
            "id:text",
            "posts:number",
            "stars:json",
            "least:text",
            "mean:number",
            "all_stars:number",
            "top:json",
            "word:json",
            "half:json",
        ]
    );
    assert_eq!(made["fields"][1]["onlyInt"], true);
    assert_eq!(
        first(&app.guest(), "sums"),
        json!({
            "id": "ann000000000000", "posts": 2, "stars": 7, "least": "2", "mean": 3.5, "all_stars": 7, "top": "Two",
            "word": "x", "half": 1.5,
        })
    );
    view(
        &app,
        "texts",
        "with t as (select id, lower(title) as low, stars > 1 as good, title || '!' as loud from posts)
         select id, low, good, loud, case when low = '12' then null else low end as maybe,
         iif(good, 'yes', 'no') as word, (select count(*) from users) as users from t",
    );
    let rows = app.guest().list("texts", &[("sort", "-id")]).ok();
    let row = &rows["items"][0];
    assert_eq!(
        (&row["low"], &row["maybe"]),
        (&json!(12), &json!(null)),
        "a text that is JSON is what it says"
    );
    assert_eq!((&row["word"], &row["users"]), (&json!("no"), &json!(1)));
    assert_eq!(
        (&rows["items"][1]["low"], &rows["items"][1]["loud"]),
        (&json!("two"), &json!("Two!"))
    );
}

#[test]
fn a_view_can_be_numbered_and_read_another() {
    let app = TestApp::start();
    library(&app);
    view(
        &app,
        "numbered",
        "select (ROW_NUMBER() OVER (ORDER BY title)) as id, title from posts",
    );
    let one = app.guest().view("numbered", "1").ok();
    assert_eq!((&one["id"], &one["title"]), (&json!("1"), &json!("12")));
    let made = view(
        &app,
        "above",
        "select id, title as name from numbered where title <> '12'",
    );
    assert_eq!(kinds(&made), ["id:text", "name:text"]);
    assert_eq!(
        app.guest()
            .list("above", &[("sort", "id"), ("fields", "id,name")])
            .ok()["items"],
        json!([
            {"id": "2", "name": "One"}, {"id": "3", "name": "Two"},
        ])
    );
}

#[test]
fn lists_of_a_view_are_like_any_other() {
    let app = TestApp::start();
    let ann = library(&app);
    view(
        &app,
        "shelf",
        "select p.id, p.title, p.stars, p.shown, p.meta, p.author, lower(p.title) as low, u.name as by, p.draft
         from posts p left join users u on u.id = p.author",
    );
    let guest = app.guest();
    let found = |filter: &str| {
        let list = guest
            .list(
                "shelf",
                &[("filter", filter), ("sort", "id"), ("fields", "id")],
            )
            .ok();
        let items = list["items"].as_array().expect("items").clone();
        let ids = items
            .iter()
            .map(|item| item["id"].as_str().expect("an id")[..2].to_owned());
        ids.collect::<Vec<_>>().join(" ")
    };
    for (filter, expected) in [
        ("stars > 1", "p1 p2"),
        ("shown = true", "p1 p2"),
        ("title ~ 'o'", "p1 p2"),
        ("low = 'one'", "p1"),
        ("low = 12", "p3"),
        ("by = ''", "p3"),
        ("by = null", "p3"),
        ("by != ''", "p1 p2"),
        ("by != 'ann'", "p3"),
        ("by !~ 'n'", ""),
        ("meta.a:length = 1", "p1 p2 p3"),
        ("id = 'p10000000000000'", "p1"),
    ] {
        assert_eq!(found(filter), expected, "{filter}");
    }
    let others = guest
        .list("shelf", &[("filter", "author.name = 'ann'")])
        .ok();
    assert_eq!(
        others["totalItems"], 0,
        "who may not list users finds nothing by them"
    );
    let own = ann
        .list(
            "shelf",
            &[("filter", "author.name = 'ann'"), ("expand", "author")],
        )
        .ok();
    assert_eq!(own["totalItems"], 2);
    assert_eq!(own["items"][0]["expand"]["author"]["name"], "ann");
    assert_eq!(
        guest
            .list("shelf", &[("filter", "draft = 'secret'")])
            .status,
        400,
        "hidden fields"
    );
    assert_eq!(guest.list("shelf", &[("sort", "@rowid")]).status, 400);
    assert_eq!(guest.list("shelf", &[("sort", "@random")]).status, 200);

    let page = guest
        .list(
            "shelf",
            &[("sort", "-stars"), ("perPage", "1"), ("page", "2")],
        )
        .ok();
    assert_eq!(
        (&page["totalItems"], &page["totalPages"]),
        (&json!(3), &json!(3))
    );
    assert_eq!(page["items"][0]["title"], "Two");
    let whole = guest.list("shelf", &[("perPage", "1")]).ok();
    assert_eq!(whole["totalItems"], 3);

    // By way of a relation, from both ends.
    let users = app.root().list(
        "users",
        &[
            ("expand", "shelf_via_author"),
            ("filter", "shelf_via_author.stars ?= 5"),
        ],
    );
    let users = users.ok();
    assert_eq!(
        users["items"][0]["expand"]["shelf_via_author"]
            .as_array()
            .map(Vec::len),
        Some(2)
    );
    let rule = json!({"listRule": "@collection.shelf.stars ?> 4 && shown = true"});
    app.root().patch("/api/collections/posts", rule).ok();
    assert_eq!(guest.list("posts", &[]).ok()["totalItems"], 2);
}

#[test]
fn a_view_has_the_order_that_its_query_gives() {
    let app = TestApp::start();
    library(&app);
    view(
        &app,
        "by_title",
        "select id, title from posts order by title desc",
    );
    let titles = |page| {
        let list = app
            .guest()
            .list("by_title", &[("perPage", "2"), ("page", page)])
            .ok();
        let items = list["items"].as_array().expect("items").clone();
        items
            .iter()
            .map(|item| item["title"].as_str().expect("a title").to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(titles("1"), ["Two", "One"]);
    assert_eq!(titles("2"), ["12"]);
    view(
        &app,
        "best",
        "select id, title from posts order by stars desc limit 1",
    );
    assert_eq!(
        app.guest().list("best", &[]).ok()["items"][0]["title"],
        "One"
    );
}

#[test]
fn a_view_is_only_read() {
    let app = TestApp::start();
    let ann = library(&app);
    app.collection(
        json!({"name": "shelf", "type": "view", "viewQuery": "select id, title from posts"}),
    );
    for client in [&ann, app.root()] {
        for reply in [
            client.try_create("shelf", json!({"title": "x"})),
            client.update("shelf", "p10000000000000", json!({"title": "x"})),
            client.remove("shelf", "p10000000000000"),
        ] {
            assert_eq!(reply.status, 400);
            assert_eq!(reply.body["message"], "Unsupported collection type.");
        }
    }
    ann.list("shelf", &[]).refused(403);
    app.root()
        .delete("/api/collections/shelf/truncate")
        .refused(400);
    for rule in ["createRule", "updateRule", "deleteRule"] {
        app.root()
            .patch("/api/collections/shelf", json!({rule: ""}))
            .refused_for(rule, "nil");
    }
    let index = json!({"indexes": ["create index by_title on shelf (title)"]});
    app.root()
        .patch("/api/collections/shelf", index)
        .refused_for("indexes", "indexes_not_supported");
    app.root()
        .patch("/api/collections/shelf", json!({"type": "base"}))
        .refused_for("type", "collection_type_change");
    let wishes = json!({"fields": [{"name": "mine", "type": "text", "id": "ignored!@#$"}], "listRule": "title != ''"});
    let kept = app.root().patch("/api/collections/shelf", wishes).ok();
    assert_eq!(kinds(&kept), ["id:text", "title:text"], "the query decides");
    assert_eq!(app.guest().list("shelf", &[]).ok()["totalItems"], 3);
    let relation =
        json!({"name": "r", "type": "relation", "collectionId": kept["id"], "maxSelect": 1});
    let relation = json!({"name": "pins", "type": "base", "fields": [relation]});
    assert_eq!(app.root().post("/api/collections", relation).status, 400);
    // A record that a view shows can still go.
    assert_eq!(app.root().remove("posts", "p10000000000000").status, 204);
    assert_eq!(app.root().remove("users", "ann000000000000").status, 204);
}

#[test]
fn roles_may_read_views_and_no_more() {
    let app = TestApp::start();
    let ann = library(&app);
    app.collection(
        json!({"name": "shelf", "type": "view", "viewQuery": "select id, title, stars from posts"}),
    );
    let root = app.root();
    let role = root.create("_roles", json!({"name": "reader"}));
    root.create(
        "_members",
        json!({"role": role["id"], "collectionRef": "users", "recordRef": "ann000000000000"}),
    );
    let permission = |actions: Value| {
        json!({
            "role": role["id"], "collection": "shelf", "effect": "allow", "actions": actions, "fields": ["title"],
            "condition": "stars > 1",
        })
    };
    root.try_create("_permissions", permission(json!(["list", "update"])))
        .refused_for("actions", "view_actions");
    root.create("_permissions", permission(json!(["list", "view"])));
    let list = ann.list("shelf", &[("sort", "id")]).ok();
    assert_eq!(list["totalItems"], 2);
    assert_eq!(list["items"][0].get("stars"), None);
    assert_eq!(ann.list("shelf", &[("filter", "stars > 1")]).status, 400);
    ann.view("shelf", "p30000000000000").refused(404);
    assert_eq!(
        ann.update("shelf", "p10000000000000", json!({})).status,
        400
    );
}

#[test]
fn a_dry_run_shows_what_would_come_of_a_query() {
    let app = TestApp::start();
    let ann = library(&app);
    let ask = |client: &Client, query: &str| {
        client.post(
            "/api/collections/meta/dry-run-view",
            json!({"query": query}),
        )
    };
    let run = ask(
        app.root(),
        "select id, title, draft from posts order by title",
    )
    .ok();
    assert_eq!(kinds(&run), ["id:text", "title:text", "draft:text"]);
    assert_eq!(run["sample"][0]["title"], "12");
    let run_json = ask(
        app.root(),
        "select id, meta, tags, lower(title) as low from posts where stars = 5",
    )
    .ok();
    let sample = &run_json["sample"][0];
    assert_eq!(
        (&sample["meta"], &sample["tags"], &sample["low"]),
        (
            &json!({"a": [5], "b": 1}),
            &json!(["a", "b"]),
            &json!("one")
        )
    );
    assert_eq!(run["sample"][0].get("draft"), None);
    assert_eq!(run["sample"].as_array().map(Vec::len), Some(3));
    assert_eq!(
        ask(app.root(), "select 1 as id").ok()["sample"][0]["id"],
        "1"
    );
    let twice = ask(app.root(), "(select 1 as id union all select 1 as id)");
    twice.refused(400);
    let message = twice.body["message"].as_str().expect("a message");
    assert_eq!(
        message,
        "Invalid view query. Raw error: \nthe query could return records with non-unique ids."
    );
    ask(app.root(), "select null as id").refused(400);
    ask(app.root(), "").refused_for("query", "required");
    ask(app.root(), &"x".repeat(5001)).refused_for("query", "length_too_long");
    app.root()
        .post("/api/collections/meta/dry-run-view", json!({"query": 5}))
        .refused(400);
    ask(&ann, "select 1 as id").refused(403);
    ask(&app.guest(), "select 1 as id").refused(401);
    app.root().get("/api/collections/temp_view").refused(404);
    let endless =
        "with recursive n(id) as (select 1 union all select id + 1 from n) select id from n";
    let reply = ask(app.root(), endless);
    reply.refused(400);
    let message = reply.body["message"].as_str().expect("a message");
    assert!(message.ends_with("the query takes too long."), "{message}");
    let made = app.root().post(
        "/api/collections",
        json!({"name": "endless", "type": "view", "viewQuery": endless}),
    );
    refused_query(&made);
    let three = ask(
        app.root(),
        &endless.replace("from n)", "from n where id < 3)"),
    )
    .ok();
    assert_eq!(three["sample"].as_array().map(Vec::len), Some(3));
}

#[test]
fn the_same_words_mean_the_same_on_both_databases() {
    let app = TestApp::start();
    library(&app);
    view(
        &app,
        "portable",
        r#"SELECT P.ID as id, "title" as t, [stars] as s, `shown` as h, ifnull(nullif(Title, '12'), 'none') as n,
           p.shown = 1 as is_shown, title like 'o%' as liked, instr(title, 'n') as at, substr(title, 1, 1) as a,
           round(stars / 4.0, 1) as r, max(stars, 3) as m, strftime('%Y', made) = substr(made, 1, 4) as y,
           length(date(made)) as d, json_extract(meta, '$.b') as b, meta ->> 'b' as bb, meta -> '$.a[0]' as aa,
           title in ("One", 'Two') as i
           FROM Posts p WHERE "title" <> "nothing" ORDER BY Title COLLATE NOCASE"#,
    );
    assert_eq!(
        first(&app.guest(), "portable"),
        json!({
            "id": "p10000000000000", "t": "One", "s": 5, "h": true, "n": "One", "is_shown": 1, "liked": 1, "at": 2,
            "a": "O", "r": 1.3, "m": 5, "y": 1, "d": 10, "b": 1, "bb": 1, "aa": 5, "i": 1,
        })
    );
    view(
        &app,
        "tagged",
        "select p.id || json_each.value as id, json_each.value as tag from posts p, json_each(p.tags)",
    );
    let tags = app.guest().list("tagged", &[("filter", "tag = 'b'")]).ok();
    assert_eq!(tags["totalItems"], 3);
    view(
        &app,
        "grouped",
        "select shown as id, group_concat(id, ' ') as ids, json_group_array(stars) as list from posts group by shown",
    );
    let all = app.guest().list("grouped", &[]).ok();
    assert_eq!(all["totalItems"], 2);
    assert!(
        all["items"]
            .as_array()
            .expect("items")
            .iter()
            .any(|item| item["list"] == json!([0])),
        "{all}"
    );
    // What PostgreSQL has nothing for is said, not half done.
    let only_here = json!({"name": "days", "type": "view", "viewQuery": "select id, julianday(made) as d from posts"});
    let reply = app.root().post("/api/collections", only_here);
    assert_eq!(reply.status == 200, !on_postgres(), "{}", reply.text);
}

#[test]
fn scaffolds_and_imports_know_views() {
    let app = TestApp::start();
    let scaffold = app.root().get("/api/collections/meta/scaffolds").ok()["view"].clone();
    assert_eq!(
        (&scaffold["viewQuery"], &scaffold["fields"]),
        (&json!(""), &json!([]))
    );
    let table =
        json!({"name": "things", "type": "base", "fields": [{"name": "a", "type": "text"}]});
    let above = json!({"name": "above", "type": "view", "viewQuery": "select id, a from below", "listRule": ""});
    let below = json!({"name": "below", "type": "view", "viewQuery": "select id, a from things"});
    let import = |collections: Value, delete_missing: bool| {
        let body = json!({"collections": collections, "deleteMissing": delete_missing});
        app.root().put("/api/collections/import", body)
    };
    assert_eq!(import(json!([above, below, table]), false).status, 204);
    assert_eq!(
        kinds(&app.root().get("/api/collections/above").ok()),
        ["id:text", "a:text"]
    );
    assert_eq!(
        import(json!([above, below, table]), false).status,
        204,
        "again"
    );
    let broken = json!({"name": "above", "type": "view", "viewQuery": "select id, b from below"});
    import(json!([broken]), false).refused_for("collections", "collections_import_failure");
    let users = app.root().get("/api/collections/users").ok();
    assert_eq!(
        import(json!([users]), true).status,
        204,
        "all go, in whichever order works"
    );
    app.root().get("/api/collections/above").refused(404);
    app.root().get("/api/collections/things").refused(404);
}

/// The records of a view, each as the values of these fields.
fn rows(app: &TestApp, name: &str, fields: &[&str]) -> Vec<Value> {
    let list = app.guest().list(name, &[("sort", "id")]).ok();
    let items = list["items"].as_array().expect("items").clone();
    let row = |item: Value| fields.iter().map(|field| item[*field].clone()).collect();
    items.into_iter().map(row).collect()
}

#[test]
fn f11_columns_that_an_id_decides_need_not_be_grouped() {
    let app = TestApp::start();
    library(&app);
    let posts = app.root().get("/api/collections/posts").ok();
    app.open_collection(
        "reviews",
        json!([
            {"name": "post", "type": "relation", "collectionId": posts["id"], "maxSelect": 1},
            {"name": "words", "type": "text"},
            {"name": "grade", "type": "number"},
        ]),
    );
    for (post, grade) in [("p1", 5), ("p1", 3), ("p2", 1)] {
        let post = format!("{post:0<15}");
        app.root().create(
            "reviews",
            json!({"post": post, "words": "w", "grade": grade}),
        );
    }
    let grouped = |name: &str, query: &str, expected: Value| {
        view(&app, name, query);
        let found = json!(rows(&app, name, &["title", "n"]));
        assert_eq!(found, expected, "{query}");
    };
    let each = json!([["One", 1], ["Two", 1], ["12", 1]]);
    grouped(
        "v1",
        "SELECT id, title, count(*) as n FROM posts GROUP BY id",
        each.clone(),
    );
    grouped(
        "v2",
        "SELECT id, title, meta, tags, shown, count(*) as n FROM posts GROUP BY posts.id",
        each.clone(),
    );
    grouped(
        "v3",
        "SELECT p.id AS id, p.title, COUNT(*) AS n FROM posts p GROUP BY 1",
        each.clone(),
    );
    grouped(
        "v4",
        "SELECT p.id AS pid, p.title, COUNT(*) AS n, p.id FROM posts p GROUP BY pid",
        each,
    );
    let reviewed = json!([["One", 2], ["Two", 1], ["12", 0]]);
    grouped(
        "v5",
        "SELECT p.id, p.title, COUNT(r.id) AS n FROM posts p LEFT JOIN reviews r ON r.post = p.id GROUP BY p.id",
        reviewed.clone(),
    );
    // What is joined by its id is as certain.
    grouped(
        "v6",
        "SELECT p.id, p.title, u.name as writer, COUNT(r.id) AS n FROM posts p LEFT JOIN users u ON u.id = p.author
         LEFT JOIN reviews r ON r.post = p.id GROUP BY p.id",
        reviewed.clone(),
    );
    assert_eq!(
        json!(rows(&app, "v6", &["writer"])),
        json!([["ann"], ["ann"], [""]])
    );
    grouped(
        "v7",
        "SELECT p.id, p.title, u.name as writer, COUNT(r.id) AS n FROM reviews r, posts p, users u
         WHERE r.post = p.id AND (u.id = p.author) GROUP BY r.post",
        json!([["One", 2], ["Two", 1]]),
    );
    // Its other columns may be in subqueries, in HAVING and in the order.
    grouped(
        "v8",
        "SELECT p.id, p.title, (SELECT count(*) FROM reviews r WHERE r.post = p.id AND r.grade < p.stars) AS n,
         count(*) as all_of_them FROM posts p GROUP BY p.id HAVING p.stars > 1 OR p.made = '' ORDER BY p.stars, lower(p.title)",
        json!([["One", 1], ["Two", 1]]),
    );
    grouped(
        "v9",
        "WITH graded AS (SELECT post, avg(grade) AS average FROM reviews GROUP BY post)
         SELECT p.id, p.title, CAST(count(g.post) AS INTEGER) AS n FROM posts p LEFT JOIN graded g ON g.post = p.id GROUP BY p.id",
        json!([["One", 1], ["Two", 1], ["12", 0]]),
    );
    grouped(
        "v10",
        "SELECT id, title, n FROM (SELECT id, title, count(*) AS n FROM posts GROUP BY id)",
        json!([["One", 1], ["Two", 1], [12, 1]]),
    );
    grouped(
        "v11",
        "SELECT DISTINCT p.id, p.title, COALESCE(SUM(r.grade), 0) AS total, COUNT(r.id) AS n FROM posts p
         LEFT JOIN reviews r ON r.post = p.id GROUP BY p.id HAVING n > 0 AND total > 1",
        json!([["One", 2]]),
    );
    // Accounts are read without their secrets.
    view(
        &app,
        "writers",
        "SELECT u.id, u.name, u.email, count(p.id) AS n FROM users u LEFT JOIN posts p ON p.author = u.id GROUP BY u.id",
    );
    assert_eq!(
        json!(rows(&app, "writers", &["name", "n"])),
        json!([["ann", 2]])
    );
}

#[test]
fn f11_the_commonest_views_answer_alike_on_both_databases() {
    let app = TestApp::start();
    library(&app);
    for (number, (query, expected)) in [
        ("SELECT (ROW_NUMBER() OVER()) as id, author, COUNT(id) as n FROM posts WHERE author != '' GROUP BY author", json!([2])),
        ("SELECT id, COALESCE(NULLIF(title, '12'), 'none') AS n FROM posts", json!(["One", "Two", "none"])),
        ("SELECT id, CASE WHEN stars > 3 THEN 'good' WHEN stars = 0 THEN 'none' ELSE 'bad' END AS n FROM posts", json!(["good", "bad", "none"])),
        ("SELECT id, CAST(stars AS TEXT) AS n FROM posts WHERE stars > 3", json!(["5"])),
        ("SELECT id, title AS n FROM posts UNION SELECT id, name AS n FROM users", json!(["ann", "One", "Two", 12])),
        ("SELECT id, json_extract(meta, '$.a[0]') AS n FROM posts WHERE stars = 5", json!([5])),
        ("SELECT p.id, p.title || ' by ' || u.name AS n FROM posts p JOIN users u ON u.id = p.author", json!(["One by ann", "Two by ann"])),
        ("SELECT id, (SELECT COUNT(*) FROM posts p WHERE p.author = users.id) AS n FROM users", json!([2])),
        ("SELECT id, stars * 2 AS n FROM posts WHERE n > 4", json!([10])),
        ("SELECT id, json_array_length(tags) AS n FROM posts WHERE title = 'One'", json!([2])),
        ("SELECT MAX(id) AS id, MAX(stars) AS n FROM posts", json!([5])),
        ("SELECT id, IIF(shown, 'yes', 'no') AS n FROM posts", json!(["yes", "yes", "no"])),
        ("SELECT id, length(strftime('%Y-%m', made)) AS n FROM posts WHERE stars = 5", json!([7])),
        ("SELECT id, substr(title, 1, 2) AS n FROM posts ORDER BY stars DESC LIMIT 1", json!(["On"])),
        ("SELECT id, rank() OVER (ORDER BY stars DESC) AS n FROM posts", json!([1, 2, 3])),
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("common{number}");
        view(&app, &name, query);
        let found: Vec<Value> = rows(&app, &name, &["n"]).into_iter().map(|row| row[0].clone()).collect();
        assert_eq!(json!(found), expected, "{query}");
    }
}
