//! Names that databases, filters or roles would take for something else.

use serde_json::{Value, json};

use crate::support::{TestApp, on_postgres};

/// A collection with one text field of this name.
fn with_field(name: &str) -> Value {
    json!({
        "name": "books", "type": "base", "listRule": "", "viewRule": "", "createRule": "",
        "fields": [{"type": "text", "name": name}],
    })
}

#[test]
fn f21_a_field_that_can_be_made_can_be_asked_for() {
    let app = TestApp::start();
    let (root, guest) = (app.root(), app.guest());
    for name in [
        "1a", "1", "1_000", "2e5", "0x64", "9_", "a1", "_1", "oid", "rowid", "OID", "xMin", "Ctid",
    ] {
        let made = root.post("/api/collections", with_field(name));
        if name == "1" {
            made.refused_for("fields.1.name", "match_invalid");
            continue;
        }
        made.ok();
        for value in ["b", "a"] {
            let mut body = json!({});
            body[name] = json!(value);
            guest.create("books", body);
        }
        let expected = vec!["a".to_owned()];
        for filter in [
            format!("{name} = 'a'"),
            format!("({name} = 'a')"),
            format!("'a'={name}"),
            format!("{name}:lower='a' && 5 = 5.0 && {name} != 1"),
        ] {
            assert_eq!(guest.filter("books", &filter, name), expected, "{filter}");
        }
        for (sort, first) in [(name.to_owned(), "a"), (format!("-{name}"), "b")] {
            let sorted = guest
                .list("books", &[("sort", &sort), ("fields", name)])
                .ok();
            let mut item = json!({});
            item[name] = json!(first);
            assert_eq!(sorted["items"][0], item, "{sort}");
        }
        let rule = json!({"createRule": format!("@request.body.{name} != 'c' && {name} != 'd'")});
        root.patch("/api/collections/books", rule).ok();
        for refused in ["c", "d"] {
            let mut body = json!({});
            body[name] = json!(refused);
            guest.try_create("books", body).refused(400);
        }
        // A relation of this name is followed.
        let books = root.get("/api/collections/books").ok();
        let to = json!([{"type": "relation", "name": name, "collectionId": books["id"], "maxSelect": 1}]);
        app.open_collection("shelves", to);
        let book = guest
            .list("books", &[("filter", &format!("{name} = 'a'"))])
            .ok()["items"][0]
            .clone();
        let mut body = json!({});
        body[name] = book["id"].clone();
        root.create("shelves", body);
        let parameters = [
            ("filter", format!("{name}.{name} = 'a'")),
            ("expand", name.to_owned()),
        ];
        let parameters = parameters
            .each_ref()
            .map(|(key, value)| (*key, value.as_str()));
        let found = guest.list("shelves", &parameters).ok();
        assert_eq!(found["items"][0]["expand"][name], book, "{name}");
        let back = format!("shelves_via_{name}.id != ''");
        assert_eq!(guest.filter("books", &back, name), expected, "{back}");
        root.delete("/api/collections/shelves");
        assert_eq!(root.delete("/api/collections/books").status, 204);
    }
}

#[test]
fn f12_no_field_has_the_name_of_a_column_that_postgresql_has() {
    let app = TestApp::start();
    let root = app.root();
    root.post("/api/collections", with_field("title")).ok();
    let fields = root.get("/api/collections/books").ok()["fields"].clone();
    for name in [
        "ctid", "xmin", "xmax", "cmin", "cmax", "tableoid", "_rowid_", "_ROWID_",
    ] {
        let mut other = with_field(name);
        other["name"] = json!("other");
        root.post("/api/collections", other.clone())
            .refused_for("fields.1.name", "not_in_invalid");
        let import = json!({"collections": [other]});
        assert_eq!(
            root.put("/api/collections/import", import).status,
            400,
            "{name}"
        );
        let mut fields = fields.clone();
        fields[1]["name"] = json!(name);
        let renamed = root.patch("/api/collections/books", json!({"fields": fields}));
        renamed.refused_for("fields.1.name", "not_in_invalid");
        let query = format!("SELECT id, title AS {name} FROM books");
        let view = json!({"name": "seen", "type": "view", "viewQuery": query});
        root.post("/api/collections", view).refused(400);
    }
    assert_eq!(root.all("books", "id"), Vec::<String>::new());
}

