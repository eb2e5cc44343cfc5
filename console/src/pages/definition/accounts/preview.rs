use leptos::prelude::*;
use plinth_sdk::types::{FieldKind, MetaSettings};

use super::super::draft::Draft;
use super::mails::Template;
use crate::browser;
use crate::components::{Bind, Frame};
use crate::text::accounts as words;

/// The document that the server puts the body of a mail into.
const LAYOUT: &str = include_str!("../../../../../server/src/mail/layout.html");

/// A mail as accounts get it, with example values.
#[component]
pub(super) fn Preview(
    draft: Draft,
    template: Template,
    name: &'static str,
    subject: Bind<String>,
    body: Bind<String>,
    meta: Memo<MetaSettings>,
) -> impl IntoView {
    move || {
        let meta = meta.get();
        let example = |placeholder: &str| example(draft, &template, &meta, placeholder);
        let escaped = |placeholder: &str| Some(escaped(&example(placeholder)?));
        let html = fill(&body.get(), escaped);
        let html = if html.to_ascii_lowercase().contains("<html") {
            html
        } else {
            fill(LAYOUT, |name| (name == "CONTENT").then(|| html.clone()))
        };
        view! {
            <p class="template-preview">{fill(&subject.get(), example)}</p>
            <Frame title=crate::text::mails::preview(name) html />
            <p class="field-help">{words::preview_hint()}</p>
        }
    }
}

/// The placeholders of a mail.
#[component]
pub(super) fn Placeholders(draft: Draft, template: Template) -> impl IntoView {
    let everywhere = ["APP_NAME", "APP_URL"];
    let own = template.own.iter().chain(&everywhere).map(|name| {
        view! { <code class="chip">{format!("{{{name}}}")}</code> }
    });
    let fields = move || {
        let fields = draft.typed_fields().into_iter();
        fields
            .filter(|(name, kind)| !matches!(kind, FieldKind::Password(_)) && name != "tokenKey")
            .map(|(name, _)| view! { <code class="chip">{format!("{{RECORD:{name}}}")}</code> })
            .collect_view()
    };
    view! {
        <div class="stack-small">
            <p class="field-help">{words::placeholders()}</p>
            <p class="chips">{own.collect_view()}{fields}</p>
        </div>
    }
}

/// Returns an example of what is filled in for a placeholder.
fn example(
    draft: Draft,
    template: &Template,
    meta: &MetaSettings,
    placeholder: &str,
) -> Option<String> {
    let or = |text: &str, otherwise: String| {
        if text.is_empty() {
            otherwise
        } else {
            text.to_owned()
        }
    };
    if let Some(field) = placeholder.strip_prefix("RECORD:") {
        let (_, kind) = draft
            .typed_fields()
            .into_iter()
            .find(|(name, _)| name == field)?;
        let is_email = matches!(kind, FieldKind::Email(_));
        let example = if is_email { "ann@example.com" } else { field };
        return Some(example.to_owned());
    }
    match placeholder {
        "APP_NAME" => Some(or(&meta.app_name, words::example_app().to_owned())),
        "APP_URL" => Some(or(&meta.app_url, browser::origin())),
        own if !template.own.contains(&own) => None,
        "OTP" => {
            let length = draft.at("otp.length").get().as_u64().unwrap_or_default();
            let digits = (1..=9)
                .cycle()
                .take(usize::try_from(length.min(71)).unwrap_or_default());
            Some(digits.map(|digit| digit.to_string()).collect())
        }
        "ALERT_INFO" => Some(words::example_alert().to_owned()),
        other => Some(other.to_owned()),
    }
}

/// Replaces placeholders by their values; unknown ones stay.
fn fill(template: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let named = after
            .split_once('}')
            .and_then(|(name, tail)| Some((value(name)?, tail)));
        if let Some((value, tail)) = named {
            out.push_str(&value);
            rest = tail;
        } else {
            out.push('{');
            rest = after;
        }
    }
    out.push_str(rest);
    out
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_placeholders_are_filled_in_once() {
        let value = |name: &str| (name == "APP_NAME").then(|| escaped("A & {APP_NAME}"));
        assert_eq!(
            fill("<p>{APP_NAME} {OTHER} {</p>", value),
            "<p>A &amp; {APP_NAME} {OTHER} {</p>"
        );
        assert_eq!(escaped("<a href=\"x\">"), "&lt;a href=&quot;x&quot;&gt;");
    }

    #[test]
    fn the_layout_has_a_place_for_the_body() {
        assert!(LAYOUT.contains("{CONTENT}"));
    }
}
