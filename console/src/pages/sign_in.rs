use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_navigate, use_query_map};

use super::setup::Mark;
use crate::api::load;
use crate::components::{Bind, Button, Look, Problem, SelectField, TextField, titled};
use crate::session::{SUPERUSERS, Session};
use crate::{browser, links, text};

/// Where the collection that was chosen last time is kept.
const KEPT: &str = "plinth.signInAs";
/// The choice for a collection that is typed.
const OTHER: &str = "";

/// Sign-in, as a superuser or as an operator, who is an account of any auth collection.
#[component]
pub(crate) fn SignIn() -> impl IntoView {
    titled(|| text::sign_in().to_owned());
    let session = Session::here();
    let navigate = use_navigate();
    let query = use_query_map();
    let last = browser::kept(KEPT).filter(|last| !last.is_empty());
    let kind = RwSignal::new(last.clone().unwrap_or_else(|| SUPERUSERS.to_owned()));
    let [other, identity, password] = [(); 3].map(|()| RwSignal::new(String::new()));
    let failure = RwSignal::new(None::<String>);
    let busy = RwSignal::new(false);
    // Who comes before the first superuser is there is led to it.
    let needed = load(|client| async move { client.setup_needed().await });
    let to_setup = navigate.clone();
    Effect::new(move || {
        if let Some(Ok(true)) = needed.get() {
            to_setup(links::SETUP, NavigateOptions::default());
        }
    });
    let choices = move || {
        let mut choices = vec![(SUPERUSERS.to_owned(), text::superuser().to_owned())];
        if let Some(last) = last.clone().filter(|last| last != SUPERUSERS) {
            let shown = text::account_of(&last);
            choices.push((last, shown));
        }
        choices.push((OTHER.to_owned(), text::other_accounts().to_owned()));
        choices
    };
    let forgotten = move || {
        let collection = if kind.get() == OTHER {
            other.get()
        } else {
            kind.get()
        };
        let collection = if collection == SUPERUSERS {
            ""
        } else {
            collection.trim()
        };
        links::with(links::FORGOTTEN, [("as", collection)])
    };
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        busy.set(true);
        failure.set(None);
        let collection = match kind.get_untracked() {
            kind if kind == OTHER => other.get_untracked().trim().to_owned(),
            kind => kind,
        };
        let navigate = navigate.clone();
        leptos::task::spawn_local(async move {
            let signed_in = session
                .sign_in(
                    collection.clone(),
                    identity.get_untracked(),
                    password.get_untracked(),
                )
                .await;
            busy.set(false);
            match signed_in {
                Ok(()) => {
                    browser::keep(KEPT, Some(&collection));
                    let back = query.with_untracked(|query| query.get("back"));
                    // Only within the console: a link may not lead elsewhere.
                    let back = back.filter(|back| back.starts_with(links::HOME));
                    navigate(
                        back.as_deref().unwrap_or(links::HOME),
                        NavigateOptions::default(),
                    );
                }
                Err(why) => failure.set(Some(why.summary(|_| false))),
            }
        });
    };
    view! {
        <main class="gate">
            <div class="gate-card">
                <form class="gate-form" on:submit=submit>
                    <Mark />
                    <h1>{text::sign_in_title()}</h1>
                    <Problem message=failure />
                    <TextField
                        label=text::identity().to_owned() value=Bind::from(identity) autocomplete="username"
                        required=true focus=true
                    />
                    <TextField
                        label=text::password().to_owned() value=Bind::from(password) kind="password"
                        autocomplete="current-password" required=true
                    />
                    <SelectField
                        label=text::sign_in_as().to_owned() value=Bind::from(kind) choices=Signal::derive(choices)
                    />
                    {move || (kind.get() == OTHER).then(|| view! {
                        <TextField
                            label=text::sign_in_collection().to_owned() value=Bind::from(other) required=true code=true
                            help=text::sign_in_collection_help()
                        />
                    })}
                    <Button look=Look::Primary submit=true busy>{text::sign_in()}</Button>
                    <a class="gate-link" href=forgotten>{text::forgotten::link()}</a>
                </form>
            </div>
        </main>
    }
}
