//! Data of an account besides its record: sessions, links to other services, places that it has signed in from.

use leptos::prelude::*;
use plinth_sdk::types::names;
use plinth_sdk::{Client, Record, Result, filter};

use crate::api::{act, load};
use crate::components::{
    Badge, Button, Confirm, Glyph, Icon, IconButton, Look, Toaster, Tone, loaded,
};
use crate::session::Session;
use crate::text::account as words;
use crate::{moments, text};

/// The most entries that are shown of each kind.
const MOST: u64 = 100;

/// A kind of record that belongs to an account.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Sessions,
    Links,
    Origins,
}

impl Kind {
    const fn collection(self) -> &'static str {
        match self {
            Self::Sessions => names::AUTH_SESSIONS,
            Self::Links => "_externalAuths",
            Self::Origins => "_authOrigins",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Sessions => words::sessions(),
            Self::Links => words::links(),
            Self::Origins => words::origins(),
        }
    }

    fn none(self) -> &'static str {
        match self {
            Self::Sessions => words::no_sessions(),
            Self::Links => words::no_links(),
            Self::Origins => words::no_origins(),
        }
    }

    fn removed(self) -> &'static str {
        match self {
            Self::Sessions => words::session_ended(),
            Self::Links => words::unlinked(),
            Self::Origins => words::origin_forgotten(),
        }
    }

    /// The action on an entry: its label, the question before it, and what it means.
    fn removal(self, entry: &Record) -> (String, String, &'static str, &'static str) {
        let of = main(self, entry);
        match self {
            Self::Sessions => (
                words::end_session_of(&of),
                words::end_session_title(&of),
                words::end_session_hint(),
                words::end_session(),
            ),
            Self::Links => (
                words::unlink_of(&of),
                words::unlink_title(&of),
                words::unlink_hint(),
                words::unlink(),
            ),
            Self::Origins => (
                words::forget_of(&of),
                words::forget_title().to_owned(),
                words::forget_hint(),
                words::forget(),
            ),
        }
    }
}

/// Data of an account. Superusers alone may read it of others.
#[component]
pub(super) fn AccountParts(collection_id: String, id: String) -> impl IntoView {
    let kinds = [Kind::Sessions, Kind::Links, Kind::Origins];
    let parts = kinds.map(|kind| {
        let (collection_id, id) = (collection_id.clone(), id.clone());
        view! { <Part kind collection_id id /> }
    });
    view! { <div class="account-parts">{parts.collect_view()}</div> }
}

async fn find(
    client: Client,
    kind: Kind,
    collection_id: String,
    id: String,
) -> Result<Vec<Record>> {
    let all = client.collection::<Record>(kind.collection()).list();
    let own = filter!("collectionRef = {} && recordRef = {}", collection_id, id);
    let page = all.filter(own).sort("-updated").per_page(MOST).skip_total();
    Ok(page.send().await?.items)
}

#[component]
fn Part(kind: Kind, collection_id: String, id: String) -> impl IntoView {
    let session = Session::here();
    let toaster = Toaster::here();
    let entries = load(move |client| find(client, kind, collection_id.clone(), id.clone()));
    // Those that are to be removed once that is confirmed.
    let leaving = RwSignal::new(Vec::<Record>::new());
    let busy = RwSignal::new(false);
    let remove = move || {
        let all = session.client().collection::<Record>(kind.collection());
        let ids: Vec<String> = leaving
            .with_untracked(|leaving| leaving.iter().map(|entry| entry.id.clone()).collect());
        busy.set(true);
        let answer = async move {
            for id in ids {
                all.delete(&id).await?;
            }
            Ok(())
        };
        act(answer, move |outcome| {
            busy.set(false);
            leaving.set(Vec::new());
            match outcome {
                Ok(()) => toaster.done(kind.removed()),
                Err(failure) => toaster.failed(failure.summary(|_| false)),
            }
            entries.refetch();
        });
    };
    let show = move |entries: Vec<Record>| {
        if entries.is_empty() {
            return view! { <p class="muted small">{kind.none()}</p> }.into_any();
        }
        let can_end_all = kind == Kind::Sessions && entries.len() > 1;
        let all = entries.clone();
        let rows = entries
            .into_iter()
            .map(|entry| view! { <Entry kind entry leaving /> });
        view! {
            <ul class="rows">{rows.collect_view()}</ul>
            {can_end_all.then(|| view! {
                <div><Button look=Look::Quiet icon=Glyph::SignOut on:click=move |_| leaving.set(all.clone())>{words::end_all()}</Button></div>
            })}
        }
        .into_any()
    };
    let confirm = move || {
        let leaving_now = leaving.get();
        let (title, message, action) = match &leaving_now[..] {
            [] => return None,
            [one] => {
                let (_, title, hint, action) = kind.removal(one);
                (title, hint, action)
            }
            all => (
                words::end_all_title(all.len()),
                words::end_session_hint(),
                words::end_all(),
            ),
        };
        Some(view! {
            <Confirm
                title message action busy close=move |()| leaving.set(Vec::new()) confirm=move |()| remove()
            />
        })
    };
    view! {
        <section class="stack-small" aria-label=kind.title()>
            <h3>{kind.title()}</h3>
            {loaded(entries, show)}
        </section>
        {confirm}
    }
}

