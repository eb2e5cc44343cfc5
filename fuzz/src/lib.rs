//! Lists of a database that has a field of every type, asked for with any filter and any order. It panics where the
//! database complains of the SQL. Shared by the fuzzers (`targets/`) and the server's tests (`server/tests/generated`).

use std::sync::Arc;

use plinth::app::App;
use plinth::budget::Room;
use plinth::collections::store;
use plinth::config::Config;
use plinth::error::{Error, Result};
use plinth::fields;
use plinth::policy::{self, Action, Grant};
use plinth::records::list::{self, Query};
use plinth::records::store as rows;
use plinth::records::write::{self, Input};
use plinth::request::{Account, Caller, Request, Roles};
use plinth::schema::Author;
use plinth::schema::Record;
use serde_json::{Map, Value, json};

/// A database that is filled.
pub struct Database {
    app: App,
    runtime: actix_web::rt::Runtime,
}

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asks {
    /// Nobody.
    Guest,
    /// A superuser, whose filters may name everything.
    Superuser,
}

/// Definitions that have fields of every type. `{others}` and `{things}` stand for the ids of collections.
pub fn definitions() -> Vec<Value> {
    let of = |kind: &str, name: &str| json!({"type": kind, "name": name});
    let to = |name: &str, target: &str, max: u32| json!({"type": "relation", "name": name, "collectionId": target, "maxSelect": max});
    let select = |name: &str, max: u32| json!({"type": "select", "name": name, "values": ["a", "b", "5", "true"], "maxSelect": max});
    let open = |name: &str, fields: Value| {
        json!({
            "name": name, "type": "base", "fields": fields,
            "listRule": "", "viewRule": "", "createRule": "", "updateRule": "", "deleteRule": "",
        })
    };
    vec![
        open(
            "others",
            json!([
                of("text", "name"),
                of("number", "size"),
                of("geoPoint", "place")
            ]),
        ),
        open(
            "things",
            json!([
                of("text", "text"),
                of("editor", "editor"),
                of("email", "email"),
                of("url", "url"),
                of("number", "number"),
                of("bool", "bool"),
                of("date", "date"),
                of("json", "data"),
                of("geoPoint", "place"),
                select("one", 1),
                select("many", 3),
                to("friend", "{others}", 1),
                to("friends", "{others}", 5),
            ]),
        ),
        open(
            "notes",
            json!([
                of("text", "text"),
                of("number", "number"),
                to("thing", "{things}", 1)
            ]),
        ),
    ]
}

/// Records for [`definitions`], each with its collection.
pub fn records() -> Vec<(&'static str, Value)> {
    vec![
        (
            "others",
            json!({"id": "other0000000001", "name": "Ann", "size": 5, "place": {"lon": 23.3, "lat": 42.7}}),
        ),
        ("others", json!({"id": "other0000000002", "name": ""})),
        ("things", json!({"id": "thing0000000000"})),
        (
            "things",
            json!({
                "id": "thing0000000001", "text": "a%_\\'é", "editor": "<p>A</p>", "email": "a@example.com",
                "url": "https://example.com/?a=1", "number": 5, "bool": true, "date": "2024-01-31 10:20:30.456Z",
                "data": {"a": 1, "list": [1, "b", null]}, "place": {"lon": 23.3, "lat": 42.7}, "one": "a",
                "many": ["a", "5"], "friend": "other0000000001", "friends": ["other0000000001", "other0000000002"],
            }),
        ),
        (
            "notes",
            json!({"id": "note00000000001", "text": "b", "number": 1, "thing": "thing0000000001"}),
        ),
        (
            "notes",
            json!({"id": "note00000000002", "text": "", "number": -2.5, "thing": "thing0000000001"}),
        ),
    ]
}

impl Database {
    /// Opens an empty database and makes `definitions` and `records` in it.
    ///
    /// # Panics
    /// Where that does not succeed.
    pub fn open(config: &Config, definitions: &[Value], records: &[(&str, Value)]) -> Self {
        let runtime = actix_web::rt::Runtime::new().expect("a runtime");
        let app = runtime.block_on(App::build(config)).expect("a database");
        let database = Self { app, runtime };
        for definition in definitions {
            database.define(definition);
        }
        for (collection, record) in records {
            database.create(collection, record);
        }
        database
    }

    fn define(&self, definition: &Value) {
        let mut text = definition.to_string();
        for collection in self.app.schema.current().iter() {
            let (name, id) = (&collection.def.name, &collection.def.id);
            text = text.replace(&format!("{{{name}}}"), id);
        }
        let body: Map<String, Value> = serde_json::from_str(&text).expect("an object");
        let create = self
            .app
            .db
            .write(move |conn| store::create(conn, &body, Author::Superuser));
        let (schema, _) = self.runtime.block_on(create).expect("a collection");
        self.app.schema_changed(schema);
    }

