use leptos::prelude::*;

use super::{Button, Glyph, Problem, Spinner};
use crate::api::Outcome;
use crate::text;

/// What was loaded, once it is there; until then a spinner, and when it failed why and a way to try again.
pub(crate) fn loaded<T, V>(
    resource: LocalResource<Outcome<T>>,
    show: impl Fn(T) -> V + Send + 'static,
) -> impl IntoView
where
    T: Clone + 'static,
    V: IntoView + 'static,
{
    move || {
        match resource.get() {
        None => view! { <Spinner /> }.into_any(),
        Some(Ok(value)) => show(value).into_any(),
        Some(Err(failure)) => view! {
            <div class="loading-failed">
                <Problem message=Some(failure.message) />
                <Button icon=Glyph::Refresh on:click=move |_| resource.refetch()>{text::try_again()}</Button>
            </div>
        }
        .into_any(),
    }
    }
}
