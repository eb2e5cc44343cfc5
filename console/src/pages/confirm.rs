use leptos::prelude::*;
use plinth_sdk::{Client, Record};
use serde::Deserialize;

use super::password::{NewPassword, PasswordAgain};
use super::setup::Mark;
use crate::api::{Failure, act, load};
use crate::components::{
    Bind, Button, EmptyState, Glyph, Look, Problem, TextField, loaded, titled,
};
use crate::session::Session;
use crate::text;

/// The purpose of a link in a mail.
#[derive(Clone, Copy, Debug, PartialEq)]
enum What {
    /// To choose a new password.
    Password,
    /// To show that an address is one's own.
    Verification,
    /// To have another address from now on.
    EmailChange,
}

/// A link in a mail: `/_/#/auth/confirm-verification/<token>`. It is for every account, not just for those who work
/// in the console.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Link {
    what: What,
    token: String,
    collection: String,
    /// The address that the account is to have; empty unless it is to have another.
    new_email: String,
}

/// The claims of the token that the page needs.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Claims {
    collection_id: String,
    new_email: String,
}

impl Link {
    /// The link that led here, if it was one of these.
    pub(crate) fn here() -> Option<Self> {
        Self::parse(&window().location().hash().ok()?, |part| {
            window().atob(part).ok()
        })
    }

    fn parse(fragment: &str, decode: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let (what, token) = fragment.strip_prefix("#/auth/confirm-")?.split_once('/')?;
        let what = match what {
            "password-reset" => What::Password,
            "verification" => What::Verification,
            "email-change" => What::EmailChange,
            _ => return None,
        };
        let claims = token.split('.').nth(1).unwrap_or_default();
        let claims = decode(&claims.replace('-', "+").replace('_', "/"));
        let claims = claims.and_then(|claims| serde_json::from_str::<Claims>(&claims).ok());
        let claims = claims.unwrap_or_default();
        Some(Self {
            what,
            token: token.to_owned(),
            // The server says what is wrong with a token that is none.
            collection: Some(claims.collection_id)
                .filter(|id| !id.is_empty())
                .unwrap_or_else(|| "users".to_owned()),
            new_email: claims.new_email,
        })
    }

    async fn verify(self, client: Client) -> plinth_sdk::Result<()> {
        let accounts = client.collection::<Record>(&self.collection);
        accounts.confirm_verification(self.token).await
    }

    async fn change_email(self, client: Client, password: String) -> plinth_sdk::Result<()> {
        let accounts = client.collection::<Record>(&self.collection);
        accounts.confirm_email_change(self.token, password).await
    }

    async fn reset(self, client: Client, password: String) -> plinth_sdk::Result<()> {
        let accounts = client.collection::<Record>(&self.collection);
        accounts.confirm_password_reset(self.token, password).await
    }
}

/// Where a link in a mail leads.
#[component]
pub(crate) fn Confirm(link: Link) -> impl IntoView {
    let inside = match link.what {
        What::Password => view! { <NewPassword link /> }.into_any(),
        What::Verification => view! { <Verified link /> }.into_any(),
        What::EmailChange => view! { <NewAddress link /> }.into_any(),
    };
    view! {
        <main class="gate">
            <div class="gate-card">{inside}</div>
        </main>
    }
}

#[component]
fn Verified(link: Link) -> impl IntoView {
    titled(|| text::verify_title().to_owned());
    // That the link is no good is an answer, not a failure to load one.
    let outcome = load(move |client| {
        let link = link.clone();
        async move {
            match link.verify(client).await {
                Err(error) if !error.is_invalid() && !error.is_not_found() => Err(error),
                outcome => Ok(outcome.is_ok()),
            }
        }
    });
    loaded(outcome, |is_done| {
        if is_done {
            view! { <EmptyState icon=Glyph::Check title=text::verified() hint=text::verified_hint() /> }
        } else {
            view! { <EmptyState icon=Glyph::Info title=text::link_void() hint=text::link_void_hint() /> }
        }
    })
}

