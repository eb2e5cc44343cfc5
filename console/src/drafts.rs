//! Bindings of inputs to a draft, which is kept as JSON in its wire format.

use leptos::prelude::*;
use serde_json::Value;

use crate::components::Bind;
use crate::json;

/// Binds the value at `path`.
pub(crate) fn at(whole: RwSignal<Value>, path: impl Into<String>) -> Bind<Value> {
    let path = path.into();
    let same = path.clone();
    Bind::new(
        move || whole.with(|whole| json::at(whole, &path).clone()),
        move |new| whole.update(|whole| json::put(whole, &same, new)),
    )
}

/// Binds the text at `path`.
pub(crate) fn text(whole: RwSignal<Value>, path: impl Into<String>) -> Bind<String> {
    let bind = at(whole, path);
    Bind::new(
        move || json::shown(&bind.get()),
        move |new| bind.set(Value::String(new)),
    )
}

/// Binds the flag at `path`.
pub(crate) fn flag(whole: RwSignal<Value>, path: impl Into<String>) -> Bind<bool> {
    let bind = at(whole, path);
    Bind::new(
        move || bind.get() == true,
        move |new| bind.set(Value::Bool(new)),
    )
}

/// Binds the number at `path`, as it is typed. An empty input stands for `empty`, and the other way round.
pub(crate) fn number(
    whole: RwSignal<Value>,
    path: impl Into<String>,
    empty: Value,
) -> Bind<String> {
    let bind = at(whole, path);
    let nothing = empty.clone();
    Bind::new(
        move || {
            let value = bind.get();
            if value == nothing {
                String::new()
            } else {
                json::shown(&value)
            }
        },
        move |new: String| bind.set(json::number(&new, empty.clone())),
    )
}

/// Binds the list at `path`, one item a line.
pub(crate) fn lines(whole: RwSignal<Value>, path: impl Into<String>) -> Bind<String> {
    let bind = at(whole, path);
    Bind::new(
        move || json::shown(&bind.get()),
        move |new: String| bind.set(json::lines(&new)),
    )
}

/// Binds the list of texts at `path`.
pub(crate) fn list(whole: RwSignal<Value>, path: impl Into<String>) -> Bind<Vec<String>> {
    let bind = at(whole, path);
    Bind::new(
        move || {
            let items = bind.get();
            let items = items.as_array().into_iter().flatten();
            items.map(json::shown).collect()
        },
        move |new: Vec<String>| bind.set(new.into()),
    )
}
