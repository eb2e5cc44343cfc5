use leptos::prelude::*;

use crate::components::{EmptyState, Glyph, titled};
use crate::text::returned as text;

/// The page of a window in which somebody signed in with another service for an application, which goes on by itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Returned {
    /// The application has got what it needs.
    Success,
    /// It has not.
    Failure,
}

impl Returned {
    /// How the sign-in went that led here, if one did.
    pub(crate) fn here() -> Option<Self> {
        Self::parse(&window().location().hash().ok()?)
    }

    fn parse(fragment: &str) -> Option<Self> {
        match fragment.strip_prefix("#/auth/oauth2-redirect-")? {
            "success" => Some(Self::Success),
            "failure" => Some(Self::Failure),
            _ => None,
        }
    }
}

/// Says how a sign-in with another service went.
#[component]
pub(crate) fn HowItWent(returned: Returned) -> impl IntoView {
    let (icon, title, hint) = match returned {
        Returned::Success => (Glyph::Check, text::success(), text::success_hint()),
        Returned::Failure => (Glyph::Info, text::failure(), text::failure_hint()),
    };
    titled(move || title.to_owned());
    view! {
        <main class="gate">
            <div class="gate-card">
                <EmptyState icon title hint />
            </div>
        </main>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_say_how_it_went() {
        let parse = Returned::parse;
        assert_eq!(
            parse("#/auth/oauth2-redirect-success"),
            Some(Returned::Success)
        );
        assert_eq!(
            parse("#/auth/oauth2-redirect-failure"),
            Some(Returned::Failure)
        );
        assert_eq!(parse("#/auth/oauth2-redirect-"), None);
        assert_eq!(parse("#/auth/confirm-verification/x"), None);
        assert_eq!(parse(""), None);
    }
}
