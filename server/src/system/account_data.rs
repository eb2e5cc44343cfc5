//! Definitions of the collections with data of accounts: sign-ins with other services, pending second factors,
//! one-time passwords, and known devices. PocketBase has the same collections, and clients expect them. The collections of
//! sessions and suspensions are Plinth's own.
//!
//! A record belongs to an account, which may see it, and is deleted with it.

use std::sync::Arc;

use plinth_sdk::types::{Collection as Definition, Field, FieldKind, PasswordOptions, names};

use super::builtin::{collection, text};
use crate::db::{Conn, Dialect, Sql, Value, execute, sql};
use crate::error::Result;
use crate::schema::{Collection, Schema};

pub(crate) const MFAS: &str = "pbc_2279338944";
pub(crate) const OTPS: &str = "pbc_1638494021";
pub(crate) const EXTERNAL_AUTHS: &str = "pbc_2281828961";
pub(crate) const AUTH_ORIGINS: &str = "pbc_4275539003";

pub(crate) const AUTH_SESSIONS: &str = "_pl_authSessions";
pub(crate) const SUSPENSIONS: &str = "_pl_suspensions";

pub(crate) const TOTPS: &str = "_pl_totps";
pub(crate) const RECOVERY_CODES: &str = "_pl_recoveryCodes";

/// The ids of these collections.
const IDS: [&str; 8] = [
    MFAS,
    OTPS,
    EXTERNAL_AUTHS,
    AUTH_ORIGINS,
    AUTH_SESSIONS,
    SUSPENSIONS,
    TOTPS,
    RECOVERY_CODES,
];

/// The ids of those whose records help to sign in.
pub(crate) const WAYS_IN: [&str; 7] = [
    MFAS,
    OTPS,
    EXTERNAL_AUTHS,
    AUTH_ORIGINS,
    AUTH_SESSIONS,
    TOTPS,
    RECOVERY_CODES,
];

const OWN: &str = "@request.auth.id != '' && recordRef = @request.auth.id && collectionRef = @request.auth.collectionId";

/// Returns the definitions that PocketBase has too.
pub fn all() -> [Definition; 4] {
    [mfas(), otps(), external_auths(), auth_origins()]
}

impl Collection {
    /// Whether the records belong to accounts.
    pub fn is_account_data(&self) -> bool {
        is_account_data(&self.def)
    }
}

/// Whether the records of a definition belong to accounts.
pub fn is_account_data(definition: &Definition) -> bool {
    IDS.contains(&definition.id.as_str())
}

/// Returns those of these collections that exist.
pub fn in_schema(schema: &Schema) -> impl Iterator<Item = &Arc<Collection>> {
    schema
        .iter()
        .filter(|collection| collection.is_account_data())
}

/// Deletes the data of all accounts of a collection that is deleted.
pub(crate) fn forget_collection(conn: &mut Conn, schema: &Schema, id: &str) -> Result<()> {
    for collection in in_schema(schema) {
        let mut delete = sql(conn.dialect(), "DELETE FROM ");
        delete
            .ident(&collection.table)
            .text(" WHERE \"collectionRef\" = ")
            .bind(Value::from(id));
        execute(conn, delete)?;
    }
    Ok(())
}

/// Returns the condition for records that belong to these accounts.
pub fn belongs_to(dialect: Dialect, collection: &str, accounts: &[String]) -> Sql {
    let mut out = sql(dialect, "\"collectionRef\" = ");
    out.bind(Value::from(collection));
    out.text(" AND \"recordRef\"")
        .append(dialect.is_one_of(accounts));
    out
}

fn mfas() -> Definition {
    let index =
        "CREATE INDEX `idx_mfas_collectionRef_recordRef` ON `_mfas` (collectionRef,recordRef)";
    attached(MFAS, "_mfas", vec![required("method")], vec![index])
}

