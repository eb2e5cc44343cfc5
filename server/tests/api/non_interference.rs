//! What a client may not know changes no answer: random requests before and after everything hidden has changed.

use std::fmt::Write;

use serde_json::{Value, json};

use super::policies::{join, permit, role};
use super::scopes::join_in;
use crate::support::{Client, Reply, TestApp, at_once, env};

/// How many requests are asked before and after.
const REQUESTS: usize = 1_000;

/// The numbers of the posts that are the scopes of Ann's role.
const SCOPES: [usize; 2] = [1, 4];

/// A collection as the requests know it: its fields, and by which names it leads to others.
struct Map {
    name: &'static str,
    fields: &'static [&'static str],
    ways: &'static [(&'static str, &'static str)],
}

const MAPS: &[Map] = &[
    Map {
        name: "posts",
        fields: &["id", "title", "score", "tags", "meta.a"],
        ways: &[
            ("author", "users"),
            ("reports_via_post", "reports"),
            ("notes_via_posts", "notes"),
            ("pins_via_post", "pins"),
            ("papers_via_post", "papers"),
            ("bills_via_post", "bills"),
        ],
    },
    Map {
        name: "reports",
        fields: &["id", "text", "status"],
        ways: &[("post", "posts"), ("by", "users")],
    },
    Map {
        name: "notes",
        fields: &["id", "text", "owner"],
        ways: &[("posts", "posts"), ("owner", "users")],
    },
    Map {
        name: "pins",
        fields: &["id", "text", "hush"],
        ways: &[("post", "posts")],
    },
    Map {
        name: "papers",
        fields: &["id", "title", "body", "level"],
        ways: &[("post", "posts")],
    },
    Map {
        name: "bills",
        fields: &["id", "text", "post"],
        ways: &[("post", "posts")],
    },
    Map {
        name: "users",
        fields: &["id", "name", "email", "verified"],
        ways: &[
            ("posts_via_author", "posts"),
            ("notes_via_owner", "notes"),
            ("reports_via_by", "reports"),
        ],
    },
    Map {
        name: "titles",
        fields: &["id", "title"],
        ways: &[("author", "users")],
    },
];

/// A source of choices that a seed repeats.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).expect("31 bits") % end
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    fn path(&mut self, from: &Map) -> String {
        let mut map = from;
        let mut path = String::new();
        while path.len() < 60 && self.below(5) < 3 {
            let (way, to) = self.one(map.ways);
            path += way;
            path += ".";
            map = MAPS.iter().find(|one| one.name == to).expect("a map");
        }
        // Now and then what is hidden from everybody, or what is no field.
        if self.below(20) == 0 {
            return path
                + self.one(&[
                    "secret",
                    "password",
                    "tokenKey",
                    "nope",
                    "tags:each",
                    "tags:length",
                ]);
        }
        path += self.one(map.fields);
        path + self.one(&["", "", "", "", "", ":lower"])
    }

    fn operand(&mut self, from: &Map) -> String {
        match self.below(8) {
            0..=2 => self.one(&["null", "''", "''", "null", "false"]).to_owned(),
            3 => self.one(&["true", "0", "1", "5", "12", "'12'"]).to_owned(),
            4..=6 => {
                let words = [
                    "a",
                    "b",
                    "secret",
                    "top",
                    "open",
                    "zz",
                    "post00000000003",
                    "ann000000000000",
                    "%a%",
                    "example",
                ];
                format!("'{}'", self.one(&words))
            }
            _ => self.path(from),
        }
    }

    fn comparison(&mut self, from: &Map) -> String {
        let signs = ["=", "!=", ">", ">=", "<", "<=", "~", "!~"];
        let any = self.one(&["", "?"]);
        let left = self.path(from);
        let left = match self.below(12) {
            0 => format!("strftime('%Y', {left})"),
            1 => format!("geoDistance({left}, 0, 0, 1)"),
            _ => left,
        };
        format!("{left} {any}{} {}", self.one(&signs), self.operand(from))
    }

    fn filter(&mut self, from: &Map) -> String {
        let mut filter = self.comparison(from);
        for _ in 0..self.below(3) {
            let join = self.one(&["&&", "||"]);
            filter = format!("({filter}) {join} {}", self.comparison(from));
        }
        filter
    }

    /// A path by which records are brought along.
    fn expand(&mut self, from: &Map) -> String {
        let mut map = from;
        let mut path = String::new();
        loop {
            let (way, to) = self.one(map.ways);
            path += way;
            map = MAPS.iter().find(|one| one.name == to).expect("a map");
            if self.below(2) == 0 {
                return path;
            }
            path += ".";
        }
    }

    /// A request: its path, and its parameters.
    fn request(&mut self) -> String {
        let map = &MAPS[self.below(MAPS.len())];
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        if self.below(3) == 0 {
            query.append_pair("expand", &self.expand(map));
        }
        if self.below(6) == 0 {
            let fields = [
                "id",
                "*,expand.*.id",
                "*",
                "title,text,body:excerpt(3)",
                "secret,expand",
            ];
            query.append_pair("fields", self.one(&fields));
        }
        let mut out = format!("/api/collections/{}/records", map.name);
        if self.below(8) == 0 {
            let first = map.name.trim_end_matches('s');
            let _ = write!(out, "/{}", id(first, self.below(16)));
        } else {
            query.append_pair("filter", &self.filter(map));
            if self.below(2) == 0 {
                let sort: Vec<String> = (0..=self.below(2))
                    .map(|_| format!("{}{}", self.one(&["", "-"]), self.path(map)))
                    .collect();
                query.append_pair("sort", &sort.join(","));
            }
            if self.below(3) == 0 {
                query.append_pair("perPage", self.one(&["1", "2", "3"]));
                query.append_pair("page", self.one(&["1", "2", "3"]));
            }
            if self.below(6) == 0 {
                query.append_pair("skipTotal", "true");
            }
        }
        let _ = write!(out, "?{}", query.finish());
        out
    }
}

