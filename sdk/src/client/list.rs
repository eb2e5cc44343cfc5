//! Lists: a page, all pages, or a stream over them.

use std::fmt;
use std::marker::PhantomData;

use futures_util::{Stream, TryStreamExt, stream};
use reqwest::Method;
use serde::de::DeserializeOwned;
use url::Url;

use super::{Client, Filter, Result, http};
use crate::types::Page;

/// How many items [`List::stream`] and [`List::all`] fetch at a time, unless told otherwise.
const BATCH: u64 = 500;

/// A list that has not been asked for yet.
///
/// Say what is wanted, then ask for it with [`send`](Self::send) (one page),
/// [`first`](Self::first), [`all`](Self::all) or [`stream`](Self::stream).
///
/// ```no_run
/// # use plinth_sdk::{Client, Record, filter};
/// # async fn example(client: Client) -> plinth_sdk::Result<()> {
/// let page = client
///     .collection::<Record>("movies")
///     .list()
///     .filter(filter!("title ~ {}", "alien"))
///     .sort("-rating,title")
///     .page(2)
///     .per_page(50)
///     .send()
///     .await?;
/// println!("{} of {}", page.items.len(), page.total_items);
/// # Ok(())
/// # }
/// ```
#[must_use = "a list is not fetched until it is asked for"]
pub struct List<T> {
    client: Client,
    path: Vec<String>,
    query: Query,
    of: PhantomData<fn() -> T>,
}

#[derive(Clone, Debug, Default)]
struct Query {
    filter: Filter,
    sort: Option<String>,
    expand: Option<String>,
    fields: Option<String>,
    page: Option<u64>,
    cursor: Option<String>,
    per_page: Option<u64>,
    skip_total: bool,
}

impl<T: DeserializeOwned> List<T> {
    pub(super) fn new(client: Client, path: &[&str]) -> Self {
        Self {
            client,
            path: path.iter().map(ToString::to_string).collect(),
            query: Query::default(),
            of: PhantomData,
        }
    }

    /// Only what passes the filter. A second filter narrows the first.
    pub fn filter(mut self, filter: impl Into<Filter>) -> Self {
        self.query.filter = self.query.filter.and(filter);
        self
    }

    /// The order: fields after each other, `-` before those that descend. Without one, it is the
    /// order in which the records were created.
    pub fn sort(mut self, fields: impl Into<String>) -> Self {
        self.query.sort = Some(fields.into());
        self
    }

    /// Which related records to send along under `expand`, such as `author,comments_via_post`.
    pub fn expand(mut self, relations: impl Into<String>) -> Self {
        self.query.expand = Some(relations.into());
        self
    }

    /// Which fields to send, such as `id,title`. `T` must do without the others.
    pub fn fields(mut self, names: impl Into<String>) -> Self {
        self.query.fields = Some(names.into());
        self
    }

    /// Which page; the first is 1. [`stream`](Self::stream) and [`all`](Self::all) begin there.
    pub fn page(mut self, page: u64) -> Self {
        self.query.page = Some(page);
        self
    }

    /// How many items a page has: 30 unless told otherwise, and at most 1,000. For
    /// [`stream`](Self::stream) and [`all`](Self::all) it is how many they fetch at a time: 500
    /// unless told otherwise.
    pub fn per_page(mut self, items: u64) -> Self {
        self.query.per_page = Some(items);
        self
    }

    /// Leaves the items uncounted, which is faster: the page's totals are -1.
    pub fn skip_total(mut self) -> Self {
        self.query.skip_total = true;
        self
    }

    /// Fetches one page.
    ///
    /// # Errors
    ///
    /// Any [`Error`](crate::Error); 400 if the server does not understand the filter or the order.
    pub async fn send(self) -> Result<Page<T>> {
        self.fetch().await
    }

    /// Fetches the first item, if there is any.
    ///
    /// # Errors
    ///
    /// Like [`send`](Self::send).
    pub async fn first(self) -> Result<Option<T>> {
        let page = self.page(1).per_page(1).skip_total().fetch().await?;
        Ok(page.items.into_iter().next())
    }

    /// Fetches all items of all pages.
    ///
    /// # Errors
    ///
    /// Like [`send`](Self::send).
    pub async fn all(self) -> Result<Vec<T>> {
        self.stream().try_collect().await
    }

