use leptos::html;
use leptos::prelude::*;
use plinth_sdk::types::Mail;

use crate::components::Code;
use crate::links;
use crate::text::mails as words;

/// Around the body of a page, in pixels.
const MARGINS: i32 = 32;
/// How high the frame of a mail is, in pixels.
const SHORTEST: i32 = 120;
const TALLEST: i32 = 640;

/// What a mail says. Its HTML is not the console's: it is shown in a frame that runs no script and loads nothing.
#[component]
pub(super) fn Body(mail: Mail) -> impl IntoView {
    let has_html = !mail.html.is_empty();
    let as_html = RwSignal::new(has_html);
    let link = (mail.status == "kept")
        .then(|| first_link(&mail.text).map(str::to_owned))
        .flatten();
    let link = link.map(|link| {
        view! {
            <section class="stack-small">
                <h2>{words::link()}</h2>
                <p class="muted">{words::link_hint()}</p>
                <Code value=link />
            </section>
        }
    });
    let tab = move |html: bool, name: &'static str| {
        view! {
            <button
                type="button" class="segment" aria-pressed=move || if as_html.get() == html { "true" } else { "false" }
                on:click=move |_| as_html.set(html)
            >
                {name}
            </button>
        }
    };
    let mail = StoredValue::new(mail);
    view! {
        {link}
        {(has_html).then(|| view! {
            <div class="segments" role="group" aria-label=words::body_views()>
                {tab(true, words::as_html())}
                {tab(false, words::as_text())}
            </div>
        })}
        {move || mail.with_value(|mail| if as_html.get() {
            view! { <Frame subject=mail.subject.clone() html=mail.html.clone() /> }.into_any()
        } else {
            view! { <pre class="mail-text" tabindex="0">{mail.text.clone()}</pre> }.into_any()
        })}
    }
}

/// A page of the server's that is empty and may have styles of its own, unlike the console. The mail is put into it.
#[component]
fn Frame(subject: String, html: String) -> impl IntoView {
    let element = NodeRef::<html::Iframe>::new();
    let fill = move |_| {
        let Some(frame) = element.get_untracked() else {
            return;
        };
        let Some(page) = frame.content_document() else {
            return;
        };
        if let Some(root) = page.document_element() {
            root.set_inner_html(&html);
        }
        // As high as what it says, so that there is one scroll bar, unless it is long.
        let height = page.body().map_or(0, |body| body.offset_height()) + MARGINS;
        let height = height.clamp(SHORTEST, TALLEST);
        let _ = web_sys::HtmlElement::style(&frame).set_property("height", &format!("{height}px"));
    };
    view! {
        <iframe
            class="mail-frame" node_ref=element src=links::FRAME title=words::preview(&subject)
            // Of the same origin, so that the mail can be put into it; without scripts, so that it can do nothing.
            sandbox="allow-same-origin" on:load=fill
        ></iframe>
    }
}

/// The first link of a text.
fn first_link(text: &str) -> Option<&str> {
    let is_end = |c: char| c.is_whitespace() || matches!(c, '(' | ')' | '<' | '>' | '[' | ']');
    text.split(is_end)
        .find(|word| word.starts_with("http://") || word.starts_with("https://"))
}

#[cfg(test)]
mod tests {
    use super::first_link;

    #[test]
    fn the_link_of_a_mail_is_found() {
        assert_eq!(
            first_link(
                "Hello\nChoose a password (http://127.0.0.1:8090/_/#/auth/x/a.b-c_d)\nhttps://other"
            ),
            Some("http://127.0.0.1:8090/_/#/auth/x/a.b-c_d")
        );
        assert_eq!(first_link("nothing here"), None);
    }
}
