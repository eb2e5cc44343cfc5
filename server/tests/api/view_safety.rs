//! What a view must not reach.

use serde_json::json;

use crate::support::{TestApp, at_once};
use crate::views::{library, refused_query, view};

#[test]
fn n05_a_view_reads_collections_and_nothing_else() {
    let app = TestApp::start();
    library(&app);
    for query in [
        "select id, value from _params",
        "select id, definition from _collections",
        "select id from _totals",
        "select id from \"_params\"",
        "select id from `_PARAMS`",
        "select id from [_changes]",
        "select name as id from sqlite_master",
        "select name as id from main.sqlite_master",
        "select name as id from sqlite_schema",
        "select name as id from pragma_table_info('posts')",
        "select name as id from dbstat",
        "select usename as id, passwd from pg_shadow",
        "select rolname as id from pg_catalog.pg_authid",
        "select table_name as id from information_schema.tables",
        "select id from posts where exists (select 1 from _params)",
        "select id, (select value from _params limit 1) as v from posts",
        "with p as (select * from _params) select id, value from p",
        "select id from posts union select value from _params",
        "select p.id from posts p join _params on 1 = 1",
        "select p.id from posts p, lateral (select value from _params) x",
        "select id from (select id from _params)",
        "table _params",
        "values (1)",
    ] {
        let spy = json!({"name": "spy", "type": "view", "viewQuery": query});
        refused_query(&app.root().post("/api/collections", spy));
        let dry = app.root().post(
            "/api/collections/meta/dry-run-view",
            json!({"query": query}),
        );
        assert_eq!(dry.status, 400, "{query}");
    }
}

#[test]
fn n16_a_view_is_one_select_that_only_computes() {
    let app = TestApp::start();
    library(&app);
    let before = app.root().everything(&["posts", "users"]);
    for query in [
        "delete from posts",
        "update posts set title = 'x'",
        "insert into posts (id) values ('x')",
        "drop table posts",
        "select id from posts; drop table posts",
        "select id from posts; select 1",
        "with d as (delete from posts returning id) select id from d",
        "select id into copy from posts",
        "select id from posts for update",
        "create table x (id text)",
        "attach database 'x' as y",
        "pragma writable_schema = 1",
        "explain select id from posts",
        "vacuum",
        "copy posts to '/tmp/x'",
        "select load_extension('x') as id",
        "select readfile('/etc/passwd') as id",
        "select writefile('/tmp/x', 'y') as id",
        "select pg_read_file('/etc/passwd') as id",
        "select pg_sleep(10) as id",
        "select lo_import('/etc/passwd') as id",
        "select id from dblink('x', 'select 1') as t(id text)",
        "select set_config('x', 'y', false) as id",
        "select current_setting('x') as id",
        "select query_to_xml('select 1', true, true, '') as id",
        "select nextval('x') as id",
        "select pg_catalog.pg_sleep(10) as id",
        "select \"pg_sleep\"(10) as id",
        "select id, randomblob(1000000000) as x from posts",
        "select id, printf('%1000000000d', 1) as x from posts",
        "select id, format('%*d', 1000000000, 1) as x from posts",
        "select id, x'00' as x from posts",
        "select id, ? as x from posts",
        "select id, :a as x from posts",
        "select id, $1 as x from posts",
        "select id, title::int as x from posts",
        "select * from posts",
        "select posts.* from posts",
        "select title from posts",
        "select id, title, title from posts",
        "select id, title as \"a b\" from posts",
        "select id, title as \"a\"\"; drop table posts; --\" from posts",
        "select id, title as expand from posts",
        "select id, title as a_via_b from posts",
        "select id, nope from posts",
        "select id from nope",
        "select nope.id from posts",
        "select",
        "  ",
        ";",
        "select id from posts where title = 'x",
        "select id from posts /* x",
        "select id from posts where \"",
        "\u{0}",
        "select id from posts where title = '\u{0}' union select",
    ] {
        let reply = app.root().post(
            "/api/collections",
            json!({"name": "spy", "type": "view", "viewQuery": query}),
        );
        assert_eq!(
            reply.code("viewQuery"),
            "validation_invalid_view_query",
            "{query}: {}",
            reply.text
        );
    }
    for body in [
        json!({"name": "spy", "type": "view"}),
        json!({"name": "spy", "type": "view", "viewQuery": null}),
    ] {
        app.root()
            .post("/api/collections", body)
            .refused_for("viewQuery", "required");
    }
    for wrong in [
        json!(5),
        json!(["select 1 as id"]),
        json!({"a": 1}),
        json!(true),
    ] {
        let body = json!({"name": "spy", "type": "view", "viewQuery": wrong});
        app.root().post("/api/collections", body).refused(400);
    }
    assert_eq!(app.root().everything(&["posts", "users"]), before);
    // A text stays a text.
    view(
        &app,
        "quoted",
        r"select id, 'it''s \' || '; drop table posts; --' as x from posts",
    );
    assert_eq!(
        app.guest().list("quoted", &[]).ok()["items"][0]["x"],
        r"it's \; drop table posts; --"
    );
}