#[component]
fn Entry(kind: Kind, entry: Record, leaving: RwSignal<Vec<Record>>) -> impl IntoView {
    let (label, ..) = kind.removal(&entry);
    let of = |name: &str| entry[name].as_str().unwrap_or_default().to_owned();
    let moment = |name: &str| moments::distance(&of(name));
    let about = match kind {
        Kind::Sessions => words::session_about(&moments::here(&of("created")), &moment("lastSeen")),
        Kind::Links => words::link_about(&of("providerId"), &moments::here(&of("created"))),
        Kind::Origins => words::origin_about(&moments::here(&of("created")), &moment("updated")),
    };
    let address = of("address");
    let glyph = match kind {
        Kind::Sessions => Glyph::Screen,
        Kind::Links => Glyph::Link,
        Kind::Origins => Glyph::Pin,
    };
    let is_foreign = of("method") == "impersonation";
    let (main, title) = (main(kind, &entry), of("userAgent"));
    view! {
        <li class="account-entry">
            <span class="field-type"><Icon of=glyph /></span>
            <div class="grow">
                <div class="row">
                    <strong class="cut" title=title>{main}</strong>
                    {(!address.is_empty()).then(|| view! { <code class="small">{address}</code> })}
                    {is_foreign.then(|| view! { <Badge tone=Tone::Warning>{words::impersonation()}</Badge> })}
                </div>
                <p class="muted small wrap">{about}</p>
            </div>
            <IconButton of=Glyph::Close label on:click=move |_| leaving.set(vec![entry.clone()]) />
        </li>
    }
}

/// Returns what an entry is called.
fn main(kind: Kind, entry: &Record) -> String {
    let of = |name: &str| entry[name].as_str().unwrap_or_default();
    match kind {
        Kind::Sessions => program(of("userAgent")),
        Kind::Links => of("provider").to_owned(),
        // Of the place, a hash is all that is stored.
        Kind::Origins => words::origin(of("fingerprint").get(..8).unwrap_or_default()),
    }
}

/// Returns what a browser is called, with its system; of other programs the name that they begin with.
fn program(user_agent: &str) -> String {
    // Browsers name those that they want to be taken for as well.
    const BROWSERS: [(&str, &str); 5] = [
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ];
    const SYSTEMS: [(&str, &str); 6] = [
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS", "macOS"),
        ("Linux", "Linux"),
    ];
    let found = |all: &[(&str, &'static str)]| {
        let mut all = all.iter();
        all.find(|(mark, _)| user_agent.contains(mark))
            .map(|(_, name)| *name)
    };
    match (found(&BROWSERS), found(&SYSTEMS)) {
        (Some(browser), Some(system)) => words::browser_on(browser, system),
        (Some(browser), None) => browser.to_owned(),
        (None, _) => match user_agent.split([' ', '/']).next() {
            None | Some("") => text::account::unknown_program().to_owned(),
            Some(name) => name.to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::program;

    #[test]
    fn programs_are_named() {
        for (user_agent, name) in [
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
                "Firefox on Linux",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0",
                "Edge on Windows",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1",
                "Safari on iPhone",
            ),
            ("curl/8.14.1", "curl"),
            ("node", "node"),
            ("", "An unknown program"),
        ] {
            assert_eq!(program(user_agent), name, "{user_agent}");
        }
    }
}
