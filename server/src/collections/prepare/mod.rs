//! Makes a definition of the body of a request.
//!
//! The body is merged into the existing definition, or into a new one. The result has all system fields and indexes,
//! but is validated later: see [`validate`](super::validate).

mod fields;
mod indexes;

use plinth_sdk::types::{
    AuthOptions, Collection, CollectionType, Field, OAuth2MappedFields, OAuth2Provider,
};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};

use super::store::{CREATE_FAILED, UPDATE_FAILED};
use crate::error::{Error, Result, UNREADABLE};
use crate::fields::normalise_date;
use crate::problems::NOT_ALLOWED;
use crate::random::Random;
use crate::schema::{Index, Schema};
use crate::system::defaults;

/// The message for a new collection whose type or name cannot be parsed.
const TYPE_UNREADABLE: &str = "Failed to load the collection type data due to invalid formatting.";

/// Returns the definition that results from the body of a request to create a collection, or to update `existing`.
pub(super) fn prepare(
    body: &Map<String, Json>,
    existing: Option<&Collection>,
    random: &Random,
) -> Result<Collection> {
    lay_over(body, existing, &|_| false, random)
}

/// Like [`prepare`], for a new collection, which gets an unused id. A renamed collection may still have the id that
/// is derived from the name.
pub(super) fn prepare_new(
    body: &Map<String, Json>,
    schema: &Schema,
    random: &Random,
) -> Result<Collection> {
    let is_taken = |id: &str| schema.iter().any(|other| other.def.id == id);
    lay_over(body, None, &is_taken, random)
}

fn lay_over(
    body: &Map<String, Json>,
    existing: Option<&Collection>,
    is_taken: &dyn Fn(&str) -> bool,
    random: &Random,
) -> Result<Collection> {
    let kind = kind(body, existing)?;
    let mut new = existing.cloned().unwrap_or_else(|| Collection {
        indexes: Vec::new(),
        ..defaults::scaffold(kind, random)
    });
    if new.kind != kind {
        new.kind = kind;
        new.auth = (kind == CollectionType::Auth).then(Box::default);
    }
    identity(body, existing, is_taken, &mut new)?;
    rule(body, "listRule", &mut new.list_rule)?;
    rule(body, "viewRule", &mut new.view_rule)?;
    rule(body, "createRule", &mut new.create_rule)?;
    rule(body, "updateRule", &mut new.update_rule)?;
    rule(body, "deleteRule", &mut new.delete_rule)?;
    let auth = auth_options(body, new.auth.as_deref())?;

    let old_fields = existing.map_or(&[][..], |old| old.fields.as_slice());
    if kind == CollectionType::View {
        return view(body, new);
    }
    match body.get("fields") {
        None => {}
        Some(Json::Null) => new.fields.clear(),
        Some(Json::Array(list)) => {
            new.fields = fields::read(list, old_fields)?;
        }
        Some(_) => return Err(Error::invalid(UNREADABLE)),
    }
    fields::complete(&mut new.fields, kind, old_fields);
    new.auth = new.auth.map(|_| Box::new(auth));

    let renamed = renamed(old_fields, &new.fields);
    match body.get("indexes") {
        None => indexes::rename_fields(&mut new.indexes, &renamed),
        Some(Json::Null) => new.indexes.clear(),
        Some(list) => {
            new.indexes = read(list)?;
            // An index that is sent unchanged means the renamed field.
            let is_gone = |(from, _): &&(String, String)| {
                let mut fields = new.fields.iter();
                fields.all(|field| field.name != *from)
            };
            let gone: Vec<_> = renamed.iter().filter(is_gone).cloned().collect();
            indexes::rename_fields(&mut new.indexes, &gone);
        }
    }
    indexes::complete(&mut new);
    if let Some(auth) = &mut new.auth {
        if !gives(body, "passwordAuth", "identityFields") {
            for name in &mut auth.password_auth.identity_fields {
                if let Some((_, to)) = renamed.iter().find(|(from, _)| from == name) {
                    name.clone_from(to);
                }
            }
        }
        forget_missing(&mut auth.oauth2.mapped_fields, &new.fields);
        let old_auth = existing.and_then(|old| old.auth.as_deref());
        if let Some(old) = old_auth {
            keep_secrets(&mut auth.oauth2.providers, &old.oauth2.providers);
        }
        if let Some(old) = old_auth
            && old.auth_rule != auth.auth_rule
            && old.auth_token.secret == auth.auth_token.secret
        {
            // Accounts that may no longer sign in must not stay signed in.
            auth.auth_token.secret = defaults::secret(random);
        }
    }
    Ok(new)
}

