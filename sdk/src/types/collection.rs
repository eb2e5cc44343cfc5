use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Field;

/// A collection: the definition of a table, and the rules for access to its records.
///
/// A rule is `None` (superusers only), empty (everyone) or a filter expression.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default, remote = "Self")]
pub struct Collection {
    /// The id, which stays the same when the collection is renamed.
    pub id: String,
    /// Rule for listing records; also filters the list.
    pub list_rule: Option<String>,
    /// Rule for viewing a record.
    pub view_rule: Option<String>,
    /// Rule for creating a record.
    pub create_rule: Option<String>,
    /// Rule for updating a record.
    pub update_rule: Option<String>,
    /// Rule for deleting a record.
    pub delete_rule: Option<String>,
    /// The name, as used in routes, filters and the database.
    #[cfg_attr(feature = "openapi", schema(max_length = 255, pattern = r"^\w+$"))]
    pub name: String,
    /// The type of the collection, which cannot change.
    #[serde(rename = "type")]
    pub kind: CollectionType,
    /// The columns of the table.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<super::schema::AnyField>))]
    #[serde(serialize_with = "sorted_keys")]
    pub fields: Vec<Field>,
    /// `CREATE [UNIQUE] INDEX` statements.
    pub indexes: Vec<String>,
    /// Time of creation.
    #[cfg_attr(feature = "openapi", schema(read_only))]
    pub created: String,
    /// Time of the last change of the definition.
    #[cfg_attr(feature = "openapi", schema(read_only))]
    pub updated: String,
    /// Whether the collection is built in.
    #[cfg_attr(feature = "openapi", schema(read_only))]
    pub system: bool,
    /// The `SELECT` statement of a view; other types have none.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub view_query: Option<String>,
    /// Options that only auth collections have.
    #[cfg_attr(feature = "openapi", schema(ignore))]
    #[serde(flatten)]
    pub auth: Option<Box<AuthOptions>>,
}

impl Serialize for Collection {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // The derived one, which `remote` keeps from being the trait's.
        Self::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for Collection {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut collection = Self::deserialize(deserializer)?;
        // All auth options have defaults, so serde finds some in every collection.
        if collection.kind != CollectionType::Auth {
            collection.auth = None;
        }
        if collection.kind != CollectionType::View {
            collection.view_query = None;
        }
        Ok(collection)
    }
}

/// Serializes fields with their keys in alphabetical order.
fn sorted_keys<S: Serializer>(fields: &[Field], serializer: S) -> Result<S::Ok, S::Error> {
    let fields: Result<Vec<_>, _> = fields.iter().map(serde_json::to_value).collect();
    fields
        .map_err(serde::ser::Error::custom)?
        .serialize(serializer)
}

/// The type of a collection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum CollectionType {
    /// Records in a table.
    #[default]
    Base,
    /// Records that are accounts: they can sign in.
    Auth,
    /// Read-only records, selected from other collections by a query.
    View,
}

impl CollectionType {
    /// The name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Base => "base",
            Self::Auth => "auth",
            Self::View => "view",
        }
    }
}

/// Options that only auth collections have.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct AuthOptions {
    /// Condition that an account must satisfy to sign in; `None` disables sign-in.
    pub auth_rule: Option<String>,
    /// Rule for managing other accounts: changing their e-mail address and password.
    pub manage_rule: Option<String>,
    /// E-mail alert about a sign-in from a new location.
    pub auth_alert: AuthAlert,
    /// Sign-in with OAuth2.
    pub oauth2: OAuth2,
    /// Sign-in with a password.
    pub password_auth: PasswordAuth,
    /// Multi-factor authentication.
    pub mfa: Mfa,
    /// Sign-in with a one-time password sent by e-mail.
    pub otp: Otp,
    /// Tokens of signed-in accounts.
    pub auth_token: Token,
    /// Tokens in password reset e-mails.
    pub password_reset_token: Token,
    /// Tokens in e-mails that confirm a new address.
    pub email_change_token: Token,
    /// Tokens in verification e-mails.
    pub verification_token: Token,
    /// Tokens that give access to protected files.
    pub file_token: Token,
    /// The services that accounts may get tokens for, by the audience that these tokens name; none if it is empty.
    /// `PocketBase` does not have this option, so it is left out while it is empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub token_audiences: Vec<String>,
    /// The verification e-mail.
    pub verification_template: EmailTemplate,
    /// The password reset e-mail.
    pub reset_password_template: EmailTemplate,
    /// The e-mail that confirms a new address.
    pub confirm_email_change_template: EmailTemplate,
}

/// Subject and HTML body of an e-mail.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct EmailTemplate {
    /// The subject.
    pub subject: String,
    /// The body, in HTML.
    pub body: String,
}

/// E-mail alert about a sign-in from a new location.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct AuthAlert {
    /// Whether the alert is sent.
    pub enabled: bool,
    /// The e-mail.
    pub email_template: EmailTemplate,
}

/// Sign-in with OAuth2.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct OAuth2 {
    /// The OAuth2 providers.
    pub providers: Vec<OAuth2Provider>,
    /// The record fields that receive the provider's user data.
    pub mapped_fields: OAuth2MappedFields,
    /// Whether this method is enabled.
    pub enabled: bool,
}

