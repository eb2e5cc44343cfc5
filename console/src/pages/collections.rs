use leptos::prelude::*;

use crate::components::{EmptyState, Glyph, Page};
use crate::text;

#[component]
pub(crate) fn Collections() -> impl IntoView {
    view! {
        <Page title=text::collections().to_owned()>
            <EmptyState icon=Glyph::Collections title=text::coming() />
        </Page>
    }
}
