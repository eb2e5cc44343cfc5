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

/// A request for a token with which another service verifies who the account is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct AudienceTokenRequest {
    /// The service: one of the collection's `tokenAudiences`.
    #[cfg_attr(feature = "openapi", schema(required, max_length = 255))]
    pub audience: String,
    /// Lifetime of the token in seconds; 0 means five minutes.
    #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 3600))]
    pub duration: i64,
}

/// A token for another service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AudienceToken {
    /// The token, a JSON Web Token.
    pub token: String,
}

/// The keys that verify tokens for other services: a JSON Web Key Set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KeySet {
    /// The keys.
    pub keys: Vec<PublicKey>,
}

/// A public key, as a JSON Web Key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PublicKey {
    /// The algorithm: `ES256`.
    pub alg: String,
    /// The curve: `P-256`.
    pub crv: String,
    /// The id, which tokens have in their header.
    pub kid: String,
    /// The type: `EC`.
    pub kty: String,
    /// The use: `sig`.
    #[serde(rename = "use")]
    pub usage: String,
    /// The first coordinate.
    pub x: String,
    /// The second coordinate.
    pub y: String,
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

/// The answer to a request for a one-time password.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct OtpRequested {
    /// The id of the one-time password, also when nobody has the address.
    pub otp_id: String,
}

/// Credentials for a sign-in with a one-time password.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct OtpSignIn {
    /// The id from the answer to the request for it.
    #[cfg_attr(feature = "openapi", schema(required, max_length = 255))]
    pub otp_id: String,
    /// The digits from the e-mail.
    #[cfg_attr(feature = "openapi", schema(required, format = Password, write_only, max_length = 71))]
    pub password: String,
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

/// A request to change the caller's e-mail address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct EmailChangeRequest {
    /// The new address, which gets an e-mail with a link.
    #[cfg_attr(feature = "openapi", schema(required, format = Email, max_length = 255))]
    pub new_email: String,
}

/// Proof that the new e-mail address belongs to the account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct EmailChange {
    /// The token from the link in the e-mail.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub token: String,
    /// The account's password in plain text.
    #[cfg_attr(feature = "openapi", schema(required, format = Password, write_only, max_length = 100))]
    pub password: String,
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

/// A sign-in with a code of an authenticator app, after another factor.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct TotpSignIn {
    /// The id that the sign-in with the first factor has returned.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub mfa_id: String,
    /// The code of the app, or a recovery code.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub code: String,
}

/// A code of an authenticator app.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct TotpCode {
    /// The code: six digits.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub code: String,
}

/// A secret for an authenticator app. It is shown once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct TotpSecret {
    /// The secret in base32, to type into an app.
    pub secret: String,
    /// The secret as a URL, for an app on the same device.
    pub url: String,
    /// The URL as a QR code, in SVG.
    pub qr: String,
}

/// Recovery codes, each for one sign-in without the app. They are shown once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct RecoveryCodes {
    /// The codes.
    pub recovery_codes: Vec<String>,
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
    /// Sign-in with other services.
    pub oauth2: OAuth2Method,
}

/// Sign-in with other services (OAuth2 and OpenID Connect).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OAuth2Method {
    /// The services, each with a sign-in that has been started.
    pub providers: Vec<OAuth2Start>,
    /// Whether this method is enabled.
    pub enabled: bool,
}

/// The start of a sign-in with another service. It is good for ten minutes, and once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct OAuth2Start {
    /// The name of the service, for [`OAuth2SignIn::provider`].
    pub name: String,
    /// The name for people.
    pub display_name: String,
    /// The logo, as SVG.
    pub logo: String,
    /// A random text that the service returns along with the code: compare it.
    pub state: String,
    /// The URL of the page where the person signs in. The URL to return to has to be appended, encoded.
    #[serde(rename = "authURL")]
    pub auth_url: String,
    /// The code verifier, for [`OAuth2SignIn::code_verifier`]; empty without PKCE.
    pub code_verifier: String,
    /// The challenge that `auth_url` has for the verifier.
    pub code_challenge: String,
    /// How the challenge is derived: `S256`.
    pub code_challenge_method: String,
}

/// What a sign-in with another service ends with.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct OAuth2SignIn {
    /// The name of the service.
    #[cfg_attr(
        feature = "openapi",
        schema(required, min_length = 1, max_length = 100)
    )]
    pub provider: String,
    /// The code that the service has returned.
    #[cfg_attr(feature = "openapi", schema(required, min_length = 1))]
    pub code: String,
    /// The code verifier of the start; empty for a service without PKCE.
    pub code_verifier: String,
    /// The URL that the service has returned to, exactly as it was appended to the start's.
    #[serde(rename = "redirectURL", alias = "redirectUrl")]
    pub redirect_url: String,
    /// Fields of the account, should it be a new one.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub create_data: serde_json::Map<String, serde_json::Value>,
}

/// The user of another service, in the `meta` of a sign-in's [`AuthResult`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct OAuth2User {
    /// The token for requests to the service.
    pub access_token: String,
    /// The URL of a picture.
    #[serde(rename = "avatarURL")]
    pub avatar_url: String,
    /// `avatarURL` by the name that older clients use.
    #[serde(rename = "avatarUrl")]
    pub avatar_url_of_old: String,
    /// The e-mail address; empty if the service has none, or says that it is not verified.
    pub email: String,
    /// When the access token expires; empty if it does not say.
    pub expiry: String,
    /// The id at the service.
    pub id: String,
    /// Whether the account was made by this sign-in.
    pub is_new: bool,
    /// The person's name.
    pub name: String,
    /// The user as the service describes it.
    pub raw_user: serde_json::Value,
    /// The token for a new access token; empty if there is none.
    pub refresh_token: String,
    /// The name of the account at the service.
    pub username: String,
}

/// A request for a client secret for Apple.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct AppleSecretRequest {
    /// The identifier of the service at Apple.
    #[cfg_attr(
        feature = "openapi",
        schema(required, min_length = 1, max_length = 255)
    )]
    pub client_id: String,
    /// The id of the developer's team.
    #[cfg_attr(
        feature = "openapi",
        schema(required, min_length = 10, max_length = 10)
    )]
    pub team_id: String,
    /// The id of the private key.
    #[cfg_attr(
        feature = "openapi",
        schema(required, min_length = 10, max_length = 10)
    )]
    pub key_id: String,
    /// The private key, in PEM.
    #[cfg_attr(feature = "openapi", schema(required, write_only))]
    pub private_key: String,
    /// How long the secret is good, in seconds.
    #[cfg_attr(
        feature = "openapi",
        schema(required, minimum = 1, maximum = 15_777_000)
    )]
    pub duration: i64,
}

/// A client secret for Apple.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AppleSecret {
    /// The secret.
    pub secret: String,
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

/// An OAuth2 provider that collections can use.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = OAuth2Provider))]
#[serde(rename_all = "camelCase", default)]
pub struct OAuth2Offer {
    /// The name in definitions.
    pub name: String,
    /// The name for people.
    pub display_name: String,
    /// The logo, as SVG.
    pub logo: String,
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
    /// What was tried: `password`, `one-time-password`, `second-factor`, `new-address`, `mail` or `link`. For addresses it is `mail` for mails
    /// and links together, and empty for everything else.
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
