use leptos::prelude::*;
use plinth_sdk::types::Mail;

use crate::components::{Code, Frame, Segments};
use crate::text::mails as words;

/// The text of a mail. Its HTML is not trusted: it is shown in a frame that runs no script and loads nothing.
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
    let mail = StoredValue::new(mail);
    view! {
        {link}
        {(has_html).then(|| view! {
            <Segments
                label=words::body_views() value=as_html choices=vec![(true, words::as_html()), (false, words::as_text())]
            />
        })}
        {move || mail.with_value(|mail| if as_html.get() {
            view! { <Frame title=words::preview(&mail.subject) html=mail.html.clone() /> }.into_any()
        } else {
            view! { <pre class="mail-text" tabindex="0">{mail.text.clone()}</pre> }.into_any()
        })}
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
