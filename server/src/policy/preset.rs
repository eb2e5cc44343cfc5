//! Presets: values that records get which members of a role create.

use std::collections::BTreeMap;

use plinth_sdk::types::{FieldKind, FieldProblem, FieldProblems};
use serde_json::{Map, Value as Json};

use super::permission::Held;
use super::{Grant, store};
use crate::db::{Conn, Value};
use crate::error::Result;
use crate::fields;
use crate::filter::ROLE_SCOPE;
use crate::problems as types;
use crate::schema::{Collection, Record, Shape};

/// The expression for the id of the account that creates the record.
const ACCOUNT: &str = "@request.auth.id";

/// The values of a permission's presets, by the names of the fields.
pub(super) type Presets = BTreeMap<String, Preset>;

/// The value of a preset.
#[derive(Debug, PartialEq)]
pub(super) enum Preset {
    /// The id of the account that creates the record.
    Account,
    /// The scope in which the account has the role.
    Scope,
    /// The same value for all records.
    Value(Json),
}

/// Reads the stored presets; what cannot be read is no preset.
pub(super) fn read(text: &str) -> Presets {
    let stored: Map<String, Json> = serde_json::from_str(text).unwrap_or_default();
    let presets = stored.into_iter();
    presets
        .filter_map(|(name, value)| Some((name, Preset::parse(value)?)))
        .collect()
}

impl Preset {
    /// Parses a value. A text that begins with `@` is an expression; `None` if there is no such expression.
    fn parse(value: Json) -> Option<Self> {
        match value.as_str() {
            Some(ACCOUNT) => Some(Self::Account),
            Some(ROLE_SCOPE) => Some(Self::Scope),
            Some(text) if text.starts_with('@') => None,
            _ => Some(Self::Value(value)),
        }
    }

    /// Returns the values that the preset stands for: none, one, or several that the caller has to choose from.
    fn values(
        &self,
        conn: &mut Conn,
        grant: &Grant,
        held: &Held,
        field: &str,
    ) -> Result<Vec<Json>> {
        let Some(account) = grant.request.caller.account() else {
            return Ok(match self {
                Self::Value(value) => vec![value.clone()],
                Self::Account | Self::Scope => Vec::new(),
            });
        };
        match self {
            Self::Value(value) => Ok(vec![value.clone()]),
            Self::Account => Ok(vec![account.record.id().into()]),
            Self::Scope => {
                let target = grant.collection().column(field).map(|column| &column.shape);
                let Some(Shape::Relation { target, .. }) = target else {
                    return Ok(Vec::new());
                };
                let target = grant.schema().find(target).map_or("", |one| &one.def.id);
                let ids = store::some_scopes(conn, account, &held.scoped_roles, target)?;
                Ok(ids.into_iter().map(Json::from).collect())
            }
        }
    }
}

/// Returns the preset values of the fields that the caller does not set, and the problems of those for which the caller's
/// roles have several values.
pub(crate) fn values(
    conn: &mut Conn,
    grant: &Grant,
    is_set: impl Fn(&str) -> bool,
) -> Result<(Map<String, Json>, FieldProblems)> {
    let mut found: BTreeMap<&str, Vec<Json>> = BTreeMap::new();
    for held in grant.reach().allows() {
        for (field, preset) in held.presets.iter().filter(|(field, _)| !is_set(field)) {
            let known = found.entry(field).or_default();
            for value in preset.values(conn, grant, held, field)? {
                if !known.contains(&value) {
                    known.push(value);
                }
            }
        }
    }
    let (mut values, mut problems) = (Map::new(), FieldProblems::new());
    for (field, mut choices) in found {
        let last = choices.pop();
        if !choices.is_empty() {
            problems.insert(field.to_owned(), types::SEVERAL_PRESETS.problem());
        } else if let Some(value) = last {
            values.insert(field.to_owned(), value);
        }
    }
    Ok((values, problems))
}

/// Returns the problem of the presets of a permission for this collection; `None` is the collection of all.
pub(super) fn problem(collection: Option<&Collection>, record: &Record) -> Option<FieldProblem> {
    let Some(Value::Json(text)) = record.value("presets") else {
        return None;
    };
    let Ok(stored) = serde_json::from_str::<Option<Map<String, Json>>>(text) else {
        return Some(types::PRESET_OBJECT.problem());
    };
    let stored = stored.filter(|stored| !stored.is_empty())?;
    let actions = record.value("actions").map(fields::items);
    let creates = actions
        .unwrap_or_default()
        .iter()
        .any(|one| one == "create");
    if !creates || record.text("effect") != "allow" {
        return Some(types::PRESETS_OF_CREATE.problem());
    }
    let Some(collection) = collection else {
        return Some(types::PRESETS_OF_ALL.problem());
    };
    let mut presets = stored.iter();
    presets.find_map(|(name, value)| problem_of_one(collection, name, value))
}

fn problem_of_one(collection: &Collection, name: &str, value: &Json) -> Option<FieldProblem> {
    let quoted = format!("{name:?}");
    let position = collection.position(name).filter(|position| {
        let (field, column) = (
            &collection.def.fields[*position],
            &collection.columns[*position],
        );
        let is_given = matches!(
            field.kind,
            FieldKind::Autodate(_) | FieldKind::File(_) | FieldKind::Password(_)
        );
        !is_given && !field.system && !column.hidden
    });
    let Some(position) = position else {
        let of = format!("{:?}", collection.def.name);
        let words = [("collection", &*of), ("field", &*quoted)];
        return Some(types::PRESET_FIELD.worded(words));
    };
    let kind = &collection.def.fields[position].kind;
    let is_relation = matches!(kind, FieldKind::Relation(_));
    let is_fine = match Preset::parse(value.clone()) {
        None => return Some(types::PRESET_EXPRESSION.worded([("field", &quoted)])),
        Some(Preset::Scope) => is_relation,
        Some(Preset::Account) => is_relation || matches!(kind, FieldKind::Text(_)),
        // A request may send them as texts, but whoever writes a preset means what it says.
        Some(Preset::Value(value))
            if matches!(kind, FieldKind::Number(_)) && !value.is_number() =>
        {
            false
        }
        Some(Preset::Value(value)) if matches!(kind, FieldKind::Bool(_)) && !value.is_boolean() => {
            false
        }
        Some(Preset::Value(value)) => {
            let normal = fields::normalise(kind, &value);
            fields::validate(kind, &normal, Some(&value)).is_none()
        }
    };
    (!is_fine).then(|| types::PRESET_VALUE.worded([("field", &quoted)]))
}
