//! Adopts definitions of other servers unchanged, with their ids and secrets.

use std::collections::BTreeSet;
use std::sync::Arc;

use plinth_sdk::types::{self as wire, FieldProblem, FieldProblems};

use super::{change, prepare, store, table, validate};
use crate::db::{Conn, Dialect};
use crate::error::{Error, Result};
use crate::schema::{Author, Collection, Index, Schema};
use crate::system::defaults;
use crate::{records, views};

/// How a definition relates to the collection in its place.
#[derive(Debug, PartialEq, Eq)]
pub enum Conflict {
    /// There is no such collection.
    Free,
    /// The collection is equal.
    Same,
    /// The collection is a default one without records.
    Empty,
    /// The collection is a system collection, which remains and may get more fields.
    System,
    /// The collection is a different one.
    Taken,
}

/// Finds out what is in the place of a definition.
pub fn conflict(
    conn: &mut Conn,
    schema: &Schema,
    definition: &wire::Collection,
) -> Result<Conflict> {
    let Some(old) = existing(schema, definition) else {
        return Ok(Conflict::Free);
    };
    if old.def == *definition {
        return Ok(Conflict::Same);
    }
    if is_merged(old) {
        let mut adopted = merge(&old.def, definition).definition;
        if adopted != *definition {
            copy_secrets(&mut adopted, definition);
        }
        let is_merged = adopted == *definition;
        return Ok(if is_merged {
            Conflict::System
        } else {
            Conflict::Taken
        });
    }
    if old.def.id != defaults::USERS_ID || old.def.created != old.def.updated {
        return Ok(Conflict::Taken);
    }
    let itself = BTreeSet::from([old.def.id.clone()]);
    if !views::store::readers(schema, &itself).is_empty() {
        return Ok(Conflict::Taken);
    }
    Ok(if records::store::total(conn, old)? == 0 {
        Conflict::Empty
    } else {
        Conflict::Taken
    })
}

/// Whether the definition of this collection is never adopted as a whole, since it decides who is a superuser or whom
/// an account belongs to.
pub fn is_merged(collection: &Collection) -> bool {
    collection.is_superusers() || collection.is_account_data()
}

/// The result of merging a definition into a system collection.
#[derive(Debug)]
pub struct Merged {
    /// The built-in definition, with the additional fields of the other one.
    pub definition: wire::Collection,
    /// The names of the rules and options that differ and were not adopted.
    pub differs: Vec<String>,
}

/// Adds the fields of `given` to the definition of a system collection, and nothing else: its rules and options
/// decide who becomes a superuser, so they never come from another server.
pub fn merge(own: &wire::Collection, given: &wire::Collection) -> Merged {
    let mut definition = own.clone();
    for field in &given.fields {
        let is_known = |known: &wire::Field| {
            known.id == field.id || known.name.eq_ignore_ascii_case(&field.name)
        };
        if !definition.fields.iter().any(is_known) {
            definition.fields.push(wire::Field {
                system: false,
                ..field.clone()
            });
        }
    }
    let rules = defaults::rules(own).into_iter().zip(defaults::rules(given));
    let rules = rules.filter(|((_, own), (_, given))| own != given);
    let mut differs: Vec<String> = rules.map(|((name, _), _)| name.to_owned()).collect();
    let parsed = |texts: &[String]| -> Vec<Index> {
        texts
            .iter()
            .filter_map(|text| Index::parse(text).ok())
            .collect()
    };
    let known = parsed(&own.indexes);
    let is_new = |index: &Index| !known.iter().any(|known| known.same_as(index));
    if parsed(&given.indexes).iter().any(is_new) {
        differs.push("indexes".to_owned());
    }
    if let (Some(own), Some(given)) = (&own.auth, &given.auth) {
        // Templates and secrets always differ.
        for (name, is_same) in [
            ("passwordAuth", own.password_auth == given.password_auth),
            (
                "oauth2",
                own.oauth2.enabled == given.oauth2.enabled && given.oauth2.providers.is_empty(),
            ),
            ("mfa", own.mfa.enabled == given.mfa.enabled),
            ("otp", own.otp.enabled == given.otp.enabled),
        ] {
            if !is_same {
                differs.push(name.to_owned());
            }
        }
        for (name, own, given) in [
            ("authToken", &own.auth_token, &given.auth_token),
            (
                "passwordResetToken",
                &own.password_reset_token,
                &given.password_reset_token,
            ),
            (
                "emailChangeToken",
                &own.email_change_token,
                &given.email_change_token,
            ),
            (
                "verificationToken",
                &own.verification_token,
                &given.verification_token,
            ),
            ("fileToken", &own.file_token, &given.file_token),
        ] {
            if own.duration != given.duration {
                differs.push(format!("{name}.duration"));
            }
        }
    }
    Merged {
        definition,
        differs,
    }
}

