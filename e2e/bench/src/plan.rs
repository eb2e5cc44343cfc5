//! What is measured, and in which order.

use crate::load::Load;
use crate::scenarios::{self, List};
use crate::schema::Table;

/// Something that servers are asked for, and how they are asked.
#[derive(Clone, Debug)]
pub(crate) struct Workload {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) loads: Vec<Load>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    /// A record by its id.
    Get(Table),
    /// A page of records.
    List(Table, List),
    /// A record more.
    Create(Table),
    /// An account more.
    CreateAccount,
    /// A record by its id, while accounts are created.
    GetBesideAccounts(Table),
    /// Lists, and an update after every third.
    Mixed(Table),
    /// An account goes, and what belongs to it.
    DeleteAccount(Table),
    /// A record more, while so many hear of it.
    Tell(Table, usize),
}

impl Kind {
    pub(crate) fn tables(self) -> Vec<Table> {
        let accounts = [Table::Organizations, Table::Permissions, Table::People];
        match self {
            Self::Get(table)
            | Self::List(table, _)
            | Self::Create(table)
            | Self::Mixed(table)
            | Self::DeleteAccount(table)
            | Self::Tell(table, _) => vec![table],
            Self::CreateAccount => accounts.to_vec(),
            Self::GetBesideAccounts(table) => [&accounts[..], &[table]].concat(),
        }
    }

    /// Writing comes last, so that all reads find the same tables.
    pub(crate) fn writes(self) -> bool {
        !matches!(self, Self::Get(_) | Self::List(..))
    }
}

/// All workloads whose name contains one of `only`, in the order in which they are measured.
pub(crate) fn workloads(quick: bool, only: &[String]) -> Vec<Workload> {
    let sizes: &[u32] = if quick { &[10] } else { &[10, 100] };
    let mut all = vec![workload(
        "get one",
        Kind::Get(Table::Posts(10)),
        several(1000),
    )];
    for &size in sizes {
        for (name, list) in scenarios::PAGES {
            let kind = Kind::List(Table::Posts(size), list);
            all.push(workload(&format!("{name}, {size}k"), kind, several(200)));
        }
    }
    for &size in sizes {
        for (name, connections, list) in scenarios::SCENARIOS {
            let kind = Kind::List(Table::Articles(size), list);
            let loads = vec![Load::Closed { connections }];
            all.push(workload(&format!("articles, {name}, {size}k"), kind, loads));
        }
    }
    for &size in sizes {
        let loads = vec![Load::Closed { connections: 64 }];
        let name = format!("articles, mixed, {size}k");
        all.push(workload(&name, Kind::Mixed(Table::Articles(size)), loads));
    }
    all.push(workload(
        "create",
        Kind::Create(Table::Posts(10)),
        several(500),
    ));
    let loads = vec![Load::Closed { connections: 16 }];
    all.push(workload("create an account", Kind::CreateAccount, loads));
    let beside = Kind::GetBesideAccounts(Table::Posts(10));
    let loads = vec![at_rate(200)];
    all.push(workload(
        "get one while accounts are created",
        beside,
        loads,
    ));
    for &size in sizes {
        let loads = vec![Load::Count {
            requests: DELETED,
            connections: 10,
        }];
        let name = format!("delete an account with {ARTICLES_EACH} articles, {size}k");
        let kind = Kind::DeleteAccount(Table::Articles(size));
        all.push(workload(&name, kind, loads));
    }
    for listeners in [0, 100, 2000] {
        let loads = vec![at_rate(10)];
        let name = format!("create with {listeners} subscribers");
        all.push(workload(
            &name,
            Kind::Tell(Table::Posts(10), listeners),
            loads,
        ));
    }
    all.retain(|workload| {
        only.is_empty()
            || only
                .iter()
                .any(|part| workload.name.contains(part.as_str()))
    });
    all
}

/// How many accounts go in a measurement.
pub(crate) const DELETED: u64 = 100;
/// How many articles each of them wrote.
pub(crate) const ARTICLES_EACH: u64 = 20;

fn workload(name: &str, kind: Kind, loads: Vec<Load>) -> Workload {
    Workload {
        name: name.to_owned(),
        kind,
        loads,
    }
}

/// As fast as 1, 16 and 64 clients can, and at a rate that every server can hold.
fn several(per_second: u32) -> Vec<Load> {
    let closed = [1, 16, 64].map(|connections| Load::Closed { connections });
    closed.into_iter().chain([at_rate(per_second)]).collect()
}

fn at_rate(per_second: u32) -> Load {
    Load::Open {
        per_second,
        connections: 64,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn each_workload_has_a_name_of_its_own_and_writing_comes_last() {
        let all = workloads(false, &[]);
        let names: HashSet<_> = all.iter().map(|workload| &workload.name).collect();
        assert_eq!(names.len(), all.len());
        assert!(all.is_sorted_by_key(|workload| workload.kind.writes()));
    }

    #[test]
    fn all_of_pocketbases_28_scenarios_are_there_at_both_sizes() {
        for size in ["10k", "100k"] {
            let is_scenario = |workload: &&Workload| {
                workload.name.starts_with("articles, ")
                    && workload.name.ends_with(&format!(", {size}"))
            };
            assert_eq!(workloads(false, &[]).iter().filter(is_scenario).count(), 28);
        }
    }

    #[test]
    fn only_those_asked_for_are_measured() {
        let found = workloads(true, &["create".to_owned()]);
        assert!(
            found
                .iter()
                .all(|workload| workload.name.contains("create"))
        );
        assert_eq!(found.len(), 6);
    }
}
