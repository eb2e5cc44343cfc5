//! Texts of the list of delays.

catalogue! {
    delays = "Delays after failed sign-ins";
    hint = "Whoever fails too often has to wait, longer each time. Lift a delay to let somebody try again at once.";
    nobody = "Nobody has to wait.";
    who = "Account";
    from = "From";
    what = "Tried";
    failures = "Failures";
    last = "Last";
    wait = "Wait";
    lift = "Lift";
    lifted = "The delay is lifted";
    anybody = "any account";
    anywhere = "anywhere";
    known_device = "a known device";
    after_next = "after the next failure";
    anything = "anything";
    tried_password = "Password";
    tried_code = "One-time password";
    tried_second_factor = "Second factor";
    tried_address = "New addresses";
    tried_mail = "Asking for mails";
    tried_link = "Links from mails";
}

/// Returns what was tried, by its name in the API.
pub(crate) fn purpose(name: &str) -> String {
    match name {
        "" => anything(),
        "password" => tried_password(),
        "one-time-password" => tried_code(),
        "second-factor" => tried_second_factor(),
        "new-address" => tried_address(),
        "mail" => tried_mail(),
        "link" => tried_link(),
        other => other,
    }
    .to_owned()
}
