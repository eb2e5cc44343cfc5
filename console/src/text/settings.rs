//! Texts of the settings.

catalogue! {
    application = "Application";
    app_name = "Name";
    app_name_help = "Mails call the application by it.";
    app_url = "Address";
    app_url_help = "Links in mails start with it.";
    mails = "Mails";
    mails_hint = "The mail server itself is in the server's configuration.";
    sender_name = "Sender's name";
    sender_address = "Sender's address";
    test = "Send a test mail";
    test_hint = "It is as accounts get it, and by what is saved. Without a mail server it is kept under Mails.";
    test_to = "To";
    test_template = "Which mail";
    test_collection = "To accounts of";
    test_send = "Send";
    test_sent = "The test mail is handed over";
    template_verification = "Verification";
    template_reset = "Password reset";
    template_email_change = "E-mail change";
    template_otp = "One-time password";
    template_alert = "Sign-in from a new place";
    batch = "Batches";
    batch_hint = "Several changes of records in one request: all of them are made, or none.";
    batch_enabled = "Allowed";
    max_requests = "Most changes";
    timeout = "Most seconds";
    max_body = "Most bytes";
    max_body_help = "Empty means 128 MB.";
    logs = "Logs";
    logs_hint = "What the server keeps of requests.";
    max_days = "Days";
    max_days_help = "For how long. 0 keeps nothing.";
    min_level = "From level";
    level_debug = "Debug";
    level_info = "Info";
    level_warning = "Warning";
    level_error = "Error";
    level_other(level: &str) = "Level {level}";
    log_ip = "With addresses";
    log_ip_help = "Which IP address a request came from.";
    log_auth = "With accounts";
    log_auth_help = "The id of who was signed in.";
}
