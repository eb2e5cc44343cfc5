//! The input of a field, by its type.

use leptos::prelude::*;
use plinth_sdk::Record;
use plinth_sdk::types::{Field, FieldKind};
use serde_json::Value;

use super::May;
use super::cell::ids;
use super::draft::Draft;
use super::editor::EditorField;
use super::point::PointField;
use super::relation::RelationField;
use super::upload::FileField;
use crate::components::{Area, Bind, SelectField, Switch, TextField, new_id};
use crate::text;

/// Texts that may be longer are written in several lines.
const LONG: i64 = 80;

/// The input of a field. `record` is as it was loaded, with what it refers to.
#[component]
pub(super) fn FieldInput(field: Field, draft: Draft, record: Option<Record>) -> impl IntoView {
    let label = field.name.clone();
    let error = draft.error(&field.name);
    let name = &*field.name;
    match field.kind.clone() {
        FieldKind::Text(options) => {
            let (value, help, required) = (draft.text(name), options.help, options.required);
            let placeholder = if options.autogenerate_pattern.is_empty() { String::new() } else { text::generated().to_owned() };
            if options.max > 0 && options.max <= LONG || !options.autogenerate_pattern.is_empty() {
                view! { <TextField label value help error required placeholder /> }.into_any()
            } else {
                view! { <Area label value help error required rows=1 /> }.into_any()
            }
        }
        FieldKind::Number(options) => view! {
            <TextField label value=draft.number(name) help=options.help error required=options.required kind="number" />
        }
        .into_any(),
        FieldKind::Bool(options) => {
            let value = draft.value(name);
            let value = Bind::new(move || value.get() == true, move |on| value.set(Value::Bool(on)));
            view! { <Switch label value help=options.help error /> }.into_any()
        }
        FieldKind::Email(options) => view! {
            <TextField label value=draft.text(name) help=options.help error required=options.required kind="email" />
        }
        .into_any(),
        FieldKind::Url(options) => view! {
            <TextField
                label value=draft.text(name) help=options.help error required=options.required kind="url"
                placeholder="https://".to_owned()
            />
        }
        .into_any(),
        FieldKind::Editor(options) => {
            let shown = record.is_some() && May::here().update.with_untracked(|may| !may);
            view! { <EditorField name=field.name options draft shown /> }.into_any()
        }
        FieldKind::Date(options) => view! {
            <TextField
                label=text::in_utc(&label) value=draft.moment(name) help=options.help error required=options.required
                kind="datetime-local"
            />
        }
        .into_any(),
        FieldKind::Autodate(_) => ().into_any(),
        FieldKind::Select(options) if options.max_select > 1 => {
            view! { <Several label name=field.name values=options.values draft help=options.help required=options.required /> }.into_any()
        }
        FieldKind::Select(options) => {
            let mut choices = vec![(String::new(), text::nothing_chosen().to_owned())];
            choices.extend(options.values.into_iter().map(|value| (value.clone(), value)));
            view! {
                <SelectField label value=draft.text(name) choices help=options.help error required=options.required />
            }
            .into_any()
        }
        FieldKind::Json(options) => view! {
            <Area label value=draft.json(name) help=options.help error required=options.required code=true rows=3 placeholder="null".to_owned() />
        }
        .into_any(),
        FieldKind::GeoPoint(options) => view! { <PointField name=field.name options draft /> }.into_any(),
        FieldKind::File(options) => view! { <FileField name=field.name options draft record /> }.into_any(),
        FieldKind::Relation(options) => view! { <RelationField name=field.name options draft record /> }.into_any(),
        FieldKind::Password(options) => {
            let placeholder = if record.is_some() { text::unchanged().to_owned() } else { String::new() };
            view! {
                <TextField
                    label value=draft.text(name) help=options.help error required=options.required && record.is_none()
                    kind="password" autocomplete="new-password" placeholder
                />
            }
            .into_any()
        }
    }
}

/// Several of a list of values.
#[component]
fn Several(
    label: String,
    name: String,
    values: Vec<String>,
    draft: Draft,
    help: String,
    required: bool,
) -> impl IntoView {
    let value = draft.value(&name);
    let error = draft.error(&name);
    let about = new_id();
    let described = about.clone();
    let choose = move |choice: &str, on: bool| {
        let mut chosen = ids(&value.get());
        chosen.retain(|other| other != choice);
        if on {
            chosen.push(choice.to_owned());
        }
        value.set(chosen.into());
    };
    let boxes = values.into_iter().map(move |choice| {
        let (same, shown) = (choice.clone(), choice.clone());
        view! {
            <label class="choice">
                <input
                    class="check" type="checkbox" prop:checked=move || ids(&value.get()).contains(&same)
                    on:change=move |event| choose(&choice, event_target_checked(&event))
                />
                {shown}
            </label>
        }
    })
    .collect_view();
    view! {
        <fieldset class="choices" aria-describedby=described>
            <legend class="field-label" class:field-required=required>{label}</legend>
            <div class="row choices-row">{boxes}</div>
            <div id=about class="field-about">
                {move || error.get().map(|error| view! { <p class="field-error">{error}</p> })}
                {(!help.is_empty()).then(|| view! { <p class="field-help">{help}</p> })}
            </div>
        </fieldset>
    }
}