/// Copies the secrets of tokens, so that tokens remain valid.
pub fn copy_secrets(definition: &mut wire::Collection, given: &wire::Collection) {
    if let (Some(auth), Some(given)) = (&mut definition.auth, &given.auth) {
        for (token, given) in [
            (&mut auth.auth_token, &given.auth_token),
            (&mut auth.password_reset_token, &given.password_reset_token),
            (&mut auth.email_change_token, &given.email_change_token),
            (&mut auth.verification_token, &given.verification_token),
            (&mut auth.file_token, &given.file_token),
        ] {
            token.secret.clone_from(&given.secret);
        }
    }
}

/// Adds the system fields of the type of a definition, and corrects those that it has.
pub fn complete_system_fields(definition: &mut wire::Collection) {
    if definition.kind != wire::CollectionType::View {
        prepare::complete(definition);
    }
}

/// Returns the collection with the id or name of a definition.
pub fn existing<'a>(
    schema: &'a Schema,
    definition: &wire::Collection,
) -> Option<&'a Arc<Collection>> {
    schema
        .iter()
        .find(|collection| collection.def.id == definition.id)
        .or_else(|| schema.find(&definition.name))
}

/// Validates a definition against the other collections of `schema`. Its rules may not refer to system collections:
/// their author may not know the data in those here.
pub fn problems(definition: &wire::Collection, schema: &Schema) -> FieldProblems {
    let is_other = |c: &&Arc<Collection>| c.def.id != definition.id;
    let others = schema.iter().filter(is_other).cloned().collect();
    let others = Schema::new(schema.version, others);
    let mut problems = validate::validate(definition, None, &others, Author::Superuser);
    let closed = validate::validate(definition, None, &others, Author::Operator);
    problems.extend(
        closed
            .into_iter()
            .filter(|(name, _)| defaults::is_rule(name)),
    );
    problems
}

/// Derives the fields of a view from its query; returns the problem of the query, if there is one.
pub fn complete(
    definition: &mut wire::Collection,
    schema: &Schema,
    author: Author,
    dialect: Dialect,
) -> Option<FieldProblem> {
    let old = definition.clone();
    let sources = views::store::sources(schema, author, &definition.id);
    views::store::complete(definition, Some(&old), &sources, dialect)
}

/// Adopts the definition of a view if its place is free. Returns the error of the database, if there is one.
pub fn adopt_view(conn: &mut Conn, definition: wire::Collection) -> Result<Option<String>> {
    let new = Collection::new(definition);
    let schema = store::read(conn)?;
    let sources = views::store::sources(&schema, Author::Superuser, &new.def.id);
    match views::store::create(conn, &new, &sources) {
        Ok(()) => store::write(conn, &new, None).map(|()| None),
        Err(Error::Invalid { message, .. }) => Ok(Some(message.into_owned())),
        Err(error) => Err(error),
    }
}

/// Adopts a definition, and creates its table, if [`conflict`] allows it.
pub fn adopt(
    conn: &mut Conn,
    schema: &Schema,
    definition: wire::Collection,
    place: &Conflict,
) -> Result<()> {
    let new = Collection::new(definition);
    match (place, existing(schema, &new.def)) {
        (Conflict::Empty, Some(old)) => {
            table::drop(conn, old)?;
            store::forget(conn, &old.def.id)?;
            store::add(conn, &new)
        }
        (Conflict::System, Some(old)) => {
            change::change(conn, old, &new)?;
            store::write(conn, &new, Some(&old.def.id))
        }
        _ => store::add(conn, &new),
    }
}
