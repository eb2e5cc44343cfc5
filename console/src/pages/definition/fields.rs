use leptos::prelude::*;
use plinth_sdk::types::{Field, FieldKind};
use serde_json::{Value, json};

use super::super::Schema;
use super::draft::{self, Draft, FieldDraft};
use crate::components::{
    Area, Badge, Glyph, Icon, IconButton, Menu, MenuItem, SelectField, Switch, TextField, Tone,
};
use crate::field_types::{self, Setting, Widget};
use crate::text;

/// The editor of a collection's name and fields.
#[component]
pub(super) fn Fields(draft: Draft) -> impl IntoView {
    let is_new = draft.id().is_empty();
    let names = move || draft.fields.get();
    view! {
        {(!is_new).then(|| view! {
            <TextField
                label=text::name().to_owned() value=draft.text("name") code=true required=true
                help=if draft.is_system() { text::system_name_help() } else { text::rename_help() }
                disabled=draft.is_system() error=draft.error("name")
            />
        })}
        <section class="stack-small" aria-label=text::fields()>
            <h2>{text::fields()}</h2>
            <ul class="rows">
                <For each=names key=|field| field.key let:field>
                    <FieldRow draft field />
                </For>
            </ul>
            <AddField draft />
        </section>
    }
}

#[component]
fn AddField(draft: Draft) -> impl IntoView {
    let add = move |kind: &FieldKind| {
        let taken = draft.fields.with_untracked(Vec::len);
        let mut field = Field::new(format!("field{taken}"), kind.clone());
        field.name = unused_name(draft, kind.name());
        let added = draft.add(&field);
        // The name is edited first.
        request_animation_frame(move || {
            let name = document().get_element_by_id(&name_id(added));
            if let Some(input) = name.and_then(|input| {
                wasm_bindgen::JsCast::dyn_into::<web_sys::HtmlInputElement>(input).ok()
            }) {
                let _ = input.focus();
                input.select();
            }
        });
    };
    view! {
        <div>
            <Menu label=text::add_field().to_owned() class="button" button=|| view! { <Icon of=Glyph::Plus />{text::add_field()} }>
                {FieldKind::each().into_iter().map(|kind| {
                    let shown = field_types::of(&kind);
                    view! { <MenuItem icon=shown.glyph on:click=move |_| add(&kind)>{(shown.name)()}</MenuItem> }
                }).collect_view()}
            </Menu>
        </div>
    }
}

/// Returns a name that no field has: the type's, with a number if that is taken.
fn unused_name(draft: Draft, kind: &str) -> String {
    let names = untrack(move || draft.field_names());
    let is_free = |name: &String| !names.iter().any(|taken| taken.eq_ignore_ascii_case(name));
    let mut candidates =
        std::iter::once(kind.to_owned()).chain((2..).map(|number| format!("{kind}{number}")));
    candidates.find(is_free).unwrap_or_default()
}

fn name_id(field: FieldDraft) -> String {
    format!("field-{}", field.key)
}

