use leptos::prelude::*;
use serde_json::Value;

use super::draft::Draft;
use crate::components::{Badge, Button, Glyph, Icon, Look, Tone, new_id};
use crate::{json, text};

type Words = fn() -> &'static str;

/// The rules: keys, labels and hints.
const RULES: [(&str, Words, Words); 5] = [
    ("listRule", text::list_rule, text::list_rule_help),
    ("viewRule", text::view_rule, text::view_rule_help),
    ("createRule", text::create_rule, text::create_rule_help),
    ("updateRule", text::update_rule, text::update_rule_help),
    ("deleteRule", text::delete_rule, text::delete_rule_help),
];

/// The rules that only auth collections have.
const OF_ACCOUNTS: [(&str, Words, Words); 2] = [
    ("authRule", text::auth_rule, text::auth_rule_help),
    ("manageRule", text::manage_rule, text::manage_rule_help),
];

/// The editor of rules.
#[component]
pub(super) fn Rules(draft: Draft) -> impl IntoView {
    // A view's records are only read.
    let own = if draft.is_view() {
        &RULES[..2]
    } else {
        &RULES[..]
    };
    let rules = own.iter().chain(if draft.is_auth() {
        &OF_ACCOUNTS[..]
    } else {
        &[]
    });
    view! {
        <p class="muted">{text::rules_hint()}</p>
        {rules.map(|&(key, name, help)| view! { <Rule draft key=key name=name() help=help() /> }).collect_view()}
        <Syntax draft />
    }
}

#[component]
fn Rule(draft: Draft, key: &'static str, name: &'static str, help: &'static str) -> impl IntoView {
    let rule = draft.at(key);
    let is_locked = Memo::new(move |_| rule.get().is_null());
    let filter = Memo::new(move |_| json::shown(&rule.get()));
    let error = Signal::derive(move || {
        let at = |failure: &Option<crate::api::Failure>| {
            failure.as_ref().and_then(|failure| failure.at(key))
        };
        draft.checked.with(at).or_else(|| draft.failure.with(at))
    });
    let (id, about) = (new_id(), new_id());
    let same = id.clone();
    let unlock = move |_| {
        rule.set(Value::String(String::new()));
        let id = same.clone();
        request_animation_frame(move || crate::browser::focus(&format!("#{id}")));
    };
    let state = move || {
        let (tone, word) = if is_locked.get() {
            (Tone::Plain, text::locked_long())
        } else if filter.with(|filter| filter.trim().is_empty()) {
            (
                Tone::Warning,
                if key == "authRule" {
                    text::every_account()
                } else {
                    text::everyone()
                },
            )
        } else {
            (Tone::Accent, text::by_rule())
        };
        view! { <Badge tone>{word}</Badge> }
    };
    view! {
        <section class="rule" aria-label=name>
            <div class="row">
                <h3>{name}</h3>
                {state}
                <span class="grow"></span>
                {move || if is_locked.get() {
                    let unlock = unlock.clone();
                    view! { <Button look=Look::Quiet icon=Glyph::Unlock on:click=unlock>{text::unlock()}</Button> }.into_any()
                } else {
                    view! {
                        <Button look=Look::Quiet icon=Glyph::Lock on:click=move |_| rule.set(Value::Null)>{text::lock()}</Button>
                    }
                    .into_any()
                }}
            </div>
            {
                let (id, about) = (id.clone(), about.clone());
                move || (!is_locked.get()).then(|| view! {
                    <div class:field-wrong=move || error.with(Option::is_some)>
                        <textarea
                            class="input area input-code" id=id.clone() rows="1" spellcheck="false" aria-label=name
                            placeholder=text::everyone_placeholder()
                            prop:value=move || filter.get()
                            on:input=move |event| rule.set(Value::String(event_target_value(&event)))
                            aria-describedby=about.clone()
                            aria-invalid=move || error.with(Option::is_some).then_some("true")
                        ></textarea>
                    </div>
                })
            }
            <div id=about class="field-about" aria-live="polite">
                {move || error.get().map(|error| view! { <p class="field-error">{error}</p> })}
                <p class="field-help">{help}</p>
            </div>
        </section>
    }
}

/// A short reference of the rule language.
#[component]
fn Syntax(draft: Draft) -> impl IntoView {
    let fields = move || {
        draft
            .field_names()
            .into_iter()
            .map(|name| view! { <code class="chip">{name}</code> })
            .collect_view()
    };
    let examples = [
        ("@request.auth.id != \"\"", text::example_signed_in()),
        ("author = @request.auth.id", text::example_own()),
        (
            "published = true || @request.auth.role = \"editor\"",
            text::example_or(),
        ),
        (
            "tags:each ?= \"news\" && created > @todayStart",
            text::example_any(),
        ),
        (
            "@collection.members.user ?= @request.auth.id",
            text::example_collection(),
        ),
    ];
    view! {
        <details class="syntax">
            <summary><Icon of=Glyph::Info />{text::syntax()}</summary>
            <div class="stack-small">
                <p>{text::syntax_fields()}</p>
                <p class="chips">{fields}</p>
                <p>{text::syntax_operators()}" "<code>"= != > >= < <= ~ !~"</code>", "<code>"?= ?!= ?~ …"</code>", "<code>"&& || ( )"</code></p>
                <dl class="examples">
                    {examples.into_iter().map(|(example, meaning)| view! {
                        <dt><code>{example}</code></dt>
                        <dd class="muted">{meaning}</dd>
                    }).collect_view()}
                </dl>
            </div>
        </details>
    }
}
