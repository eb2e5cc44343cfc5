//! The records by number: the same ones on every server, in every run.

use serde_json::{Value, json};

use crate::schema::{PASSWORD, Table};

const WORDS: &str = "It was measured on one machine in one run, with the other server beside it, and every answer was looked at. ";

/// What an article can be; each is two of them.
pub(crate) const TYPES: [&str; 4] = ["a", "b", "c", "d"];

/// Record `n` of a table, with an id that says so.
pub(crate) fn row(table: Table, n: u64) -> Value {
    let mut row = new(table, n);
    row["id"] = id(n).into();
    row
}

/// The same without an id, which the server makes up.
pub(crate) fn new(table: Table, n: u64) -> Value {
    let name = name(table, n);
    match table {
        Table::Organizations => json!({"name": name}),
        Table::Permissions => {
            json!({"name": name, "active": n.is_multiple_of(2)})
        }
        Table::People => json!({
            "name": name,
            "email": email(n),
            "password": PASSWORD,
            "passwordConfirm": PASSWORD,
            "organization": id(n % Table::Organizations.rows()),
            "permissions": three_permissions(n).map(id),
        }),
        Table::Posts(_) => json!({
            "title": name,
            "body": WORDS,
            "views": n,
            "published": n.is_multiple_of(2),
        }),
        Table::Articles(_) => {
            let from = usize::from(scramble(n).to_le_bytes()[0]) % 3;
            json!({
                "title": name,
                "description": format!("{}Lorem ipsum dolor sit amet. {}", WORDS.repeat(2), WORDS.repeat(2)),
                "public": !n.is_multiple_of(2),
                "type": TYPES[from..from + 2],
                "author": id(scramble(n) % Table::People.rows()),
            })
        }
    }
}

/// The name or title of record `n`.
pub(crate) fn name(table: Table, n: u64) -> String {
    let what = match table {
        Table::Organizations => "Organization",
        Table::Permissions => "Permission",
        Table::People => "Person",
        Table::Posts(_) => "Post",
        Table::Articles(_) => "Article",
    };
    format!("{what} {n}")
}

pub(crate) fn id(n: u64) -> String {
    format!("row{n:012}")
}

pub(crate) fn email(n: u64) -> String {
    format!("person{n}@example.com")
}

/// A number that looks like chance, always the same for the same `n`: the finalizer of `SplitMix64`.
pub(crate) fn scramble(n: u64) -> u64 {
    let n = n.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ (n >> 31)
}

/// The numbers of three permissions, all different. Those of one in eight people are all active.
fn three_permissions(n: u64) -> [u64; 3] {
    let most = Table::Permissions.rows();
    let (chance, step) = (scramble(n), most / 2 - 1);
    let first = chance % most;
    let second = first + 1 + (chance >> 16) % step;
    let third = second + 1 + (chance >> 32) % step;
    [first, second, third].map(|permission| permission % most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_the_length_that_servers_want() {
        assert_eq!(id(99_999).len(), 15);
    }

    #[test]
    fn what_a_record_refers_to_is_there() {
        for n in 0..10_000 {
            let article = row(Table::Articles(10), n);
            assert!(article["author"].as_str() < Some(&id(Table::People.rows())));
            assert_eq!(article["type"].as_array().map(Vec::len), Some(2));
        }
        for n in 0..500 {
            let person = row(Table::People, n);
            assert!(person["organization"].as_str() < Some(&id(Table::Organizations.rows())));
        }
    }

    #[test]
    fn permissions_differ_and_one_in_eight_people_has_active_ones_only() {
        let all: Vec<_> = (0..Table::People.rows()).map(three_permissions).collect();
        for [first, second, third] in &all {
            assert!(first != second && second != third && first != third);
        }
        assert!(all.iter().flatten().all(|n| *n < Table::Permissions.rows()));
        let active = |permissions: &&[u64; 3]| permissions.iter().all(|n| n.is_multiple_of(2));
        let all_active = all.iter().filter(active).count();
        assert!((40..90).contains(&all_active), "{all_active} of 500");
    }
}
