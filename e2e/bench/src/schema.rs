//! The collections, the same on every server. Numbers of records and relations are those of PocketBase's own benchmark.

use serde_json::{Value, json};

use crate::rows::TYPES;

/// What everybody's password is.
pub(crate) const PASSWORD: &str = "benchmark-only";

const ORGANIZATIONS: &str = "organizations00";
const PERMISSIONS: &str = "permissions0000";
const PEOPLE: &str = "people000000000";

/// A collection and the records that it begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Table {
    Organizations,
    Permissions,
    /// Accounts, each of an organization and with three permissions.
    People,
    /// So many thousand flat records.
    Posts(u32),
    /// So many thousand records that belong to people.
    Articles(u32),
}

impl Table {
    pub(crate) fn name(self) -> String {
        match self {
            Self::Organizations => "organizations".to_owned(),
            Self::Permissions => "permissions".to_owned(),
            Self::People => "people".to_owned(),
            Self::Posts(thousands) => format!("posts_{thousands}k"),
            Self::Articles(thousands) => format!("articles_{thousands}k"),
        }
    }

    pub(crate) fn records(self) -> String {
        format!("/api/collections/{}/records", self.name())
    }

    pub(crate) fn rows(self) -> u64 {
        match self {
            Self::Organizations => 100,
            Self::Permissions => 50,
            Self::People => 500,
            Self::Posts(thousands) | Self::Articles(thousands) => u64::from(thousands) * 1000,
        }
    }

    /// What has to be there before.
    pub(crate) fn refers_to(self) -> &'static [Self] {
        match self {
            Self::Organizations | Self::Permissions | Self::Posts(_) => &[],
            Self::People => &[Self::Organizations, Self::Permissions],
            Self::Articles(_) => &[Self::Organizations, Self::Permissions, Self::People],
        }
    }

    /// The collection as it is created. Everybody may do everything.
    pub(crate) fn collection(self) -> Value {
        let (id, kind, fields) = match self {
            Self::Organizations => (ORGANIZATIONS.to_owned(), "base", vec![text("name")]),
            Self::Permissions => {
                let fields = vec![text("name"), field("bool", "active")];
                (PERMISSIONS.to_owned(), "base", fields)
            }
            Self::People => {
                let fields = vec![
                    text("name"),
                    relation("organization", ORGANIZATIONS, 1),
                    relation("permissions", PERMISSIONS, 50),
                ];
                (PEOPLE.to_owned(), "auth", fields)
            }
            Self::Posts(thousands) => {
                let fields = vec![
                    text("title"),
                    text("body"),
                    field("number", "views"),
                    field("bool", "published"),
                ];
                (format!("posts{thousands:010}"), "base", fields)
            }
            Self::Articles(thousands) => {
                let fields = vec![
                    text("title"),
                    text("description"),
                    field("bool", "public"),
                    json!({"type": "select", "name": "type", "values": TYPES, "maxSelect": 4}),
                    relation("author", PEOPLE, 1),
                ];
                (format!("articles{thousands:07}"), "base", fields)
            }
        };
        json!({
            "id": id,
            "name": self.name(),
            "type": kind,
            "listRule": "",
            "viewRule": "",
            "createRule": "",
            "updateRule": "",
            "deleteRule": "",
            "fields": fields,
        })
    }
}

fn field(kind: &str, name: &str) -> Value {
    json!({"type": kind, "name": name})
}

fn text(name: &str) -> Value {
    field("text", name)
}

/// Those that refer to a record go when it goes.
fn relation(name: &str, to: &str, most: u32) -> Value {
    json!({"type": "relation", "name": name, "collectionId": to, "maxSelect": most, "cascadeDelete": true})
}
