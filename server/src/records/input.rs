//! What a client sent for a record, with what must not be worked out inside a transaction.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::given::Given;
use super::{fill, values};
use crate::app::App;
use crate::budget::{Budget, SMALL};
use crate::error::Result;
use crate::files::Upload;
use crate::files::accept::{self, Incoming};
use crate::passwords::{self, Line};
use crate::policy::Grant;
use crate::schema::Collection;

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
    given: Option<Given>,
    old_password: OldPassword,
    /// Whether passwords are yet to be hashed and compared.
    is_pending: bool,
    is_large: bool,
}

/// What is known of an account's old password.
#[derive(Clone, Debug, Default)]
enum OldPassword {
    /// It was not given, or it is wrong.
    #[default]
    Wrong,
    /// It was given and is yet to be compared. Until then it counts as right: it costs nothing to be refused for
    /// something else.
    Typed(String),
    /// It matches this hash.
    Matches(String),
}

impl Input {
    /// Works out what is sent for a new record, or for the one of this id: a body of so many bytes. Passwords are
    /// hashed later, see [`Input::hash`].
    pub async fn prepare(
        collection: &Arc<Collection>,
        values: Map<String, Json>,
        uploads: Vec<Upload>,
        id: Option<&str>,
        size: usize,
        bodies: &Budget,
    ) -> Result<Self> {
        let mut body = values;
        let files = accept::name(collection, uploads, &mut body).await?;
        let mut input = Self {
            body,
            files,
            is_large: size > SMALL,
            ..Self::default()
        };
        if id.is_none_or(str::is_empty) && !input.files.is_empty() {
            input.id = Some(fill::planned_id(collection, &input.body));
        }
        if id.is_some() && collection.is_auth() {
            let old = input.body.get("oldPassword").map(values::text);
            if let Some(old) = old.filter(|old| (1..=MAX_PASSWORD).contains(&old.len())) {
                input.old_password = OldPassword::Typed(old.into_owned());
                input.is_pending = true;
            }
        }
        let collection = Arc::clone(collection);
        bodies.run(size, move || input.work_out(&collection)).await
    }

    fn work_out(mut self, collection: &Arc<Collection>) -> Self {
        let given = Given::of(collection, &self.body);
        for (name, _) in given.passwords() {
            self.hashes.insert(name.to_owned(), String::new());
            self.is_pending = true;
        }
        self.given = Some(given);
        self
    }

    /// What the server itself gives.
    pub fn of(body: Map<String, Json>) -> Self {
        Self {
            body,
            ..Self::default()
        }
    }

    /// Whether the rule must be asked before more is done for it: something else is costly, or the body is large.
    pub fn needs_plan(&self) -> bool {
        self.is_pending || self.is_large || !self.files.is_empty()
    }

    /// Whether passwords are yet to be hashed and compared.
    pub fn is_pending(&self) -> bool {
        self.is_pending
    }

    /// The values for the fields of the collection as it is now.
    pub(super) fn given(&self, collection: &Arc<Collection>) -> Cow<'_, Given> {
        Given::under(self.given.as_ref(), collection, &self.body)
    }

    /// Whether the old password was found to match this hash, or is yet to be compared.
    pub(super) fn has_old_password(&self, hash: &str) -> bool {
        match &self.old_password {
            OldPassword::Wrong => false,
            OldPassword::Typed(_) => true,
            OldPassword::Matches(matched) => matched == hash,
        }
    }

    /// Hashes the passwords that will be accepted, and compares the old one with the account's hash. It comes after
    /// the rule has said yes: it takes a core for a while.
    pub async fn hash(&mut self, app: &App, grant: &Grant, stored: Option<&str>) -> Result<()> {
        let line = Line::of(grant.request.claimant());
        let typed: Vec<(String, String)> = match &self.given {
            Some(given) => given
                .passwords()
                .map(|(name, typed)| (name.to_owned(), typed.to_owned()))
                .collect(),
            None => Vec::new(),
        };
        if let OldPassword::Typed(old) = std::mem::take(&mut self.old_password)
            && let Some(hash) = stored
        {
            let verdict = app
                .hasher
                .verify(
                    line.clone(),
                    &grant.collection().def.id,
                    old,
                    hash.to_owned(),
                )
                .await?;
            if verdict != passwords::Verdict::Wrong {
                self.old_password = OldPassword::Matches(hash.to_owned());
            }
        }
        for (name, typed) in typed {
            let hash = app.hasher.hash(line.clone(), typed).await?;
            self.hashes.insert(name, hash);
        }
        self.is_pending = false;
        Ok(())
    }
}
