use leptos::prelude::*;

use crate::components::{EmptyState, Glyph, titled};
use crate::{links, text};

/// There is such a page, and the account may not see it.
#[component]
pub(super) fn NotForYou(
    /// Where the account may go instead.
    #[prop(default = links::HOME)]
    instead: &'static str,
) -> impl IntoView {
    titled(|| text::not_for_you().to_owned());
    view! {
        <div class="page-body">
            <EmptyState icon=Glyph::Lock title=text::not_for_you() hint=text::not_for_you_hint()>
                <a class="button" href=instead>{text::to_what_is()}</a>
            </EmptyState>
        </div>
    }
}
