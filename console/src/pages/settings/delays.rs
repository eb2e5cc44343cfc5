//! The list of delays after failed sign-ins.

use std::time::Duration;

use leptos::prelude::*;
use plinth_sdk::types::SignInDelay;

use super::super::Schema;
use crate::api::{act, load};
use crate::components::{Badge, Button, Glyph, Look, Table, Toaster, Tone, steady};
use crate::session::Session;
use crate::text::delays as words;
use crate::{format, links, moments, repeat};

/// How often the list is loaded again.
const PAUSE: Duration = Duration::from_secs(5);

/// The list of delays, which can be lifted.
#[component]
pub(super) fn Delays() -> impl IntoView {
    let session = Session::here();
    let toaster = Toaster::here();
    let delays = load(|client| async move { client.delays().list().await });
    let kept = repeat::kept(delays);
    repeat::every(PAUSE, move || delays.refetch());
    let lift = Callback::new(move |id: String| {
        let client = session.client();
        act(
            async move { client.delays().lift(&id).await },
            move |outcome| {
                match outcome {
                    Ok(()) => toaster.done(words::lifted()),
                    Err(failure) => toaster.failed(failure.summary(|_| false)),
                }
                delays.refetch();
            },
        );
    });
    let show = move |delays: Vec<SignInDelay>| {
        if delays.is_empty() {
            return view! { <p class="muted">{words::nobody()}</p> }.into_any();
        }
        let rows = delays
            .into_iter()
            .map(move |delay| view! { <Row delay lift /> });
        view! {
            <Table label=words::delays()>
                <thead>
                    <tr>
                        <th scope="col">{words::who()}</th>
                        <th scope="col">{words::wait()}</th>
                        <th scope="col" class="at-width">{words::from()}</th>
                        <th scope="col" class="at-width">{words::what()}</th>
                        <th scope="col" class="number at-width">{words::failures()}</th>
                        <th scope="col" class="at-width">{words::last()}</th>
                        <th scope="col"><span class="visually-hidden">{words::lift()}</span></th>
                    </tr>
                </thead>
                <tbody>{rows.collect_view()}</tbody>
            </Table>
        }
        .into_any()
    };
    view! {
        <section class="form-part form delays">
            <div class="stack-small">
                <h2>{words::delays()}</h2>
                <p class="muted">{words::hint()}</p>
            </div>
            {steady(kept, move || delays.refetch(), show)}
        </section>
    }
}

#[component]
fn Row(delay: SignInDelay, lift: Callback<String>) -> impl IntoView {
    let collection = Schema::here().find(&delay.collection).map(|one| one.name);
    let who = if delay.identity.is_empty() {
        view! { <span class="muted">{words::anybody()}</span> }.into_any()
    } else {
        let of = collection.map(
            |name| view! { <a class="muted" href=links::collection(&name)>{name.clone()}</a> },
        );
        view! { <span class="row"><span class="wrap">{delay.identity.clone()}</span>{of}</span> }
            .into_any()
    };
    let client = match &*delay.client {
        "" => view! { <span class="muted">{words::anywhere()}</span> }.into_any(),
        "device" => words::known_device().into_any(),
        address => view! { <code>{address.to_owned()}</code> }.into_any(),
    };
    let left = moments::left(&delay.last_failure, delay.delay);
    let wait = if left > 0 {
        view! { <Badge tone=Tone::Warning>{format::duration(left)}</Badge> }.into_any()
    } else {
        view! { <span class="muted">{words::after_next()}</span> }.into_any()
    };
    let id = delay.id;
    view! {
        <tr>
            <td>{who}</td>
            <td class="nowrap">{wait}</td>
            <td class="at-width">{client}</td>
            <td class="at-width">{words::purpose(&delay.purpose)}</td>
            <td class="number at-width">{format::count(delay.failures)}</td>
            <td class="muted nowrap at-width">{moments::distance(&delay.last_failure)}</td>
            <td class="cell-end">
                <Button look=Look::Quiet icon=Glyph::Unlock on:click=move |_| lift.run(id.clone())>{words::lift()}</Button>
            </td>
        </tr>
    }
}
