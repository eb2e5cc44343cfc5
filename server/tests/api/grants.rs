//! Grants in the wrong hands: a write fails unless its grant was made for the record's collection, and evaluated for the
//! record.

use std::sync::Arc;

use plinth::db::{Conn, Value};
use plinth::error::{Error, Result};
use plinth::fields;
use plinth::policy::{self, Action, Grant, Snapshot};
use plinth::records::{delete, store};
use plinth::request::Request;
use plinth::schema::Record;
use serde_json::json;

use crate::support::TestApp;

const OPEN: &str = "open00000000000";
const ALSO_OPEN: &str = "alsoopen0000000";
const SHUT: &str = "shut00000000000";

/// Two collections of the same fields, whose rules cover the records that are open.
fn start() -> TestApp {
    let app = TestApp::start();
    for name in ["notes", "pages"] {
        let rule = "isOpen = true";
        app.collection(json!({
            "name": name,
            "fields": [{"type": "bool", "name": "isOpen"}, {"type": "text", "name": "text"}],
            "viewRule": rule, "createRule": rule, "updateRule": rule, "deleteRule": rule,
        }));
        for id in [OPEN, ALSO_OPEN, SHUT] {
            let record = json!({"id": id, "isOpen": id != SHUT, "text": "as it was"});
            app.root().create(name, record);
        }
    }
    app
}

/// Runs a write on the app's database, and returns how it ended. The texts of all records follow.
fn write<T: Send + 'static>(
    app: &TestApp,
    work: impl FnOnce(&mut Conn, &Arc<Snapshot>) -> Result<T> + Send + 'static,
) -> Result<T> {
    let schema = app.app.schema.current();
    let write = app.app.db.write(move |conn| work(conn, &schema));
    actix_web::rt::System::new().block_on(write)
}

/// Runs a write that must fail as an error of the server, and changes nothing.
fn refused(
    app: &TestApp,
    work: impl FnOnce(&mut Conn, &Arc<Snapshot>) -> Result<()> + Send + 'static,
) {
    let before = contents(app);
    let outcome = write(app, work);
    assert!(matches!(outcome, Err(Error::Internal(_))), "{outcome:?}");
    assert_eq!(contents(app), before);
}

fn contents(app: &TestApp) -> Vec<serde_json::Value> {
    let list = |name: &str| {
        app.root()
            .get(&format!("/api/collections/{name}/records"))
            .ok()
    };
    ["notes", "pages"]
        .map(|name| list(name)["items"].clone())
        .into()
}

/// Grants a guest an action on a collection.
fn guest(conn: &Conn, schema: &Arc<Snapshot>, collection: &str, action: Action) -> Result<Grant> {
    let request = Request::internal(conn.clock.now());
    policy::grant(Arc::clone(schema), request, collection, action)
}

/// Grants the server everything on a collection.
fn server(conn: &Conn, schema: &Arc<Snapshot>, collection: &str) -> Grant {
    let collection = schema.find(collection).expect("a collection");
    let request = Request::internal(conn.clock.now());
    policy::system(schema, collection, request, "a test misuses grants")
}

fn stored(conn: &mut Conn, schema: &Arc<Snapshot>, collection: &str, id: &str) -> Record {
    let grant = server(conn, schema, collection);
    let found = store::find(conn, &grant, id, None).expect("a query");
    found.expect("a record")
}

fn changed(record: &Record) -> Record {
    let mut changed = record.clone();
    changed.set("text", Value::from("changed"));
    changed
}

fn new(schema: &Arc<Snapshot>, collection: &str, id: &str) -> Record {
    let collection = schema.find(collection).expect("a collection");
    let zeros = collection.def.fields.iter();
    let zeros = zeros.map(|field| fields::zero(&field.kind)).collect();
    let mut record = Record::new(Arc::clone(collection), zeros);
    record.set("id", Value::from(id));
    record.set("isOpen", Value::Bool(true));
    record
}

#[test]
fn a_grant_writes_no_record_of_another_collection() {
    let app = start();
    refused(&app, |conn, schema| {
        let notes = server(conn, schema, "notes");
        store::insert(conn, &notes, &new(schema, "pages", "new000000000000"))
    });
    refused(&app, |conn, schema| {
        let notes = server(conn, schema, "notes");
        let page = stored(conn, schema, "pages", OPEN);
        store::update(conn, &notes, &page, &changed(&page))
    });
    refused(&app, |conn, schema| {
        let notes = server(conn, schema, "notes");
        let (note, page) = (
            stored(conn, schema, "notes", OPEN),
            stored(conn, schema, "pages", OPEN),
        );
        store::update(conn, &notes, &note, &changed(&page))
    });
    // The grant of the right collection does.
    let written = write(&app, |conn, schema| {
        let pages = server(conn, schema, "pages");
        let page = stored(conn, schema, "pages", OPEN);
        store::update(conn, &pages, &page, &changed(&page))?;
        store::insert(conn, &pages, &new(schema, "pages", "new000000000000"))?;
        store::delete(conn, &pages, &[ALSO_OPEN.to_owned()])
    });
    written.expect("the server may write");
    assert_eq!(app.root().view("pages", OPEN).ok()["text"], "changed");
    assert_eq!(app.root().view("notes", OPEN).ok()["text"], "as it was");
    app.root().view("pages", ALSO_OPEN).refused(404);
    app.root().view("notes", ALSO_OPEN).ok();
}

