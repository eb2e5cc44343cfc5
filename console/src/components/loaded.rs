use leptos::prelude::*;

use super::{Button, Glyph, Problem, Spinner};
use crate::api::Outcome;
use crate::text;

/// Makes the view of loaded data.
type Show<T> = Box<dyn Fn(T) -> AnyView + Send>;

/// Shows loaded data; until it is there a spinner, and after a failure the reason and a button to try again.
pub(crate) fn loaded<T, V>(
    resource: LocalResource<Outcome<T>>,
    show: impl Fn(T) -> V + Send + 'static,
) -> impl IntoView
where
    T: Clone + 'static,
    V: IntoView + 'static,
{
    of_resource(resource, Box::new(move |value| show(value).into_any()))
}

/// Is compiled once for each type of data, unlike [`loaded`].
fn of_resource<T: Clone + 'static>(
    resource: LocalResource<Outcome<T>>,
    show: Show<T>,
) -> impl IntoView {
    let again = Callback::new(move |()| resource.refetch());
    move || shown(resource.get(), again, &show)
}

/// Like [`loaded`], for data that is polled by [`repeat::kept`](crate::repeat::kept): it stays until there is
/// something else.
pub(crate) fn steady<T, V>(
    kept: Memo<Option<Outcome<T>>>,
    again: impl Fn() + Send + Sync + 'static,
    show: impl Fn(T) -> V + Send + 'static,
) -> impl IntoView
where
    T: Clone + PartialEq + Send + Sync + 'static,
    V: IntoView + 'static,
{
    let again = Callback::new(move |()| again());
    of_kept(kept, again, Box::new(move |value| show(value).into_any()))
}

fn of_kept<T: Clone + PartialEq + Send + Sync + 'static>(
    kept: Memo<Option<Outcome<T>>>,
    again: Callback<()>,
    show: Show<T>,
) -> impl IntoView {
    move || shown(kept.get(), again, &show)
}

fn shown<T>(outcome: Option<Outcome<T>>, again: Callback<()>, show: &Show<T>) -> AnyView {
    match outcome {
        None => view! { <Spinner /> }.into_any(),
        Some(Ok(value)) => show(value),
        Some(Err(failure)) => view! {
            <div class="loading-failed">
                <Problem message=Some(failure.message) />
                <Button icon=Glyph::Refresh on:click=move |_| again.run(())>{text::try_again()}</Button>
            </div>
        }
        .into_any(),
    }
}