fn id(kind: &str, n: usize) -> String {
    format!("{kind}{n:0width$}", width = 15 - kind.len())
}

/// A role that reads bills in its scopes.
fn clerk(app: &TestApp) -> Value {
    let clerk = role(app, "clerk", &[]);
    let condition = "post = @role.scope";
    permit(
        app,
        &clerk,
        json!({"collection": "bills", "actions": ["list", "view"], "effect": "allow", "condition": condition}),
    );
    clerk
}

/// Collections with records of which each client sees some.
fn fill(app: &TestApp) -> Client {
    let root = app.root();
    let ann = app.user("ann");
    for name in ["bob", "cyd"] {
        app.user(name);
    }
    let users = root.get("/api/collections/users").ok()["id"].clone();
    let text = |name: &str| json!({"type": "text", "name": name});
    let to = |name: &str, target: &Value, max: u32| json!({"type": "relation", "name": name, "collectionId": target, "maxSelect": max});
    let make = |name: &str, rule: &str, fields: Value| {
        let made = json!({"name": name, "type": "base", "fields": fields, "listRule": rule, "viewRule": rule});
        app.collection(made)["id"].clone()
    };
    let secret = json!({"type": "text", "name": "secret", "hidden": true});
    let number = json!({"type": "number", "name": "score"});
    let tags = json!({"type": "select", "name": "tags", "values": ["a", "b"], "maxSelect": 2});
    let meta = json!({"type": "json", "name": "meta"});
    let fields = json!([
        text("title"),
        number,
        tags,
        meta,
        secret,
        to("author", &users, 1)
    ]);
    let posts = make("posts", "", fields);
    let fields = json!([
        text("text"),
        text("status"),
        to("post", &posts, 1),
        to("by", &users, 1)
    ]);
    make("reports", "status != 'secret'", fields);
    let fields = json!([text("text"), to("posts", &posts, 5), to("owner", &users, 1)]);
    make("notes", "owner = @request.auth.id", fields);
    let hush = json!({"type": "bool", "name": "hush"});
    let pins = make(
        "pins",
        "hush != true",
        json!([text("text"), hush, to("post", &posts, 1)]),
    );
    let unique = json!(["CREATE UNIQUE INDEX `idx_pins_post` ON `pins` (`post`)"]);
    let of_pins = format!("/api/collections/{}", pins.as_str().expect("an id"));
    root.patch(&of_pins, json!({"indexes": unique})).ok();
    let fields = json!([
        text("title"),
        text("body"),
        text("level"),
        to("post", &posts, 1)
    ]);
    make("papers", "level != 'top'", fields);
    // Ann sees the bills of two posts, which are the scopes of her role.
    let fields = json!([text("text"), to("post", &posts, 1)]);
    app.collection(json!({"name": "bills", "type": "base", "fields": fields}));
    let query = "SELECT id, title, author FROM posts";
    let view = json!({"name": "titles", "type": "view", "viewQuery": query, "listRule": "title != 'zz'", "viewRule": ""});
    app.collection(view);
    let reader = role(app, "reader", &[]);
    join(app, &reader, "ann");
    let read = json!(["list", "view"]);
    for permission in [
        json!({"collection": "papers", "actions": read, "effect": "deny", "condition": "title = 'b'"}),
        json!({"collection": "papers", "actions": read, "effect": "deny", "fields": ["body"]}),
    ] {
        permit(app, &reader, permission);
    }
    let clerk = clerk(app);

    let word = |n: usize| ["a", "b", "", "zz"][n % 4];
    let user = |n: usize| ["ann000000000000", "bob000000000000", "", "cyd000000000000"][n % 4];
    for n in 0..8 {
        root.create("posts", json!({
            "id": id("post", n), "title": word(n), "score": n * 3 % 5, "tags": [(["a", "b"][n % 2])], "meta": {"a": n % 3},
            "secret": word(n + 1), "author": user(n),
        }));
    }
    for n in 0..12 {
        let post = id("post", n % 6);
        let status = ["secret", "open", "secret", ""][(n / 3) % 4];
        root.create("reports", json!({"id": id("report", n), "text": word(n), "status": status, "post": post, "by": user(n + 1)}));
        root.create("notes", json!({"id": id("note", n), "text": word(n), "posts": [post, id("post", (n + 3) % 7)], "owner": user(n)}));
        let level = ["top", "low"][(n / 2) % 2];
        root.create(
            "bills",
            json!({"id": id("bill", n), "text": word(n), "post": post}),
        );
        root.create("papers", json!({"id": id("paper", n), "title": word(n), "body": word(n + 2), "level": level, "post": post}));
    }
    for n in SCOPES {
        join_in(app, &clerk, "ann", ("posts", &id("post", n)));
    }
    // Of roles and scopes of others, nobody hears.
    join_in(app, &clerk, "bob", ("posts", &id("post", 3)));
    for n in 0..6 {
        root.create(
            "pins",
            json!({"id": id("pin", n), "text": word(n), "hush": n % 2 == 0, "post": id("post", n)}),
        );
    }
    ann
}

