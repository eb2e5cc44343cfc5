use leptos::prelude::*;

use crate::components::{EmptyState, Glyph, Page};
use crate::text;

#[component]
pub(crate) fn Overview() -> impl IntoView {
    view! {
        <Page title=text::overview().to_owned()>
            <EmptyState icon=Glyph::Overview title=text::coming() />
        </Page>
    }
}