/// Adds the system fields and indexes that a definition of accounts or records must have.
pub(super) fn complete(definition: &mut Collection) {
    fields::complete(&mut definition.fields, definition.kind, &[]);
    indexes::complete(definition);
}

/// Completes a view: its fields are derived from its query, whatever the body says.
fn view(body: &Map<String, Json>, mut new: Collection) -> Result<Collection> {
    if !matches!(body.get("fields"), None | Some(Json::Null | Json::Array(_))) {
        return Err(Error::invalid(UNREADABLE));
    }
    if let Some(list) = body.get("indexes") {
        new.indexes = if list.is_null() {
            Vec::new()
        } else {
            read(list)?
        };
    }
    if let Some(query) = take(body, "viewQuery")? {
        new.view_query = Some(query);
    }
    Ok(new)
}

/// Returns the body of an update of `existing` by an import: fields that it does not mention remain, after those that
/// it does; with `delete_missing`, only system fields remain.
pub(super) fn merge_import(
    imported: &Map<String, Json>,
    existing: &Collection,
    delete_missing: bool,
) -> Map<String, Json> {
    let mut body = imported.clone();
    body.remove("created");
    if body.get("fields") == Some(&Json::Null) {
        body.remove("fields");
    }
    if let Some(Json::Array(list)) = body.get_mut("fields") {
        let missing: Vec<Json> = existing
            .fields
            .iter()
            .filter(|field| field.system || !delete_missing)
            .filter(|field| !list.iter().any(|given| fields::is_same(given, field)))
            .filter_map(|field| serde_json::to_value(field).ok())
            .collect();
        list.extend(missing);
    }
    body
}

fn failed(existing: Option<&Collection>) -> &'static str {
    if existing.is_some() {
        UPDATE_FAILED
    } else {
        CREATE_FAILED
    }
}

fn kind(body: &Map<String, Json>, existing: Option<&Collection>) -> Result<CollectionType> {
    let text = match body.get("type") {
        None | Some(Json::Null) => {
            return Ok(existing.map_or(CollectionType::Base, |old| old.kind));
        }
        Some(Json::String(text)) => text.as_str(),
        Some(_) if existing.is_none() => return Err(Error::invalid(TYPE_UNREADABLE)),
        Some(_) => return Err(Error::invalid(UNREADABLE)),
    };
    match text {
        "" | "base" => Ok(CollectionType::Base),
        "auth" => Ok(CollectionType::Auth),
        "view" => Ok(CollectionType::View),
        _ => Err(Error::field(
            failed(existing),
            "type",
            NOT_ALLOWED.problem(),
        )),
    }
}

/// Merges the properties of the collection.
fn identity(
    body: &Map<String, Json>,
    existing: Option<&Collection>,
    is_taken: &dyn Fn(&str) -> bool,
    new: &mut Collection,
) -> Result<()> {
    match take(body, "name") {
        Ok(name) => new.name = name.unwrap_or_else(|| std::mem::take(&mut new.name)),
        Err(_) if existing.is_none() => return Err(Error::invalid(TYPE_UNREADABLE)),
        Err(error) => return Err(error),
    }
    let id: Option<String> = take(body, "id")?;
    match existing {
        Some(old) if id.as_ref().is_some_and(|id| *id != old.id) => {
            return Err(Error::invalid(UPDATE_FAILED));
        }
        Some(_) => {}
        None => {
            let given = id.filter(|id| !id.is_empty());
            new.id = given.unwrap_or_else(|| {
                let id = defaults::collection_id(new.kind, &new.name);
                defaults::first_free(id, is_taken)
            });
        }
    }
    if let Some(system) = take(body, "system")? {
        new.system = system;
    }
    let created: Option<String> = take(body, "created")?;
    if existing.is_some()
        && let Some(created) = created.as_deref().and_then(normalise_date)
    {
        new.created = created;
    }
    let _: Option<String> = take(body, "updated")?;
    Ok(())
}

/// Returns the value at `key`; `null` counts as missing.
fn take<T: DeserializeOwned>(body: &Map<String, Json>, key: &str) -> Result<Option<T>> {
    match body.get(key) {
        None | Some(Json::Null) => Ok(None),
        Some(value) => read(value).map(Some),
    }
}

