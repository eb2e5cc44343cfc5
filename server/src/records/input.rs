//! What a client sent for a record, with what must not be worked out inside a transaction: hashes take long.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use super::{fill, store, validate, values};
use crate::accounts::password;
use crate::app::App;
use crate::collections::Shape;
use crate::db::{Conn, Value};
use crate::error::Result;
use crate::files::Upload;
use crate::files::accept::{self, Incoming};
use crate::policy::{Grant, system};

/// The most bytes of an old password that is compared at all.
const MAX_PASSWORD: usize = 1024;

/// What a client sent, as far as it could be worked out before the transaction.
#[derive(Clone, Debug, Default)]
pub struct Input {
    /// The body.
    pub body: Map<String, Json>,
    /// The files that came along, by the names that the body has for them.
    pub files: Vec<Incoming>,
    /// The id of a new record that files are stored for already.
    pub id: Option<String>,
    /// Hashes of the passwords in the body, by field.
    pub hashes: BTreeMap<String, String>,
    /// The hash that the given old password was found to match.
    pub old_password: Option<String>,
}

impl Input {
    /// Works out what is sent for a new record, or for the one of this id.
    pub async fn prepare(
        app: &App,
        grant: &Grant,
        sent: (Map<String, Json>, Vec<Upload>),
        id: Option<&str>,
    ) -> Result<Self> {
        let (mut body, uploads) = sent;
        let files = accept::name(grant.collection(), uploads, &mut body).await?;
        let mut input = Self {
            body,
            files,
            ..Self::default()
        };
        if id.is_none_or(str::is_empty) && !input.files.is_empty() {
            input.id = Some(fill::planned_id(grant.collection(), &input.body));
        }
        input.hash(app, grant).await?;
        if let Some(id) = id {
            input.compare(app, grant, id).await?;
        }
        Ok(input)
    }

    /// Hashes the passwords that will be accepted.
    async fn hash(&mut self, app: &App, grant: &Grant) -> Result<()> {
        let collection = grant.collection();
        for (column, field) in collection.columns.iter().zip(&collection.def.fields) {
            if column.shape != Shape::Secret {
                continue;
            }
            let given = self.body.get(&column.name);
            let given = given.map(|raw| values::normalise(&field.kind, raw));
            let Some(Value::Text(password)) = given.filter(|value| *value != Value::from(""))
            else {
                continue;
            };
            if validate::validate(field, &Value::from(password.as_str()), None).is_none() {
                let hash = app.hasher.hash(password).await?;
                self.hashes.insert(column.name.clone(), hash);
            }
        }
        Ok(())
    }

    /// Compares the old password with the one of the account.
    async fn compare(&mut self, app: &App, grant: &Grant, id: &str) -> Result<()> {
        let collection = grant.collection();
        let old = self.body.get("oldPassword").map(values::text);
        let Some(old) = old.filter(|old| (1..=MAX_PASSWORD).contains(&old.len())) else {
            return Ok(());
        };
        if !collection.is_auth() {
            return Ok(());
        }
        let old = old.into_owned();
        let reader = system(
            grant.schema(),
            collection,
            grant.request.clone(),
            "to compare the old password",
        );
        let id = id.to_owned();
        let find = move |conn: &mut Conn| store::find(conn, &reader, &id, None);
        if let Some(stored) = app.db.read(find).await? {
            let hash = stored.text("password").to_owned();
            let verdict = app.hasher.verify(old, hash.clone()).await?;
            if verdict != password::Verdict::Wrong {
                self.old_password = Some(hash);
            }
        }
        Ok(())
    }
}