/// An OAuth2 provider, as a collection uses it. An empty option has the provider's default.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = OAuth2ProviderOptions))]
#[serde(rename_all = "camelCase", default)]
pub struct OAuth2Provider {
    /// Whether to use PKCE; `None` means the provider's default.
    pub pkce: Option<bool>,
    /// The name of the provider.
    #[serde(deserialize_with = "null_as_default")]
    pub name: String,
    /// The id of the application at the provider.
    #[serde(deserialize_with = "null_as_default")]
    pub client_id: String,
    /// The secret of the application: write-only, never returned. Left out of an update, it stays as it is.
    #[cfg_attr(feature = "openapi", schema(write_only))]
    #[serde(
        deserialize_with = "null_as_default",
        skip_serializing_if = "String::is_empty"
    )]
    pub client_secret: String,
    /// The URL of the page where people sign in.
    #[serde(rename = "authURL", deserialize_with = "null_as_default")]
    pub auth_url: String,
    /// The URL that exchanges a code for a token.
    #[serde(rename = "tokenURL", deserialize_with = "null_as_default")]
    pub token_url: String,
    /// The URL that describes the user.
    #[serde(rename = "userInfoURL", deserialize_with = "null_as_default")]
    pub user_info_url: String,
    /// The name for people.
    #[serde(deserialize_with = "null_as_default")]
    pub display_name: String,
    /// Options that only some providers have: `issuer`, `issuers` and `jwksURL` of OpenID Connect, and Microsoft's
    /// `idTokenEmailClaim`.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub extra: Option<serde_json::Map<String, serde_json::Value>>,
}

/// Deserializes `null` as the default value.
fn null_as_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// The record fields that receive an OAuth2 provider's user data.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct OAuth2MappedFields {
    /// Field for the provider's user id.
    pub id: String,
    /// Field for the person's name.
    pub name: String,
    /// Field for the user name.
    pub username: String,
    /// Field for the avatar.
    #[serde(rename = "avatarURL")]
    pub avatar_url: String,
}

/// Sign-in with a password.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct PasswordAuth {
    /// Whether this method is enabled.
    pub enabled: bool,
    /// The fields whose value is accepted as the identity.
    pub identity_fields: Vec<String>,
}

/// Multi-factor authentication.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Mfa {
    /// Whether a second factor is required.
    pub enabled: bool,
    /// Maximum time between the factors, in seconds.
    pub duration: i64,
    /// Condition for accounts that need a second factor; empty means all accounts.
    pub rule: String,
}

/// Sign-in with a one-time password sent by e-mail.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct Otp {
    /// Whether this method is enabled.
    pub enabled: bool,
    /// Lifetime of a one-time password, in seconds.
    pub duration: i64,
    /// Length of a one-time password, in characters.
    pub length: i64,
    /// The e-mail.
    pub email_template: EmailTemplate,
}

/// Options of the tokens for one purpose.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Token {
    /// Lifetime of a token, in seconds.
    pub duration: i64,
    /// Part of the signing key: write-only, never returned.
    #[cfg_attr(feature = "openapi", schema(write_only))]
    #[serde(skip_serializing_if = "String::is_empty")]
    pub secret: String,
}

/// Collections to create or update in one transaction.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = CollectionsImport))]
#[serde(rename_all = "camelCase", default)]
pub struct Import {
    /// The definitions, matched with existing collections by id, then by name.
    #[cfg_attr(feature = "openapi", schema(required, min_items = 1, value_type = Vec<super::schema::CollectionChanges>))]
    pub collections: Vec<serde_json::Value>,
    /// Whether to delete collections and fields that the import does not mention.
    pub delete_missing: bool,
}

/// A template for each collection type, with its system fields.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Scaffolds {
    /// Template of an auth collection.
    pub auth: Collection,
    /// Template of a base collection.
    pub base: Collection,
    /// Template of a view collection.
    pub view: Collection,
}

/// The query of a view, to be tried out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct ViewQuery {
    /// A single `SELECT` statement of at most 5,000 characters.
    #[cfg_attr(feature = "openapi", schema(required, max_length = 5000))]
    pub query: String,
}

/// The result of trying out the query of a view.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ViewSample {
    /// The fields that a view with this query would have.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<super::schema::AnyField>))]
    #[serde(serialize_with = "sorted_keys")]
    pub fields: Vec<Field>,
    /// The first records, at most 10.
    #[cfg_attr(feature = "openapi", schema(max_items = 10))]
    pub sample: Vec<serde_json::Value>,
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json, to_value};

    use super::*;

    #[test]
    fn only_accounts_have_auth_options() -> serde_json::Result<()> {
        let base: Collection = from_value(json!({ "name": "a", "type": "base" }))?;
        assert_eq!(base.auth, None);
        assert_eq!(to_value(&base)?.get("authRule"), None);

        let sent = json!({ "name": "a", "type": "auth", "authRule": "verified = true" });
        let auth: Collection = from_value(sent)?;
        assert_eq!(to_value(&auth)?["authRule"], "verified = true");
        assert_eq!(from_value::<Collection>(to_value(&auth)?)?, auth);
        Ok(())
    }
}
