//! The input of a place on the Earth.

use leptos::prelude::*;
use plinth_sdk::types::GeoPointOptions;
use serde_json::Value;

use super::draft::Draft;
use crate::components::TextField;
use crate::text::values as words;

/// The farthest east and north.
const EAST: i64 = 180;
const NORTH: i64 = 90;

/// Two numbers: how far east, and how far north.
#[component]
pub(super) fn PointField(name: String, options: GeoPointOptions, draft: Draft) -> impl IntoView {
    let value = draft.value(&name);
    let answer = draft.error(&name);
    let outside = move |member: &'static str, most: i64| {
        Signal::derive(move || {
            is_outside(&value.get()[member], most).then(|| words::not_between(-most, most))
        })
    };
    let (east, north) = (outside("lon", EAST), outside("lat", NORTH));
    // What the server says is of both; it is told once.
    let east = Signal::derive(move || {
        east.get()
            .or_else(|| answer.get().filter(|_| north.with(Option::is_none)))
    });
    let is_wrong =
        Signal::derive(move || east.with(Option::is_some) || north.with(Option::is_some));
    view! {
        <div class="field" role="group" aria-label=name.clone() class:field-wrong=move || is_wrong.get()>
            <span class="field-label" class:field-required=options.required>{name.clone()}</span>
            <div class="point">
                <TextField
                    label=words::longitude().to_owned() value=draft.member(&name, "lon") kind="number" error=east
                    help=words::between(-EAST, EAST)
                />
                <TextField
                    label=words::latitude().to_owned() value=draft.member(&name, "lat") kind="number" error=north
                    help=words::between(-NORTH, NORTH)
                />
            </div>
            {(!options.help.is_empty()).then(|| view! { <p class="field-help">{options.help}</p> })}
        </div>
    }
}

/// Whether a number is farther from 0 than the most.
fn is_outside(number: &Value, most: i64) -> bool {
    // Degrees are far below what a float keeps exactly.
    #[expect(clippy::cast_precision_loss)]
    let most = most as f64;
    number.as_f64().is_some_and(|number| number.abs() > most)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_earth_ends_somewhere() {
        assert!(is_outside(&json!(180.1), EAST));
        assert!(is_outside(&json!(-91), NORTH));
        assert!(!is_outside(&json!(-180), EAST));
        assert!(!is_outside(&Value::Null, NORTH));
    }
}
