//! The OpenAPI document, which describes the routes that its reader may use.
//!
//! Routes that do not depend on collections are described at their handlers, with the schemas of the SDK's types;
//! `api/groups.rs` lists them by audience. [`records`] and [`accounts`] describe the routes of each live collection.
//! Nothing depends on the order of a hash map: the same collections make the same bytes.

mod accounts;
pub mod api;
mod audience;
mod batch;
mod bodies;
mod collections;
mod common;
mod fields;
mod parameters;
mod parts;
mod records;
mod responses;
pub(crate) mod tags;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use plinth_sdk::types as wire;
use serde::Serialize;
use serde_json::Value as Json;
use utoipa::ToSchema;
use utoipa::openapi::path::{HttpMethod, Operation, Paths};
use utoipa::openapi::schema::{ArrayItems, Schema as JsonSchema};
use utoipa::openapi::tag::{Tag, TagBuilder};
use utoipa::openapi::{
    Components, InfoBuilder, OpenApi, OpenApiBuilder, Ref, RefOr, Required, SecurityRequirement,
};

use crate::policy::{Action, Reach, Snapshot, roles};
use crate::request::Caller;
use crate::schema::{Collection, FieldAccess, Rule};
use audience::Audience;
use parts::Described;

pub(crate) use bodies::{RealtimeEvent, Subscriptions, TestS3};
pub(crate) use collections::{CollectionChanges, NewCollection};
pub(crate) use parameters::{
    CollectionPath, FileParams, FilePath, Filter, ListParams, OverviewParams, RecordPath, Selection,
};
pub(crate) use responses::{BadRequest, Forbidden, NotFound, Unauthorized};

const INTRODUCTION: &str = "\
Send the `token` from a sign-in in the `Authorization` header. A request without a token, or with one that has \
expired, is a guest's. Rules do not apply to superusers. This document contains what its reader may use: superusers \
see every route and field.";

/// The caller for whom the document is made.
struct Reader<'a> {
    schema: &'a Snapshot,
    caller: &'a Caller,
    is_superuser: bool,
}

impl Reader<'_> {
    fn may(&self, collection: &Collection, action: Action) -> bool {
        if collection.is_view() && !action.reads() {
            return false;
        }
        let reach = Reach::of(&self.schema.policies, self.caller, collection, action);
        reach.is_ok_and(|reach| !reach.is_nothing())
    }

    /// Returns whether accounts of the collection can sign in with a password or another service.
    fn may_sign_in(&self, collection: &Collection) -> bool {
        let auth = collection.def.auth.as_deref();
        let works = auth.is_some_and(|auth| auth.password_auth.enabled || auth.oauth2.enabled)
            && collection.rules.auth != Rule::Locked;
        collection.is_auth() && (self.is_superuser || works)
    }

    /// Returns whether the reader can get records of the collection.
    fn meets(&self, collection: &Collection) -> bool {
        let answers = [Action::List, Action::View, Action::Create, Action::Update];
        answers.iter().any(|action| self.may(collection, *action)) || self.may_sign_in(collection)
    }

    /// Returns the fields that the reader sees in every record that they may list or view.
    fn always_shown(&self, collection: &Collection) -> FieldAccess {
        let reach = |action| Reach::of(&self.schema.policies, self.caller, collection, action);
        let reached = [Action::View, Action::List].map(|action| reach(action).ok());
        let reached = reached
            .into_iter()
            .flatten()
            .find(|reach| !reach.is_nothing());
        reached
            .map(|reach| reach.common_fields())
            .unwrap_or_default()
    }

    /// Returns whether the reader's roles have this area of the console.
    fn sees(&self, area: &str) -> bool {
        let sees = || self.schema.policies.sees(&roles::of(self.caller), area);
        self.is_superuser || sees().unwrap_or(false)
    }

    /// Returns whether the reader may learn the collection's name.
    fn knows(&self, collection: &Collection) -> bool {
        self.meets(collection) || self.may(collection, Action::Delete)
    }

    /// Returns the audience of a rule in words. The rule itself is shown to superusers only.
    fn who(&self, rule: &Rule, text: Option<&str>) -> String {
        match rule {
            Rule::Locked => {
                "For superusers, and for accounts with a role that allows it.".to_owned()
            }
            Rule::Open => "Open to everyone.".to_owned(),
            Rule::Filter(_) if self.is_superuser => {
                format!(
                    "For callers who satisfy `{}`.",
                    text.unwrap_or_default().trim()
                )
            }
            Rule::Filter(_) => "For callers who satisfy the collection's rule.".to_owned(),
        }
    }
}

/// The parts of the document that is being built.
#[derive(Default)]
struct Draft {
    paths: Paths,
    components: Components,
    tags: Vec<Tag>,
}

impl Draft {
    fn route(
        &mut self,
        method: HttpMethod,
        path: impl AsRef<str>,
        operation: impl Into<Operation>,
    ) {
        let mut operation = operation.into();
        // A change of nothing is one too.
        if matches!(method, HttpMethod::Patch)
            && let Some(RefOr::T(body)) = &mut operation.request_body
        {
            body.required = Some(Required::False);
        }
        self.paths.add_path_operation(path, vec![method], operation);
    }

    /// Adds the routes and schemas of a group.
    fn group(&mut self, audience: Audience, group: OpenApi) {
        let components = group.components.unwrap_or_default();
        self.components.schemas.extend(components.schemas);
        for (path, item) in group.paths.paths {
            for (method, operation) in [
                (HttpMethod::Get, item.get),
                (HttpMethod::Post, item.post),
                (HttpMethod::Put, item.put),
                (HttpMethod::Patch, item.patch),
                (HttpMethod::Delete, item.delete),
            ] {
                if let Some(mut operation) = operation {
                    self.complete(&mut operation);
                    audience.complete(&mut operation);
                    self.route(method, &path, operation);
                }
            }
        }
    }