/// Changes all that neither a guest nor ann may know: hidden values, and records that they may not list.
fn change_what_is_hidden(app: &TestApp) {
    let root = app.root();
    let update =
        |collection: &str, id: &str, body: Value| drop(root.update(collection, id, body).ok());
    for n in 0..8 {
        update(
            "posts",
            &id("post", n),
            json!({"secret": format!("a changed {n}")}),
        );
    }
    for (name, email) in [("bob", "zz@example.org"), ("cyd", "a@example.net")] {
        let id = format!("{name:0<15}");
        update(
            "users",
            &id,
            json!({"name": "a", "email": email, "verified": false}),
        );
    }
    let each = |collection: &str, filter: &str| root.filter(collection, filter, "id");
    for (n, one) in each("reports", "status = 'secret'").iter().enumerate() {
        if n % 2 == 0 {
            root.remove("reports", one);
        } else {
            update(
                "reports",
                one,
                json!({"text": "top", "post": id("post", 7), "by": "cyd000000000000"}),
            );
        }
    }
    let secret =
        json!({"text": "zz", "status": "secret", "post": id("post", 4), "by": "ann000000000000"});
    root.create("reports", secret);
    for (n, one) in each("notes", "owner != 'ann000000000000' && owner != ''")
        .iter()
        .enumerate()
    {
        if n % 3 == 0 {
            root.remove("notes", one);
        } else {
            update(
                "notes",
                one,
                json!({"text": "secret", "posts": [id("post", 7)]}),
            );
        }
    }
    for (n, one) in each("pins", "hush = true").iter().enumerate() {
        if n == 0 {
            root.remove("pins", one);
        } else {
            update(
                "pins",
                one,
                json!({"text": "secret", "post": (["", "post00000000007"][n % 2])}),
            );
        }
    }
    let in_scope = SCOPES.map(|n| format!("post != '{}'", id("post", n)));
    for (n, one) in each("bills", &in_scope.join(" && ")).iter().enumerate() {
        if n % 2 == 0 {
            root.remove("bills", one);
        } else {
            update(
                "bills",
                one,
                json!({"text": "secret", "post": id("post", 7)}),
            );
        }
    }
    for member in each("_members", "scope != '' && recordRef != 'ann000000000000'") {
        update("_members", &member, json!({"scope": id("post", 4)}));
    }
    for (n, one) in each("papers", "level = 'top'").iter().enumerate() {
        if n % 2 == 0 {
            root.remove("papers", one);
        } else {
            update(
                "papers",
                one,
                json!({"title": "top", "body": "top", "post": id("post", 7)}),
            );
        }
    }
}

