use leptos::prelude::*;

use crate::components::{EmptyState, Glyph, Page};
use crate::text;

#[component]
pub(crate) fn Jobs() -> impl IntoView {
    view! {
        <Page title=text::jobs().to_owned()>
            <EmptyState icon=Glyph::Jobs title=text::coming() />
        </Page>
    }
}
