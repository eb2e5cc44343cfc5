//! A data directory as PocketBase leaves it behind.

use std::path::{Path, PathBuf};

use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};
use serde_json::{Value, json};

/// A data directory.
pub struct PbData {
    dir: PathBuf,
    _outer: tempfile::TempDir,
}

const TABLES: &str = "
    PRAGMA journal_mode = WAL;
    CREATE TABLE `_collections` (
        `id` TEXT PRIMARY KEY DEFAULT ('r'||lower(hex(randomblob(7)))) NOT NULL, `system` BOOLEAN DEFAULT FALSE NOT NULL,
        `type` TEXT DEFAULT 'base' NOT NULL, `name` TEXT UNIQUE NOT NULL, `fields` JSON DEFAULT '[]' NOT NULL,
        `indexes` JSON DEFAULT '[]' NOT NULL, `listRule` TEXT DEFAULT NULL, `viewRule` TEXT DEFAULT NULL,
        `createRule` TEXT DEFAULT NULL, `updateRule` TEXT DEFAULT NULL, `deleteRule` TEXT DEFAULT NULL,
        `options` JSON DEFAULT '{}' NOT NULL, `created` TEXT NOT NULL, `updated` TEXT NOT NULL
    );
    CREATE TABLE `_params` (
        `id` TEXT PRIMARY KEY NOT NULL, `value` JSON DEFAULT NULL, `created` TEXT NOT NULL, `updated` TEXT NOT NULL
    );
";

impl PbData {
    /// One with the collections that every PocketBase has accounts in, and a superuser.
    pub fn new() -> Self {
        let made = Self::empty();
        made.execute(TABLES);
        let superusers = auth("pbc_3142635823", "_superusers", json!([]));
        made.collection(&superusers);
        made.account("_superusers", "root00000000000", "boss@example.com");
        made
    }

    /// A directory that has nothing yet, and nothing beside it.
    pub fn empty() -> Self {
        let outer = tempfile::tempdir().expect("a temporary directory");
        let dir = outer.path().join("pb_data");
        std::fs::create_dir(&dir).expect("a directory");
        Self { dir, _outer: outer }
    }

    pub fn path(&self) -> &Path {
        &self.dir
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    pub fn connect(&self) -> SqliteConnection {
        let path = self.file("data.db");
        SqliteConnection::establish(path.to_str().expect("text")).expect("a database")
    }

    pub fn execute(&self, statement: &str) {
        self.connect().batch_execute(statement).expect(statement);
    }

    /// Writes a definition, and makes its table as PocketBase does.
    pub fn collection(&self, definition: &Value) {
        let text = |key: &str| {
            let value = &definition[key];
            if value.is_null() {
                return "NULL".to_owned();
            }
            quoted(
                &value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned),
            )
        };
        let rules = [
            "listRule",
            "viewRule",
            "createRule",
            "updateRule",
            "deleteRule",
        ]
        .map(text);
        self.execute(&format!(
            "INSERT INTO _collections VALUES ({}, {}, {}, {}, {}, {}, {}, {}, \
             '2024-01-02 03:04:05.678Z', '2024-02-02 03:04:05.678Z')",
            text("id"),
            definition["system"].as_bool().unwrap_or_default(),
            text("type"),
            text("name"),
            text("fields"),
            text("indexes"),
            rules.join(", "),
            quoted(&definition["options"].to_string()),
        ));
        if let Some(query) = definition["options"]["viewQuery"].as_str() {
            let name = definition["name"].as_str().expect("a name");
            self.execute(&format!("CREATE VIEW `{name}` AS SELECT * FROM ({query})"));
            return;
        }
        let column = |field: &Value| {
            let name = field["name"].as_str().expect("a name");
            let is_list = field["maxSelect"].as_i64().unwrap_or_default() > 1;
            let kind = match field["type"].as_str().expect("a type") {
                "number" => "NUMERIC DEFAULT 0 NOT NULL",
                "bool" => "BOOLEAN DEFAULT FALSE NOT NULL",
                "json" => "JSON DEFAULT NULL",
                "geoPoint" => "JSON DEFAULT '{\"lon\":0,\"lat\":0}' NOT NULL",
                _ if name == "id" => "TEXT PRIMARY KEY NOT NULL",
                _ if is_list => "JSON DEFAULT '[]' NOT NULL",
                _ => "TEXT DEFAULT '' NOT NULL",
            };
            format!("`{name}` {kind}")
        };
        let fields = definition["fields"].as_array().expect("fields");
        let columns: Vec<String> = fields.iter().map(column).collect();
        let name = definition["name"].as_str().expect("a name");
        self.execute(&format!("CREATE TABLE `{name}` ({})", columns.join(", ")));
    }

