use leptos::prelude::*;
use plinth_sdk::types::AppleSecretRequest;

use crate::api::{Failure, act};
use crate::components::{Area, Bind, Button, Dialog, Look, Problem, TextField};
use crate::session::Session;
use crate::text;
use crate::text::accounts as words;

/// The longest life of a secret at Apple, in seconds: half a year.
const LONGEST: i64 = 15_777_000;

/// Makes a client secret for Apple of a private key, which is not kept.
#[component]
pub(super) fn AppleSecret(
    client_id: Bind<String>,
    /// Takes the secret.
    #[prop(into)]
    made: Callback<String>,
    #[prop(into)] close: Callback<()>,
) -> impl IntoView {
    let session = Session::here();
    let [team_id, key_id, private_key] = [(); 3].map(|()| RwSignal::new(String::new()));
    let failure = RwSignal::new(None::<Failure>);
    let busy = RwSignal::new(false);
    let error = move |name: &'static str| {
        Signal::derive(move || failure.with(|failure| failure.as_ref()?.at(name)))
    };
    let summary = Signal::derive(move || {
        let is_shown = |path: &str| ["teamId", "keyId", "privateKey"].contains(&path);
        failure.with(|failure| Some(failure.as_ref()?.summary(is_shown)))
    });
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        busy.set(true);
        let client = session.client();
        let request = AppleSecretRequest {
            client_id: untrack(|| client_id.get()),
            team_id: team_id.get_untracked().trim().to_owned(),
            key_id: key_id.get_untracked().trim().to_owned(),
            private_key: private_key.get_untracked(),
            duration: LONGEST,
        };
        let answer = async move { client.settings().apple_secret(&request).await };
        act(answer, move |outcome| {
            busy.set(false);
            match outcome {
                Ok(answer) => made.run(answer.secret),
                Err(why) => failure.set(Some(why)),
            }
        });
    };
    view! {
        <Dialog title=words::apple_secret().to_owned() close>
            <form class="dialog-form" novalidate on:submit=submit>
                <div class="dialog-body">
                    <Problem message=summary />
                    <p class="muted">{words::apple_hint()}</p>
                    <div class="grid">
                        <TextField
                            label=words::apple_team().to_owned() value=Bind::from(team_id) code=true required=true focus=true
                            error=error("teamId")
                        />
                        <TextField
                            label=words::apple_key_id().to_owned() value=Bind::from(key_id) code=true required=true
                            error=error("keyId")
                        />
                    </div>
                    <Area
                        label=words::apple_key().to_owned() value=Bind::from(private_key) code=true required=true rows=5
                        placeholder="-----BEGIN PRIVATE KEY-----".to_owned() help=words::apple_key_help()
                        error=error("privateKey")
                    />
                </div>
                <footer class="dialog-foot">
                    <Button on:click=move |_| close.run(())>{text::cancel()}</Button>
                    <Button look=Look::Primary submit=true busy>{words::apple_make()}</Button>
                </footer>
            </form>
        </Dialog>
    }
}