fn read<T: DeserializeOwned>(value: &Json) -> Result<T> {
    T::deserialize(value).map_err(|_| Error::invalid(UNREADABLE))
}

fn rule(body: &Map<String, Json>, key: &str, rule: &mut Option<String>) -> Result<()> {
    if let Some(value) = body.get(key) {
        *rule = read(value)?;
    }
    Ok(())
}

fn gives(body: &Map<String, Json>, key: &str, inside: &str) -> bool {
    body.get(key)
        .is_some_and(|options| options.get(inside).is_some())
}

/// Merges the options of an auth collection. Those of a base collection are parsed too, since invalid ones are
/// refused in both.
fn auth_options(body: &Map<String, Json>, current: Option<&AuthOptions>) -> Result<AuthOptions> {
    let current = current.cloned().unwrap_or_default();
    let Json::Object(mut options) = serde_json::to_value(current).map_err(Error::internal)? else {
        return Ok(AuthOptions::default());
    };
    for (key, option) in &mut options {
        if let Some(given) = body.get(key) {
            merge(option, given);
        }
    }
    let mut options: AuthOptions = read(&Json::Object(options))?;
    rule(body, "authRule", &mut options.auth_rule)?;
    rule(body, "manageRule", &mut options.manage_rule)?;
    // It is left out while it is empty.
    if let Some(audiences) = take(body, "tokenAudiences")? {
        options.token_audiences = audiences;
    }
    Ok(options)
}

/// Merges `given` into `option`, key by key.
fn merge(option: &mut Json, given: &Json) {
    match (option, given) {
        (Json::Object(option), Json::Object(given)) => {
            for (key, given) in given {
                match option.get_mut(key) {
                    Some(inner) => merge(inner, given),
                    None if given.is_null() => {}
                    None => {
                        option.insert(key.clone(), given.clone());
                    }
                }
            }
        }
        (Json::Array(list), Json::Null) => list.clear(),
        (_, Json::Null) => {}
        (option, given) => *option = given.clone(),
    }
}

/// Keeps the secrets of providers, which are never shown, so they are not sent back. A secret belongs to the provider's
/// name, wherever in the list it is, and to whom it is sent: otherwise whoever may change a URL could have it sent to
/// themselves.
fn keep_secrets(providers: &mut [OAuth2Provider], old: &[OAuth2Provider]) {
    for provider in providers {
        let is_same = |known: &&OAuth2Provider| {
            known.name == provider.name && client(known) == client(provider)
        };
        if let Some(known) = old.iter().find(is_same)
            && provider.client_secret.is_empty()
        {
            provider.client_secret.clone_from(&known.client_secret);
        }
    }
}

/// Returns what says whose secret it is, and who gets it.
fn client(provider: &OAuth2Provider) -> ([&str; 4], [Option<&Json>; 2]) {
    let extra = |key: &str| {
        let value = provider.extra.as_ref().and_then(|extra| extra.get(key));
        value.filter(|value| !value.is_null() && *value != "")
    };
    let texts = [
        &provider.client_id,
        &provider.auth_url,
        &provider.token_url,
        &provider.user_info_url,
    ];
    (
        texts.map(String::as_str),
        [extra("issuer"), extra("jwksURL")],
    )
}

/// Returns the changed names, old and new. Those of system fields cannot change.
fn renamed(old: &[Field], new: &[Field]) -> Vec<(String, String)> {
    let pairs = new.iter().filter_map(|field| {
        let before = old.iter().find(|old| old.id == field.id)?;
        (before.name != field.name && !before.system)
            .then(|| (before.name.clone(), field.name.clone()))
    });
    pairs.collect()
}

fn forget_missing(mapped: &mut OAuth2MappedFields, fields: &[Field]) {
    for name in [
        &mut mapped.id,
        &mut mapped.name,
        &mut mapped.username,
        &mut mapped.avatar_url,
    ] {
        if !fields.iter().any(|field| field.name == *name) {
            name.clear();
        }
    }
}

/// Whether an index, if it can be parsed, makes a field unique.
fn is_unique_on(text: &str, field: &str) -> bool {
    Index::parse(text).is_ok_and(|index| index.is_unique_on(field))
}

#[cfg(test)]
mod tests;
