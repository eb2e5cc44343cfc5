//! What the page says that other services lead back to.

catalogue! {
    success = "You are signed in";
    success_hint = "You can close this window and go back to the application.";
    failure = "You are not signed in";
    failure_hint = "You can close this window and try again in the application.";
}