fn otps() -> Definition {
    let password = PasswordOptions {
        cost: 8,
        required: true,
        ..PasswordOptions::default()
    };
    let hidden = |field| Field {
        hidden: true,
        ..field
    };
    let fields = vec![
        hidden(Field::new("password", FieldKind::Password(password))),
        hidden(text("sentTo", 0)),
    ];
    let index =
        "CREATE INDEX `idx_otps_collectionRef_recordRef` ON `_otps` (collectionRef, recordRef)";
    attached(OTPS, "_otps", fields, vec![index])
}

fn external_auths() -> Definition {
    let fields = vec![required("provider"), required("providerId")];
    let indexes = vec![
        "CREATE UNIQUE INDEX `idx_externalAuths_record_provider` ON `_externalAuths` (collectionRef, recordRef, provider)",
        "CREATE UNIQUE INDEX `idx_externalAuths_collection_provider` ON `_externalAuths` (collectionRef, provider, providerId)",
    ];
    Definition {
        delete_rule: Some(OWN.to_owned()),
        ..attached(EXTERNAL_AUTHS, "_externalAuths", fields, indexes)
    }
}

fn auth_origins() -> Definition {
    let index = "CREATE UNIQUE INDEX `idx_authOrigins_unique_pairs` ON `_authOrigins` (collectionRef, recordRef, fingerprint)";
    Definition {
        delete_rule: Some(OWN.to_owned()),
        ..attached(
            AUTH_ORIGINS,
            "_authOrigins",
            vec![required("fingerprint")],
            vec![index],
        )
    }
}

/// Returns the definition of the sessions of accounts.
pub(super) fn totps() -> Definition {
    let fields = vec![
        unreadable("secret"),
        Field {
            hidden: true,
            ..text("lastStep", 20)
        },
        Field::bool("confirmed"),
    ];
    let index =
        "CREATE UNIQUE INDEX `idx_totps_account` ON `_totps` (`collectionRef`, `recordRef`)";
    attached(TOTPS, names::TOTPS, fields, vec![index])
}

pub(super) fn recovery_codes() -> Definition {
    let index = "CREATE INDEX `idx_recoveryCodes_account` ON `_recoveryCodes` (`collectionRef`, `recordRef`)";
    let fields = vec![unreadable("code")];
    attached(RECOVERY_CODES, names::RECOVERY_CODES, fields, vec![index])
}

/// Makes a field whose value no client sees and no filter uses.
fn unreadable(name: &str) -> Field {
    Field {
        hidden: true,
        ..Field::new(name, FieldKind::Password(PasswordOptions::default()))
    }
}

pub(super) fn auth_sessions() -> Definition {
    let fields = vec![
        required("method"),
        text("address", 45),
        text("userAgent", 200),
        Field::date("lastSeen").required(),
        Field::date("expires").required(),
    ];
    let indexes = vec![
        "CREATE INDEX `idx_authSessions_account` ON `_authSessions` (`collectionRef`, `recordRef`, `created`)",
        "CREATE INDEX `idx_authSessions_expires` ON `_authSessions` (`expires`)",
    ];
    Definition {
        delete_rule: Some(OWN.to_owned()),
        ..attached(AUTH_SESSIONS, names::AUTH_SESSIONS, fields, indexes)
    }
}

/// Returns the definition of the suspensions of accounts. The accounts themselves do not see them.
pub(super) fn suspensions() -> Definition {
    let fields = vec![text("reason", 1000), Field::date("until")];
    let index = "CREATE UNIQUE INDEX `idx_suspensions_account` ON `_suspensions` (`recordRef`, `collectionRef`)";
    Definition {
        list_rule: None,
        view_rule: None,
        ..attached(SUSPENSIONS, names::SUSPENSIONS, fields, vec![index])
    }
}

fn attached(id: &str, name: &str, fields: Vec<Field>, indexes: Vec<&str>) -> Definition {
    let owner = [required("collectionRef"), required("recordRef")];
    Definition {
        list_rule: Some(OWN.to_owned()),
        view_rule: Some(OWN.to_owned()),
        ..collection(id, name, owner.into_iter().chain(fields).collect(), indexes)
    }
}

fn required(name: &str) -> Field {
    text(name, 0).required()
}
