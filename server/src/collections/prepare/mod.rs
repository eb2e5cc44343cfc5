//! From the body of a request to the definition that it asks for.
//!
//! The body is laid over the definition as it is, or over a new one. What results has every system field and
//! index, but may still be wrong in other ways: [`validate`](super::validate) says.

mod fields;
mod indexes;

use plinth_sdk::types::{
    AuthOptions, Collection, CollectionType, Field, FieldProblem, OAuth2MappedFields,
};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};

use super::store::{CREATE_FAILED, UPDATE_FAILED};
use super::{Index, defaults};
use crate::clock::Moment;
use crate::error::{Error, Result, UNREADABLE};

/// The answer to a new collection whose type or name cannot be read.
const TYPE_UNREADABLE: &str =
    "Failed to load the collection type data due to invalid formatting.";

/// The definition that results from the body of a request to create a collection, or to update `existing`.
pub(super) fn prepare(body: &Map<String, Json>, existing: Option<&Collection>) -> Result<Collection> {
    let kind = kind(body, existing)?;
    let mut new = existing.cloned().unwrap_or_else(|| Collection {
        indexes: Vec::new(),
        ..defaults::scaffold(kind)
    });
    if new.kind != kind {
        new.kind = kind;
        new.auth = (kind == CollectionType::Auth).then(Box::default);
    }
    identity(body, existing, &mut new)?;
    rule(body, "listRule", &mut new.list_rule)?;
    rule(body, "viewRule", &mut new.view_rule)?;
    rule(body, "createRule", &mut new.create_rule)?;
    rule(body, "updateRule", &mut new.update_rule)?;
    rule(body, "deleteRule", &mut new.delete_rule)?;
    let auth = auth_options(body, new.auth.as_deref())?;

    let old_fields = existing.map_or(&[][..], |old| old.fields.as_slice());
    match body.get("fields") {
        None => {}
        Some(Json::Null) => new.fields.clear(),
        Some(Json::Array(list)) => {
            let message = failed(existing);
            new.fields = fields::read(list, old_fields, message)?;
        }
        Some(_) => return Err(Error::invalid(UNREADABLE)),
    }
    fields::complete(&mut new.fields, kind, old_fields);
    new.auth = new.auth.map(|_| Box::new(auth));

    let renamed = renamed(old_fields, &new.fields);
    match body.get("indexes") {
        None => indexes::rename_fields(&mut new.indexes, &renamed),
        Some(Json::Null) => new.indexes.clear(),
        Some(list) => new.indexes = read(list)?,
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
        if let Some(old) = old_auth
            && old.auth_rule != auth.auth_rule
            && old.auth_token.secret == auth.auth_token.secret
        {
            // Who may not sign in any more must not stay signed in.
            auth.auth_token.secret = defaults::secret();
        }
    }
    Ok(new)
}

/// The body that updates `existing` as an import asks: fields that it does not mention stay, after those that it
/// does; with `delete_missing`, only system fields do.
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
    if existing.is_some() { UPDATE_FAILED } else { CREATE_FAILED }
}

fn kind(body: &Map<String, Json>, existing: Option<&Collection>) -> Result<CollectionType> {
    let problem = |code, message| {
        let problem = FieldProblem::new(code, message);
        Err(Error::field(failed(existing), "type", problem))
    };
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
        "view" if existing.is_some() => problem(
            "validation_collection_type_change",
            "Collection type cannot be changed.",
        ),
        "view" => problem(
            "validation_unsupported_type",
            "View collections are not supported yet.",
        ),
        _ => problem("validation_in_invalid", "Must be a valid value."),
    }
}

