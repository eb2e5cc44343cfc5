//! Filters and records that are made up. `PLINTH_TEST_SEED` repeats a run; a failure says which seed it was, and is
//! shrunk. `peer.rs` sends the same to PocketBase.

mod data;
mod filters;
mod noise;
mod runner;
#[path = "../support/mod.rs"]
mod support;

use proptest::prelude::*;

use plinth_fuzz::{self as fuzz, Asks, Database};
use support::Home;

/// A database with made-up records, in the home.
fn filled(home: &Home, records: &[(&'static str, serde_json::Value)]) -> Database {
    Database::open(&home.config(), &fuzz::definitions(), records)
}

#[test]
fn n33_whatever_a_filter_is_no_database_complains_of_it() {
    let home = Home::new();
    let database = Database::open(&home.config(), &fuzz::definitions(), &fuzz::records());
    runner::run(1500, &noise::noise(), |input| {
        fuzz::parse(&input);
        fuzz::filter(&database, &input);
        Ok(())
    });
}

#[test]
fn n33_whatever_an_order_is_no_database_complains_of_it() {
    let home = Home::new();
    let database = Database::open(&home.config(), &fuzz::definitions(), &fuzz::records());
    let orders = prop_oneof![noise::noise(), noise::sort()];
    runner::run(800, &orders, |input| {
        fuzz::sort(&database, &input);
        Ok(())
    });
}

#[test]
fn a_filter_finds_the_same_whoever_asks_and_wherever() {
    let records = runner::one(&data::records());
    let home = Home::new();
    let database = filled(&home, &records);
    // Where the tests run on PostgreSQL, SQLite is asked too.
    let beside = support::on_postgres().then(|| {
        let home = Home::on(String::new());
        (filled(&home, &records), home)
    });
    runner::run(1500, &filters::filter(), |filter| {
        let found = database.find(Asks::Superuser, "things", &filter, "id");
        // A guest's filter may not name everything.
        if let Some(theirs) = database.find(Asks::Guest, "things", &filter, "id") {
            prop_assert_eq!(Some(&theirs), found.as_ref(), "as a guest: {}", filter);
        }
        if let Some((beside, _)) = &beside {
            let theirs = beside.find(Asks::Superuser, "things", &filter, "id");
            prop_assert_eq!(&theirs, &found, "SQLite, PostgreSQL: {}", filter);
        }
        Ok(())
    });
}
