//! Dialogs over the matrix: a cell, or a permission.

use leptos::prelude::*;
use plinth_sdk::types::Permission;

use super::cells::CellDialog;
use super::lines::{self, Line};
use super::matrix::Row;
use super::permission::PermissionDialog;
use super::{Book, may_change};
use crate::text;

/// The dialog that is open over the matrix, which the address has.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Open {
    Nothing,
    /// All that is said of a cell.
    Cell(String, String),
    /// A permission.
    Permission(String),
    /// A permission that is yet to be made.
    New(String, String),
}

impl Open {
    /// Reads the dialog from the address.
    pub(super) fn read(get: impl Fn(&str) -> Option<String>) -> Self {
        let cell = |name| {
            let cell = get(name)?;
            let (collection, action) = cell.split_once(':')?;
            Some((collection.to_owned(), action.to_owned()))
        };
        if let Some(id) = get("permission") {
            Self::Permission(id)
        } else if let Some((collection, action)) = cell("new") {
            Self::New(collection, action)
        } else if let Some((collection, action)) = cell("cell") {
            Self::Cell(collection, action)
        } else {
            Self::Nothing
        }
    }

    /// Returns the parameter of the address.
    pub(super) fn query(&self) -> Option<(&'static str, String)> {
        match self {
            Self::Nothing => None,
            Self::Cell(collection, action) => Some(("cell", format!("{collection}:{action}"))),
            Self::Permission(id) => Some(("permission", id.clone())),
            Self::New(collection, action) => Some(("new", format!("{collection}:{action}"))),
        }
    }
}

/// The dialog that is open, if one is.
#[component]
pub(super) fn Overlay(
    /// The role's id.
    role: Memo<String>,
    open: Memo<Open>,
    /// Opens something else.
    show: Callback<Open>,
    book: Book,
    all: Memo<Vec<Line>>,
    rows: Memo<Vec<Row>>,
) -> impl IntoView {
    let may_write = may_change();
    let name_of = move |id: &str| {
        let row = rows.with_untracked(|rows| rows.iter().find(|row| row.id == id).cloned());
        row.map_or_else(|| id.to_owned(), |row| row.name)
    };
    let close = Callback::new(move |()| show.run(Open::Nothing));
    let cell = move |collection: String, action: String| {
        let title = text::action_on(text::action(&action), &name_of(&collection));
        let more = Open::New(collection.clone(), action.clone());
        let here =
            Memo::new(move |_| all.with(|lines| lines::in_cell(lines, &collection, &action)));
        let edit = move |id| show.run(Open::Permission(id));
        let add = move |()| show.run(more.clone());
        view! { <CellDialog title here may_write edit add close /> }
    };
    let permission = move |id: String| {
        let permissions = untrack(|| book.permissions());
        let own = |one: &Permission| one.id == id && one.role == role.get_untracked();
        let permission = permissions.into_iter().find(own)?;
        let title = text::permission_on(&name_of(&permission.collection));
        let action = permission.actions.first().cloned().unwrap_or_default();
        let more = Open::New(permission.collection.clone(), action);
        let another = move |()| show.run(more.clone());
        Some(view! { <PermissionDialog title permission book close another /> })
    };
    let new = move |collection: String, action: String| {
        let title = text::new_permission_on(&name_of(&collection));
        let permission = Permission {
            role: role.get_untracked(),
            collection,
            actions: vec![action],
            effect: "allow".to_owned(),
            ..Permission::default()
        };
        view! { <PermissionDialog title permission book close another=|()| {} /> }
    };
    move || match open.get() {
        Open::Nothing => None,
        Open::Cell(collection, action) => Some(cell(collection, action).into_any()),
        Open::Permission(id) => permission(id).map(IntoAny::into_any),
        Open::New(_, _) if !may_write => None,
        Open::New(collection, action) => Some(new(collection, action).into_any()),
    }
}
