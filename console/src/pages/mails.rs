use leptos::prelude::*;

use crate::components::{EmptyState, Glyph, Page};
use crate::text;

#[component]
pub(crate) fn Mails() -> impl IntoView {
    view! {
        <Page title=text::mails().to_owned()>
            <EmptyState icon=Glyph::Mails title=text::coming() />
        </Page>
    }
}