/// Everything that tells the collection from others.
fn identity(body: &Map<String, Json>, existing: Option<&Collection>, new: &mut Collection) -> Result<()> {
    match take(body, "name") {
        Ok(name) => new.name = name.unwrap_or_else(|| std::mem::take(&mut new.name)),
        Err(_) if existing.is_none() => return Err(Error::invalid(TYPE_UNREADABLE)),
        Err(error) => return Err(error),
    }
    let id: Option<String> = take(body, "id")?;
    match existing {
        Some(old) if id.as_ref().is_some_and(|id| *id != old.id) => return Err(Error::invalid(UPDATE_FAILED)),
        Some(_) => {}
        None => {
            let given = id.filter(|id| !id.is_empty());
            new.id = given.unwrap_or_else(|| defaults::collection_id(new.kind, &new.name));
        }
    }
    if let Some(system) = take(body, "system")? {
        new.system = system;
    }
    let created: Option<String> = take(body, "created")?;
    if existing.is_some()
        && let Some(created) = created.as_deref().and_then(Moment::parse)
    {
        new.created = created.to_string();
    }
    let _: Option<String> = take(body, "updated")?;
    Ok(())
}

/// The value at `key`, where `null` is as good as none.
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
    body.get(key).is_some_and(|options| options.get(inside).is_some())
}

/// The options of an auth collection. A base collection's body is read too, since nonsense is refused in both.
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
    if options.oauth2.providers.iter().all(Json::is_object) {
        Ok(options)
    } else {
        Err(Error::invalid(UNREADABLE))
    }
}

/// Lays `given` over `option`, key by key.
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

/// Names that changed, from what to what.
fn renamed(old: &[Field], new: &[Field]) -> Vec<(String, String)> {
    let pairs = new.iter().filter_map(|field| {
        let before = old.iter().find(|old| old.id == field.id)?;
        (before.name != field.name).then(|| (before.name.clone(), field.name.clone()))
    });
    pairs.collect()
}

fn forget_missing(mapped: &mut OAuth2MappedFields, fields: &[Field]) {
    for name in [&mut mapped.id, &mut mapped.name, &mut mapped.username, &mut mapped.avatar_url] {
        if !fields.iter().any(|field| field.name == *name) {
            name.clear();
        }
    }
}

