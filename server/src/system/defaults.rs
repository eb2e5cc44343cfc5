//! Definitions of the collections of a new database, and defaults of new definitions.

use std::sync::LazyLock;

use plinth_sdk::types::{
    AuthAlert, AuthOptions, AutodateOptions, BoolOptions, Collection, CollectionType, EmailOptions,
    EmailTemplate, Field, FieldKind, FileOptions, Mfa, OAuth2, OAuth2MappedFields, Otp,
    PasswordAuth, PasswordOptions, TextOptions, Token,
};

use super::{account_data, builtin};
use crate::random::Random;
use crate::schema::SUPERUSERS;

/// The id of the collection of ordinary accounts, which is the same in every database.
pub const USERS_ID: &str = "_pb_users_auth_";

/// The pattern of record ids.
pub(crate) const ID_PATTERN: &str = "^[a-z0-9]+$";

const OWN_RECORD: &str = "id = @request.auth.id";
const DAY: i64 = 86_400;

/// Returns the collections of a new database.
#[must_use]
pub fn initial(random: &Random) -> Vec<Collection> {
    let [mfas, otps, external_auths, auth_origins] = account_data::all();
    vec![
        mfas,
        otps,
        external_auths,
        auth_origins,
        superusers(random),
        users(random),
    ]
}

/// The built-in definitions of system collections. Their token secrets are not used.
static BUILT_IN: LazyLock<Vec<Collection>> = LazyLock::new(|| {
    let mut all = vec![superusers(&Random::seeded(1))];
    all.extend(account_data::all());
    all.extend(builtin::all());
    all
});

/// Returns the built-in definition of a system collection.
pub(crate) fn built_in(id: &str) -> Option<&'static Collection> {
    BUILT_IN.iter().find(|definition| definition.id == id)
}

/// Locks the rules of a system collection that allow more than the built-in ones. Imports of an earlier version could
/// store such rules, and nobody may use them.
pub(crate) fn close_rules(definition: &mut Collection) {
    let Some(built_in) = built_in(&definition.id) else {
        return;
    };
    let own = rules(built_in).map(|(_, rule)| rule.cloned());
    for ((name, rule), own) in rules_mut(definition).into_iter().zip(own) {
        // No rule allows more than one that is open to everybody.
        let is_wider = rule.is_some() && *rule != own && own.as_deref() != Some("");
        if is_wider {
            tracing::warn!(
                collection = built_in.name,
                rule = name,
                "closed a rule of a system collection"
            );
            *rule = None;
        }
    }
}