    /// Adds an account whose password is `from elsewhere`, in bcrypt.
    pub fn account(&self, collection: &str, id: &str, email: &str) {
        let hash = bcrypt::hash("from elsewhere", 4).expect("a hash");
        self.execute(&format!(
            "INSERT INTO `{collection}` (id, email, password, tokenKey, verified) \
             VALUES ('{id}', '{email}', '{hash}', 'key of {id} that is long enough', TRUE)"
        ));
    }

    /// Everything in the directory, to compare before and after.
    pub fn bytes(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut found = Vec::new();
        let mut left = vec![self.path().to_owned()];
        while let Some(dir) = left.pop() {
            for entry in std::fs::read_dir(dir).expect("a directory") {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    left.push(path);
                } else {
                    let bytes = std::fs::read(&path).expect("a file");
                    found.push((path, bytes));
                }
            }
        }
        found.sort();
        found
    }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A field.
pub fn field(name: &str, kind: &str, options: Value) -> Value {
    let mut field = json!({
        "id": format!("{kind}_{name}"), "name": name, "type": kind,
        "system": false, "hidden": false, "presentable": false,
    });
    for (key, value) in options.as_object().expect("options") {
        field[key] = value.clone();
    }
    field
}

/// A collection of records with these fields beside the id.
pub fn base(id: &str, name: &str, fields: Value) -> Value {
    let mut all = vec![id_field()];
    all.extend(fields.as_array().expect("fields").clone());
    json!({"id": id, "name": name, "type": "base", "fields": all, "indexes": [], "options": {}})
}

/// A collection of what a query finds, with these fields beside the id.
pub fn view(id: &str, name: &str, query: &str, fields: Value) -> Value {
    let mut view = base(id, name, fields);
    view["type"] = json!("view");
    view["options"] = json!({"viewQuery": query});
    view
}

fn id_field() -> Value {
    let options = json!({
        "system": true, "primaryKey": true, "required": true, "min": 15, "max": 15,
        "pattern": "^[a-z0-9]+$", "autogeneratePattern": "[a-z0-9]{15}",
    });
    let mut field = field("id", "text", options);
    field["id"] = json!("text3208210256");
    field
}

/// A collection of accounts with these fields beside those that all have.
pub fn auth(id: &str, name: &str, fields: Value) -> Value {
    let system = |mut field: Value, id: &str| {
        field["id"] = json!(id);
        field["system"] = json!(true);
        field
    };
    let key = json!({
        "min": 30, "max": 60, "required": true, "hidden": true,
        "autogeneratePattern": "[a-zA-Z0-9]{50}",
    });
    let password = json!({"min": 8, "required": true, "hidden": true, "cost": 0});
    let mut all = vec![
        id_field(),
        system(field("password", "password", password), "password901924565"),
        system(field("tokenKey", "text", key), "text2504183744"),
        system(
            field("email", "email", json!({"required": true})),
            "email3885137012",
        ),
        system(
            field("emailVisibility", "bool", json!({})),
            "bool1547992806",
        ),
        system(field("verified", "bool", json!({})), "bool256245529"),
    ];
    all.extend(fields.as_array().expect("fields").clone());
    let moments = |name: &str, id: &str, on_update: bool| {
        let options = json!({"onCreate": true, "onUpdate": on_update});
        let mut field = field(name, "autodate", options);
        field["id"] = json!(id);
        field
    };
    all.push(moments("created", "autodate2990389176", false));
    all.push(moments("updated", "autodate3332085495", true));
    let token = |name: &str, duration: i64| json!({"duration": duration, "secret": format!("secret of {name} that is very long indeed")});
    let template = json!({"subject": "About {APP_NAME}", "body": "<p>{TOKEN}</p>"});
    json!({
        "id": id, "name": name, "type": "auth", "system": name.starts_with('_'), "fields": all,
        "indexes": [
            format!("CREATE UNIQUE INDEX `idx_tokenKey_{id}` ON `{name}` (`tokenKey`)"),
            format!("CREATE UNIQUE INDEX `idx_email_{id}` ON `{name}` (`email`) WHERE `email` != ''"),
        ],
        "options": {
            "authRule": "", "manageRule": null,
            "authAlert": {"enabled": true, "emailTemplate": template},
            "oauth2": {"enabled": false, "providers": null, "mappedFields": {"id": "", "name": "", "username": "", "avatarURL": ""}},
            "passwordAuth": {"enabled": true, "identityFields": ["email"]},
            "mfa": {"enabled": false, "duration": 1800, "rule": ""},
            "otp": {"enabled": false, "duration": 180, "length": 8, "emailTemplate": template},
            "authToken": token(name, 86_400), "passwordResetToken": token(name, 1800),
            "emailChangeToken": token(name, 1800), "verificationToken": token(name, 86_400),
            "fileToken": token(name, 180),
            "verificationTemplate": template, "resetPasswordTemplate": template,
            "confirmEmailChangeTemplate": template,
        },
    })
}
