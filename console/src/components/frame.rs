use leptos::html;
use leptos::prelude::*;

use crate::links;

/// Around the body of a page, in pixels.
const MARGINS: i32 = 32;
/// How high the frame is, in pixels.
const SHORTEST: i32 = 120;
const TALLEST: i32 = 640;

/// HTML that is not the console's, in a page of the server's that is empty and may have styles of its own, unlike the
/// console. It runs no script and loads nothing.
#[component]
pub(crate) fn Frame(
    /// The title, for screen readers.
    title: String,
    html: String,
) -> impl IntoView {
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
            class="frame" node_ref=element src=links::FRAME title=title
            // Of the same origin, so that the HTML can be put into it; without scripts, so that it can do nothing.
            sandbox="allow-same-origin" on:load=fill
        ></iframe>
    }
}
