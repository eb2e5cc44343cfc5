//! Texts of the page that other services redirect to.

catalogue! {
    success = "You are signed in";
    success_hint = "You can close this window and go back to the application.";
    failure = "You are not signed in";
    failure_hint = "You can close this window and try again in the application.";
}
