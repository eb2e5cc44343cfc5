use leptos::prelude::*;

use super::CopyButton;

/// Text for a machine, to read and to copy.
#[component]
pub(crate) fn Code(#[prop(into)] value: String) -> impl IntoView {
    view! {
        <div class="code">
            <pre tabindex="0">{value.clone()}</pre>
            <CopyButton value />
        </div>
    }
}
