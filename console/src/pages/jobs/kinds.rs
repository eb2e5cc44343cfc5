//! Inputs for the payload of a job, by its kind.

use leptos::prelude::*;

use super::draft::Draft;
use crate::components::{Area, Button, Glyph, IconButton, SelectField, TextField, new_id};
use crate::text::jobs as words;

type Words = fn() -> &'static str;

const METHODS: [&str; 6] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"];
/// Methods that come without a body.
const BARE: [&str; 2] = ["GET", "HEAD"];

/// The kinds, by their name on the wire.
pub(super) const KINDS: [(&str, Words); 3] = [
    ("http", words::kind_http),
    ("mail", words::kind_mail),
    ("maintenance", words::kind_maintenance),
];

/// Calls a URL.
#[component]
pub(super) fn Call(draft: Draft) -> impl IntoView {
    let method = draft.text("method");
    let methods = METHODS
        .map(|method| (method.to_owned(), method.to_owned()))
        .to_vec();
    let has_body = Memo::new(move |_| {
        let method = method.get();
        let is_bare = method.is_empty() || BARE.contains(&&*method.to_ascii_uppercase());
        !is_bare || !draft.text("body").get().is_empty()
    });
    view! {
        <div class="call">
            <SelectField label=words::method().to_owned() value=method choices=Signal::stored(methods) error=draft.inside("method") />
            <TextField
                label=words::url().to_owned() value=draft.text("url") kind="url" code=true required=true
                placeholder="https://example.com/hook".to_owned() help=words::url_help() error=draft.inside("url")
            />
        </div>
        <Headers draft />
        {move || has_body.get().then(|| view! {
            <Area label=words::body().to_owned() value=draft.text("body") code=true rows=5 error=draft.inside("body") />
        })}
    }
}

#[component]
fn Headers(draft: Draft) -> impl IntoView {
    let error = draft.inside("headers");
    let about = new_id();
    let described = about.clone();
    let rows = move || {
        draft
            .headers
            .with(|all| all.iter().map(|header| header.0).collect::<Vec<_>>())
    };
    let remove = move |key: usize| {
        draft
            .headers
            .update(|all| all.retain(|header| header.0 != key));
    };
    view! {
        <fieldset class="stack-small" aria-describedby=described>
            <legend class="field-label">{words::headers()}</legend>
            {move || draft.headers.with(Vec::is_empty).then(|| view! { <p class="field-help">{words::no_headers()}</p> })}
            <For each=rows key=|key| *key let:key>
                <HeaderRow draft key remove />
            </For>
            <p id=about class="field-error" role="status">{move || error.get()}</p>
            <div><Button icon=Glyph::Plus on:click=move |_| draft.add_header()>{words::add_header()}</Button></div>
        </fieldset>
    }
}

#[component]
fn HeaderRow(draft: Draft, key: usize, #[prop(into)] remove: Callback<usize>) -> impl IntoView {
    let input = |is_name: bool, label: &'static str, placeholder: &'static str| {
        let value = draft.header(key, is_name);
        view! {
            <input
                class="input input-code" type="text" autocomplete="off" spellcheck="false" aria-label=label
                placeholder=placeholder
                prop:value=move || value.get() on:input=move |event| value.set(event_target_value(&event))
            />
        }
    };
    view! {
        <div class="header-row">
            {input(true, words::header_name(), "Authorization")}
            {input(false, words::header_value(), "")}
            <IconButton of=Glyph::Trash label=words::remove_header().to_owned() on:click=move |_| remove.run(key) />
        </div>
    }
}

/// Sends a mail.
#[component]
pub(super) fn Letter(draft: Draft) -> impl IntoView {
    view! {
        <div class="grid">
            <TextField
                label=words::to().to_owned() value=draft.text("to") required=true placeholder="ann@example.com".to_owned()
                error=draft.inside("to")
            />
            <TextField
                label=words::subject().to_owned() value=draft.text("subject") required=true error=draft.inside("subject")
            />
        </div>
        <Area
            label=words::text().to_owned() value=draft.text("text") rows=5 help=words::text_help()
            error=draft.inside("text")
        />
        <Area
            label=words::html().to_owned() value=draft.text("html") code=true rows=5 help=words::html_help()
            error=draft.inside("html")
        />
    }
}

/// Tidies the database.
#[component]
pub(super) fn Tasks(draft: Draft) -> impl IntoView {
    let tasks = [
        ("expired", words::task_expired()),
        ("logs", words::task_logs()),
        ("optimize", words::task_optimize()),
    ];
    let error = draft.inside("tasks");
    let one = |(name, shown): (&'static str, &'static str)| {
        let is_on = draft.task(name);
        view! {
            <label class="choice">
                <input
                    class="check" type="checkbox" prop:checked=move || is_on.get()
                    on:change=move |event| is_on.set(event_target_checked(&event))
                />
                <span>{shown}</span>
            </label>
        }
    };
    view! {
        <fieldset class="choices">
            <legend class="field-label">{words::tasks()}</legend>
            {tasks.map(one).collect_view()}
        </fieldset>
        {move || error.get().map(|error| view! { <p class="field-error" role="alert">{error}</p> })}
    }
}
