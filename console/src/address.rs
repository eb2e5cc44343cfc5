//! The state of a page in its address, so that a link, a reload and the way back show the same.

use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_location, use_navigate};
use wasm_bindgen::UnwrapThrowExt;
use web_sys::UrlSearchParams;

type Navigate = Box<dyn Fn(&str, NavigateOptions)>;

/// The address of the page that is open.
#[derive(Clone, Copy)]
pub(crate) struct Address {
    path: Memo<String>,
    query: Memo<String>,
    navigate: StoredValue<Navigate, LocalStorage>,
}

impl Address {
    pub(crate) fn here() -> Self {
        let location = use_location();
        let navigate: Navigate = Box::new(use_navigate());
        Self {
            path: location.pathname,
            // Not the router's own parameters, which it decodes twice: a filter may have a `%41` in it.
            query: location.search,
            navigate: StoredValue::new_local(navigate),
        }
    }

    /// Returns the value of a parameter; empty if it is missing.
    pub(crate) fn text(self, name: &'static str) -> Memo<String> {
        self.text_or(name, "")
    }

    /// Returns the value of a parameter, or `otherwise` if it is missing.
    pub(crate) fn text_or(self, name: &'static str, otherwise: &'static str) -> Memo<String> {
        Memo::new(move |_| {
            let text = self.query.with(|query| parameters(query).get(name));
            text.filter(|text| !text.is_empty())
                .unwrap_or_else(|| otherwise.to_owned())
        })
    }

    /// The number that a parameter is, if it is one.
    pub(crate) fn number_or(self, name: &'static str, otherwise: u64) -> Memo<u64> {
        let text = self.text(name);
        Memo::new(move |_| text.with(|text| text.parse().unwrap_or(otherwise)))
    }

    /// Which page of a list is shown, from 1 on.
    pub(crate) fn page(self) -> Memo<u64> {
        let page = self.number_or("page", 1);
        Memo::new(move |_| page.get().max(1))
    }

    /// Returns the address with other parameters; empty ones are left out.
    pub(crate) fn link<'a>(
        self,
        changes: impl IntoIterator<Item = (&'static str, &'a str)>,
    ) -> String {
        let query = self.query.with(|query| parameters(query));
        for (name, value) in changes {
            if value.is_empty() {
                query.delete(name);
            } else {
                query.set(name, value);
            }
        }
        let (path, query) = (self.path.get(), String::from(query.to_string()));
        if query.is_empty() {
            path
        } else {
            format!("{path}?{query}")
        }
    }

    /// Shows that, and leads back to what was shown.
    pub(crate) fn go<'a>(self, changes: impl IntoIterator<Item = (&'static str, &'a str)>) {
        self.show(changes, false);
    }

    /// Shows that in the place of what was shown, as typing does.
    pub(crate) fn replace<'a>(self, changes: impl IntoIterator<Item = (&'static str, &'a str)>) {
        self.show(changes, true);
    }

    fn show<'a>(self, changes: impl IntoIterator<Item = (&'static str, &'a str)>, replace: bool) {
        let link = untrack(|| self.link(changes));
        let options = NavigateOptions {
            replace,
            scroll: false,
            ..NavigateOptions::default()
        };
        self.navigate
            .with_value(|navigate| navigate(&link, options));
    }
}

fn parameters(query: &str) -> UrlSearchParams {
    UrlSearchParams::new_with_str(query).unwrap_throw()
}