    fn create(&self, collection: &str, record: &Value) {
        let grant = self.grant(Asks::Superuser, collection, Action::Create);
        let input = Input::of(record.as_object().cloned().unwrap_or_default());
        let create = self
            .app
            .db
            .write(move |conn| write::create(conn, grant, &input));
        self.runtime.block_on(create).expect("a record");
    }

    fn grant(&self, asks: Asks, collection: &str, action: Action) -> Grant {
        let schema = self.app.schema.current();
        let caller = match asks {
            Asks::Guest => Caller::Guest,
            Asks::Superuser => {
                let superusers = schema.find("_superusers").expect("superusers");
                let fields = superusers.def.fields.iter();
                let zeros = fields.map(|field| fields::zero(&field.kind)).collect();
                Caller::Account(Arc::new(Account {
                    record: Record::new(Arc::clone(superusers), zeros),
                    is_superuser: true,
                    refreshable: false,
                    expires: i64::MAX,
                    session: None,
                    roles: Roles::default(),
                }))
            }
        };
        let request = Request {
            caller,
            ..Request::internal(self.app.clock.now())
        };
        policy::grant(schema, request, collection, action).expect("a grant")
    }

    /// The ids of what a filter finds, by id; nothing when it is refused.
    ///
    /// # Panics
    /// Where the database complains of it.
    pub fn find(
        &self,
        asks: Asks,
        collection: &str,
        filter: &str,
        sort: &str,
    ) -> Option<Vec<String>> {
        let parameters = [("filter", filter), ("sort", sort), ("perPage", "1000")];
        let parameters = parameters.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let query = judged(Query::parse(&parameters.into()), filter)?;
        let grant = self.grant(asks, collection, Action::List);
        let list = self
            .app
            .db
            .read(&plinth::db::Claimant::Server, move |conn| {
                list::list(conn, &grant, &query, &mut Room::unlimited())
            });
        let page = judged(self.runtime.block_on(list), &format!("{filter} by {sort}"))?;
        let ids = page.records.iter().map(|record| record.id().to_owned());
        Some(ids.collect())
    }

    /// The ids of the records for which a filter holds when it is asked of their values instead of their rows.
    ///
    /// # Panics
    /// Where the database complains of it.
    pub fn find_by_value(&self, collection: &str, filter: &str) -> Option<Vec<String>> {
        let grant = self.grant(Asks::Superuser, collection, Action::List);
        let expression = plinth::filter::parse(filter).ok()?;
        let all = Query::parse(&[("perPage".to_owned(), "1000".to_owned())].into()).ok()?;
        let ask = self
            .app
            .db
            .read(&plinth::db::Claimant::Server, move |conn| {
                let mut found = Vec::new();
                for record in list::list(conn, &grant, &all, &mut Room::unlimited())?.records {
                    if rows::would_be_found(conn, &grant, &record, Some(&expression))? {
                        found.push(record.id().to_owned());
                    }
                }
                Ok(found)
            });
        judged(self.runtime.block_on(ask), filter)
    }
}

/// What came of it, if it was not refused for being wrong.
fn judged<T>(outcome: Result<T>, input: &str) -> Option<T> {
    match outcome {
        Ok(found) => Some(found),
        Err(Error::Invalid { .. } | Error::Unavailable) => None,
        Err(error) => panic!("{input:?} makes the database complain: {error:?}"),
    }
}

/// Throws any text at the parser.
pub fn parse(input: &str) {
    let _ = plinth::filter::parse(input);
}

/// Throws any text at lists, as their filter.
///
/// # Panics
/// Where the database complains of it.
pub fn filter(database: &Database, input: &str) {
    for asks in [Asks::Guest, Asks::Superuser] {
        database.find(asks, "things", input, "");
    }
}

/// Throws any text at lists, as their order.
///
/// # Panics
/// Where the database complains of it.
pub fn sort(database: &Database, input: &str) {
    for asks in [Asks::Guest, Asks::Superuser] {
        database.find(asks, "things", "", input);
    }
}

thread_local! {
    static DATABASE: (tempfile::TempDir, Database) = {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let database = Database::open(&config(dir.path()), &definitions(), &records());
        (dir, database)
    };
}

/// The database of this program: the one that `PLINTH_FUZZ_DATABASE_URL` names, or else an embedded one that goes with
/// the program.
pub fn with_database(work: impl FnOnce(&Database)) {
    DATABASE.with(|(_, database)| work(database));
}

fn config(dir: &std::path::Path) -> Config {
    #[expect(
        clippy::disallowed_methods,
        reason = "fuzzers take no arguments of ours"
    )]
    let url = std::env::var("PLINTH_FUZZ_DATABASE_URL").unwrap_or_default();
    Config {
        dir: dir.to_owned(),
        database_url: url.as_str().into(),
        ..Config::default()
    }
}

/// Gives `work` the text of every file that the program was started with.
///
/// # Panics
/// Where a file cannot be read.
pub fn each_file(work: impl Fn(&str)) {
    for path in std::env::args_os().skip(1) {
        let bytes = std::fs::read(&path).expect("a file");
        if let Ok(text) = std::str::from_utf8(&bytes) {
            work(text);
        }
    }
}
