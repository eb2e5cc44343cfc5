//! Roles: who has them, what they may do, and why somebody may do something.

mod access;
mod all;
mod cells;
mod condition;
mod form;
mod lines;
mod matrix;
mod members;
mod one;
mod overlay;
mod permission;

use leptos::prelude::*;
use plinth_sdk::types::{Permission, Role, names};

use crate::api::{Outcome, load};
use crate::session::Session;

pub(crate) use access::CheckAccess;
pub(crate) use all::Roles;
pub(crate) use form::NewRole;
pub(crate) use one::RolePage;

/// The role of whoever is not signed in.
const GUEST: &str = "roleguest000000";
/// The role of superusers, whom nothing limits.
const SUPERUSER: &str = "rolesuperuser00";

/// Whether the server needs the role.
fn is_built_in(role: &Role) -> bool {
    role.name.starts_with('@')
}

/// Whether the account may change roles, and ask who may do what: superusers alone do.
fn may_change() -> bool {
    untrack(|| Session::here().is_superuser())
}

/// All roles and permissions.
#[derive(Clone, Copy)]
struct Book {
    loaded: LocalResource<Outcome<(Vec<Role>, Vec<Permission>)>>,
}

impl Book {
    /// Asks for them.
    fn load() -> Self {
        let loaded = load(|client| async move {
            let roles = client.collection::<Role>(names::ROLES).list();
            let mut roles = roles.sort("@rowid").all().await?;
            // The built-in ones come first, and in the order in which they were made.
            roles.sort_by_key(|role| (!is_built_in(role)).then(|| role.name.to_lowercase()));
            let permissions = client.collection::<Permission>(names::PERMISSIONS).list();
            Ok((roles, permissions.sort("@rowid").all().await?))
        });
        Self { loaded }
    }

    /// The roles; none while they are not known.
    fn roles(self) -> Vec<Role> {
        self.both().0
    }

    /// The permissions of all roles; none while they are not known.
    fn permissions(self) -> Vec<Permission> {
        self.both().1
    }

    fn both(self) -> (Vec<Role>, Vec<Permission>) {
        self.loaded.get().and_then(Result::ok).unwrap_or_default()
    }

    /// The role of this id.
    fn find(self, id: &str) -> Option<Role> {
        self.roles().into_iter().find(|role| role.id == id)
    }

    /// Asks again, because something has changed.
    fn reload(self) {
        self.loaded.refetch();
    }
}
