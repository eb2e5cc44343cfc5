//! What pages are made of. Each does one thing, works by keyboard, and looks as `style.css` says.

mod badge;
mod button;
mod code;
mod confirm;
mod dialog;
mod empty;
mod field;
mod icon;
mod loaded;
mod menu;
mod page;
mod pagination;
mod select;
mod spinner;
mod switch;
mod table;
mod tabs;
mod toast;

pub(crate) use badge::{Badge, Tone};
pub(crate) use button::{Button, CopyButton, IconButton, Look};
pub(crate) use code::Code;
pub(crate) use confirm::Confirm;
pub(crate) use dialog::Dialog;
pub(crate) use empty::EmptyState;
pub(crate) use field::{Area, Bind, Field, Problem, TextField, new_id};
pub(crate) use icon::{Glyph, Icon};
pub(crate) use loaded::loaded;
pub(crate) use menu::{Menu, MenuItem};
pub(crate) use page::{Page, titled};
pub(crate) use pagination::Pagination;
pub(crate) use select::{Choice, SelectField};
pub(crate) use spinner::Spinner;
pub(crate) use switch::Switch;
pub(crate) use table::{SortHead, Table};
pub(crate) use tabs::{Tab, Tabs};
pub(crate) use toast::{Toaster, Toasts};
