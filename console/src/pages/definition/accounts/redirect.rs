use leptos::prelude::*;

use crate::browser;
use crate::components::{Code, Glyph, Icon};
use crate::text::accounts as words;

/// The URL that services return to, and a picture of the way there.
#[component]
pub(super) fn Redirect() -> impl IntoView {
    let url = format!("{}/api/oauth2-redirect", browser::origin());
    let steps = [
        (Glyph::Screen, words::step_app(), words::step_app_does()),
        (
            Glyph::Account,
            words::step_service(),
            words::step_service_does(),
        ),
        (Glyph::Link, words::step_here(), words::step_here_does()),
        (Glyph::Check, words::step_back(), words::step_back_does()),
    ];
    let step = |(icon, title, does): (Glyph, &'static str, &'static str)| {
        view! {
            <li class="flow-step" class:flow-here=icon == Glyph::Link>
                <span class="flow-icon"><Icon of=icon /></span>
                <strong>{title}</strong>
                <span class="muted">{does}</span>
            </li>
        }
    };
    view! {
        <div class="stack-small">
            <h3>{words::redirect_url()}</h3>
            <p class="muted">{words::redirect_hint()}</p>
            <Code value=url />
            <ol class="flow">{steps.into_iter().map(step).collect_view()}</ol>
            <p class="field-help">{words::redirect_own()}</p>
        </div>
    }
}