/// Whether the index makes a field unique, as far as it can be read.
fn is_unique_on(text: &str, field: &str) -> bool {
    Index::parse(text).is_ok_and(|index| index.is_unique_on(field))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn prepared(body: &Json, existing: Option<&Collection>) -> Result<Collection> {
        prepare(body.as_object().unwrap(), existing)
    }

    fn names(collection: &Collection) -> Vec<&str> {
        collection.fields.iter().map(|field| field.name.as_str()).collect()
    }

    #[test]
    fn system_fields_and_indexes_are_added() {
        let body = json!({"name": "people", "type": "auth", "fields": [
            {"type": "number", "name": "email"}, {"type": "text", "name": "nick"},
        ]});
        let people = prepared(&body, None).unwrap();
        assert_eq!(people.id, "pbc_1846335439");
        assert_eq!(
            names(&people),
            ["id", "email", "nick", "password", "tokenKey", "emailVisibility", "verified"]
        );
        assert_eq!(people.fields[1].id, "number3885137012");
        assert_eq!(
            people.indexes[0],
            "CREATE UNIQUE INDEX `idx_tokenKey_pbc_1846335439` ON `people` (`tokenKey`)"
        );
        assert_eq!(people.indexes.len(), 2);
    }

    #[test]
    fn fields_are_the_same_by_id_then_by_name() {
        let body = json!({"name": "t", "indexes": ["CREATE INDEX i ON t (a)"], "fields": [
            {"type": "text", "name": "a", "id": "f_a", "max": 7}, {"type": "text", "name": "b", "id": "f_b"},
        ]});
        let old = prepared(&body, None).unwrap();
        for (fields, expected) in [
            (json!([{"type": "text", "name": "a"}]), vec!["text3208210256", "f_a"]),
            (json!([{"type": "bool", "name": "a"}]), vec!["text3208210256", "bool3904355907"]),
            (
                json!([{"type": "text", "name": "b", "id": "f_a"}, {"type": "text", "name": "c", "id": "f_a"}]),
                vec!["text3208210256", "f_a"],
            ),
            (Json::Null, vec!["text3208210256"]),
        ] {
            let new = prepared(&json!({"fields": fields}), Some(&old)).unwrap();
            let ids: Vec<&str> = new.fields.iter().map(|field| field.id.as_str()).collect();
            assert_eq!(ids, expected, "{fields}");
        }
        let renamed = json!({"name": "u", "fields": [{"type": "text", "name": "z", "id": "f_a"}]});
        let renamed = prepared(&renamed, Some(&old)).unwrap();
        assert_eq!(renamed.indexes, ["CREATE INDEX `i` ON `u` (`z`)"]);
    }

    #[test]
    fn options_merge_and_secrets_stay() {
        let old = prepared(&json!({"name": "p", "type": "auth"}), None).unwrap();
        let secrets = |c: &Collection| {
            let auth = c.auth.clone().unwrap();
            (auth.auth_token.secret, auth.file_token.secret)
        };
        let body = json!({"authToken": {"duration": 60}, "passwordAuth": {"enabled": false}, "otp": null});
        let new = prepared(&body, Some(&old)).unwrap();
        let auth = new.auth.as_deref().unwrap();
        assert_eq!((auth.auth_token.duration, auth.otp.length), (60, 8));
        assert_eq!(auth.password_auth.identity_fields, ["email"]);
        assert_eq!(secrets(&new), secrets(&old));
        let locked = prepared(&json!({"authRule": null}), Some(&old)).unwrap();
        assert_ne!(secrets(&locked).0, secrets(&old).0);
        assert_eq!(secrets(&locked).1, secrets(&old).1);
    }

    #[test]
    fn imports_keep_what_they_do_not_mention() {
        let body = json!({"name": "t", "fields": [
            {"type": "text", "name": "a", "id": "f_a"}, {"type": "number", "name": "n"},
        ]});
        let old = prepared(&body, None).unwrap();
        let import = json!({"name": "t", "fields": [{"type": "text", "name": "new"}, {"type": "text", "name": "a"}]});
        for (delete_missing, expected) in
            [(false, vec!["new", "a", "id", "n"]), (true, vec!["new", "a", "id"])]
        {
            let body = merge_import(import.as_object().unwrap(), &old, delete_missing);
            assert_eq!(names(&prepare(&body, Some(&old)).unwrap()), expected);
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for (body, message, field) in [
            (json!({"name": 5}), TYPE_UNREADABLE, ""),
            (json!({"type": 5}), TYPE_UNREADABLE, ""),
            (json!({"id": 5}), UNREADABLE, ""),
            (json!({"fields": {}}), UNREADABLE, ""),
            (json!({"fields": [null]}), UNREADABLE, ""),
            (json!({"fields": [{"name": "a"}]}), UNREADABLE, ""),
            (json!({"fields": [{"name": "a", "type": "unknown"}]}), UNREADABLE, ""),
            (json!({"fields": [{"name": "a", "type": "text", "min": 1.5}]}), UNREADABLE, ""),
            (json!({"fields": [{"name": "a", "type": "file"}]}), CREATE_FAILED, "fields"),
            (json!({"indexes": [5]}), UNREADABLE, ""),
            (json!({"listRule": 5}), UNREADABLE, ""),
            (json!({"authRule": 5}), UNREADABLE, ""),
            (json!({"type": "other"}), CREATE_FAILED, "type"),
            (json!({"type": "view"}), CREATE_FAILED, "type"),
        ] {
            let problem = prepared(&body, None).unwrap_err().problem();
            assert_eq!(problem.message, message, "{body}");
            assert_eq!(problem.data.keys().next().map_or("", String::as_str), field, "{body}");
        }
    }
}
