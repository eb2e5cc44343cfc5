use serde::{Deserialize, Serialize};

/// Whether the server still waits for its first superuser.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setup {
    /// Whether there is no superuser yet.
    pub needed: bool,
}

/// The first superuser, made with the one-time token that the server printed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FirstSuperuser {
    /// The one-time token.
    pub token: String,
    /// The e-mail address.
    pub email: String,
    /// The password in the clear.
    pub password: String,
}
