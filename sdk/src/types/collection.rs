use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Field;

/// A collection: the definition of a table and of who may do what with its records.
///
/// A rule is `None` (superusers only), empty (everyone) or a filter expression.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, remote = "Self")]
pub struct Collection {
    /// Stable: it survives a renaming of the collection.
    pub id: String,
    /// Who may list records; also the filter of the list.
    pub list_rule: Option<String>,
    /// Who may view a record.
    pub view_rule: Option<String>,
    /// Who may create a record.
    pub create_rule: Option<String>,
    /// Who may update a record.
    pub update_rule: Option<String>,
    /// Who may delete a record.
    pub delete_rule: Option<String>,
    /// The name in routes, filters and the database.
    pub name: String,
    /// What kind of collection it is; it cannot change.
    #[serde(rename = "type")]
    pub kind: CollectionType,
    /// The columns of the table.
    #[serde(serialize_with = "sorted_keys")]
    pub fields: Vec<Field>,
    /// `CREATE [UNIQUE] INDEX` statements.
    pub indexes: Vec<String>,
    /// When it was created.
    pub created: String,
    /// When its definition last changed.
    pub updated: String,
    /// Whether Plinth itself needs the collection.
    pub system: bool,
    /// The `SELECT` that a view's records come from; only views have one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub view_query: Option<String>,
    /// What only auth collections have.
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

/// Fields travel with their keys in alphabetical order.
fn sorted_keys<S: Serializer>(fields: &[Field], serializer: S) -> Result<S::Ok, S::Error> {
    let fields: Result<Vec<_>, _> = fields.iter().map(serde_json::to_value).collect();
    fields
        .map_err(serde::ser::Error::custom)?
        .serialize(serializer)
}

/// What kind of collection it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum CollectionType {
    /// Records.
    #[default]
    Base,
    /// Records that are accounts: they have a password and can sign in.
    Auth,
    /// Records that a query finds in other collections; they can only be read.
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

/// What only auth collections have.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AuthOptions {
    /// Which accounts may sign in at all; `None` means nobody.
    pub auth_rule: Option<String>,
    /// Who may change another account's e-mail address and password.
    pub manage_rule: Option<String>,
    /// Mail about a sign-in from a new place.
    pub auth_alert: AuthAlert,
    /// Sign-in with another service's account.
    pub oauth2: OAuth2,
    /// Sign-in with a password.
    pub password_auth: PasswordAuth,
    /// Sign-in with two factors.
    pub mfa: Mfa,
    /// Sign-in with a one-time password by mail.
    pub otp: Otp,
    /// Tokens of a signed-in account.
    pub auth_token: Token,
    /// Tokens in password reset mails.
    pub password_reset_token: Token,
    /// Tokens in e-mail change mails.
    pub email_change_token: Token,
    /// Tokens in verification mails.
    pub verification_token: Token,
    /// Tokens that open protected files.
    pub file_token: Token,
    /// The verification mail.
    pub verification_template: EmailTemplate,
    /// The password reset mail.
    pub reset_password_template: EmailTemplate,
    /// The e-mail change mail.
    pub confirm_email_change_template: EmailTemplate,
}

/// Subject and HTML body of a mail.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct EmailTemplate {
    /// The subject.
    pub subject: String,
    /// The body, in HTML.
    pub body: String,
}

/// Mail about a sign-in from a new place.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AuthAlert {
    /// Whether it is sent.
    pub enabled: bool,
    /// The mail.
    pub email_template: EmailTemplate,
}

/// Sign-in with another service's account.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct OAuth2 {
    /// The services.
    pub providers: Vec<serde_json::Value>,
    /// Which fields take what the service says.
    pub mapped_fields: OAuth2MappedFields,
    /// Whether it is allowed.
    pub enabled: bool,
}

/// Which fields take what the other service says about the account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OAuth2MappedFields {
    /// The service's id of the account.
    pub id: String,
    /// The person's name.
    pub name: String,
    /// The user name.
    pub username: String,
    /// The picture.
    #[serde(rename = "avatarURL")]
    pub avatar_url: String,
}

/// Sign-in with a password.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PasswordAuth {
    /// Whether it is allowed.
    pub enabled: bool,
    /// The fields whose value may be given as the identity.
    pub identity_fields: Vec<String>,
}

/// Sign-in with two factors.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Mfa {
    /// Whether it is asked for.
    pub enabled: bool,
    /// Seconds between the factors at most.
    pub duration: i64,
    /// Which accounts are asked; empty means all.
    pub rule: String,
}

/// Sign-in with a one-time password by mail.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Otp {
    /// Whether it is allowed.
    pub enabled: bool,
    /// Seconds that a password is good for.
    pub duration: i64,
    /// Characters of a password.
    pub length: i64,
    /// The mail.
    pub email_template: EmailTemplate,
}

/// How tokens of one purpose are made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Token {
    /// Seconds that a token is good for.
    pub duration: i64,
    /// Part of the signing key. It can be set, and is never shown.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub secret: String,
}

/// Collections to create or update, all together or not at all.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Import {
    /// The collections, matched by id, then by name.
    pub collections: Vec<serde_json::Value>,
    /// Whether collections and fields that are not mentioned are deleted.
    pub delete_missing: bool,
}

/// A new collection of each type, with its system fields.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scaffolds {
    /// Accounts.
    pub auth: Collection,
    /// Records.
    pub base: Collection,
    /// What a query finds.
    pub view: Collection,
}

/// A view's query, to see what would come of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ViewQuery {
    /// One `SELECT`, of at most 5,000 characters.
    pub query: String,
}

/// What would come of a view's query.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ViewSample {
    /// The fields that the view would have.
    #[serde(serialize_with = "sorted_keys")]
    pub fields: Vec<Field>,
    /// Its first records, 10 at most.
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
