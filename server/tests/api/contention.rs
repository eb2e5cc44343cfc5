//! Batches that want the same records in different orders.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::batch::{request, send};
use crate::support::{TestApp, at_once};

/// Longer than all of it takes on a busy machine, and much less than deadlocks one after the other.
const SECONDS: Duration = Duration::from_secs(60);

fn start() -> TestApp {
    let app = TestApp::start();
    app.root()
        .patch(
            "/api/settings",
            json!({"batch": {"enabled": true, "maxRequests": 100, "timeout": 60}}),
        )
        .ok();
    app
}

fn id(n: usize) -> String {
    format!("row{n:012}")
}

fn path(collection: &str, n: usize) -> String {
    format!("/api/collections/{collection}/records/{}", id(n))
}

/// The numbers below `count` in an order that few share.
fn shuffled(count: usize, seed: usize) -> Vec<usize> {
    let mut numbers: Vec<usize> = (0..count).collect();
    let mut state = u64::try_from(seed).expect("a small number") * 0x9e37_79b9 + 1;
    for at in (1..count).rev() {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let other = usize::try_from(state >> 33).expect("a small number") % (at + 1);
        numbers.swap(at, other);
    }
    numbers
}

#[test]
fn f05_batches_over_the_same_rows_in_any_order_all_succeed() {
    let app = start();
    app.open_collection("rows", json!([{"type": "number", "name": "n"}]));
    for n in 0..20 {
        app.guest().create("rows", json!({"id": id(n)}));
    }
    let since = Instant::now();
    at_once(6, |client| {
        for round in 0..5 {
            let order = shuffled(20, client * 5 + round);
            let updates = order
                .into_iter()
                .map(|n| request("PATCH", &path("rows", n), json!({"n+": 1})));
            send(&app.guest(), updates.collect()).ok();
        }
    });
    assert!(since.elapsed() < SECONDS, "{:?}", since.elapsed());
    assert_eq!(app.guest().all("rows", "n"), vec!["30"; 20]);
}

#[test]
fn f05_changes_of_two_collections_in_opposite_orders_all_succeed() {
    let app = start();
    for name in ["ones", "twos"] {
        app.open_collection(name, json!([{"type": "number", "name": "n"}]));
        for n in 0..40 {
            app.guest().create(name, json!({"id": id(n)}));
        }
    }
    let since = Instant::now();
    at_once(6, |client| {
        let mut names = ["ones", "twos"];
        if client % 2 == 1 {
            names.reverse();
        }
        for round in 0..5 {
            let mut changes: Vec<Value> = Vec::new();
            for name in names {
                let records = format!("/api/collections/{name}/records");
                let mine = 10 + client * 5 + round;
                let mut shared = shuffled(10, client + round);
                changes.push(request("POST", &records, json!({"n": 1})));
                changes.push(request("DELETE", &path(name, mine), json!({})));
                changes.push(request(
                    "PUT",
                    &records,
                    json!({"id": id(shared[0]), "n+": 1}),
                ));
                let rest = shared.split_off(1);
                changes.extend(
                    rest.into_iter()
                        .map(|n| request("PATCH", &path(name, n), json!({"n+": 1}))),
                );
            }
            send(&app.guest(), changes.into()).ok();
        }
    });
    assert!(since.elapsed() < SECONDS, "{:?}", since.elapsed());
    for name in ["ones", "twos"] {
        let rows = app.guest().all(name, "n");
        assert_eq!(rows[..10], vec!["30"; 10]);
        assert_eq!(rows.len(), 40, "30 went, 30 came");
    }
}

#[test]
fn f05_deletes_that_reach_further_than_their_batch_take_turns() {
    let app = start();
    let parents = app.open_collection("parents", json!([]));
    app.open_collection(
        "children",
        json!([
            {"type": "number", "name": "n"},
            {"type": "relation", "name": "parent", "collectionId": parents["id"]},
        ]),
    );
    for n in 0..20 {
        app.guest().create("parents", json!({"id": id(n)}));
    }
    for n in 0..20 {
        // A parent's children come in the opposite order of the parents.
        let child = json!({"id": id(n), "parent": id(19 - n)});
        app.guest().create("children", child);
    }
    let since = Instant::now();
    at_once(4, |client| {
        for round in 0..5 {
            let changes: Vec<Value> = if client == 0 {
                let these = round * 4..round * 4 + 4;
                these
                    .map(|n| request("DELETE", &path("parents", n), json!({})))
                    .collect()
            } else {
                (0..20)
                    .map(|n| request("PATCH", &path("children", n), json!({"n+": 1})))
                    .collect()
            };
            send(&app.guest(), changes.into()).ok();
        }
    });
    assert!(since.elapsed() < SECONDS, "{:?}", since.elapsed());
    assert_eq!(app.guest().all("children", "n"), vec!["15"; 20]);
    assert_eq!(app.guest().all("children", "parent"), vec![""; 20]);
    assert!(app.guest().all("parents", "id").is_empty());
}
