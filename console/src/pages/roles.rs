use leptos::prelude::*;

use crate::components::{EmptyState, Glyph, Page};
use crate::text;

#[component]
pub(crate) fn Roles() -> impl IntoView {
    view! {
        <Page title=text::roles().to_owned()>
            <EmptyState icon=Glyph::Roles title=text::coming() />
        </Page>
    }
}
