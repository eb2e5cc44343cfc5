//! The API described, from the live collections, as far as its reader may use it.
//!
//! [`document`] puts together what [`records`], [`accounts`] and [`collections`] say of their routes. Nothing in
//! it depends on the order of a hash map: the same collections make the same bytes.

mod accounts;
pub mod api;
mod batch;
mod collections;
mod common;
mod fields;
mod jobs;
mod logs;
mod metrics;
mod parameters;
mod parts;
mod policy;
mod realtime;
mod records;
mod settings;
#[cfg(test)]
mod tests;

use utoipa::openapi::path::{HttpMethod, OperationBuilder, Paths};
use utoipa::openapi::tag::{Tag, TagBuilder};
use utoipa::openapi::{Components, InfoBuilder, OpenApi, OpenApiBuilder, SecurityRequirement};

use crate::policy::{Action, Reach, Snapshot, roles};
use crate::request::Caller;
use crate::schema::{Collection, FieldAccess, Rule};
use parts::Described;

const INTRODUCTION: &str = "\
Send the `token` that a sign-in answers as `Authorization`; without it, or with one that is not good any more, you \
are a guest. Rules do not apply to superusers. This document shows what is open to whoever asked for it: superusers \
see every route and field.";

/// Who reads the description.
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

    /// Whether accounts of the collection sign in with a password.
    fn may_sign_in(&self, collection: &Collection) -> bool {
        let password = collection.def.auth.as_ref().map(|auth| &auth.password_auth);
        let works = password.is_some_and(|password| password.enabled)
            && collection.rules.auth != Rule::Locked;
        collection.is_auth() && (self.is_superuser || works)
    }

    /// Whether answers have records of the collection.
    fn meets(&self, collection: &Collection) -> bool {
        let answers = [Action::List, Action::View, Action::Create, Action::Update];
        answers.iter().any(|action| self.may(collection, *action)) || self.may_sign_in(collection)
    }

    /// The fields that the reader sees of every record that they may list or view.
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

    /// Whether the reader sees this area of the console.
    fn sees(&self, area: &str) -> bool {
        let sees = || self.schema.policies.sees(&roles::of(self.caller), area);
        self.is_superuser || sees().unwrap_or(false)
    }

    /// Whether the collection's name may be told.
    fn knows(&self, collection: &Collection) -> bool {
        self.meets(collection) || self.may(collection, Action::Delete)
    }

    /// A rule in words; its text is the superusers' own.
    fn who(&self, rule: &Rule, text: Option<&str>) -> String {
        match rule {
            Rule::Locked => "Superusers, and whoever has a role that allows it.".to_owned(),
            Rule::Open => "Everyone.".to_owned(),
            Rule::Filter(_) if self.is_superuser => {
                format!("Whoever satisfies: `{}`.", text.unwrap_or_default().trim())
            }
            Rule::Filter(_) => "Whoever satisfies the collection's rule.".to_owned(),
        }
    }
}

/// The description as far as it is written.
#[derive(Default)]
struct Draft {
    paths: Paths,
    components: Components,
    tags: Vec<Tag>,
}

impl Draft {
    fn route(&mut self, method: HttpMethod, path: impl AsRef<str>, operation: OperationBuilder) {
        self.paths.add_path_operation(path, vec![method], operation);
    }

    fn schema(&mut self, name: impl Into<String>, schema: impl Into<Described>) {
        self.components.schemas.insert(name.into(), schema.into());
    }

    fn tag(&mut self, name: &str, description: impl Into<String>) {
        self.tags.push(
            TagBuilder::new()
                .name(name)
                .description(Some(description))
                .build(),
        );
    }
}

/// Describes the API to this caller.
fn document(schema: &Snapshot, caller: &Caller) -> OpenApi {
    let reader = Reader {
        schema,
        caller,
        is_superuser: caller.is_superuser(),
    };
    let mut draft = Draft::default();
    common::describe(&mut draft);
    metrics::describe(&mut draft, reader.sees("metrics:read"));
    if reader.sees("collections:read") {
        collections::describe(&mut draft);
    }
    settings::describe(&reader, &mut draft);
    policy::describe(&reader, &mut draft);
    jobs::describe(&reader, &mut draft);
    logs::describe(&reader, &mut draft);
    realtime::describe(&mut draft);
    batch::describe(&reader, &mut draft);
    for collection in schema.iter().filter(|collection| reader.knows(collection)) {
        records::describe(&reader, &mut draft, collection);
        accounts::describe(&reader, &mut draft, collection);
    }
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
