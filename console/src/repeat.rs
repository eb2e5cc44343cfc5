//! Polling of the server, without flickering.

use std::time::Duration;

use leptos::prelude::*;

use crate::api::Outcome;
use crate::browser;

/// How long nothing is typed before the server is asked about it.
pub(crate) const TYPING: Duration = Duration::from_millis(350);

/// Does something again and again, as long as what asked for it is shown, and somebody can see it.
pub(crate) fn every(pause: Duration, again: impl Fn() + 'static) {
    let again = move || {
        if !browser::is_hidden() {
            again();
        }
    };
    let handle = set_interval_with_handle(again, pause).ok();
    on_cleanup(move || {
        if let Some(handle) = handle {
            handle.clear();
        }
    });
}

/// Keeps the last outcome while a resource is loaded again.
pub(crate) fn kept<T>(resource: LocalResource<Outcome<T>>) -> Memo<Option<Outcome<T>>>
where
    T: Clone + PartialEq + Send + Sync + 'static,
{
    Memo::new(move |last: Option<&Option<Outcome<T>>>| {
        resource.get().or_else(|| last.cloned().flatten())
    })
}

/// The value, once it has not changed for a moment: typing asks once.
pub(crate) fn settled<T>(
    value: impl Get<Value = T> + GetUntracked<Value = T> + Copy + 'static,
    pause: Duration,
) -> Signal<T>
where
    T: Clone + PartialEq + Send + Sync + 'static,
{
    let settled = RwSignal::new(value.get_untracked());
    let waiting = StoredValue::new(None::<TimeoutHandle>);
    let stop = move || {
        if let Some(waiting) = waiting.try_get_value().flatten() {
            waiting.clear();
        }
    };
    Effect::watch(
        move || value.get(),
        move |value, _, _| {
            let value = value.clone();
            stop();
            let settle = move || {
                settled.try_set(value);
            };
            waiting.set_value(set_timeout_with_handle(settle, pause).ok());
        },
        false,
    );
    on_cleanup(stop);
    settled.into()
}