#[component]
fn FieldRow(draft: Draft, field: FieldDraft) -> impl IntoView {
    let value = field.value;
    let kind = value.with_untracked(draft::kind);
    let is_system = value.with_untracked(|value| value["system"] == true);
    let shown = field_types::of(&kind);
    let (type_name, glyph) = ((shown.name)(), shown.glyph);
    let position = Memo::new(move |_| {
        draft
            .fields
            .with(|fields| fields.iter().position(|other| *other == field))
            .unwrap_or(0)
    });
    let last = Memo::new(move |_| draft.fields.with(Vec::len).saturating_sub(1));
    let error = move |key: &'static str| {
        Signal::derive(move || {
            let path = format!("fields.{}.{key}", position.get());
            let at = |failure: &Option<crate::api::Failure>| {
                failure.as_ref().and_then(|failure| failure.at(&path))
            };
            draft.failure.with(at).or_else(|| draft.checked.with(at))
        })
    };
    let name = draft::text(value, "name");
    let name_error = error("name");
    let is_on = move |key: &'static str| value.with(|value| value[key] == true);
    let shift = move |by: isize| {
        draft.fields.update(|fields| {
            let Some(from) = fields.iter().position(|other| *other == field) else {
                return;
            };
            let to = from.saturating_add_signed(by).min(fields.len() - 1);
            fields.swap(from, to);
        });
    };
    let about = format!("{}-about", name_id(field));
    view! {
        <li class="field-row" class:field-wrong=move || name_error.with(Option::is_some)>
            <div class="field-line">
                <span class="field-type" title=type_name><Icon of=glyph /></span>
                <input
                    class="input input-code field-name" id=name_id(field) aria-label=text::field_name()
                    prop:value=move || name.get()
                    on:input=move |event| name.set(event_target_value(&event))
                    disabled=is_system spellcheck="false" autocomplete="off" aria-describedby=about.clone()
                    aria-invalid=move || name_error.with(Option::is_some).then_some("true")
                />
                <span class="field-badges">
                    <span class="muted small field-kind">{type_name}</span>
                    {move || is_on("required").then(|| view! { <Badge tone=Tone::Accent>{text::required()}</Badge> })}
                    {move || is_on("hidden").then(|| view! { <Badge tone=Tone::Warning>{text::hidden()}</Badge> })}
                    {is_system.then(|| view! { <Badge>{text::system()}</Badge> })}
                </span>
                <span class="field-buttons">
                    <IconButton of=Glyph::Up label=text::move_up().to_owned() disabled=Signal::derive(move || position.get() == 0) on:click=move |_| shift(-1) />
                    <IconButton of=Glyph::Down label=text::move_down().to_owned() disabled=Signal::derive(move || position.get() == last.get()) on:click=move |_| shift(1) />
                    <IconButton
                        of=Glyph::Trash label=text::remove_field().to_owned() disabled=is_system
                        on:click=move |_| draft.fields.update(|fields| fields.retain(|other| *other != field))
                    />
                    <button
                        type="button" class="icon-button" aria-label=text::field_options() title=text::field_options()
                        aria-expanded=move || if field.is_open.get() { "true" } else { "false" }
                        on:click=move |_| field.is_open.update(|open| *open = !*open)
                    >
                        {move || view! { <Icon of=if field.is_open.get() { Glyph::Close } else { Glyph::Pencil } /> }}
                    </button>
                </span>
            </div>
            <div id=about class="field-about">
                {move || name_error.get().map(|error| view! { <p class="field-error">{error}</p> })}
            </div>
            {move || {
                let kind = kind.clone();
                // Problems of options are shown even while the options are closed.
                let is_wrong = field_types::of(&kind).options.iter().any(|Setting { key, .. }| {
                    let path = format!("fields.{}.{key}", position.get());
                    draft.failure.with(|failure| failure.as_ref().is_some_and(|failure| failure.at(&path).is_some()))
                });
                (field.is_open.get() || is_wrong).then(move || view! { <Options value kind is_system error /> })
            }}
        </li>
    }
}

#[component]
fn Options<E>(value: RwSignal<Value>, kind: FieldKind, is_system: bool, error: E) -> impl IntoView
where
    E: Fn(&'static str) -> Signal<Option<String>> + Copy + 'static,
{
    let schema = Schema::here();
    let collections = Signal::derive(move || {
        let mut choices = vec![(String::new(), text::choose().to_owned())];
        choices.extend(
            schema
                .all()
                .into_iter()
                .map(|collection| (collection.id, collection.name)),
        );
        choices
    });
    let control = move |setting: &Setting| {
        let key = setting.key;
        let (label, help, error) = ((setting.label)().to_owned(), setting.help(), error(key));
        match setting.widget {
            Widget::Code => view! { <TextField label value=draft::text(value, key) help error code=true /> }.into_any(),
            Widget::Count => view! {
                <TextField label value=draft::number(value, key, json!(0)) help error kind="number" />
            }
            .into_any(),
            Widget::Number => view! {
                <TextField label value=draft::number(value, key, Value::Null) help error kind="number" />
            }
            .into_any(),
            Widget::Lines => view! { <Area label value=draft::lines(value, key) help error rows=3 /> }.into_any(),
            Widget::Collection => view! {
                <SelectField label value=draft::text(value, key) choices=collections help error />
            }
            .into_any(),
            Widget::Flag => view! { <Switch label value=draft::flag(value, key) help error /> }.into_any(),
        }
    };
    let options = field_types::of(&kind).options;
    let is_flag = |setting: &&Setting| setting.widget == Widget::Flag;
    let inputs = options
        .iter()
        .filter(|setting| !is_flag(setting))
        .map(control)
        .collect_view();
    let flags = options.iter().filter(is_flag).map(control).collect_view();
    let has_help = !matches!(kind, FieldKind::Autodate(_));
    view! {
        <div class="field-options">
            <div class="grid">{inputs}</div>
            <div class="grid">
                {flags}
                <Switch
                    label=text::hidden_label().to_owned() value=draft::flag(value, "hidden") help=text::hidden_help()
                    error=error("hidden") disabled=is_system
                />
                <Switch
                    label=text::presentable().to_owned() value=draft::flag(value, "presentable")
                    help=text::presentable_help() error=error("presentable")
                />
            </div>
            {has_help.then(|| view! {
                <TextField label=text::hint().to_owned() value=draft::text(value, "help") help=text::hint_help() error=error("help") />
            })}
        </div>
    }
}
