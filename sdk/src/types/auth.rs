use serde::{Deserialize, Serialize};

/// Credentials for a sign-in with a password.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SignIn {
    /// The e-mail address, or the value of another identity field.
    pub identity: String,
    /// The password in plain text.
    pub password: String,
    /// The identity field to search; all identity fields when empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub identity_field: String,
}

/// Options of an impersonation: a superuser gets a token of another account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Impersonation {
    /// Lifetime of the token in seconds; 0 means the collection's default.
    #[cfg_attr(feature = "openapi", schema(minimum = 0))]
    pub duration: i64,
}

/// A request for an e-mail with a link.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct MailRequest {
    /// The account's e-mail address.
    #[cfg_attr(feature = "openapi", schema(required, format = Email, max_length = 255))]
    pub email: String,
}

/// A new password with the token from a password reset e-mail.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct PasswordReset {
    /// The token from the link in the e-mail.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub token: String,
    /// The new password in plain text.
    #[cfg_attr(feature = "openapi", schema(required, format = Password, write_only, max_length = 255))]
    pub password: String,
    /// The new password again.
    #[cfg_attr(feature = "openapi", schema(required, format = Password, write_only))]
    pub password_confirm: String,
}

/// Proof that an e-mail address belongs to the account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Verification {
    /// The token from the link in the e-mail.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub token: String,
}

/// The answer to a sign-in with the first of two factors.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct SecondFactor {
    /// The id to send as `mfaId` when signing in with another method.
    pub mfa_id: String,
}

/// An account with a token, as returned by a sign-in or a token refresh.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuthResult<R> {
    /// Data of the sign-in method, such as the user of an OAuth2 provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meta: Option<serde_json::Value>,
    /// The account's record.
    pub record: R,
    /// The token to send in the `Authorization` header.
    pub token: String,
}

/// The ways in which accounts of a collection can sign in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AuthMethods {
    /// Sign-in with a password.
    pub password: PasswordMethod,
}

/// Sign-in with a password.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct PasswordMethod {
    /// The fields whose value is accepted as the identity.
    pub identity_fields: Vec<String>,
    /// Whether this method is enabled.
    pub enabled: bool,
}

/// A short-lived token that gives access to protected files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FileToken {
    /// The token to send as the query parameter `token` of a file URL.
    pub token: String,
}

/// A delay after failed attempts to sign in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, rename_all = "camelCase")]
pub struct SignInDelay {
    /// The id of the delay.
    pub id: String,
    /// What is delayed: `pair` (one client that claims one identity), `identity` (one identity, whoever claims it) or
    /// `address` (one address, whoever it claims to be).
    pub kind: String,
    /// What was tried: `password`, `one-time-password`, `second-factor`, `mail` or `link`; empty for addresses.
    pub purpose: String,
    /// The id of the collection; empty for addresses.
    pub collection: String,
    /// The identity that was claimed, in lower case. It need not exist; of second factors it is the account's id.
    pub identity: String,
    /// The client's IPv4 address or IPv6 network, or `device` for those that have signed in before.
    pub client: String,
    /// The number of failures that are not forgotten.
    pub failures: i64,
    /// Time of the last failure.
    pub last_failure: String,
    /// How many seconds after the last failure the next attempt has to wait.
    pub delay: i64,
}
