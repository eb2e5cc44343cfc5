use leptos::prelude::*;

use crate::text;

/// Something is on its way.
#[component]
pub(crate) fn Spinner() -> impl IntoView {
    view! {
        <div class="loading" role="status">
            <span class="spinner" aria-hidden="true"></span>
            <span class="visually-hidden">{text::loading()}</span>
        </div>
    }
}
