//! Explains why an action is allowed or refused.

use std::sync::Arc;

use plinth_sdk::types::{DecidedBy, PolicyAnswer, PolicyQuestion, Subject};

use crate::db::Conn;
use crate::error::{Error, Result};
use crate::policy::permission::Effect;
use crate::policy::{Action, Grant, Held, Part, Permission, Reach, Snapshot, store, system};
use crate::problems::{self, ProblemType};
use crate::records::store as records;
use crate::request::{Account, Caller, Request};
use crate::schema::{Collection, Record, Rule};

pub(super) const FAILED: &str = "Failed to check the policy.";

/// The inputs of an explanation.
pub(super) fn explain(
    conn: &mut Conn,
    schema: &Arc<Snapshot>,
    question: &PolicyQuestion,
) -> Result<PolicyAnswer> {
    let caller = subject_of(conn, schema, &question.subject)?;
    let Some(action) = Action::parse(&question.action) else {
        return Err(refused("action", problems::UNKNOWN_ACTION));
    };
    let collection = schema
        .find(&question.collection)
        .ok_or_else(|| refused("collection", problems::UNKNOWN_COLLECTION))?;
    if caller.is_superuser() {
        let by = DecidedBy::Superuser;
        return Ok(answer(true, "Superusers may do everything.".to_owned(), by));
    }
    let request = request_of(conn, caller.clone(), action);
    let grant = system(schema, collection, request, "to look at what decides");
    let reach = Reach::of(&schema.policies, &caller, collection, action)?;
    let context = Context {
        schema,
        collection,
        action,
        reach: &reach,
    };
    match question.record.as_deref().filter(|id| !id.is_empty()) {
        None => Ok(context.without_record()),
        Some(id) => context.with_record(conn, &grant, id),
    }
}

/// Explains why a record that is not stored may be created.
pub(super) fn explain_new(
    conn: &mut Conn,
    schema: &Arc<Snapshot>,
    request: Request,
    record: &Record,
) -> Result<PolicyAnswer> {
    let (collection, action) = (&record.collection, Action::Create);
    if request.caller.is_superuser() {
        let by = DecidedBy::Superuser;
        return Ok(answer(true, "Superusers may do everything.".to_owned(), by));
    }
    let reach = Reach::of(&schema.policies, &request.caller, collection, action)?;
    let grant = system(schema, collection, request, "to look at what decides");
    let context = Context {
        schema,
        collection,
        action,
        reach: &reach,
    };
    context.of_record(conn, &grant, record)
}

/// Makes the request that a caller would send for an action.
pub(super) fn request_of(conn: &Conn, caller: Caller, action: Action) -> Request {
    Request {
        caller,
        method: method(action).to_owned(),
        ..Request::internal(conn.clock.now())
    }
}

struct Context<'a> {
    schema: &'a Snapshot,
    collection: &'a Collection,
    action: Action,
    reach: &'a Reach,
}

