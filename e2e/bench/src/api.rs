//! How each product is asked for records, and what its answers look like.

use anyhow::{Context, Result, ensure};
use hyper::StatusCode;
use serde_json::{Value, json};

use crate::http::Answer;
use crate::plan::Kind;
use crate::rows;
use crate::scenarios::List;
use crate::schema::Table;

/// The protocol of a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Api {
    /// PocketBase's, which Plinth speaks too.
    PocketBase,
    /// Parse Server's REST API.
    Parse,
    /// Directus' REST API.
    Directus,
}

/// What a page of records says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) items: usize,
    pub(crate) total: Option<i64>,
}

impl Api {
    /// Whether it has what this workload needs: the others have no rules, accounts and relations like PocketBase's.
    pub(crate) fn has(self, kind: Kind) -> bool {
        let is_plain = matches!(
            kind,
            Kind::Get(Table::Posts(_))
                | Kind::List(Table::Posts(_), _)
                | Kind::Create(Table::Posts(_))
        );
        self == Self::PocketBase || is_plain
    }

    pub(crate) fn health(self) -> &'static str {
        match self {
            Self::PocketBase => "/api/health",
            Self::Parse => "/parse/health",
            Self::Directus => "/server/ping",
        }
    }

    /// Where the records of a table are.
    pub(crate) fn records(self, table: Table) -> String {
        match self {
            Self::PocketBase => table.records(),
            Self::Parse => format!("/parse/classes/{}", table.name()),
            Self::Directus => format!("/items/{}", table.name()),
        }
    }

    /// A page of records.
    pub(crate) fn list(self, table: Table, list: &List) -> String {
        let has_total = !list.query.contains("skipTotal");
        let query = match (self, has_total) {
            (Self::PocketBase, _) => list.query,
            (Self::Parse, true) => "limit=30&count=1",
            (Self::Directus, true) => "limit=30&meta=total_count",
            (Self::Parse | Self::Directus, false) => "limit=30",
        };
        format!("{}?{query}", self.records(table))
    }

    /// What makes a table, and where it is sent.
    pub(crate) fn table(self, table: Table) -> (String, Value) {
        match self {
            Self::PocketBase => ("/api/collections".to_owned(), table.collection()),
            Self::Parse => (format!("/parse/schemas/{}", table.name()), class(table)),
            Self::Directus => ("/collections".to_owned(), directus_collection(table)),
        }
    }

    /// Record `n` of a table, with its id.
    pub(crate) fn row(self, table: Table, n: u64) -> Value {
        let mut row = rows::row(table, n);
        if self == Self::Parse
            && let Some(id) = row.as_object_mut().and_then(|row| row.remove("id"))
        {
            row["objectId"] = id;
        }
        row
    }

    /// A record more; Directus leaves it to clients to make ids of texts.
    pub(crate) fn new_row(self, table: Table, n: u64) -> Value {
        match self {
            Self::PocketBase | Self::Parse => rows::new(table, n),
            Self::Directus => rows::row(table, n),
        }
    }

    /// The answer is the record with this id.
    pub(crate) fn expect_record(self, answer: &Answer, id: &str) -> Result<()> {
        let record = self.record(answer, StatusCode::OK)?;
        ensure!(record[self.id()] == id, "not {id}: {record}");
        ensure!(record["title"].is_string(), "no title: {record}");
        Ok(())
    }

    /// The answer is to a record that was made; Parse does not show it again.
    pub(crate) fn expect_created(self, answer: &Answer, field: &str, value: &str) -> Result<()> {
        let status = match self {
            Self::PocketBase | Self::Directus => StatusCode::OK,
            Self::Parse => StatusCode::CREATED,
        };
        let record = self.record(answer, status)?;
        let id = record[self.id()].as_str().unwrap_or_default();
        ensure!(!id.is_empty(), "no id: {record}");
        let shown = self == Self::Parse || record[field] == value;
        ensure!(shown, "not {field} = {value}: {record}");
        Ok(())
    }

    pub(crate) fn expect_page(self, answer: &Answer) -> Result<Page> {
        let body = body(answer, StatusCode::OK)?;
        let (items, total) = match self {
            Self::PocketBase => (&body["items"], &body["totalItems"]),
            Self::Parse => (&body["results"], &body["count"]),
            Self::Directus => (&body["data"], &body["meta"]["total_count"]),
        };
        let items = items
            .as_array()
            .with_context(|| format!("no page: {body}"))?;
        Ok(Page {
            items: items.len(),
            total: total.as_i64(),
        })
    }

    fn record(self, answer: &Answer, status: StatusCode) -> Result<Value> {
        let mut body = body(answer, status)?;
        Ok(match self {
            Self::PocketBase | Self::Parse => body,
            Self::Directus => body["data"].take(),
        })
    }

    fn id(self) -> &'static str {
        match self {
            Self::PocketBase | Self::Directus => "id",
            Self::Parse => "objectId",
        }
    }
}

fn body(answer: &Answer, status: StatusCode) -> Result<Value> {
    crate::traffic::expect(answer, status)?;
    serde_json::from_slice(&answer.body).context("not JSON")
}