#[component]
fn NewPassword(link: Link) -> impl IntoView {
    titled(|| text::reset_title().to_owned());
    let session = Session::here();
    let password = NewPassword::new();
    let failure = RwSignal::new(None::<Failure>);
    let [busy, done] = [(); 2].map(|()| RwSignal::new(false));
    let at = move |field: &'static str| {
        Signal::derive(move || {
            failure.with(|failure| failure.as_ref().and_then(|failure| failure.at(field)))
        })
    };
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let chosen = match password.agreed() {
            Ok(chosen) => chosen,
            Err(why) => return failure.set(Some(why)),
        };
        busy.set(true);
        failure.set(None);
        let resetting = link.clone().reset(session.client(), chosen);
        act(resetting, move |outcome| {
            busy.set(false);
            match outcome {
                Ok(()) => done.set(true),
                Err(why) => failure.set(Some(why)),
            }
        });
    };
    let summary = move || failure.with(|failure| Some(of_link(failure.as_ref()?)));
    let form = move || {
        view! {
            <form class="gate-form" on:submit=submit.clone()>
                <Mark />
                <h1>{text::reset_title()}</h1>
                <Problem message=Signal::derive(summary) />
                <TextField
                    label=text::new_password().to_owned() value=Bind::from(password.value) kind="password"
                    autocomplete="new-password" required=true focus=true error=at("password")
                />
                <PasswordAgain password />
                <Button look=Look::Primary submit=true busy>{text::reset_action()}</Button>
            </form>
        }
    };
    move || {
        if done.get() {
            view! { <EmptyState icon=Glyph::Check title=text::reset_done() hint=text::reset_done_hint() /> }
                .into_any()
        } else {
            form().into_any()
        }
    }
}

/// The failure of what a link is for, with what no input shows.
fn of_link(failure: &Failure) -> String {
    if failure.at("token").is_some() {
        return format!("{}. {}", text::link_void(), text::link_void_hint());
    }
    failure.summary(|path| path == "password")
}

#[component]
fn NewAddress(link: Link) -> impl IntoView {
    titled(|| text::address_title().to_owned());
    let session = Session::here();
    let password = RwSignal::new(String::new());
    let failure = RwSignal::new(None::<Failure>);
    let [busy, done] = [(); 2].map(|()| RwSignal::new(false));
    let address = StoredValue::new(link.new_email.clone());
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        busy.set(true);
        failure.set(None);
        let changing = link
            .clone()
            .change_email(session.client(), password.get_untracked());
        act(changing, move |outcome| {
            busy.set(false);
            match outcome {
                Ok(()) => done.set(true),
                Err(why) => failure.set(Some(why)),
            }
        });
    };
    let error = Signal::derive(move || failure.with(|failure| failure.as_ref()?.at("password")));
    let summary = move || failure.with(|failure| failure.as_ref().map(of_link));
    let form = move || {
        let hint = address.with_value(|address| {
            if address.is_empty() {
                text::address_hint().to_owned()
            } else {
                text::address_hint_of(address)
            }
        });
        view! {
            <form class="gate-form" novalidate on:submit=submit.clone()>
                <Mark />
                <h1>{text::address_title()}</h1>
                <p class="muted wrap">{hint}</p>
                <Problem message=Signal::derive(summary) />
                <TextField
                    label=text::password().to_owned() value=Bind::from(password) kind="password"
                    autocomplete="current-password" required=true focus=true error
                />
                <Button look=Look::Primary submit=true busy>{text::address_action()}</Button>
            </form>
        }
    };
    move || {
        if done.get() {
            view! { <EmptyState icon=Glyph::Check title=text::address_done() hint=text::address_done_hint() /> }
                .into_any()
        } else {
            form().into_any()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_read() {
        let decode = |part: &str| match part {
            "a+b/" => Some(r#"{"collectionId":"pbc_1"}"#.to_owned()),
            "c" => Some(r#"{"collectionId":"pbc_1","newEmail":"new@example.com"}"#.to_owned()),
            _ => None,
        };
        let link = |what, collection: &str, token: &str| {
            Some(Link {
                what,
                token: token.to_owned(),
                collection: collection.to_owned(),
                new_email: String::new(),
            })
        };
        for (fragment, expected) in [
            (
                "#/auth/confirm-verification/x.a-b_.z",
                link(What::Verification, "pbc_1", "x.a-b_.z"),
            ),
            (
                "#/auth/confirm-password-reset/garbage",
                link(What::Password, "users", "garbage"),
            ),
            (
                "#/auth/confirm-email-change/x.c.z",
                Some(Link {
                    what: What::EmailChange,
                    token: "x.c.z".to_owned(),
                    collection: "pbc_1".to_owned(),
                    new_email: "new@example.com".to_owned(),
                }),
            ),
            ("#/auth/confirm-nothing/x.y.z", None),
            ("#token", None),
            ("", None),
        ] {
            assert_eq!(Link::parse(fragment, decode), expected, "{fragment}");
        }
    }
}