impl Context<'_> {
    fn without_record(&self) -> PolicyAnswer {
        let parts = self.reach.parts();
        if self.reach.is_nothing() {
            let takes_all =
                |permission: &&Arc<Held>| takes_rows(permission) && permission.is_for_all_rows();
            return match permissions(&parts).find(takes_all) {
                Some(deny) => self.by_permission(deny),
                None => self.nothing(),
            };
        }
        let gives_all = parts.iter().find(|part| self.gives_all(part));
        let is_taken = permissions(&parts).any(takes_rows);
        match gives_all {
            Some(Part::Rule) if !is_taken => self.by_rule(),
            Some(Part::Permission(allow)) if !is_taken => self.by_permission(allow),
            _ => PolicyAnswer {
                conditional: true,
                ..self.conditionally(&parts)
            },
        }
    }

    fn gives_all(&self, part: &Part) -> bool {
        match part {
            Part::Rule => self.reach.rule == Rule::Open,
            Part::Permission(allow) => allow.effect == Effect::Allow && allow.is_for_all_rows(),
        }
    }

    fn conditionally(&self, parts: &[Part]) -> PolicyAnswer {
        if let [Part::Rule] = parts {
            return self.by_rule();
        }
        if let [Part::Permission(allow)] = parts {
            return self.by_permission(allow);
        }
        let reason = "It depends on the record: ask about one.".to_owned();
        answer(true, reason, DecidedBy::Several)
    }

    fn with_record(&self, conn: &mut Conn, grant: &Grant, id: &str) -> Result<PolicyAnswer> {
        let record = records::find(conn, grant, id, None)?
            .ok_or_else(|| refused("record", problems::UNKNOWN_RECORD))?;
        self.of_record(conn, grant, &record)
    }

    fn of_record(&self, conn: &mut Conn, grant: &Grant, record: &Record) -> Result<PolicyAnswer> {
        let held = records::parts_of(conn, grant, self.reach, record)?;
        let mut decided = if let Some(deny) = permissions(&held).find(|p| takes_rows(p)) {
            self.by_permission(deny)
        } else if held.iter().any(|part| matches!(part, Part::Rule)) {
            self.by_rule()
        } else if let Some(allow) = permissions(&held).find(|p| p.effect == Effect::Allow) {
            self.by_permission(allow)
        } else {
            self.nothing()
        };
        let fields = self.reach.fields(&held);
        if decided.allowed && !fields.is_everything() {
            decided.fields = Some(names(record, &fields));
        }
        Ok(decided)
    }

    fn by_rule(&self) -> PolicyAnswer {
        let def = &self.collection.def;
        let rule = match self.action {
            Action::List => &def.list_rule,
            Action::View => &def.view_rule,
            Action::Create => &def.create_rule,
            Action::Update => &def.update_rule,
            Action::Delete => &def.delete_rule,
        };
        let rule = rule.clone().unwrap_or_default();
        let reason = if rule.is_empty() {
            format!(
                "The collection's {} rule lets everybody.",
                self.action.name()
            )
        } else {
            format!("The collection's {} rule holds: {rule}", self.action.name())
        };
        answer(true, reason, DecidedBy::Rule { rule })
    }

    fn by_permission(&self, permission: &Permission) -> PolicyAnswer {
        let role = self.schema.policies.role(&permission.role);
        let role_name = role.map(|role| role.name.clone()).unwrap_or_default();
        let allowed = permission.effect == Effect::Allow;
        let effect = if allowed { "allow" } else { "deny" };
        let verb = if allowed { "allows" } else { "denies" };
        let reason = match permission.condition.as_str() {
            "" => format!("A permission of the role {role_name:?} {verb} it."),
            condition => {
                format!("A permission of the role {role_name:?} {verb} it where {condition}")
            }
        };
        let by = DecidedBy::Permission {
            id: permission.id.clone(),
            role: permission.role.clone(),
            role_name,
            effect: effect.to_owned(),
            condition: permission.condition.clone(),
        };
        answer(allowed, reason, by)
    }

    fn nothing(&self) -> PolicyAnswer {
        let reason = if self.reach.rule == Rule::Locked {
            format!(
                "The collection's {} rule is locked, and no permission allows it.",
                self.action.name()
            )
        } else {
            format!(
                "The collection's {} rule does not hold, and no permission allows it.",
                self.action.name()
            )
        };
        answer(false, reason, DecidedBy::Nothing)
    }
}

fn permissions(parts: &[Part]) -> impl Iterator<Item = &Arc<Held>> {
    parts.iter().filter_map(|part| match part {
        Part::Rule => None,
        Part::Permission(permission) => Some(permission),
    })
}

fn takes_rows(permission: &Arc<Held>) -> bool {
    permission.effect == Effect::Deny && permission.fields.is_none()
}

fn answer(allowed: bool, reason: String, decided_by: DecidedBy) -> PolicyAnswer {
    PolicyAnswer {
        allowed,
        conditional: false,
        reason,
        decided_by,
        fields: None,
    }
}

/// Returns the HTTP method of an action.
fn method(action: Action) -> &'static str {
    match action {
        Action::List | Action::View => "GET",
        Action::Create => "POST",
        Action::Update => "PATCH",
        Action::Delete => "DELETE",
    }
}

/// Finds the caller that a question is about.
pub(super) fn subject_of(
    conn: &mut Conn,
    schema: &Arc<Snapshot>,
    subject: &Subject,
) -> Result<Caller> {
    let unknown = |problem: ProblemType| refused("subject", problem);
    let (collection, id) = match subject {
        Subject::Guest(name) if name == "@guest" => return Ok(Caller::Guest),
        Subject::Guest(_) => {
            return Err(unknown(problems::SUBJECT));
        }
        Subject::Account { collection, id } => (collection, id),
    };
    let collection = schema.find(collection).filter(|c| c.is_auth());
    let collection = collection.ok_or_else(|| unknown(problems::SUBJECT_COLLECTION))?;
    let grant = system(
        schema,
        collection,
        Request::internal(conn.clock.now()),
        "to look at an account",
    );
    let record = records::find(conn, &grant, id, None)?;
    let record = record.ok_or_else(|| unknown(problems::SUBJECT_ACCOUNT))?;
    let roles = store::roles_of(conn, &collection.def.id, id)?;
    Ok(Caller::Account(Arc::new(Account {
        is_superuser: collection.is_superusers(),
        refreshable: false,
        expires: i64::MAX,
        session: None,
        record,
        roles,
    })))
}

fn refused(field: &str, problem: ProblemType) -> Error {
    Error::field(FAILED, field, problem.problem())
}

/// Returns the names of a record's fields that are covered.
fn names(record: &Record, fields: &crate::schema::FieldAccess) -> Vec<String> {
    let columns = record.collection.columns.iter();
    let visible = columns.filter(|column| !column.hidden && fields.has(&column.name));
    visible.map(|column| column.name.clone()).collect()
}
