//! Texts of the pages of mails.

catalogue! {
    none = "No mails yet";
    none_hint = "What the server writes to people is listed here: links to verify an address or to choose a new password, and the mails of jobs.";
    none_like_this = "No mail is like this";
    none_like_this_hint = "Choose another status, or another address.";
    kept_title = "No mail server is set up: mails are kept here and not sent.";
    kept_how = "Mails are sent once Plinth knows a mail server. Start it with these settings, such as:";
    status = "Status";
    all = "All";
    waiting = "waiting";
    sending = "sending";
    sent = "sent";
    failed = "failed";
    kept = "kept";
    to = "To";
    subject = "Subject";
    kind = "About";
    written = "Written";
    sent_at = "Sent";
    attempts = "Attempts";
    next_attempt = "Next attempt";
    account = "Account";
    find = "Find an address";
    verification = "Verification";
    password_reset = "Password reset";
    email_change = "E-mail change";
    job = "A job";
    gone = "There is no such mail";
    gone_hint = "Mails that are done with are removed after some time.";
    server_said = "What the mail server said";
    no_subject = "Without a subject";
    body_for_superusers = "Only superusers can read what it says, since there may be a link in it that signs in.";
    as_html = "As HTML";
    as_text = "As text";
    body_views = "Ways to read it";
    preview(subject: &str) = "The mail: {subject}";
    link = "The link in it";
    link_hint = "It was not sent. Whoever opens the link does what it was to be sent for.";
    to_mails = "All mails";
}
