//! Attempts to reach what no rule lets anybody reach.

use serde_json::json;

use crate::support::{Client, PASSWORD, TestApp};

#[test]
fn n05_what_is_not_a_collection_cannot_be_reached_as_one() {
    let app = TestApp::start();
    for client in [app.guest(), app.user("ann"), app.root().clone()] {
        for name in [
            "_collections",
            "_params",
            "_migrations",
            "_totals",
            "__diesel_schema_migrations",
            "sqlite_master",
            "sqlite_schema",
            "sqlite_sequence",
            "pg_user",
            "pg_catalog.pg_user",
            "information_schema.tables",
            "public.users",
            "main.users",
            "\"users\"",
            "users%00",
            "users%20",
            "users%2e",
            "..%2fusers",
            "users;",
            "us%C3%A9rs",
            "_collections%00",
            "%5fcollections",
            "_COLLECTIONS",
            "_logs",
            "",
        ] {
            let name = name.replace('"', "%22");
            for path in [
                format!("/api/collections/{name}/records"),
                format!("/api/collections/{name}/records/x"),
            ] {
                client.get(&path).refused(404);
                client.post(&path, json!({})).refused(404);
                client.patch(&path, json!({})).refused(404);
                client.delete(&path).refused(404);
            }
        }
    }
}

#[test]
fn n05_superusers_are_reached_by_superusers_only() {
    let app = TestApp::start();
    let id = app.text("SELECT id AS value FROM _superusers");
    for client in [app.guest(), app.user("ann")] {
        for name in [
            "_superusers",
            "_SUPERUSERS",
            "%5Fsuperusers",
            "%5f%73uperusers",
            "pbc_3142635823",
        ] {
            let records = format!("/api/collections/{name}/records");
            let account = json!({"email": "evil@example.com", "password": PASSWORD, "passwordConfirm": PASSWORD});
            client.get(&records).refused(403);
            client.post(&records, account.clone()).refused(403);
            client.get(&format!("{records}/{id}")).refused(403);
            client
                .patch(&format!("{records}/{id}"), account)
                .refused(403);
            client.delete(&format!("{records}/{id}")).refused(403);
        }
    }
    app.root().remove("_superusers", &id).refused(400);
    assert_eq!(
        app.text("SELECT CAST(count(*) AS TEXT) AS value FROM _superusers"),
        "1"
    );
}

#[test]
fn n13_ids_of_others_open_nothing() {
    let app = TestApp::start();
    let people: Vec<Client> = ["ann", "bob"].iter().map(|name| app.user(name)).collect();
    let mine = "owner = @request.auth.id && @request.auth.id != ''";
    let owner = json!({"type": "relation", "name": "owner", "collectionId": "_pb_users_auth_"});
    let projects = app.collection(json!({
        "name": "projects", "fields": [owner],
        "listRule": mine, "viewRule": mine, "createRule": mine, "updateRule": mine, "deleteRule": mine,
    }));
    let project = json!({"type": "relation", "name": "project", "collectionId": projects["id"], "required": true});
    let inside = "project.owner = @request.auth.id && @request.auth.id != ''";
    app.collection(json!({
        "name": "tasks", "fields": [project, {"type": "text", "name": "title"}],
        "listRule": inside, "viewRule": inside, "createRule": inside, "updateRule": inside, "deleteRule": inside,
    }));
    let ids: Vec<[String; 2]> = people
        .iter()
        .zip(["ann000000000000", "bob000000000000"])
        .map(|(client, owner)| {
            let project = client.create("projects", json!({"owner": owner}))["id"]
                .as_str()
                .expect("an id")
                .to_owned();
            let task = client.create("tasks", json!({"project": project, "title": owner}));
            [project, task["id"].as_str().expect("an id").to_owned()]
        })
        .collect();
    let before = app.root().everything(&["projects", "tasks", "users"]);
    for (client, [project, task]) in people.iter().rev().zip(&ids) {
        for (collection, id) in [("projects", project), ("tasks", task)] {
            client.view(collection, id).refused(404);
            client
                .update(collection, id, json!({"title": "taken"}))
                .refused(404);
            client.remove(collection, id).refused(404);
            assert_eq!(
                client.filter(collection, &format!("id = '{id}'"), "id"),
                [""; 0]
            );
        }
        client
            .try_create("tasks", json!({"project": project, "title": "smuggled"}))
            .refused(400);
        assert_eq!(client.list("tasks", &[]).ok()["totalItems"], json!(1));
        let list = client.list("tasks", &[("expand", "project.tasks_via_project")]);
        assert!(!list.text.contains(project.as_str()), "{}", list.text);
    }
    assert_eq!(
        app.root().everything(&["projects", "tasks", "users"]),
        before
    );
}

#[test]
fn n56_n57_errors_and_definitions_tell_no_secret() {
    let app = TestApp::start();
    app.user("ann");
    let schema = app.app.schema.current();
    let auth = schema
        .find("users")
        .expect("it exists")
        .def
        .auth
        .clone()
        .expect("it has accounts");
    let mut secrets = vec![
        auth.auth_token.secret.clone(),
        auth.file_token.secret.clone(),
        auth.verification_token.secret.clone(),
    ];
    for column in ["tokenKey", "password"] {
        secrets.push(app.text(&format!("SELECT \"{column}\" AS value FROM users")));
        secrets.push(app.text(&format!("SELECT \"{column}\" AS value FROM _superusers")));
    }
    assert!(secrets.iter().all(|secret| secret.len() >= 30));
    let root = app.root();
    for reply in [
        root.get("/api/collections"),
        root.get("/api/collections/users?fields=*,authToken.secret"),
        root.patch(
            "/api/collections/users",
            json!({"authToken": {"duration": 1000}}),
        ),
        root.get("/api/collections/meta/scaffolds"),
        root.list(
            "users",
            &[("expand", "*"), ("fields", "*,password,tokenKey")],
        ),
        root.list("_superusers", &[]),
        root.get("/api/openapi.json"),
        root.get("/api/health"),
        root.update("users", "ann000000000000", json!({"name": "Ann"})),
        root.try_create(
            "users",
            json!({"email": "ann@example.com", "password": PASSWORD, "passwordConfirm": PASSWORD}),
        ),
    ] {
        for secret in &secrets {
            assert!(!reply.text.contains(secret.as_str()), "{}", reply.text);
        }
        assert!(!reply.text.contains(PASSWORD));
    }
}

#[test]
fn n32_no_origin_is_trusted_with_credentials() {
    let app = TestApp::start();
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .build()
        .into();
    for method in ["GET", "OPTIONS"] {
        let request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}/api/collections/users/records", app.url))
            .header("Origin", "https://evil.example.com")
            .header("Access-Control-Request-Method", "POST")
            .body(())
            .expect("a request");
        let response = agent.run(request).expect("an answer");
        let header = |name: &str| {
            response
                .headers()
                .get(name)
                .and_then(|value| value.to_str().ok())
        };
        assert_eq!(header("Access-Control-Allow-Origin"), Some("*"), "{method}");
        assert_eq!(header("Access-Control-Allow-Credentials"), None);
        assert_eq!(header("Set-Cookie"), None);
        if method == "GET" {
            assert_eq!(header("X-Content-Type-Options"), Some("nosniff"));
            assert_eq!(header("X-Frame-Options"), Some("SAMEORIGIN"));
        }
    }
}
