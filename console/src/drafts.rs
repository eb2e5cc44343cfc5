//! Inputs of drafts that are kept as the JSON that travels.

use leptos::prelude::*;
use serde_json::Value;

use crate::components::Bind;
use crate::json;

/// The value at `path`.
pub(crate) fn at(whole: RwSignal<Value>, path: impl Into<String>) -> Bind<Value> {
    let path = path.into();
    let same = path.clone();
    Bind::new(
        move || whole.with(|whole| json::at(whole, &path).clone()),
        move |new| whole.update(|whole| json::put(whole, &same, new)),
    )
}

/// The text at `path`.
pub(crate) fn text(whole: RwSignal<Value>, path: impl Into<String>) -> Bind<String> {
    let bind = at(whole, path);
    Bind::new(
        move || json::shown(&bind.get()),
        move |new| bind.set(Value::String(new)),
    )
}

/// The flag at `path`.
pub(crate) fn flag(whole: RwSignal<Value>, path: impl Into<String>) -> Bind<bool> {
    let bind = at(whole, path);
    Bind::new(
        move || bind.get() == true,
        move |new| bind.set(Value::Bool(new)),
    )
}

/// The number at `path`, as it is typed; `empty` is what nothing stands for, which is then shown as nothing.
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

/// A list at `path`, a line each.
pub(crate) fn lines(whole: RwSignal<Value>, path: impl Into<String>) -> Bind<String> {
    let bind = at(whole, path);
    Bind::new(
        move || json::shown(&bind.get()),
        move |new: String| bind.set(json::lines(&new)),
    )
}
