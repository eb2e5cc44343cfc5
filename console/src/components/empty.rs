use leptos::prelude::*;

use super::{Glyph, Icon};

/// Nothing is here yet: says why, and what to do next.
#[component]
pub(crate) fn EmptyState(
    icon: Glyph,
    #[prop(into)] title: String,
    #[prop(optional, into)] hint: String,
    #[prop(optional)] children: Option<Children>,
) -> impl IntoView {
    view! {
        <div class="empty">
            <span class="empty-icon"><Icon of=icon /></span>
            <p class="empty-title">{title}</p>
            {(!hint.is_empty()).then(|| view! { <p class="empty-hint">{hint}</p> })}
            {children.map(|children| view! { <div class="empty-actions">{children()}</div> })}
        </div>
    }
}