/// The fields of a table that is only of texts, numbers and bools, by PocketBase's types.
fn fields(table: Table) -> Vec<(String, String)> {
    let collection = table.collection();
    let fields = collection["fields"].as_array().into_iter().flatten();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    fields
        .map(|field| (text(&field["name"]), text(&field["type"])))
        .collect()
}

/// Everybody may do everything with its objects.
fn class(table: Table) -> Value {
    let of_type = |kind: &str| match kind {
        "number" => "Number",
        "bool" => "Boolean",
        _ => "String",
    };
    let fields = fields(table).into_iter();
    let fields: serde_json::Map<_, _> = fields
        .map(|(name, kind)| (name, json!({"type": of_type(&kind)})))
        .collect();
    let everybody = json!({"*": true});
    let actions = ["find", "get", "count", "create", "update", "delete"];
    let permissions: serde_json::Map<_, _> = actions
        .map(|action| (action.to_owned(), everybody.clone()))
        .into_iter()
        .collect();
    json!({"className": table.name(), "fields": fields, "classLevelPermissions": permissions})
}

fn directus_collection(table: Table) -> Value {
    let of_type = |kind: &str| match kind {
        "number" => "float",
        "bool" => "boolean",
        _ => "text",
    };
    let id = json!({"field": "id", "type": "string", "schema": {"is_primary_key": true, "max_length": 15}});
    let fields = fields(table).into_iter();
    let fields =
        fields.map(|(name, kind)| json!({"field": name, "type": of_type(&kind), "schema": {}}));
    let fields: Vec<_> = std::iter::once(id).chain(fields).collect();
    json!({"collection": table.name(), "schema": {}, "meta": null, "fields": fields})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenarios::PAGES;

    fn answer(status: StatusCode, body: &'static str) -> Answer {
        let body = body.as_bytes().into();
        Answer { status, body }
    }

    #[test]
    fn a_page_is_asked_for_with_and_without_the_total() {
        let [(_, without), (_, with)] = PAGES;
        let posts = Table::Posts(10);
        assert_eq!(
            Api::PocketBase.list(posts, &without),
            "/api/collections/posts_10k/records?perPage=30&skipTotal=1"
        );
        assert_eq!(
            Api::Parse.list(posts, &with),
            "/parse/classes/posts_10k?limit=30&count=1"
        );
        assert_eq!(
            Api::Parse.list(posts, &without),
            "/parse/classes/posts_10k?limit=30"
        );
        assert_eq!(
            Api::Directus.list(posts, &with),
            "/items/posts_10k?limit=30&meta=total_count"
        );
    }

    #[test]
    fn pages_are_read_as_each_product_writes_them() {
        let page = |api: Api, body| api.expect_page(&answer(StatusCode::OK, body)).ok();
        let two_of = |total| Some(Page { items: 2, total });
        let body = r#"{"items":[{},{}],"totalItems":7}"#;
        assert_eq!(page(Api::PocketBase, body), two_of(Some(7)));
        assert_eq!(
            page(Api::Parse, r#"{"results":[{},{}],"count":7}"#),
            two_of(Some(7))
        );
        assert_eq!(page(Api::Parse, r#"{"results":[{},{}]}"#), two_of(None));
        let body = r#"{"data":[{},{}],"meta":{"total_count":7}}"#;
        assert_eq!(page(Api::Directus, body), two_of(Some(7)));
        assert_eq!(page(Api::Directus, "{}"), None);
    }

    #[test]
    fn what_is_not_the_record_is_an_error() {
        let record = answer(StatusCode::OK, r#"{"objectId":"row1","title":"Post 1"}"#);
        assert!(Api::Parse.expect_record(&record, "row1").is_ok());
        assert!(Api::Parse.expect_record(&record, "row2").is_err());
        assert!(Api::PocketBase.expect_record(&record, "row1").is_err());
        let record = answer(StatusCode::OK, r#"{"data":{"id":"row1","title":"Post 1"}}"#);
        assert!(Api::Directus.expect_record(&record, "row1").is_ok());
        assert!(
            Api::Directus
                .expect_created(&record, "title", "Post 1")
                .is_ok()
        );
        assert!(
            Api::Directus
                .expect_created(&record, "title", "Post 2")
                .is_err()
        );
        let made = answer(StatusCode::CREATED, r#"{"objectId":"x","createdAt":""}"#);
        assert!(Api::Parse.expect_created(&made, "title", "Post 1").is_ok());
        assert!(
            Api::PocketBase
                .expect_created(&made, "title", "Post 1")
                .is_err()
        );
    }

    #[test]
    fn the_others_get_plain_tables_alone() {
        let [(_, list), _] = PAGES;
        for api in [Api::Parse, Api::Directus] {
            assert!(api.has(Kind::Get(Table::Posts(10))));
            assert!(api.has(Kind::List(Table::Posts(100), list)));
            assert!(!api.has(Kind::List(Table::Articles(10), list)));
            assert!(!api.has(Kind::CreateAccount));
        }
        assert!(Api::PocketBase.has(Kind::CreateAccount));
    }
}
