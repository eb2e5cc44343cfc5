//! Schemas of collections, which serde flattens on the wire.

use plinth_sdk::types::{AuthOptions, Collection};
use serde_json::Value as Json;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{Object, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::Draft;
use super::parts::Described;

/// A change of a collection.
pub(crate) struct CollectionChanges;

/// A new collection.
pub(crate) struct NewCollection;

impl ToSchema for CollectionChanges {}

impl ToSchema for NewCollection {}

impl PartialSchema for CollectionChanges {
    fn schema() -> Described {
        let mut changes = whole();
        changes.description = Some("Members that are omitted keep their values.".to_owned());
        changes.into()
    }
}

impl PartialSchema for NewCollection {
    fn schema() -> Described {
        let mut new = whole();
        new.description = Some("Members that are omitted have their defaults.".to_owned());
        new.required = vec!["name".to_owned()];
        new.into()
    }
}

/// Completes the schema of a collection, and adds those that it refers to.
pub(super) fn describe(draft: &mut Draft) {
    draft.type_of::<AuthOptions>();
    draft
        .components
        .schemas
        .remove(AuthOptions::name().as_ref());
    let mut collection = whole();
    if let Ok(Json::Object(sent)) = serde_json::to_value(Collection::default()) {
        collection.required = sent.into_iter().map(|(key, _)| key).collect();
    }
    if let Some(RefOr::T(Schema::Object(name))) = collection.properties.get_mut("name") {
        // The templates of new collections have no name.
        name.pattern = None;
    }
    draft.schema(Collection::name(), collection);
    draft.schema(CollectionChanges::name(), CollectionChanges::schema());
}

/// Returns the members of every collection, together with those of auth collections.
fn whole() -> Object {
    let mut collection = members(Collection::schema());
    collection
        .properties
        .extend(members(AuthOptions::schema()).properties);
    collection
}

fn members(schema: Described) -> Object {
    match schema {
        RefOr::T(Schema::Object(object)) => object,
        RefOr::T(_) | RefOr::Ref(_) => Object::new(),
    }
}
