use serde::{Deserialize, Serialize};

/// A password sign-in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SignIn {
    /// The e-mail address, or another identity field's value.
    pub identity: String,
    /// The password in the clear.
    pub password: String,
    /// Which identity field to look in; all of them when empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub identity_field: String,
}

/// For how long a superuser wants to act as somebody else.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Impersonation {
    /// Seconds that the token is good for; as long as any other of the collection when 0.
    pub duration: i64,
}

/// A wish for a mail with a link.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MailRequest {
    /// The account's address.
    pub email: String,
}

/// A new password, and the token that allows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PasswordReset {
    /// From the mail.
    pub token: String,
    /// The new password in the clear.
    pub password: String,
    /// The same again.
    pub password_confirm: String,
}

/// The token that shows that an address is its owner's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Verification {
    /// From the mail.
    pub token: String,
}

/// The answer to a sign-in or a refresh.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthResult<R> {
    /// The account.
    pub record: R,
    /// The token to send as `Authorization`.
    pub token: String,
}

/// How an account can sign in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AuthMethods {
    /// Sign-in with a password.
    pub password: PasswordMethod,
}

/// Sign-in with a password.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PasswordMethod {
    /// The fields whose value may be given as the identity.
    pub identity_fields: Vec<String>,
    /// Whether it is allowed.
    pub enabled: bool,
}

/// A token with which protected files are served, for a few minutes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileToken {
    /// To be sent as `?token=` with the file's address.
    pub token: String,
}