#[test]
fn n41_a_large_query_is_refused_or_answered() {
    let app = TestApp::start();
    library(&app);
    let repeat = |before: &str, part: &str, n: usize, after: &str| {
        format!("{before}{}{after}", part.repeat(n))
    };
    for query in [
        repeat("select id, ", "(", 2_000, "1"),
        format!(
            "select id, {}1{} as x from posts",
            "(".repeat(500),
            ")".repeat(500)
        ),
        repeat("select id, ", "- ", 5_000, "1 as x from posts"),
        repeat("select id, ", "not ", 3_000, "1 as x from posts"),
        repeat("select id, 1", " + 1", 100_000, " as x from posts"),
        repeat(
            "select id from posts",
            " union all select id from posts",
            1_500,
            "",
        ),
        repeat("select id from ", "(select id from ", 300, "posts"),
        repeat(
            "select id, case when 1 then ",
            "case when 1 then ",
            900,
            "1",
        ),
    ] {
        let reply = app.root().post(
            "/api/collections/meta/dry-run-view",
            json!({"query": query}),
        );
        assert_eq!(reply.status, 400);
        let reply = app.root().post(
            "/api/collections",
            json!({"name": "big", "type": "view", "viewQuery": query}),
        );
        refused_query(&reply);
    }
    let long = repeat("select id, 1", " + 1", 400, " as x from posts");
    view(&app, "long", &long);
    assert_eq!(app.guest().list("long", &[]).ok()["items"][0]["x"], 401);
}

#[test]
fn n56_no_view_shows_what_signs_in() {
    let app = TestApp::start();
    library(&app);
    for query in [
        "select id, password from users",
        "select id, tokenKey from users",
        "select u.id, u.password as x from users u",
        "select id, lower(TOKENKEY) as x from users",
        "select id, email from users where tokenKey like 'a%'",
        "select id, email from users order by [tokenKey]",
        "select s.id, x.password as y from users s join (select * from users) x on x.id = s.id",
        "with u as (select * from _superusers) select id, tokenKey as k from u",
        "select id, row_to_json(users) as x from users",
    ] {
        let reply = app.root().post(
            "/api/collections",
            json!({"name": "spy", "type": "view", "viewQuery": query}),
        );
        assert_eq!(reply.status, 400, "{query}: {}", reply.text);
    }
    let made = view(&app, "people", "select id, email, verified from users");
    assert_eq!(made["fields"].as_array().map(Vec::len), Some(3));
    // As in double quotes, where SQLite falls back to a text.
    view(&app, "none", "select id, \"password\" as x from users");
    assert_eq!(
        app.guest().list("none", &[]).ok()["items"][0]["x"],
        "password"
    );
}

#[test]
fn n06_operators_read_no_system_collection_by_a_view() {
    let app = TestApp::start();
    let ann = library(&app);
    let role = app.root().create(
        "_roles",
        json!({"name": "operator", "areas": ["collections:write"]}),
    );
    let member =
        json!({"role": role["id"], "collectionRef": "users", "recordRef": "ann000000000000"});
    app.root().create("_members", member);
    let spy =
        json!({"name": "spy", "type": "view", "viewQuery": "select id, email from _superusers"});
    for query in [
        "select id, email from _superusers",
        "select id, \"to\" from _mails",
        "select id from _roles",
    ] {
        let body = json!({"name": "mine", "type": "view", "viewQuery": query});
        refused_query(&ann.post("/api/collections", body));
        let dry = ann.post(
            "/api/collections/meta/dry-run-view",
            json!({"query": query}),
        );
        assert_eq!(dry.status, 400, "{query}");
    }
    // Neither by way of a view that a superuser made.
    app.root().post("/api/collections", spy).ok();
    for (path, body) in [
        (
            "/api/collections",
            json!({"name": "mine", "type": "view", "viewQuery": "select id, email from spy"}),
        ),
        (
            "/api/collections",
            json!({"name": "mine", "type": "base", "listRule": "@collection.spy.email ?~ 'r'"}),
        ),
    ] {
        ann.post(path, body).refused(400);
    }
    let dry = ann.post(
        "/api/collections/meta/dry-run-view",
        json!({"query": "select id, email from spy"}),
    );
    assert_eq!(dry.status, 400);
    refused_query(&ann.patch("/api/collections/spy", json!({"listRule": ""})));
    ann.list("spy", &[]).refused(403);
    let fine = json!({"name": "mine", "type": "view", "viewQuery": "select id, title from posts", "listRule": ""});
    ann.post("/api/collections", fine).ok();
    let dry = ann.post(
        "/api/collections/meta/dry-run-view",
        json!({"query": "select id, title from posts"}),
    );
    assert_eq!(dry.ok()["sample"].as_array().map(Vec::len), Some(3));
}

#[test]
fn n53_views_and_what_they_read_change_at_once() {
    let app = TestApp::start();
    library(&app);
    view(&app, "shelf", "select id, title, tags from posts");
    let statuses = at_once(8, |n| {
        let max = 1 + n % 2;
        if n < 4 {
            let path = "/api/collections/posts";
            let mut fields = app.root().get(path).ok()["fields"].clone();
            for field in fields.as_array_mut().expect("fields") {
                if field["name"] == "tags" {
                    field["maxSelect"] = json!(max);
                }
            }
            app.root().patch(path, json!({"fields": fields})).status
        } else if n < 6 {
            let query =
                json!({"viewQuery": format!("select id, title, tags, stars as s{n} from posts")});
            app.root().patch("/api/collections/shelf", query).status
        } else {
            app.guest().list("shelf", &[]).status
        }
    });
    assert_eq!(statuses, [200; 8]);
    let of = |name: &str| {
        let definition = app.root().get(&format!("/api/collections/{name}")).ok();
        let fields = definition["fields"].as_array().expect("fields").clone();
        let tags = fields.into_iter().find(|field| field["name"] == "tags");
        tags.expect("tags")["maxSelect"].clone()
    };
    assert_eq!(of("shelf"), of("posts"));
    assert_eq!(app.guest().list("shelf", &[]).ok()["totalItems"], 3);
}
