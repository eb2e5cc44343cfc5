use leptos::prelude::*;

use crate::components::{EmptyState, Glyph, titled};
use crate::{links, text};

/// There is no such page.
#[component]
pub(crate) fn NotFound() -> impl IntoView {
    titled(|| text::not_found().to_owned());
    view! {
        <div class="page-body">
            <EmptyState icon=Glyph::Search title=text::not_found() hint=text::not_found_hint()>
                <a class="button" href=links::HOME>{text::to_overview()}</a>
            </EmptyState>
        </div>
    }
}
