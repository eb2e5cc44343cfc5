//! The input of files: those that are kept, those that were chosen, and a place to drop more on.

use std::sync::Arc;

use js_sys::{Array, Reflect};
use leptos::prelude::*;
use plinth_sdk::Record;
use plinth_sdk::types::FileOptions;
use wasm_bindgen::{JsCast, JsValue};

use super::cell::ids;
use super::draft::Draft;
use super::files::{Kept, Thumb};
use super::limits::Limits;
use crate::browser::Picture;
use crate::components::{Badge, Glyph, Icon, IconButton, Tone, new_id};
use crate::text::files as words;
use crate::{format, text};

/// Chooses files. What they may be is said before anything is sent.
#[component]
pub(super) fn FileField(
    name: String,
    options: FileOptions,
    draft: Draft,
    record: Option<Record>,
) -> impl IntoView {
    let value = draft.value(&name);
    let error = draft.error(&name);
    let limits = Limits::of(&options);
    let refused = RwSignal::new(None::<String>);
    let is_over = RwSignal::new(false);
    let field = StoredValue::new(name.clone());
    let accept = limits.types.join(",");
    let (is_list, hint) = (limits.count > 1, limits.in_words());
    let limits = StoredValue::new(limits);
    let picked = move || draft.picked(&field.get_value());
    // A single file that was chosen takes the place of the one that there is.
    let kept = move || {
        let names = ids(&value.get());
        if is_list || picked().is_empty() {
            names
        } else {
            Vec::new()
        }
    };
    let take = move |files: Vec<web_sys::File>| {
        let there = if is_list {
            untrack(|| kept().len() + picked().len())
        } else {
            0
        };
        let (taken, why) = limits.with_value(|limits| limits.sort(files, there));
        refused.set(why);
        if !taken.is_empty() {
            draft.pick(&field.get_value(), taken, is_list);
        }
    };
    let record_id = StoredValue::new(record.map(|record| record.id).unwrap_or_default());
    let all_options = StoredValue::new(options.clone());
    let remove = move |name: &str| {
        refused.set(None);
        let mut names = untrack(|| ids(&value.get()));
        names.retain(|other| other != name);
        value.set(if is_list { names.into() } else { "".into() });
    };
    let forget = move |key| {
        refused.set(None);
        draft.unpick(key);
    };
    let old = move || {
        let row = |name: String| {
            let shown = name.clone();
            view! {
                <Row name remove=Callback::new({ let name = shown.clone(); move |()| remove(&name) })>
                    <Kept options=all_options.get_value() record=record_id.get_value() name=shown />
                </Row>
            }
        };
        kept().into_iter().map(row).collect_view()
    };
    let new = move |one: Picked| {
        let (key, name) = (one.key, one.file.name());
        view! { <Row name remove=move |()| forget(key)><New one /></Row> }
    };
    let drop = move |event: web_sys::DragEvent| {
        event.prevent_default();
        is_over.set(false);
        take(files_of(&get(&event, "dataTransfer")));
    };
    let about = new_id();
    let replaces = move || !is_list && !picked().is_empty() && !ids(&value.get()).is_empty();
    let problem = move || refused.get().or_else(|| error.get());
    view! {
        <div
            class="field" role="group" aria-label=name.clone()
            class:field-wrong=move || refused.with(Option::is_some) || error.with(Option::is_some)
        >
            <span class="field-label" class:field-required=options.required>{name.clone()}</span>
            <div
                class="drop" class:drop-over=move || is_over.get()
                on:dragover=move |event| { event.prevent_default(); is_over.set(true); }
                on:dragleave=move |_| is_over.set(false)
                on:drop=drop
            >
                <ul class="files">
                    {old}
                    <For each=picked key=|one| one.key let:one>{new(one)}</For>
                </ul>
                <Choose label=name.clone() is_list accept about=about.clone() error take />
            </div>
            <div id=about class="field-about" aria-live="polite">
                {move || problem().map(|problem| view! { <p class="field-error">{problem}</p> })}
                {move || replaces().then(|| view! { <p class="field-help">{words::replaced()}</p> })}
                <p class="field-help drop-limits">{hint}</p>
                {(!options.help.is_empty()).then(|| view! { <p class="field-help">{options.help.clone()}</p> })}
            </div>
        </div>
    }
}

/// The button that chooses.
#[component]
fn Choose(
    label: String,
    is_list: bool,
    /// The types that the browser offers.
    accept: String,
    /// The id of what describes it.
    about: String,
    error: Signal<Option<String>>,
    take: impl Fn(Vec<web_sys::File>) + 'static,
) -> impl IntoView {
    let choose = move |event: web_sys::Event| {
        let input = event_target::<web_sys::HtmlInputElement>(&event);
        take(files_of(&input));
        // The same file can be chosen again.
        input.set_value("");
    };
    let (button, hint) = if is_list {
        (words::choose_several(), words::or_drop_several())
    } else {
        (words::choose_one(), words::or_drop_one())
    };
    view! {
        <div class="row">
            <label class="button">
                <input
                    class="visually-hidden" type="file" multiple=is_list accept=accept
                    aria-label=words::choose_for(&label, button) aria-describedby=about
                    aria-invalid=move || error.with(Option::is_some).then_some("true")
                    on:change=choose
                />
                <Icon of=Glyph::File />
                {button}
            </label>
            <span class="muted drop-hint">{hint}</span>
        </div>
    }
}

/// A file, with what takes it out.
#[component]
fn Row(name: String, #[prop(into)] remove: Callback<()>, children: Children) -> impl IntoView {
    view! {
        <li class="file">
            {children()}
            <span class="grow"></span>
            <IconButton of=Glyph::Close label=text::remove(&name) on:click=move |_| remove.run(()) />
        </li>
    }
}

/// A file that was chosen.
#[component]
fn New(one: Picked) -> impl IntoView {
    view! {
        <Thumb src=Signal::stored(one.preview.map(|picture| picture.url.clone())) />
        <span class="cut">{one.file.name()}</span>
        <span class="muted nowrap">{format::size(one.file.size())}</span>
        <Badge tone=Tone::Accent>{words::new_file()}</Badge>
    }
}

/// A file that was chosen and is not sent yet.
#[derive(Clone, Debug)]
pub(super) struct Picked {
    /// The field that it is for.
    pub(super) field: String,
    /// Which it is, of all that were chosen.
    pub(super) key: usize,
    /// The file.
    pub(super) file: web_sys::File,
    /// The preview, if the file is a picture.
    pub(super) preview: Option<Arc<Picture>>,
}

/// The `files` of an input, or of what was dropped. Asked for by its name, since its type would have most of the
/// bindings compiled anew.
fn files_of(of: &JsValue) -> Vec<web_sys::File> {
    let files = get(of, "files");
    if !files.is_object() {
        return Vec::new();
    }
    let is_file = |file: JsValue| file.dyn_into::<web_sys::File>().ok();
    Array::from(&files).iter().filter_map(is_file).collect()
}

fn get(of: &JsValue, name: &str) -> JsValue {
    Reflect::get(of, &name.into()).unwrap_or(JsValue::UNDEFINED)
}
