//! Made-up filters and records, sent to Plinth and to PocketBase, which `PLINTH_URL` and `POCKETBASE_URL` name.

mod data;
mod filters;
mod runner;
#[path = "../support/mod.rs"]
mod support;

use proptest::prelude::*;
use serde_json::{Value, json};

use support::Client;

/// One of the servers, with the collections in it.
struct Peer {
    client: Client,
    made: Vec<String>,
}

impl Peer {
    fn start(url_variable: &str, records: &[(&'static str, Value)]) -> Self {
        let guest = Client::guest(&variable(url_variable));
        let credentials =
            json!({"identity": variable("PLINTH_EMAIL"), "password": variable("PLINTH_PASSWORD")});
        let path = "/api/collections/_superusers/auth-with-password";
        let token = guest.post(path, credentials).ok()["token"].clone();
        let client = Client {
            token: token.as_str().expect("a token").to_owned(),
            ..guest
        };
        let mut peer = Self {
            client,
            made: Vec::new(),
        };
        let mut ids: Vec<(String, String)> = Vec::new();
        for definition in plinth_fuzz::definitions() {
            let mut text = definition.to_string();
            for (name, id) in &ids {
                text = text.replace(&format!("{{{name}}}"), id);
            }
            let definition = serde_json::from_str(&text).expect("a definition");
            let made = peer.client.post("/api/collections", definition).ok();
            let text = |key: &str| made[key].as_str().expect("a text").to_owned();
            peer.made.push(text("id"));
            ids.push((text("name"), text("id")));
        }
        for (collection, record) in records {
            peer.client.create(collection, record.clone());
        }
        peer
    }

    /// The ids of what a filter finds; nothing when it is refused.
    fn find(&self, filter: &str) -> Option<Vec<String>> {
        let parameters = [
            ("filter", filter),
            ("sort", "id"),
            ("perPage", "500"),
            ("fields", "id"),
        ];
        let reply = self.client.list("things", &parameters);
        if reply.status == 400 {
            return None;
        }
        let items = reply.ok()["items"].as_array().cloned().expect("items");
        let ids = items.iter().filter_map(|item| item["id"].as_str());
        Some(ids.map(str::to_owned).collect())
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        for id in self.made.iter().rev() {
            self.client.delete(&format!("/api/collections/{id}"));
        }
    }
}

fn variable(name: &str) -> String {
    #[expect(
        clippy::disallowed_methods,
        reason = "e2e/compat tells where the servers are"
    )]
    let value = std::env::var(name);
    value.unwrap_or_else(|_| panic!("{name} is not set: e2e/compat/run sets it"))
}

/// Paths to several values, by what they have in them.
const MANY: &[&str] = &["friends.", "_via_", "@collection.", ":each"];

/// Filters that mean something else to `PocketBase`, or to each server.
fn differs_on_purpose(filter: &str) -> bool {
    filter
        .split(" && ")
        .flat_map(|part| part.split(" || "))
        .any(|comparison| {
            let has = |word: &str| comparison.contains(word);
            // It puts the wildcards of `~` around the arguments of a call, not around what it gives.
            has("~ strftime")
            // One text that a call makes is something else to it where each of several values is compared with it.
            || (has("strftime(") && MANY.iter().any(|path| has(path)))
            // Between a place and itself its distance is a rounding error, or no value.
            || has("geoDistance(")
        })
}

#[test]
fn pocketbase_finds_the_same() {
    let records = runner::one(&data::records());
    let plinth = Peer::start("PLINTH_URL", &records);
    let pocketbase = Peer::start("POCKETBASE_URL", &records);
    let filters =
        filters::filter().prop_filter("differs on purpose", |filter| !differs_on_purpose(filter));
    runner::run(600, &filters, |filter| {
        let (ours, theirs) = (plinth.find(&filter), pocketbase.find(&filter));
        prop_assert_eq!(ours, theirs, "Plinth, PocketBase: {}", filter);
        Ok(())
    });
}