/// Returns the rules of a definition, by their names. For a collection without accounts, the last two are locked.
pub fn rules(definition: &Collection) -> [(&'static str, Option<&String>); 7] {
    let auth = definition.auth.as_deref();
    [
        ("listRule", definition.list_rule.as_ref()),
        ("viewRule", definition.view_rule.as_ref()),
        ("createRule", definition.create_rule.as_ref()),
        ("updateRule", definition.update_rule.as_ref()),
        ("deleteRule", definition.delete_rule.as_ref()),
        ("authRule", auth.and_then(|auth| auth.auth_rule.as_ref())),
        (
            "manageRule",
            auth.and_then(|auth| auth.manage_rule.as_ref()),
        ),
    ]
}

/// Whether definitions have a rule with this name.
pub fn is_rule(name: &str) -> bool {
    rules(&Collection::default())
        .iter()
        .any(|(rule, _)| *rule == name)
}

/// Returns mutable references to the rules of a definition, by their names, without those that it does not have.
pub fn rules_mut(definition: &mut Collection) -> Vec<(&'static str, &mut Option<String>)> {
    let mut all = vec![
        ("listRule", &mut definition.list_rule),
        ("viewRule", &mut definition.view_rule),
        ("createRule", &mut definition.create_rule),
        ("updateRule", &mut definition.update_rule),
        ("deleteRule", &mut definition.delete_rule),
    ];
    if let Some(auth) = &mut definition.auth {
        all.push(("authRule", &mut auth.auth_rule));
        all.push(("manageRule", &mut auth.manage_rule));
    }
    all
}

/// Sets the options of a token (`authToken`, …) to those in `known`, or else to a new secret and the default
/// duration. Returns whether there is such a token.
pub fn renew_token(
    definition: &mut Collection,
    name: &str,
    known: Option<&Collection>,
    random: &Random,
) -> bool {
    let Some(auth) = &mut definition.auth else {
        return false;
    };
    let known = known.and_then(|known| known.auth.as_deref().cloned());
    let new = known.unwrap_or_else(|| auth_options(random));
    let (token, new) = match name {
        "authToken" => (&mut auth.auth_token, new.auth_token),
        "passwordResetToken" => (&mut auth.password_reset_token, new.password_reset_token),
        "emailChangeToken" => (&mut auth.email_change_token, new.email_change_token),
        "verificationToken" => (&mut auth.verification_token, new.verification_token),
        "fileToken" => (&mut auth.file_token, new.file_token),
        _ => return false,
    };
    *token = new;
    true
}

/// Makes a definition of this type with system fields only.
#[must_use]
pub fn scaffold(kind: CollectionType, random: &Random) -> Collection {
    if kind == CollectionType::View {
        return Collection {
            kind,
            view_query: Some(String::new()),
            ..Collection::default()
        };
    }
    let mut fields = vec![id_field()];
    let mut indexes = Vec::new();
    let mut auth = None;
    if kind == CollectionType::Auth {
        fields.extend(auth_fields());
        indexes.extend(auth_indexes(&random.id()[..10], "").map(|(_, index)| index));
        auth = Some(Box::new(auth_options(random)));
    }
    Collection {
        kind,
        fields,
        indexes,
        auth,
        ..Collection::default()
    }
}

fn superusers(random: &Random) -> Collection {
    let id = collection_id(CollectionType::Auth, SUPERUSERS);
    let mut collection = auth_collection(id, SUPERUSERS, random);
    collection.system = true;
    if let Some(auth) = &mut collection.auth {
        auth.auth_token.duration = DAY;
    }
    collection.fields.extend(moments().map(system));
    collection
}

fn users(random: &Random) -> Collection {
    let mut collection = auth_collection(USERS_ID.to_owned(), "users", random);
    let own_record = Some(OWN_RECORD.to_owned());
    collection.list_rule.clone_from(&own_record);
    collection.view_rule.clone_from(&own_record);
    collection.create_rule = Some(String::new());
    collection.update_rule.clone_from(&own_record);
    collection.delete_rule = own_record;
    if let Some(auth) = &mut collection.auth {
        "name".clone_into(&mut auth.oauth2.mapped_fields.name);
        "avatar".clone_into(&mut auth.oauth2.mapped_fields.avatar_url);
    }
    let name = TextOptions {
        max: 255,
        ..TextOptions::default()
    };
    collection
        .fields
        .push(identified("name", FieldKind::Text(name)));
    collection
        .fields
        .push(identified("avatar", FieldKind::File(avatar())));
    collection.fields.extend(moments());
    collection
}

fn avatar() -> FileOptions {
    let types = [
        "image/jpeg",
        "image/png",
        "image/svg+xml",
        "image/gif",
        "image/webp",
    ];
    FileOptions {
        max_select: 1,
        mime_types: Some(types.map(str::to_owned).into()),
        ..FileOptions::default()
    }
}

fn auth_collection(id: String, name: &str, random: &Random) -> Collection {
    Collection {
        indexes: auth_indexes(&id, name).map(|(_, index)| index).into(),
        id,
        name: name.to_owned(),
        ..scaffold(CollectionType::Auth, random)
    }
}

/// Derives the id of a collection that was not given one.
pub(crate) fn collection_id(kind: CollectionType, name: &str) -> String {
    let checksum = crc32fast::hash(format!("{}{name}", kind.name()).as_bytes());
    format!("pbc_{checksum}")
}

/// Derives the id of a field that was not given one.
pub(crate) fn field_id(kind: &FieldKind, name: &str) -> String {
    format!("{}{}", kind.name(), crc32fast::hash(name.as_bytes()))
}

/// Returns the id, or the first of `id2`, `id3`, … that is not taken.
pub(crate) fn first_free(id: String, is_taken: impl Fn(&str) -> bool) -> String {
    let numbered = |n: u32| {
        if n == 1 {
            id.clone()
        } else {
            format!("{id}{n}")
        }
    };
    (1..=u32::MAX)
        .map(numbered)
        .find(|id| !is_taken(id))
        .unwrap_or(id)
}

/// Makes a secret for tokens.
pub(crate) fn secret(random: &Random) -> String {
    random.alphanumeric(50)
}

/// Makes the id field, which every collection has.
pub(crate) fn id_field() -> Field {
    let options = TextOptions {
        autogenerate_pattern: "[a-z0-9]{15}".to_owned(),
        max: 15,
        min: 15,
        pattern: ID_PATTERN.to_owned(),
        primary_key: true,
        required: true,
        ..TextOptions::default()
    };
    system(identified("id", FieldKind::Text(options)))
}

/// Makes the fields that every auth collection has.
pub(crate) fn auth_fields() -> [Field; 5] {
    let password = PasswordOptions {
        min: 8,
        required: true,
        ..PasswordOptions::default()
    };
    let token_key = TextOptions {
        autogenerate_pattern: "[a-zA-Z0-9]{50}".to_owned(),
        max: 60,
        min: 30,
        required: true,
        ..TextOptions::default()
    };
    let email = EmailOptions {
        required: true,
        ..EmailOptions::default()
    };
    let hidden = |field| Field {
        hidden: true,
        ..field
    };
    [
        hidden(identified("password", FieldKind::Password(password))),
        hidden(identified("tokenKey", FieldKind::Text(token_key))),
        identified("email", FieldKind::Email(email)),
        identified("emailVisibility", FieldKind::Bool(BoolOptions::default())),
        identified("verified", FieldKind::Bool(BoolOptions::default())),
    ]
    .map(system)
}

/// Makes the indexes that every auth collection has, by the field that they make unique.
pub(crate) fn auth_indexes(id: &str, table: &str) -> [(&'static str, String); 2] {
    [
        (
            "tokenKey",
            format!("CREATE UNIQUE INDEX `idx_tokenKey_{id}` ON `{table}` (`tokenKey`)"),
        ),
        (
            "email",
            format!(
                "CREATE UNIQUE INDEX `idx_email_{id}` ON `{table}` (`email`) WHERE `email` != ''"
            ),
        ),
    ]
}

/// Makes the fields for the times of a record's creation and last update.
pub(crate) fn moments() -> [Field; 2] {
    let autodate = |name, on_update| {
        let options = AutodateOptions {
            on_create: true,
            on_update,
        };
        identified(name, FieldKind::Autodate(options))
    };
    [autodate("created", false), autodate("updated", true)]
}

fn identified(name: &str, kind: FieldKind) -> Field {
    Field {
        id: field_id(&kind, name),
        ..Field::new(name, kind)
    }
}

/// Turns a field into a system field.
pub(crate) fn system(field: Field) -> Field {
    Field {
        system: true,
        ..field
    }
}

fn auth_options(random: &Random) -> AuthOptions {
    let token = |duration| Token {
        duration,
        secret: secret(random),
    };
    AuthOptions {
        auth_rule: Some(String::new()),
        manage_rule: None,
        auth_alert: AuthAlert {
            enabled: true,
            email_template: template("New sign-in to {APP_NAME}", ALERT),
        },
        oauth2: OAuth2 {
            providers: Vec::new(),
            mapped_fields: OAuth2MappedFields::default(),
            enabled: false,
        },
        password_auth: PasswordAuth {
            enabled: true,
            identity_fields: vec!["email".to_owned()],
        },
        mfa: Mfa {
            enabled: false,
            duration: 600,
            rule: String::new(),
        },
        otp: Otp {
            enabled: false,
            duration: 180,
            length: 8,
            email_template: template("Your {APP_NAME} code", OTP),
        },
        auth_token: token(5 * DAY),
        password_reset_token: token(1800),
        email_change_token: token(1800),
        verification_token: token(DAY),
        file_token: token(180),
        token_audiences: Vec::new(),
        verification_template: template("Confirm your address for {APP_NAME}", VERIFICATION),
        reset_password_template: template("Choose a new {APP_NAME} password", RESET),
        confirm_email_change_template: template("Your new address for {APP_NAME}", CHANGE),
    }
}

fn template(subject: &str, body: &str) -> EmailTemplate {
    EmailTemplate {
        subject: subject.to_owned(),
        body: body.to_owned(),
    }
}

const ALERT: &str = "\
<p>Someone has just signed in to your {APP_NAME} account from a place we have not seen before:</p>
<p>{ALERT_INFO}</p>
<p>If it was you, there is nothing to do. If not, choose a new password now: that signs out every device.</p>
<p>{APP_NAME}</p>
";

const OTP: &str = "\
<p>This code signs you in to {APP_NAME}. It works once, and only for a few minutes:</p>
<p><strong>{OTP}</strong></p>
<p>If you are not signing in, nobody can use it without this mail; just delete it.</p>
<p>{APP_NAME}</p>
";

const VERIFICATION: &str = "\
<p>Welcome to {APP_NAME}. Is this address yours?</p>
<p><a class=\"btn\" href=\"{APP_URL}/_/#/auth/confirm-verification/{TOKEN}\" target=\"_blank\" rel=\"noopener\">Yes, it is mine</a></p>
<p>If you have not signed up, someone mistyped their address; just delete this mail.</p>
<p>{APP_NAME}</p>
";

const RESET: &str = "\
<p>Here you can choose a new password for your {APP_NAME} account:</p>
<p><a class=\"btn\" href=\"{APP_URL}/_/#/auth/confirm-password-reset/{TOKEN}\" target=\"_blank\" rel=\"noopener\">Choose a password</a></p>
<p>If you have not asked for this, your password stays as it is; just delete this mail.</p>
<p>{APP_NAME}</p>
";

const CHANGE: &str = "\
<p>From now on, {APP_NAME} is to write to this address. Please say that it is yours:</p>
<p><a class=\"btn\" href=\"{APP_URL}/_/#/auth/confirm-email-change/{TOKEN}\" target=\"_blank\" rel=\"noopener\">Use this address</a></p>
<p>If you have not asked for this, nothing changes; just delete this mail.</p>
<p>{APP_NAME}</p>
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_those_of_pocketbase() {
        let [.., superusers, users] = &initial(&Random::seeded(1))[..] else {
            panic!("several collections");
        };
        assert_eq!(superusers.id, "pbc_3142635823");
        assert_eq!(users.id, USERS_ID);
        assert_eq!(
            collection_id(CollectionType::Base, "books"),
            "pbc_2170393721"
        );
        let ids: Vec<&str> = users.fields.iter().map(|field| field.id.as_str()).collect();
        assert_eq!(
            ids,
            [
                "text3208210256",
                "password901924565",
                "text2504183744",
                "email3885137012",
                "bool1547992806",
                "bool256245529",
                "text1579384326",
                "file376926767",
                "autodate2990389176",
                "autodate3332085495",
            ]
        );
    }
}
