//! Texts of the page for a forgotten password.

catalogue! {
    link = "Forgotten password?";
    title = "Choose a new password";
    hint = "You get a mail with a link that lets you.";
    action = "Send the mail";
    done_title = "Look into your mail";
    done(email: &str) = "If there is an account with {email}, a mail is on its way. Its link is good for a while only.";
    to_sign_in = "Back to sign-in";
}
