//! Accepts uploads: names them, stores them before the record is written, and deletes them if it is not.

use std::collections::HashSet;

use serde_json::{Map, Value as Json};

use super::{Upload, kind, name, place, storage};
use crate::app::App;
use crate::error::{Class, Error, Result};
use crate::fields::split_key;
use crate::random::Random;
use crate::schema::{Collection, Shape};

/// An uploaded file with the name under which it is stored.
#[derive(Clone, Debug)]
pub struct Incoming {
    /// The field.
    pub field: String,
    /// The name.
    pub name: String,
    /// The first bytes.
    pub head: Vec<u8>,
    /// The content.
    pub upload: Upload,
}

/// Names the uploads, and puts the names into the body. Uploads for other than file fields are ignored.
pub async fn name(
    collection: &Collection,
    uploads: Vec<Upload>,
    body: &mut Map<String, Json>,
    random: &Random,
) -> Result<Vec<Incoming>> {
    let is_file = |name: &str| {
        let column = collection.column(name);
        column.is_some_and(|column| matches!(column.shape, Shape::File { .. }))
    };
    let mut incoming = Vec::new();
    for upload in uploads {
        let field = split_key(&upload.key).0.to_owned();
        if !is_file(&field) {
            continue;
        }
        let read = upload.clone();
        let head = tokio::task::spawn_blocking(move || read.read(0, kind::HEAD));
        let head = head.await.map_err(Error::internal)?;
        let head = head.map_err(Error::internal)?;
        let name = name::stored(&upload.name, kind::ending(&head), random);
        add(body, &upload.key, &name);
        incoming.push(Incoming {
            field,
            name,
            head,
            upload,
        });
    }
    Ok(incoming)
}

/// Adds a name to the value of a key: names of files that remain.
fn add(body: &mut Map<String, Json>, key: &str, name: &str) {
    let value = body.entry(key.to_owned()).or_insert(Json::Null);
    match value {
        Json::Array(names) => names.push(name.into()),
        Json::String(other) if !other.is_empty() => {
            *value = Json::Array(vec![other.as_str().into(), name.into()]);
        }
        Json::String(_) | Json::Null | Json::Bool(_) | Json::Number(_) | Json::Object(_) => {
            *value = Json::Array(vec![name.into()]);
        }
    }
}

/// Files that are stored before their records are written.
#[derive(Debug, Default)]
#[must_use = "the files stay if nobody says what became of the write"]
pub struct Stored {
    /// The ids of the collection and the record, and the name of the file.
    files: Vec<(String, String, String)>,
}

impl Stored {
    /// Stores the files of a record.
    pub async fn put(
        &mut self,
        app: &App,
        collection: &str,
        record: &str,
        files: impl IntoIterator<Item = &Incoming>,
    ) -> Result<()> {
        for file in files {
            let of = [collection, record, &file.name];
            self.put_one(app, of, &file.upload).await?;
        }
        Ok(())
    }

    /// Stores a file of a record under a name.
    pub async fn put_one(
        &mut self,
        app: &App,
        [collection, record, name]: [&str; 3],
        upload: &Upload,
    ) -> Result<()> {
        place::check(app).await?;
        // Noted before it is stored, since a part of it may have to be deleted.
        let known = (collection.to_owned(), record.to_owned(), name.to_owned());
        self.files.push(known);
        let path = storage::file(collection, record, name);
        app.files.storage.put(&path, upload).await
    }

    /// Returns the number of files.
    pub fn count(&self) -> usize {
        self.files.len()
    }

    /// Deletes the files that no record names after the write: all of them if the write has failed. If that is not
    /// certain, all remain.
    pub async fn settle(self, app: &App, named: Result<&[String], &Error>) {
        let named: HashSet<&str> = match named {
            Ok(named) => named.iter().map(String::as_str).collect(),
            Err(error) if error.class() != Class::Unknown => HashSet::new(),
            Err(_) => return,
        };
        for (collection, record, name) in &self.files {
            if named.contains(name.as_str()) {
                continue;
            }
            // Nobody had the name yet, so there are no thumbnails.
            let path = storage::file(collection, record, name);
            if let Err(error) = app.files.storage.remove_at(&path).await {
                let cause = error.cause();
                tracing::warn!(cause, "a file that nothing names stays in the storage");
            }
        }
    }
}
