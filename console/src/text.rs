//! Every word that the console shows, in one place, so that languages can be added.

macro_rules! catalogue {
    ($($name:ident $(($($given:ident: $of:ty),+))? = $text:literal;)*) => {
        $(catalogue!(@one $name $(($($given: $of),+))? $text);)*
    };
    (@one $name:ident $text:literal) => {
        #[doc = $text]
        pub(crate) fn $name() -> &'static str {
            $text
        }
    };
    (@one $name:ident ($($given:ident: $of:ty),+) $text:literal) => {
        #[doc = $text]
        pub(crate) fn $name($($given: $of),+) -> String {
            format!($text)
        }
    };
}

// Everywhere.
catalogue! {
    product = "Plinth";
    page_title(title: &str) = "{title} · Plinth";
    loading = "Loading…";
    try_again = "Try again";
    no_answer = "The server does not answer. Is it running?";
    session_ended = "Your session has ended. Sign in again.";
    cancel = "Cancel";
    close = "Close";
    save = "Save";
    saved = "Saved";
    create = "Create";
    delete = "Delete";
    copy = "Copy";
    copied = "Copied";
    messages = "Messages";
    pages = "Pages";
    page_of(page: u64, pages: u64) = "{page} of {pages}";
    previous_page = "Previous page";
    next_page = "Next page";
    type_to_confirm(typed: &str) = "Type {typed} to confirm";
    not_found = "Nothing is here";
    not_found_hint = "The address may be wrong, or what was here is gone.";
    to_overview = "Go to the overview";
    yes = "yes";
    no = "no";
    email = "E-mail address";
    password = "Password";
}

// The shell.
catalogue! {
    skip = "Skip to the content";
    areas = "Areas";
    open_menu = "Open the menu";
    overview = "Overview";
    collections = "Collections";
    roles = "Roles";
    jobs = "Jobs";
    mails = "Mails";
    account(name: &str) = "Account: {name}";
    theme = "Theme";
    theme_system = "As the system";
    theme_light = "Light";
    theme_dark = "Dark";
    sign_out = "Sign out";
    find_collection = "Find a collection";
    nothing_allowed = "There is nothing here for you";
    nothing_allowed_hint = "Your account has no area of the console. A superuser can give it a role that has some.";
    coming = "This page is not built yet";
}

// First run and sign-in.
catalogue! {
    setup = "First run";
    setup_title = "Create the first superuser";
    setup_hint = "Superusers may do everything. You can add more later.";
    setup_password_help = "At least 8 characters.";
    setup_action = "Create and sign in";
    setup_done_title = "Plinth is already set up";
    setup_done_hint = "There is a superuser. The link worked once.";
    setup_token_missing = "The one-time token is missing. Open the link that the server printed when it started.";
    password_again = "The password again";
    passwords_differ = "The two passwords differ.";
    sign_in = "Sign in";
    sign_in_title = "Sign in to Plinth";
    sign_in_as = "As";
    superuser = "Superuser";
    account_of(collection: &str) = "Account of {collection}";
    other_accounts = "Account of another collection";
    sign_in_collection = "Collection";
    sign_in_collection_help = "The collection that your account is in.";
    identity = "E-mail address or user name";
}
