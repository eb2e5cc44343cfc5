//! The input of a create or an update, with everything that is too slow for a transaction done in advance.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::fill;
use super::given::Given;
use crate::app::App;
use crate::budget::{Budget, SMALL};
use crate::error::Result;
use crate::fields;
use crate::files::Upload;
use crate::files::accept::{self, Incoming};
use crate::passwords::{self, Line};
use crate::policy::Grant;
use crate::random::Random;
use crate::schema::Collection;

/// The maximum size of an old password that is verified.
const MAX_PASSWORD: usize = 1024;

/// The input of a create or an update.
#[derive(Clone, Debug, Default)]
pub struct Input {
    /// The body, with the names of uploaded files.
    pub body: Map<String, Json>,
    /// The uploaded files, by the names that the body has for them.
    pub files: Vec<Incoming>,
    /// The id of a new record whose files are stored already.
    pub id: Option<String>,
    /// The hashes of the passwords in the body, by field.
    pub hashes: BTreeMap<String, String>,
    /// Whether a new account has no password, since its owner signs in with another service.
    pub is_passwordless: bool,
    given: Option<Given>,
    old_password: OldPassword,
    /// Whether passwords have not been hashed and verified yet.
    is_pending: bool,
    is_large: bool,
}

/// The state of an account's old password.
#[derive(Clone, Debug, Default)]
enum OldPassword {
    /// Missing or wrong.
    #[default]
    Wrong,
    /// Given and not verified yet. It counts as right for now: another problem is reported without the cost of a
    /// hash.
    Typed(String),
    /// Verified against this hash.
    Matches(String),
}

impl Input {
    /// Prepares the input for a new record, or for the one with this id, from a body of `size` bytes. Passwords are
    /// hashed later, see [`Input::hash`].
    pub async fn prepare(
        collection: &Arc<Collection>,
        values: Map<String, Json>,
        uploads: Vec<Upload>,
        id: Option<&str>,
        size: usize,
        bodies: &Budget,
        random: &Random,
    ) -> Result<Self> {
        let mut body = values;
        let files = accept::name(collection, uploads, &mut body, random).await?;
        let mut input = Self {
            body,
            files,
            is_large: size > SMALL,
            ..Self::default()
        };
        if id.is_none_or(str::is_empty) && !input.files.is_empty() {
            input.id = Some(fill::planned_id(collection, &input.body, random));
        }
        if id.is_some() && collection.is_auth() {
            let old = input.body.get("oldPassword").map(fields::text_of);
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

    /// Makes an input of the server itself.
    pub fn of(body: Map<String, Json>) -> Self {
        Self {
            body,
            ..Self::default()
        }
    }

    /// Whether to evaluate the rule before anything costly is done: hashing, storing files, or handling a large body.
    pub fn needs_plan(&self) -> bool {
        self.is_pending || self.is_large || !self.files.is_empty()
    }

    /// Whether passwords have not been hashed and verified yet.
    pub fn is_pending(&self) -> bool {
        self.is_pending
    }

    /// Whether the body sets or changes this field.
    pub(super) fn sets(&self, field: &str) -> bool {
        let mut keys = self.body.keys();
        keys.any(|key| {
            let name = key.strip_suffix(":autogenerate").unwrap_or(key);
            name == field || fields::split_key(name).0 == field
        })
    }

    /// Returns the values for the current fields of the collection.
    pub(super) fn given(&self, collection: &Arc<Collection>) -> Cow<'_, Given> {
        Given::under(self.given.as_ref(), collection, &self.body)
    }

    /// Whether the old password matches this hash, or has not been verified yet.
    pub(super) fn has_old_password(&self, hash: &str) -> bool {
        match &self.old_password {
            OldPassword::Wrong => false,
            OldPassword::Typed(_) => true,
            OldPassword::Matches(matched) => matched == hash,
        }
    }

    /// Hashes the valid passwords, and verifies the old one. Called after the rule has allowed the request, since it
    /// takes a core for a while.
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
