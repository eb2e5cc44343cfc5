//! Lines of a role about each collection and action: its own permissions, and those of the roles that it inherits from.

use std::collections::VecDeque;

use plinth_sdk::types::{Permission, Role};

/// The actions on records.
pub(super) const ACTIONS: [&str; 5] = ["list", "view", "create", "update", "delete"];
/// All collections that are not the server's own.
pub(super) const ALL: &str = "*";

/// Where a line comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// The role itself says it of the collection.
    Own,
    /// The role itself says it of all collections.
    Everywhere,
    /// A role above it says it.
    Above(String),
}

/// A permission, as it shows in a role.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Line {
    pub(super) permission: Permission,
    pub(super) origin: Origin,
}

impl Line {
    /// Whether it gives.
    pub(super) fn allows(&self) -> bool {
        self.permission.effect == "allow"
    }

    /// Whether it is changed here.
    pub(super) fn is_own(&self) -> bool {
        self.origin == Origin::Own
    }
}

/// Whether the permission is about some fields only.
pub(super) fn has_fields(permission: &Permission) -> bool {
    permission
        .fields
        .as_ref()
        .is_some_and(|fields| !fields.is_empty())
}

/// The roles above one, the nearest first.
fn above<'r>(role: &str, roles: &'r [Role]) -> Vec<&'r Role> {
    let mut found: Vec<&Role> = Vec::new();
    let mut next = VecDeque::from([role]);
    while let Some(id) = next.pop_front() {
        let parents = roles.iter().filter(|one| one.id == id);
        for parent in parents.flat_map(|one| &one.parents) {
            let parent = roles.iter().find(|one| one.id == *parent);
            let Some(parent) = parent.filter(|one| one.id != role && !found.contains(one)) else {
                continue;
            };
            found.push(parent);
            next.push_back(&parent.id);
        }
    }
    found
}

/// All that a role says, its own first.
pub(super) fn of_role(role: &str, roles: &[Role], permissions: &[Permission]) -> Vec<Line> {
    let of = |id: &str, origin: Origin| {
        let own = permissions.iter().filter(move |one| one.role == *id);
        own.map(move |one| Line {
            permission: one.clone(),
            origin: origin.clone(),
        })
        .collect::<Vec<_>>()
    };
    let mut lines = of(role, Origin::Own);
    for parent in above(role, roles) {
        lines.extend(of(&parent.id, Origin::Above(parent.name.clone())));
    }
    lines
}

/// Those of the lines that are about an action on a collection; what the role itself says of it first.
pub(super) fn in_cell(lines: &[Line], collection: &str, action: &str) -> Vec<Line> {
    let mut here: Vec<Line> = lines
        .iter()
        .filter(|line| {
            let permission = &line.permission;
            (permission.collection == collection || permission.collection == ALL)
                && permission.actions.iter().any(|one| one == action)
        })
        .cloned()
        .collect();
    for line in &mut here {
        if line.is_own() && line.permission.collection != collection {
            line.origin = Origin::Everywhere;
        }
    }
    here.sort_by_key(|line| match line.origin {
        Origin::Own => 0,
        Origin::Everywhere => 1,
        Origin::Above(_) => 2,
    });
    here
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role(id: &str, parents: &[&str]) -> Role {
        Role {
            id: id.to_owned(),
            name: format!("the {id}"),
            parents: parents.iter().map(ToString::to_string).collect(),
            ..Role::default()
        }
    }

    fn permission(role: &str, collection: &str, actions: &[&str]) -> Permission {
        Permission {
            id: format!("{role} {collection}"),
            role: role.to_owned(),
            collection: collection.to_owned(),
            actions: actions.iter().map(ToString::to_string).collect(),
            effect: "allow".to_owned(),
            ..Permission::default()
        }
    }

    #[test]
    fn a_cell_shows_what_is_said_of_it_and_who_says_it() {
        let roles = [
            role("a", &["b", "c"]),
            role("b", &["d"]),
            role("c", &["d"]),
            role("d", &[]),
            role("e", &[]),
        ];
        let permissions = [
            permission("d", "posts", &["list"]),
            permission("a", ALL, &["list", "view"]),
            permission("a", "posts", &["list"]),
            permission("e", "posts", &["list"]),
            permission("c", "posts", &["delete"]),
        ];
        let lines = of_role("a", &roles, &permissions);
        let cell = |collection: &str, action: &str| {
            in_cell(&lines, collection, action)
                .into_iter()
                .map(|line| (line.permission.id, line.origin))
                .collect::<Vec<_>>()
        };
        let above = |name: &str| Origin::Above(name.to_owned());
        assert_eq!(
            cell("posts", "list"),
            [
                ("a posts".to_owned(), Origin::Own),
                ("a *".to_owned(), Origin::Everywhere),
                ("d posts".to_owned(), above("the d")),
            ]
        );
        assert_eq!(
            cell("posts", "delete"),
            [("c posts".to_owned(), above("the c"))]
        );
        assert_eq!(cell(ALL, "view"), [("a *".to_owned(), Origin::Own)]);
        assert_eq!(cell("posts", "create"), []);
    }

    #[test]
    fn roles_that_go_in_circles_come_to_an_end() {
        let roles = [role("a", &["b"]), role("b", &["a"])];
        let names: Vec<_> = above("a", &roles).iter().map(|role| &*role.id).collect();
        assert_eq!(names, ["b"]);
    }
}
