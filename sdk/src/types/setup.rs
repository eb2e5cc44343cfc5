use serde::{Deserialize, Serialize};

/// The state of the first run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Setup {
    /// Whether the first superuser still has to be created.
    pub needed: bool,
}

/// The first superuser, with the one-time token that the server printed when it started.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct FirstSuperuser {
    /// The one-time token that the server printed.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub token: String,
    /// The e-mail address.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub email: String,
    /// The password in plain text.
    #[cfg_attr(feature = "openapi", schema(required, format = Password, write_only))]
    pub password: String,
}
