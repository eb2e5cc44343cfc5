//! Texts of the sign-in settings of a collection.

// Ways in.
catalogue! {
    ways = "Ways to sign in";
    ways_hint = "Each can be on or off. Clients ask which ones are on.";
    password = "Password";
    password_help = "People sign in with a name or an address, and a password.";
    identity_fields = "Accounts are found by";
    identity_fields_help = "Each of these fields needs a unique index of its own.";
    codes = "One-time password";
    codes_help = "People get a code by mail and sign in with it.";
    code_duration = "A code is good for";
    code_length = "Digits";
    code_length_help = "More digits are harder to guess. At least 4.";
    services = "Other services (OAuth2)";
    services_help = "People sign in with an account that they have elsewhere: Google, GitHub, a company's own server.";
}

// Other services.
catalogue! {
    redirect_url = "Redirect URL";
    redirect_hint = "Register this URL at each service: it is where the service sends people back to.";
    redirect_own = "This is for clients with a popup, such as PocketBase's authWithOAuth2. An app that handles the redirect itself registers its own URL.";
    step_app = "Your app";
    step_app_does = "opens the service in a popup";
    step_service = "The service";
    step_service_does = "asks the person to sign in";
    step_here = "The redirect URL";
    step_here_does = "gets a code from the service";
    step_back = "Your app";
    step_back_does = "gets the code, and signs in with it";
    providers = "Services";
    no_providers = "None yet. Choose one below.";
    oidc(number: &str) = "OpenID Connect {number}";
    add_provider_of = "Add a service";
    add_provider = "Add";
    options_of(service: &str) = "Options of {service}";
    client_id = "Client ID";
    client_secret = "Client secret";
    secret_help = "It is stored, and never shown again.";
    secret_kept = "Leave it empty to keep the secret that is stored.";
    issuer = "Issuer";
    issuer_help = "The address of the server, such as https://id.example.org. Its URLs and keys are found there.";
    urls = "URLs of the service";
    auth_url = "Sign-in page";
    token_url = "Token URL";
    user_url = "User info URL";
    url_help = "Empty means the service's own.";
    jwks_url = "URL of its keys (JWKS)";
    jwks_url_help = "Empty means that it is found by the issuer.";
    issuers = "Issuers to accept";
    issuers_help = "One on each line. Empty means the issuer above.";
    apple_secret = "Make Apple's client secret";
    apple_hint = "Apple's secret is a token that is good for half a year. It is made of a key from Apple's developer site; the key itself is not kept.";
    apple_team = "Team ID";
    apple_key_id = "Key ID";
    apple_key = "Private key";
    apple_key_help = "The content of the .p8 file.";
    apple_make = "Make the secret";
    apple_made = "The secret is filled in; save to use it";
    claim = "The address comes from";
    claim_help = "Only a verified address can lead to an account that exists.";
    claim_none = "The profile; not verified";
    claim_primary = "The verified primary address";
    claim_any = "Any verified address";
    claim_edov = "The e-mail claim, if its domain is verified";
    claim_email = "The e-mail claim; not verified";
    display_name = "Name for people";
    display_name_help = "Empty means the service's own.";
    pkce = "PKCE";
    pkce_help = "It keeps stolen codes from being used. Turn it off only for a service that refuses it.";
    pkce_default = "As the service supports it";
    pkce_on = "On";
    pkce_off = "Off";
    mapped = "Fields of new accounts";
    mapped_hint = "What the service says about a person can be stored when the account is created.";
    mapped_id = "Id at the service";
    mapped_name = "Name";
    mapped_username = "User name";
    mapped_avatar = "Picture";
    mapped_nowhere = "Not stored";
}

// Protection.
catalogue! {
    protection = "Protection";
    second_factor = "Second factor";
    second_factor_help = "People sign in twice, in two different ways.";
    second_factor_duration = "Time for the second one";
    second_factor_rule = "Only accounts that match";
    second_factor_rule_help = "A filter. Empty means every account.";
    second_factor_everyone = "Every account. Or a filter, such as verified = true";
    too_few_ways = "Turn on two ways to sign in at least: nobody could get in with one.";
    alerts = "Alert about new places";
    alerts_help = "People get a mail when somebody signs in to their account from a device or network that is new.";
}

// Tokens.
catalogue! {
    tokens = "Tokens";
    tokens_hint = "How long each kind of token is good for.";
    auth_token = "Signed in";
    password_reset_token = "Password reset";
    verification_token = "Verification";
    email_change_token = "E-mail change";
    file_token = "Files";
    in_seconds = "In seconds.";
    seconds_are(duration: &str) = "In seconds: that is {duration}.";
}

// Mails.
catalogue! {
    templates = "Mails";
    templates_hint = "What accounts get by mail.";
    verification_template = "Verification";
    reset_template = "Password reset";
    email_change_template = "E-mail change";
    code_template = "One-time password";
    alert_template = "Sign-in from a new place";
    subject = "Subject";
    mail_body = "Body, in HTML";
    placeholders = "These are replaced by their values:";
    preview_hint = "With example values. Scripts do not run here, and nothing is loaded from elsewhere.";
    test_as_saved = "It is sent as it is saved.";
    example_app = "Example";
    example_alert = "2026-01-31 12:00:00Z - 203.0.113.7 Firefox";
}
