//! The definitions of collections.

use reqwest::Method;
use serde::Serialize;

use super::{Client, List, Result, http};
use crate::types::{Collection, Import, OAuth2Offer, Scaffolds, ViewQuery, ViewSample};

/// The definitions of collections: what fields they have, and who may do what. From
/// [`Client::collections`].
///
/// Only superusers have access. For everyone else, each method fails with 401 or 403.
///
/// ```no_run
/// use plinth_sdk::Client;
/// use plinth_sdk::types::{Collection, Field};
/// use serde_json::json;
///
/// # async fn example(client: Client) -> plinth_sdk::Result<()> {
/// let posts = Collection {
///     list_rule: Some("@request.auth.id != ''".into()),
///     fields: vec![Field::text("title").required(), Field::date("published")],
///     ..Collection::base("posts")
/// };
/// let posts = client.collections().create(&posts).await?;
/// client.collections().update(&posts.id, &json!({ "viewRule": "" })).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Collections {
    client: Client,
}

impl Collections {
    pub(super) fn new(client: Client) -> Self {
        Self { client }
    }

    /// A list of the definitions: say which, then ask for it.
    pub fn list(&self) -> List<Collection> {
        List::new(self.client.clone(), &["api", "collections"])
    }

    /// Fetches a definition, by name or id.
    ///
    /// # Errors
    ///
    /// Any [`Error`](crate::Error); 404 if there is no such collection.
    pub async fn get(&self, name: &str) -> Result<Collection> {
        let url = self.client.at(&["api", "collections", name])?;
        self.client.call(Method::GET, url, http::NO_BODY).await
    }

    /// Creates a collection, and answers with what it has become: with ids and system fields.
    ///
    /// # Errors
    ///
    /// Any [`Error`](crate::Error); 400 with [`Error::field`](crate::Error::field) if the
    /// definition is not valid.
    pub async fn create(&self, collection: &Collection) -> Result<Collection> {
        let url = self.client.at(&["api", "collections"])?;
        self.client.call(Method::POST, url, Some(collection)).await
    }

    /// Asks whether a definition would be accepted, and changes nothing. With the id of a
    /// collection that exists, it is that collection's next definition.
    ///
    /// # Errors
    ///
    /// Any [`Error`](crate::Error); 400 with [`Error::field`](crate::Error::field) if it would not.
    pub async fn check<B: Serialize + ?Sized>(&self, definition: &B) -> Result<()> {
        let path = ["api", "collections", "meta", "check"];
        let url = self.client.at(&path)?;
        self.client.tell(Method::POST, url, Some(definition)).await
    }

    /// Changes what is in `changes`, and answers with what the collection has become.
    ///
    /// `fields` and `indexes` are replaced as a whole. A field keeps its values if its id stays.
    ///
    /// # Errors
    ///
    /// Any [`Error`](crate::Error); 404 if there is no such collection, 400 with
    /// [`Error::field`](crate::Error::field) if the definition is not valid.
    pub async fn update<B: Serialize + ?Sized>(
        &self,
        name: &str,
        changes: &B,
    ) -> Result<Collection> {
        let url = self.client.at(&["api", "collections", name])?;
        self.client.call(Method::PATCH, url, Some(changes)).await
    }

    /// Deletes a collection with all its records.
    ///
    /// # Errors
    ///
    /// Any [`Error`](crate::Error); 404 if there is no such collection, 400 if another refers to
    /// it.
    pub async fn delete(&self, name: &str) -> Result<()> {
        let url = self.client.at(&["api", "collections", name])?;
        self.client.tell(Method::DELETE, url, http::NO_BODY).await
    }

    /// Deletes all records of a collection.
    ///
    /// # Errors
    ///
    /// Any [`Error`](crate::Error); 404 if there is no such collection.
    pub async fn truncate(&self, name: &str) -> Result<()> {
        let path = ["api", "collections", name, "truncate"];
        let url = self.client.at(&path)?;
        self.client.tell(Method::DELETE, url, http::NO_BODY).await
    }

    /// Creates and changes many collections, all together or not at all.
    ///
    /// # Errors
    ///
    /// Any [`Error`](crate::Error); 400 if one of the definitions is not valid.
    pub async fn import(&self, import: &Import) -> Result<()> {
        let url = self.client.at(&["api", "collections", "import"])?;
        self.client.tell(Method::PUT, url, Some(import)).await
    }

    /// Shows what would come of a view's query.
    ///
    /// # Errors
    ///
    /// Any [`Error`](crate::Error); 400 says what is wrong with the query.
    pub async fn dry_run_view(&self, query: &str) -> Result<ViewSample> {
        let path = ["api", "collections", "meta", "dry-run-view"];
        let url = self.client.at(&path)?;
        let query = ViewQuery {
            query: query.to_owned(),
        };
        self.client.call(Method::POST, url, Some(&query)).await
    }

    /// Lists the OAuth2 providers that collections can use.
    ///
    /// # Errors
    ///
    /// Any [`Error`](crate::Error).
    pub async fn oauth2_offers(&self) -> Result<Vec<OAuth2Offer>> {
        let path = ["api", "collections", "meta", "oauth2-providers"];
        let url = self.client.at(&path)?;
        self.client.call(Method::GET, url, http::NO_BODY).await
    }

    /// Fetches a new collection of each type, with the system fields that it would have.
    ///
    /// # Errors
    ///
    /// Any [`Error`](crate::Error).
    pub async fn scaffolds(&self) -> Result<Scaffolds> {
        let url = self
            .client
            .at(&["api", "collections", "meta", "scaffolds"])?;
        self.client.call(Method::GET, url, http::NO_BODY).await
    }
}