fn answers(clients: &[&Client; 2], requests: &[String]) -> Vec<[Reply; 2]> {
    let threads = 4;
    let parts = at_once(threads, |thread| {
        let mine = requests.iter().skip(thread).step_by(threads);
        mine.map(|path| clients.map(|client| client.get(path)))
            .collect::<Vec<_>>()
    });
    let mut parts: Vec<_> = parts.into_iter().map(Vec::into_iter).collect();
    (0..requests.len())
        .map(|n| parts[n % threads].next().expect("an answer"))
        .collect()
}

#[test]
fn n71_what_a_client_may_not_know_changes_no_answer() {
    let app = TestApp::start();
    let ann = fill(&app);
    let seed: u64 = env("PLINTH_TEST_SEED").map_or_else(
        || {
            app.root()
                .url
                .bytes()
                .fold(std::process::id().into(), |seed: u64, b| {
                    seed.wrapping_mul(31) ^ u64::from(b)
                })
        },
        |seed| seed.parse().expect("a number"),
    );
    let mut dice = Dice(seed.max(1));
    let requests: Vec<String> = (0..REQUESTS).map(|_| dice.request()).collect();
    let guest = app.guest();
    let before = answers(&[&guest, &ann], &requests);
    change_what_is_hidden(&app);
    let after = answers(&[&guest, &ann], &requests);
    let mut full = 0;
    for ((request, before), after) in requests.iter().zip(before).zip(after) {
        for ((who, before), after) in ["a guest", "ann"].iter().zip(before).zip(after) {
            assert!(
                before == after,
                "PLINTH_TEST_SEED={seed}: {who}: {request}\nbefore: {}\nafter:  {}",
                before.text,
                after.text
            );
            full += usize::from(before.status == 200 && before.text.contains("\"collectionId\""));
        }
    }
    assert!(full > REQUESTS / 10, "only {full} answers hold any record");
}

#[test]
fn n71_what_may_not_be_listed_is_as_if_it_were_not_there() {
    let app = TestApp::start();
    let ann = fill(&app);
    let guest = app.guest();
    let root = app.root();
    for collection in ["reports", "notes", "pins", "papers"] {
        let via = if collection == "notes" {
            "posts"
        } else {
            "post"
        };
        for client in [&guest, &ann] {
            // The posts to which a record refers that the client sees.
            let mine = client.list(collection, &[("perPage", "100")]).ok();
            let mine = mine["items"].as_array().expect("items").iter();
            let mut with: Vec<String> = mine
                .flat_map(|item| match item[via].as_array() {
                    Some(several) => several.clone(),
                    None => vec![item[via].clone()],
                })
                .filter_map(|id| id.as_str().map(str::to_owned))
                .collect();
            with.sort();
            with.dedup();
            let all = root.all("posts", "id");
            let without: Vec<String> = all
                .iter()
                .filter(|id| !with.contains(id))
                .cloned()
                .collect();
            for (filter, expected) in [
                ("= null", &without),
                ("?= null", &without),
                ("?= ''", &without),
                ("!= null", &with),
                ("?!= ''", &with),
                ("?~ '0'", &with),
            ] {
                let filter = format!("{collection}_via_{via}.id {filter}");
                assert_eq!(&client.filter("posts", &filter, "id"), expected, "{filter}");
            }
        }
    }
}
