//! The account that is signed in. Stored in the browser, so that a reload does not sign out.

use leptos::prelude::*;
use plinth_sdk::{Client, Record, Result};
use serde::{Deserialize, Serialize};

use crate::api::{Failure, Outcome};
use crate::{browser, text};

const KEPT: &str = "plinth.session";

/// The collection whose accounts may do everything.
pub(crate) const SUPERUSERS: &str = "_superusers";

/// An area that no role has: the settings are for superusers alone.
pub(crate) const SETTINGS: &str = "settings";

/// A signed-in account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Account {
    /// The collection that it is a record of.
    pub(crate) collection: String,
    /// The id of the account.
    pub(crate) id: String,
    /// The e-mail address of the account, or another name for people.
    pub(crate) name: String,
    token: String,
}

/// The account that is signed in, and the client with its token.
#[derive(Clone, Copy)]
pub(crate) struct Session {
    client: StoredValue<Client>,
    account: RwSignal<Option<Account>>,
    /// The areas of the console that the account may see.
    areas: RwSignal<Option<Vec<String>>>,
}

impl Session {
    /// The session of this visit; goes into the context.
    pub(crate) fn open() -> std::result::Result<Self, Failure> {
        let client = Client::new(browser::origin())?;
        let kept: Option<Account> =
            browser::kept(KEPT).and_then(|kept| serde_json::from_str(&kept).ok());
        if let Some(account) = &kept {
            client.set_token(&account.token);
        }
        Ok(Self {
            client: StoredValue::new(client),
            account: RwSignal::new(kept),
            areas: RwSignal::new(None),
        })
    }

    /// The session from the context.
    pub(crate) fn here() -> Self {
        expect_context()
    }

    /// The client, signed in.
    pub(crate) fn client(self) -> Client {
        self.client.get_value()
    }

    /// Returns the account that is signed in.
    pub(crate) fn account(self) -> Option<Account> {
        self.account.get()
    }

    /// Whether anybody is signed in, asked once.
    pub(crate) fn is_open(self) -> bool {
        self.account.with_untracked(Option::is_some)
    }

    /// Whether the account may do everything.
    pub(crate) fn is_superuser(self) -> bool {
        self.account.with(|account| {
            account
                .as_ref()
                .is_some_and(|account| account.collection == SUPERUSERS)
        })
    }

    /// Whether the account may see an area of the console, such as `jobs`: for reading or writing. The shell is made
    /// anew for another account, so nothing has to watch this.
    pub(crate) fn sees(self, area: &str) -> bool {
        if area == SETTINGS {
            return untrack(move || self.is_superuser());
        }
        self.areas.with_untracked(|areas| {
            areas.as_ref().is_some_and(|areas| {
                areas
                    .iter()
                    .any(|given| given.split(':').next() == Some(area))
            })
        })
    }

    /// Whether the account may do this in the console, such as `jobs:write`.
    pub(crate) fn may(self, area: &str) -> bool {
        if area == SETTINGS {
            return self.sees(area);
        }
        self.areas.with_untracked(|areas| {
            areas
                .as_ref()
                .is_some_and(|areas| areas.iter().any(|given| given == area))
        })
    }

    /// Whether it is known what the account may see.
    pub(crate) fn knows_areas(self) -> bool {
        self.areas.with(Option::is_some)
    }

    /// Says what the account may see.
    pub(crate) fn set_areas(self, areas: Vec<String>) {
        self.areas.set(Some(areas));
    }

    /// Signs in.
    pub(crate) async fn sign_in(
        self,
        collection: String,
        identity: String,
        password: String,
    ) -> Outcome<()> {
        let records = self.client().collection::<Record>(collection.clone());
        let signed_in = records.auth_with_password(identity, password).await?;
        self.opened(&collection, signed_in.record);
        Ok(())
    }

    /// The client has just been signed in as this account.
    pub(crate) fn opened(self, collection: &str, record: Record) {
        let name = [&record["email"], &record["username"], &record["name"]]
            .into_iter()
            .find_map(|name| name.as_str().filter(|name| !name.is_empty()))
            .unwrap_or(&record.id)
            .to_owned();
        let account = Account {
            collection: collection.to_owned(),
            id: record.id,
            name,
            token: self.client().token().unwrap_or_default(),
        };
        browser::keep(KEPT, serde_json::to_string(&account).ok().as_deref());
        self.areas.set(None);
        self.account.set(Some(account));
    }

    /// Exchanges the token for a fresh one; who may not is signed out.
    pub(crate) async fn refresh(self) {
        let Some(account) = self.account.get_untracked() else {
            return;
        };
        let records = self
            .client()
            .collection::<Record>(account.collection.clone());
        match records.auth_refresh().await {
            Ok(signed_in) => {
                let token = signed_in.token;
                let account = Account { token, ..account };
                browser::keep(KEPT, serde_json::to_string(&account).ok().as_deref());
            }
            Err(error) if matches!(error.status(), Some(401 | 403 | 404)) => self.sign_out(),
            // The server may be back in a moment.
            Err(_) => {}
        }
    }

    /// Signs out.
    pub(crate) fn sign_out(self) {
        self.client().sign_out();
        browser::keep(KEPT, None);
        self.areas.set(None);
        self.account.set(None);
    }

    /// Converts the result of a request. After a 401, the account has to sign in again.
    pub(crate) fn outcome<T>(self, result: Result<T>) -> Outcome<T> {
        result.map_err(|error| {
            if self.is_open() && error.is_unauthenticated() {
                self.sign_out();
                return Failure {
                    status: Some(401),
                    message: text::session_ended().to_owned(),
                    ..Failure::default()
                };
            }
            // The server takes who sends a token that is no longer good for a guest, and refuses as it refuses guests.
            if self.is_open() && (error.is_forbidden() || error.is_not_found()) {
                leptos::task::spawn_local(async move { self.refresh().await });
            }
            error.into()
        })
    }
}