#[test]
fn f22_the_settings_of_a_database_or_role_change_no_answer() {
    let app = TestApp::start();
    let fields = json!([
        {"type": "json", "name": "j"}, {"type": "number", "name": "n"}, {"type": "date", "name": "d"},
        {"type": "text", "name": "t"},
    ]);
    app.open_collection("notes", fields);
    let root = app.root();
    root.create("notes", json!({"j": "ö\\%", "n": 10_928_588.983_213_553_f64, "d": "2024-05-06 07:08:09.123Z", "t": "a\\b"}));
    root.create("notes", json!({"j": null, "n": 0.1, "t": ""}));
    let filters = [
        "j ~ \"ö\"",
        "j ~ 'ö\\\\'",
        "t = 'a\\\\b'",
        "t ~ 'a\\\\\\\\b'",
        "n ~ '10928588.983213553'",
        "n:lower = '0.1'",
        "d >= '2024-05-06 07:08:09.123Z'",
        "strftime('%d.%m.%Y %H', d) = '06.05.2024 07'",
        "j = null",
        "t != null",
    ];
    let answers =
        |app: &TestApp| filters.map(|filter| app.root().list("notes", &[("filter", filter)]).text);
    let before = answers(&app);
    let home = app.stop();
    if on_postgres() {
        for setting in [
            "standard_conforming_strings = off",
            "escape_string_warning = on",
            "backslash_quote = on",
            "transform_null_equals = on",
            "array_nulls = off",
            "extra_float_digits = -15",
            "bytea_output = 'escape'",
            "\"DateStyle\" = 'German, DMY'",
            "\"IntervalStyle\" = 'iso_8601'",
            "\"TimeZone\" = 'Asia/Kathmandu'",
            "default_transaction_isolation = 'serializable'",
        ] {
            home.execute(&format!(
                "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET {}', current_database()); END $$",
                setting.replace('\'', "''")
            ));
        }
    }
    let app = TestApp::start_in(home);
    let after = answers(&app);
    for ((filter, before), after) in filters.iter().zip(before).zip(after) {
        assert_eq!(after, before, "{filter}");
    }
}

#[test]
fn n07_no_account_has_the_id_of_a_role_or_a_role_that_of_an_account() {
    let app = TestApp::start();
    let root = app.root();
    let reader = root.create("_roles", json!({"name": "reader"}));
    let ann = app.user("ann");
    let sign_up = |id: &str| {
        let password = crate::support::PASSWORD;
        let body = json!({"id": id, "email": "eve@example.com", "password": password, "passwordConfirm": password});
        app.guest().try_create("users", body)
    };
    let custom = reader["id"].as_str().expect("an id");
    for id in [
        "rolesuperuser00",
        "roleguest000000",
        "roleuser0000000",
        custom,
    ] {
        sign_up(id).refused_for("id", "invalid_auth_id");
    }
    // Where ids may be any text, they still are not what roles and areas are called.
    let mut users = root.get("/api/collections/users").ok();
    for field in users["fields"].as_array_mut().expect("fields") {
        if field["name"] == "id" {
            field["pattern"] = json!("");
            field["min"] = json!(0);
            field["max"] = json!(0);
        }
    }
    root.patch("/api/collections/users", json!({"fields": users["fields"]}))
        .ok();
    for id in ["*", "@guest", "@SuperUser", "collections:write", "reader"] {
        sign_up(id).refused(400);
    }
    let role = json!({"id": "ann000000000000", "name": "other"});
    root.try_create("_roles", role)
        .refused_for("id", "account_id");
    assert_eq!(ann.get("/api/policy/areas").ok(), json!({"areas": []}));
    sign_up("eve").ok();
}

#[test]
fn n07_roles_have_names_that_look_like_no_other() {
    let app = TestApp::start();
    let root = app.root();
    root.create("_roles", json!({"name": "admin"}));
    for name in [
        "\u{430}dmin",
        "adm\u{456}n",
        "\u{391}dmin",
        "ADMIN",
        "adm\u{131}n",
        "ad\u{200b}min",
        "ad\u{ad}min",
        "admin\u{301}",
        "\u{1d41a}dmin",
        "\u{ff41}dmin",
        "\u{1d00}dmin",
        "\u{430}\u{441}\u{435}",
        "admin ",
        "\u{2170}",
        "a\u{2024}b",
        "\u{13aa}dmin",
    ] {
        let reply = root.try_create("_roles", json!({"name": name}));
        assert_eq!(reply.status, 400, "{name:?}: {}", reply.text);
    }
    for name in ["Küche: Team-2", "éditeur", "Žena", "admin 2"] {
        root.create("_roles", json!({"name": name}));
    }
}
