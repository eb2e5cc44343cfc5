//! The outbox: what the server writes to people, and what became of it.

mod body;
mod mail;

use std::time::Duration;

use leptos::prelude::*;
use plinth_sdk::types::{Mail, Page as RecordPage, names};
use plinth_sdk::{Filter, filter};

use crate::address::Address;
use crate::api::load;
use crate::components::{
    Badge, Code, EmptyState, Glyph, Icon, Page, Pagination, Table, Tone, steady,
};
use crate::text::mails as words;
use crate::{format, links, moments, repeat, text};
pub(crate) use mail::MailPage;

type Words = fn() -> &'static str;

/// How often the list is asked for anew.
const PAUSE: Duration = Duration::from_secs(5);
const PER_PAGE: u64 = 30;
/// The fields of a mail that the list shows.
const FIELDS: &str = "id,to,subject,kind,status,attempts,error,created,updated";

/// How the server is told of a mail server.
const SETTINGS: &str = "PLINTH_SMTP_URL=smtps://user:password@smtp.example.com\n\
    PLINTH_MAIL_FROM='Example <no-reply@example.com>'";

/// The states of a mail, with their labels and tones.
const STATUSES: [(&str, Words, Tone); 5] = [
    ("waiting", words::waiting, Tone::Plain),
    ("sending", words::sending, Tone::Accent),
    ("sent", words::sent, Tone::Good),
    ("failed", words::failed, Tone::Bad),
    ("kept", words::kept, Tone::Warning),
];

/// The list of mails.
#[component]
#[expect(
    clippy::too_many_lines,
    reason = "what is asked for belongs to how it is shown"
)]
pub(crate) fn Mails() -> impl IntoView {
    let address = Address::here();
    let (status, search, page) = (address.text("status"), address.text("q"), address.page());
    let settled = repeat::settled(Signal::<String>::from(search), Duration::from_millis(250));
    let asked = load(move |client| {
        let mails = client
            .collection::<Mail>(names::MAILS)
            .fields(FIELDS)
            .list()
            .sort("-created,-id");
        let (mails, page) = (
            mails.filter(wanted(&status.get(), &settled.get())),
            page.get(),
        );
        async move { mails.page(page).per_page(PER_PAGE).send().await }
    });
    // Whether mails stay here: one of the last did.
    let kept = load(|client| async move {
        let mails = client
            .collection::<Mail>(names::MAILS)
            .fields("id,status")
            .list()
            .sort("-created,-id");
        Ok(mails
            .per_page(1)
            .skip_total()
            .send()
            .await?
            .items
            .first()
            .is_some_and(|mail| mail.status == "kept"))
    });
    repeat::every(PAUSE, move || {
        asked.refetch();
        kept.refetch();
    });
    let is_kept = repeat::kept(kept);
    let shown = repeat::kept(asked);
    let is_narrowed = move || !status.with(String::is_empty) || !search.with(String::is_empty);
    let pages = Signal::derive(move || match shown.get() {
        Some(Ok(page)) => u64::try_from(page.total_pages).unwrap_or(1),
        _ => 1,
    });
    let total = move || match shown.get() {
        Some(Ok(page)) => page.total_items,
        _ => 0,
    };
    let show = move |page: RecordPage<Mail>| {
        if page.items.is_empty() {
            return if is_narrowed() {
                view! { <EmptyState icon=Glyph::Search title=words::none_like_this() hint=words::none_like_this_hint() /> }.into_any()
            } else {
                view! {
                    <div class="empty-setup">
                        <EmptyState icon=Glyph::Mails title=words::none() hint=words::none_hint() />
                        <Setup />
                    </div>
                }
                .into_any()
            };
        }
        view! {
            <Table label=text::mails()>
                <thead>
                    <tr>
                        <th scope="col">{words::status()}</th>
                        <th scope="col">{words::to()}</th>
                        <th scope="col">{words::subject()}</th>
                        <th scope="col">{words::kind()}</th>
                        <th scope="col">{words::written()}</th>
                        <th scope="col" class="number">{words::attempts()}</th>
                    </tr>
                </thead>
                <tbody>{page.items.into_iter().map(row).collect_view()}</tbody>
            </Table>
        }
        .into_any()
    };
    let statuses = move || {
        let all = std::iter::once(("", words::all as fn() -> &'static str));
        let one = move |(value, name): (&'static str, fn() -> &'static str)| {
            let href = move || address.link([("status", value), ("page", "")]);
            let current = move || status.with(|status| status == value).then_some("true");
            view! { <a class="segment" href=href aria-current=current>{name()}</a> }
        };
        all.chain(STATUSES.map(|(value, name, _)| (value, name)))
            .map(one)
            .collect_view()
    };
    view! {
        <Page title=text::mails().to_owned() wide=true>
            {move || (is_kept.get() == Some(Ok(true))).then(|| view! { <section class="notice"><p>{words::kept_title()}</p><Setup /></section> })}
            <div class="filters">
                <div class="search grow">
                    <Icon of=Glyph::Search />
                    <input
                        class="input" type="search" placeholder=words::find() aria-label=words::find()
                        prop:value=move || search.get()
                        on:input=move |event| address.replace([("q", &*event_target_value(&event)), ("page", "")])
                    />
                </div>
                <nav class="segments" aria-label=words::status()>{statuses}</nav>
            </div>
            {steady(shown, move || asked.refetch(), show)}
            {move || (pages.get() > 1).then(|| view! {
                <footer class="foot">
                    <span class="muted">{move || text::total(&format::count(total()))}</span>
                    <span class="grow"></span>
                    <Pagination pages />
                </footer>
            })}
        </Page>
    }
}

/// How mails are sent at all.
#[component]
fn Setup() -> impl IntoView {
    view! {
        <div class="setup">
            <p class="muted">{words::kept_how()}</p>
            <Code value=SETTINGS />
        </div>
    }
}

fn wanted(status: &str, search: &str) -> Filter {
    let search = search.trim();
    match (status, search) {
        ("", "") => Filter::default(),
        (status, "") => filter!("status = {}", status),
        ("", search) => filter!("to ~ {}", search),
        (status, search) => filter!("status = {} && to ~ {}", status, search),
    }
}

fn row(mail: Mail) -> impl IntoView {
    let subject = if mail.subject.is_empty() {
        words::no_subject().to_owned()
    } else {
        mail.subject
    };
    view! {
        <tr>
            <td>{badge(&mail.status)}</td>
            <td class="cut">{mail.to}</td>
            <td class="cut"><a href=links::mail(&mail.id)>{subject}</a></td>
            <td class="nowrap">{about(&mail.kind)}</td>
            <td class="nowrap muted">{moments::here(&mail.created)}</td>
            <td class="number">{mail.attempts}</td>
        </tr>
    }
}

/// The state of a mail, as a badge.
fn badge(status: &str) -> impl IntoView + use<> {
    let found = STATUSES.iter().find(|(value, ..)| *value == status);
    found.map(|&(_, name, tone)| view! { <Badge tone>{name()}</Badge> })
}

/// Returns the label of a kind of mail.
fn about(kind: &str) -> String {
    match kind {
        "verification" => words::verification().to_owned(),
        "password-reset" => words::password_reset().to_owned(),
        "email-change" => words::email_change().to_owned(),
        "job" => words::job().to_owned(),
        other => other.to_owned(),
    }
}
