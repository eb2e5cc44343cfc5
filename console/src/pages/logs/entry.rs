use leptos::prelude::*;
use plinth_sdk::types::Log;
use serde_json::Value;

use super::{badge, took, who};
use crate::api::load;
use crate::components::{Code, Dialog, EmptyState, Glyph, Icon, loaded};
use crate::moments;
use crate::text::logs as words;

/// One entry, over the list.
#[component]
pub(super) fn EntryPanel(id: String, #[prop(into)] close: Callback<()>) -> impl IntoView {
    let asked = load(move |client| {
        let id = id.clone();
        async move {
            match client.logs().get(&id).await {
                Ok(log) => Ok(Some(log)),
                Err(error) if error.is_not_found() => Ok(None),
                Err(error) => Err(error),
            }
        }
    });
    let show = |log: Option<Log>| match log {
        Some(log) => view! { <Entry log /> }.into_any(),
        None => {
            view! { <EmptyState icon=Glyph::Logs title=words::gone() hint=words::gone_hint() /> }
                .into_any()
        }
    };
    view! {
        <Dialog title=words::entry().to_owned() close side=true>
            <div class="dialog-body">{loaded(asked, show)}</div>
        </Dialog>
    }
}

#[component]
fn Entry(log: Log) -> impl IntoView {
    let of = |name: &str| {
        let value = log.data.get(name).filter(|value| !value.is_null())?;
        let text = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        (!text.is_empty()).then_some(text)
    };
    let fact = |name: &'static str, value: Option<String>| {
        value.map(|value| view! { <div><dt>{name}</dt><dd>{value}</dd></div> })
    };
    let error = of("error").map(|error| {
        view! {
            <section class="stack-small">
                <h3>{words::reason()}</h3>
                <div class="problem"><Icon of=Glyph::Warning /><p>{error}</p></div>
            </section>
        }
    });
    let all = serde_json::to_string_pretty(&Value::Object(log.data.clone())).unwrap_or_default();
    view! {
        <p class="log-line">{log.message.clone()}</p>
        <dl class="fact-row">
            <div><dt>{words::level()}</dt><dd>{badge(log.level)}</dd></div>
            {fact(words::when(), Some(moments::to_the_second(&log.created)))}
            {fact(words::status(), of("status"))}
            {fact(words::took(), took(&log))}
            {fact(words::who(), Some(who(&log)))}
            {fact(words::from(), of("userIP"))}
        </dl>
        {error}
        <section class="stack-small">
            <h3>{words::details()}</h3>
            <Code value=all />
        </section>
    }
}