#[test]
fn a_grant_decides_nothing_about_a_record_of_another_collection() {
    let app = start();
    refused(&app, |conn, schema| {
        let notes = guest(conn, schema, "notes", Action::View)?;
        let page = stored(conn, schema, "pages", OPEN);
        store::would_be_granted(conn, &notes, &page).map(drop)
    });
    refused(&app, |conn, schema| {
        let notes = guest(conn, schema, "notes", Action::View)?;
        let page = stored(conn, schema, "pages", OPEN);
        store::reveal(conn, &notes, &mut [page])
    });
}

#[test]
fn an_update_needs_a_grant_that_was_evaluated_for_its_record() {
    let app = start();
    let updated = write(&app, |conn, schema| {
        let mut grant = guest(conn, schema, "notes", Action::Update)?;
        let note = store::find_to_write(conn, &mut grant, OPEN, None)?.expect("it is open");
        store::update(conn, &grant, &note, &changed(&note))
    });
    updated.expect("the rule covers it");
    refused(&app, |conn, schema| {
        let mut grant = guest(conn, schema, "notes", Action::Update)?;
        store::find_to_write(conn, &mut grant, OPEN, None)?.expect("it is open");
        let other = stored(conn, schema, "notes", ALSO_OPEN);
        store::update(conn, &grant, &other, &changed(&other))
    });
    refused(&app, |conn, schema| {
        let mut grant = guest(conn, schema, "notes", Action::Update)?;
        assert!(store::find_to_write(conn, &mut grant, SHUT, None)?.is_none());
        let shut = stored(conn, schema, "notes", SHUT);
        store::update(conn, &grant, &shut, &changed(&shut))
    });
    // Not even with an open record: nothing was evaluated.
    refused(&app, |conn, schema| {
        let grant = guest(conn, schema, "notes", Action::Update)?;
        let open = stored(conn, schema, "notes", OPEN);
        store::update(conn, &grant, &open, &changed(&open))
    });
    // Nor may the row get another id on the way.
    refused(&app, |conn, schema| {
        let notes = server(conn, schema, "notes");
        let open = stored(conn, schema, "notes", OPEN);
        let mut moved = open.clone();
        moved.set("id", Value::from("moved0000000000"));
        store::update(conn, &notes, &open, &moved)
    });
}

#[test]
fn a_create_needs_a_grant_that_was_evaluated_for_its_record() {
    let app = start();
    refused(&app, |conn, schema| {
        let mut grant = guest(conn, schema, "notes", Action::Create)?;
        let note = new(schema, "notes", "new000000000000");
        assert!(store::may_insert(conn, &mut grant, &note)?);
        store::insert(conn, &grant, &new(schema, "notes", "other0000000000"))
    });
    refused(&app, |conn, schema| {
        let mut grant = guest(conn, schema, "notes", Action::Create)?;
        let mut note = new(schema, "notes", "new000000000000");
        note.set("isOpen", Value::Bool(false));
        assert!(!store::may_insert(conn, &mut grant, &note)?);
        store::insert(conn, &grant, &note)
    });
    let created = write(&app, |conn, schema| {
        let mut grant = guest(conn, schema, "notes", Action::Create)?;
        let note = new(schema, "notes", "new000000000000");
        assert!(store::may_insert(conn, &mut grant, &note)?);
        store::insert(conn, &grant, &note)
    });
    created.expect("the rule covers it");
    app.root().view("notes", "new000000000000").ok();
}

#[test]
fn a_delete_needs_a_grant_that_was_evaluated_for_its_record() {
    let app = start();
    refused(&app, |conn, schema| {
        let mut grant = guest(conn, schema, "notes", Action::Delete)?;
        store::find_to_write(conn, &mut grant, OPEN, None)?.expect("it is open");
        store::delete(conn, &grant, &[OPEN.to_owned(), ALSO_OPEN.to_owned()])
    });
    refused(&app, |conn, schema| {
        let grant = guest(conn, schema, "notes", Action::Delete)?;
        delete::truncate(conn, &grant)
    });
    let deleted = write(&app, |conn, schema| {
        let grant = guest(conn, schema, "notes", Action::Delete)?;
        delete::delete(conn, &grant, OPEN)
    });
    deleted.expect("the rule covers it");
    app.root().view("notes", OPEN).refused(404);
}

#[test]
fn a_grant_for_one_action_is_none_for_another() {
    let app = start();
    for action in [Action::View, Action::Create, Action::Delete] {
        refused(&app, move |conn, schema| {
            let mut grant = guest(conn, schema, "notes", action)?;
            let note = store::find_to_write(conn, &mut grant, OPEN, None)?.expect("it is open");
            store::update(conn, &grant, &note, &changed(&note))
        });
    }
    refused(&app, |conn, schema| {
        let mut grant = guest(conn, schema, "notes", Action::Update)?;
        store::find_to_write(conn, &mut grant, OPEN, None)?.expect("it is open");
        store::delete(conn, &grant, &[OPEN.to_owned()])
    });
}
