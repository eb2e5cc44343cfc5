//! Plinth's console: a client of the API, in the browser, through `plinth-sdk` alone.
//!
//! Start reading at [`app`], which has every route. A page is a file in [`pages`]; what it is made of is in
//! [`components`]; every word that is shown is in [`text`].

#![expect(
    clippy::needless_pass_by_value,
    reason = "a component owns what it is given"
)]
#![expect(
    unreachable_pub,
    reason = "components are functions that the macro makes public"
)]

mod address;
mod api;
mod app;
mod browser;
mod components;
mod drafts;
mod field_types;
mod format;
mod json;
mod links;
mod moments;
mod pages;
mod repeat;
mod session;
mod text;
mod theme;

fn main() {
    console_error_panic_hook::set_once();
    leptos::mount::mount_to_body(app::App);
}