    /// Refers to the shared parameters, and fills in what the attribute of a handler may omit.
    fn complete(&self, operation: &mut Operation) {
        for parameter in operation.parameters.iter_mut().flatten() {
            if let RefOr::T(given) = parameter
                && self.components.parameters.contains_key(&given.name)
            {
                *parameter = RefOr::Ref(Ref::new(parts::parameter(&given.name)));
            }
        }
        if let Some(summary) = &mut operation.summary {
            summary.truncate(summary.trim_end_matches('.').len());
        }
        for (status, response) in &mut operation.responses.responses {
            if let RefOr::T(response) = response
                && response.description.is_empty()
            {
                response.description = if status == "204" {
                    "Success, without a body.".to_owned()
                } else {
                    "Success.".to_owned()
                };
            }
        }
    }

    /// Marks the properties that the server always sends as required. To utoipa they are optional, since they have a
    /// default, which clients use with servers that do not send them yet.
    fn always_sent<T: ToSchema + Serialize + Default>(&mut self) {
        let schema = self.components.schemas.get_mut(T::name().as_ref());
        let Some(RefOr::T(JsonSchema::Object(schema))) = schema else {
            return;
        };
        if let Ok(Json::Object(sent)) = serde_json::to_value(T::default()) {
            schema.required = sent.into_iter().map(|(key, _)| key).collect();
        }
    }

    fn schema(&mut self, name: impl Into<String>, schema: impl Into<Described>) {
        self.components.schemas.insert(name.into(), schema.into());
    }

    /// Adds the schema of a type, and the schemas that it refers to.
    fn type_of<T: ToSchema>(&mut self) {
        let mut schemas = vec![(T::name().into_owned(), T::schema())];
        T::schemas(&mut schemas);
        self.components.schemas.extend(schemas);
    }

    fn tag(&mut self, name: &str, description: impl Into<String>) {
        self.tags.push(
            TagBuilder::new()
                .name(name)
                .description(Some(description))
                .build(),
        );
    }

    /// Describes the tags of the operations so far.
    fn tags(&mut self) {
        let items = self.paths.paths.values();
        let operations = items.flat_map(|item| {
            [&item.get, &item.post, &item.put, &item.patch, &item.delete]
                .into_iter()
                .flatten()
        });
        let used: BTreeSet<String> = operations
            .flat_map(|operation| operation.tags.iter().flatten().cloned())
            .collect();
        for (name, description) in tags::DESCRIPTIONS {
            if used.contains(name) {
                self.tag(name, description);
            }
        }
    }
}

/// Removes the defaults that utoipa takes from `Default`: an empty text is no valid value of many properties.
fn forget_defaults(schema: &mut Described) {
    match schema {
        RefOr::Ref(reference) => reference.default = None,
        RefOr::T(JsonSchema::Object(object)) => {
            object.default = None;
            object.properties.values_mut().for_each(forget_defaults);
        }
        RefOr::T(JsonSchema::Array(array)) => {
            array.default = None;
            if let ArrayItems::RefOrSchema(items) = &mut array.items {
                forget_defaults(items);
            }
        }
        RefOr::T(JsonSchema::OneOf(one_of)) => {
            one_of.default = None;
            one_of.items.iter_mut().for_each(forget_defaults);
        }
        RefOr::T(JsonSchema::AllOf(all_of)) => {
            all_of.default = None;
            all_of.items.iter_mut().for_each(forget_defaults);
        }
        RefOr::T(JsonSchema::AnyOf(any_of)) => {
            any_of.default = None;
            any_of.items.iter_mut().for_each(forget_defaults);
        }
        RefOr::T(_) => {}
    }
}

/// A group of routes that do not depend on collections: their audience, and their descriptions.
type Group = (Audience, fn() -> OpenApi);

/// Returns the document for this caller.
fn document(schema: &Snapshot, caller: &Caller, groups: &[Group]) -> OpenApi {
    let reader = Reader {
        schema,
        caller,
        is_superuser: caller.is_superuser(),
    };
    let mut draft = Draft::default();
    common::describe(&mut draft);
    for (audience, group) in groups.iter().copied() {
        if audience.includes(&reader) {
            draft.group(audience, group());
        }
    }
    if reader.sees("collections:read") || reader.sees("collections:write") {
        collections::describe(&mut draft);
    }
    batch::describe(&reader, &mut draft);
    draft.always_sent::<wire::BatchResult>();
    draft.always_sent::<wire::Cron>();
    draft.always_sent::<wire::JobPreview>();
    draft.always_sent::<wire::Log>();
    draft.always_sent::<wire::LogHour>();
    draft.always_sent::<wire::Minute>();
    draft.always_sent::<wire::PasswordMethod>();
    draft.tags();
    for collection in schema.iter().filter(|collection| reader.knows(collection)) {
        records::describe(&reader, &mut draft, collection);
        accounts::describe(&reader, &mut draft, collection);
    }
    draft
        .components
        .schemas
        .values_mut()
        .for_each(forget_defaults);
    let info = InfoBuilder::new()
        .title("Plinth")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(INTRODUCTION))
        .build();
    let optional = [SecurityRequirement::default(), parts::token()];
    OpenApiBuilder::new()
        .info(info)
        .tags(Some(draft.tags))
        .paths(draft.paths)
        .components(Some(draft.components))
        .security(Some(optional))
        .build()
}