    /// Fetches all items of all pages, a page at a time as they are needed.
    ///
    /// The stream ends after the first error. It reads by cursors, each page in the same time,
    /// where the server has them for the order that is asked for: by nothing, or by texts,
    /// numbers, bools and dates of the collection's own. Then an item that stays where it is in
    /// that order is seen once, whatever comes and goes meanwhile. Elsewhere, and from a
    /// [`page`](Self::page) on, it turns pages, where others may be missed or seen twice.
    ///
    /// ```no_run
    /// use futures_util::TryStreamExt;
    /// # use plinth_sdk::{Client, Record};
    ///
    /// # async fn example(client: Client) -> plinth_sdk::Result<()> {
    /// let mut movies = client.collection::<Record>("movies").list().sort("id").stream();
    /// while let Some(movie) = movies.try_next().await? {
    ///     println!("{}", movie["title"]);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn stream(self) -> impl Stream<Item = Result<T>> + Unpin + use<T> {
        let batch = self.query.per_page.unwrap_or(BATCH);
        let mut first = self.per_page(batch).skip_total();
        if first.query.page.is_none() {
            first.query.cursor = Some(String::new());
        }
        // Boxed, so that the stream can be polled without pinning it.
        stream::try_unfold(Some(first), |list| Box::pin(turn(list)))
            .map_ok(|items| stream::iter(items.into_iter().map(Ok)))
            .try_flatten()
    }

    async fn fetch(&self) -> Result<Page<T>> {
        let path: Vec<&str> = self.path.iter().map(String::as_str).collect();
        let mut url = self.client.at(&path)?;
        self.query.write(&mut url);
        self.client.call(Method::GET, url, http::NO_BODY).await
    }
}

/// Fetches a page, and says which to fetch next.
async fn turn<T: DeserializeOwned>(
    list: Option<List<T>>,
) -> Result<Option<(Vec<T>, Option<List<T>>)>> {
    let Some(mut list) = list else {
        return Ok(None);
    };
    let page = match list.fetch().await {
        Err(error) if error.code("cursor") == Some("validation_cursor_unsupported") => {
            list.query.cursor = None;
            list.fetch().await?
        }
        fetched => fetched?,
    };
    if let Some(cursor) = page.next_cursor {
        list.query.cursor = Some(cursor);
        let is_last = list.query.cursor.as_deref() == Some("");
        return Ok(Some((page.items, (!is_last).then_some(list))));
    }
    list.query.cursor = None;
    // The server's word counts, since it may send fewer items a page than it was asked for.
    let full = page.items.len() as u64 >= page.per_page;
    let next = (full && !page.items.is_empty()).then(|| list.page(page.page + 1));
    Ok(Some((page.items, next)))
}

impl Query {
    fn write(&self, url: &mut Url) {
        let parameters = [
            (
                "filter",
                (!self.filter.as_str().is_empty()).then(|| self.filter.to_string()),
            ),
            ("sort", self.sort.clone()),
            ("expand", self.expand.clone()),
            ("fields", self.fields.clone()),
            ("page", self.page.map(|page| page.to_string())),
            ("cursor", self.cursor.clone()),
            ("perPage", self.per_page.map(|items| items.to_string())),
            ("skipTotal", self.skip_total.then(|| "true".to_owned())),
        ];
        let given = parameters
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)));
        url.query_pairs_mut().extend_pairs(given);
    }
}

impl<T> Clone for List<T> {
    fn clone(&self) -> Self {
        Self {
            client: self.client.clone(),
            path: self.path.clone(),
            query: self.query.clone(),
            of: PhantomData,
        }
    }
}

impl<T> fmt::Debug for List<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("List")
            .field("path", &self.path)
            .field("query", &self.query)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter;

    #[test]
    fn only_what_was_asked_for_is_sent() {
        let query = |query: &Query| {
            let mut url = Url::parse("http://h/").expect("a URL");
            query.write(&mut url);
            url.query().unwrap_or_default().to_owned()
        };
        assert_eq!(query(&Query::default()), "");

        let client = Client::new("http://h").expect("a good URL");
        let list = client.collection::<crate::Record>("movies").list();
        let list = list
            .filter("a = 1")
            .filter(filter!("b = {}", "x&y+z"))
            .sort("-a")
            .page(2);
        assert_eq!(
            query(&list.per_page(7).skip_total().query),
            "filter=%28a+%3D+1%29+%26%26+%28b+%3D+%27x%26y%2Bz%27%29&sort=-a&page=2&perPage=7&skipTotal=true"
        );
    }

    #[cfg(not(target_family = "wasm"))]
    #[test]
    fn requests_can_be_spawned() {
        fn spawnable<T: Send + 'static>(_: T) {}

        let client = Client::new("http://h").expect("a good URL");
        let records = client.collection::<crate::Record>("movies");
        spawnable(records.list().all());
        spawnable(records.list().stream());
        spawnable(records.subscribe("*"));
        spawnable(async move {
            records.create("x").await?;
            records.auth_with_password("a", "b").await
        });
    }
}
