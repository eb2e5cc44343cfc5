//! Checks assertions: asks the policy as requests do, and explains what decides.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use plinth_sdk::types::{
    AssertionResult, AssertionResults, DecidedBy, FieldProblem, FieldProblems, PolicyQuestion,
    Subject,
};
use serde_json::{Map, Value as Json};

use super::explain::{FAILED, explain, request_of, subject_of};
use crate::accounts::store as accounts;
use crate::db::{Conn, sql};
use crate::error::{Error, Result};
use crate::filter::Expression;
use crate::policy::assertion::{About, Assertion, parse_all};
use crate::policy::{self, Action, RuleCheck, Snapshot};
use crate::problems::{self, NOT_PERMITTED};
use crate::records::input::Input;
use crate::records::{store as records, write};
use crate::request::Request;
use crate::schema::{Collection, Record};

/// The most records that one assertion is about.
const MAX_RECORDS: usize = 1000;
/// The most assertions of one text.
const MAX_ASSERTIONS: usize = 1000;

/// Checks all assertions of a text. Fails if one of them cannot be read, or names what does not exist.
pub(crate) fn check(
    conn: &mut Conn,
    schema: &Arc<Snapshot>,
    text: &str,
) -> Result<AssertionResults> {
    let all = parse_all(text).map_err(|(line, reason)| refused(line, &reason))?;
    if let Some(first) = all.get(MAX_ASSERTIONS) {
        let reason = format!("there are more than {MAX_ASSERTIONS} assertions");
        return Err(refused(first.line, &reason));
    }
    let mut results = Vec::new();
    for assertion in &all {
        results.push(Check::new(conn, schema, assertion)?.run(conn)?);
    }
    Ok(AssertionResults {
        passed: results.iter().all(|result| result.holds),
        results,
    })
}

/// An assertion, with what it names.
struct Check<'a> {
    schema: &'a Arc<Snapshot>,
    assertion: &'a Assertion,
    collection: &'a Arc<Collection>,
    subject: Subject,
    request: Request,
}

impl<'a> Check<'a> {
    fn new(conn: &mut Conn, schema: &'a Arc<Snapshot>, assertion: &'a Assertion) -> Result<Self> {
        let Some(collection) = schema.find(&assertion.collection) else {
            let reason = format!("there is no collection {:?}", assertion.collection);
            return Err(refused(assertion.line, &reason));
        };
        let subject = find_subject(conn, schema, assertion)?;
        let caller = subject_of(conn, schema, &subject)?;
        let request = request_of(conn, caller, assertion.action);
        Ok(Self {
            schema,
            assertion,
            collection,
            subject,
            request,
        })
    }

    fn run(&self, conn: &mut Conn) -> Result<AssertionResult> {
        match &self.assertion.about {
            About::Collection => self.of_collection(conn),
            About::Where(text, filter) => self.of_records(conn, text, filter),
            About::With(values) => self.of_new_record(conn, values),
        }
    }

    fn of_collection(&self, conn: &mut Conn) -> Result<AssertionResult> {
        let answer = explain(conn, self.schema, &self.question(None))?;
        let holds = answer.allowed == self.assertion.may;
        Ok(self.result(holds, None, answer.reason, answer.decided_by))
    }

    /// Asks about every stored record that meets the filter.
    fn of_records(
        &self,
        conn: &mut Conn,
        text: &str,
        filter: &Expression,
    ) -> Result<AssertionResult> {
        let ids = self.matching(conn, text, filter)?;
        let undecided = |reason: String| Ok(self.result(false, None, reason, DecidedBy::Nothing));
        if ids.is_empty() {
            return undecided("No record meets the condition, so this shows nothing.".to_owned());
        }
        if ids.len() > MAX_RECORDS {
            return undecided(format!(
                "More than {MAX_RECORDS} records meet the condition."
            ));
        }
        let granted = self.granted(conn, &ids)?;
        let is_other = |id: &&String| granted.contains(*id) != self.assertion.may;
        let exception = ids.iter().find(is_other);
        let shown = exception.or(ids.first()).cloned();
        let answer = explain(conn, self.schema, &self.question(shown.clone()))?;
        Ok(self.result(exception.is_none(), shown, answer.reason, answer.decided_by))
    }

    /// Returns the ids of the records that meet the filter, in the order of insertion, and one more than the most.
    fn matching(&self, conn: &mut Conn, text: &str, filter: &Expression) -> Result<Vec<String>> {
        let id = &self.collection.def.id;
        let others = self.schema.iter().filter(|one| one.def.id != *id);
        let others: Vec<_> = others.cloned().collect();
        let version = self.schema.version;
        let check = RuleCheck::new(&self.collection.def, &others, BTreeSet::default(), version);
        if let Some(reason) = check.reason_against(text) {
            return Err(refused(self.assertion.line, &reason));
        }
        let request = self.request.clone();
        let grant = policy::matching(self.schema, self.collection, request, filter.clone());
        let limit = i64::try_from(MAX_RECORDS + 1).ok();
        let all = sql(conn.dialect(), "1 = 1");
        let found = records::find_where(conn, &grant, all, limit)?;
        Ok(found.iter().map(|record| record.id().to_owned()).collect())
    }

    /// Returns those of the records on which the subject may perform the action.
    fn granted(&self, conn: &mut Conn, ids: &[String]) -> Result<HashSet<String>> {
        let id = &self.collection.def.id;
        let (schema, request) = (Arc::clone(self.schema), self.request.clone());
        let grant = match policy::grant(schema, request, id, self.assertion.action) {
            Ok(grant) => grant,
            Err(Error::Forbidden(_)) => return Ok(HashSet::new()),
            Err(Error::Invalid { message, .. }) => {
                return Err(refused(self.assertion.line, &message));
            }
            Err(error) => return Err(error),
        };
        let found = records::find_all(conn, &grant, ids)?;
        Ok(found.iter().map(|record| record.id().to_owned()).collect())
    }

    /// Asks whether the subject could create a record with these values.
    fn of_new_record(
        &self,
        conn: &mut Conn,
        values: &Map<String, Json>,
    ) -> Result<AssertionResult> {
        let id = &self.collection.def.id;
        let (schema, request) = (Arc::clone(self.schema), self.request.clone());
        let by_nothing = |is_allowed: bool, reason: String| {
            let holds = is_allowed == self.assertion.may;
            Ok(self.result(holds, None, reason, DecidedBy::Nothing))
        };
        let grant = match policy::grant(schema, request, id, Action::Create) {
            Ok(grant) => grant,
            Err(Error::Forbidden(_)) => return self.of_collection(conn),
            Err(Error::Invalid { message, .. }) => {
                return Err(refused(self.assertion.line, &message));
            }
            Err(error) => return Err(error),
        };
        match write::new(conn, grant, &Input::of(values.clone())) {
            Ok((_, record)) => self.of_allowed(conn, &record),
            Err(Error::Invalid { data, .. }) if data.is_empty() => by_nothing(
                false,
                "No rule and no permission allows this record, or a permission denies it."
                    .to_owned(),
            ),
            Err(Error::Invalid { data, .. }) => match not_permitted(&data) {
                Some(field) => by_nothing(
                    false,
                    format!("The roles do not let the field {field:?} be set."),
                ),
                None => Err(refused(self.assertion.line, &first_problem(&data))),
            },
            Err(error) => Err(error),
        }
    }

    /// Says what allows a new record.
    fn of_allowed(&self, conn: &mut Conn, record: &Record) -> Result<AssertionResult> {
        let request = self.request.clone();
        let answer = super::explain::explain_new(conn, self.schema, request, record)?;
        let holds = self.assertion.may;
        Ok(self.result(holds, None, answer.reason, answer.decided_by))
    }

    fn question(&self, record: Option<String>) -> PolicyQuestion {
        PolicyQuestion {
            subject: self.subject.clone(),
            action: self.assertion.action.name().to_owned(),
            collection: self.collection.def.id.clone(),
            record,
        }
    }

    fn result(
        &self,
        holds: bool,
        record: Option<String>,
        reason: String,
        decided_by: DecidedBy,
    ) -> AssertionResult {
        AssertionResult {
            line: self.assertion.line,
            text: self.assertion.text.clone(),
            holds,
            record,
            reason,
            decided_by,
        }
    }
}

/// Finds the account that an assertion names by its e-mail address or id, with or without its collection.
fn find_subject(conn: &mut Conn, schema: &Arc<Snapshot>, assertion: &Assertion) -> Result<Subject> {
    let name = assertion.subject.as_str();
    if matches!(name, "guest" | "@guest") {
        return Ok(Subject::Guest("@guest".to_owned()));
    }
    let (of, name) = match name.split_once('/') {
        Some((collection, name)) => (Some(collection), name),
        None => (None, name),
    };
    let field = if name.contains('@') { "email" } else { "id" };
    let is_meant = |one: &Collection| of.is_none_or(|of| of == one.def.id || of == one.def.name);
    let mut found = Vec::new();
    for collection in schema.iter().filter(|one| one.is_auth() && is_meant(one)) {
        let request = Request::internal(conn.clock.now());
        let why = "superusers ask about any account";
        let grant = policy::system(schema, collection, request, why);
        if let Some(account) = accounts::find_by(conn, &grant, field, name)? {
            found.push(Subject::Account {
                collection: collection.def.id.clone(),
                id: account.id().to_owned(),
            });
        }
    }
    let subject = found.pop();
    let reason = match subject {
        Some(subject) if found.is_empty() => return Ok(subject),
        Some(_) => format!("several collections have an account {name}: write collection/{name}"),
        None => format!("there is no account {name}"),
    };
    Err(refused(assertion.line, &reason))
}

/// Returns a field that the roles do not let be set, if that is the only kind of problem.
fn not_permitted(problems: &FieldProblems) -> Option<&String> {
    let is_it = |problem: &FieldProblem| matches!(problem, FieldProblem::Broken { code, .. } if code == NOT_PERMITTED.code);
    let first = problems.keys().next();
    first.filter(|_| problems.values().all(is_it))
}

fn first_problem(problems: &FieldProblems) -> String {
    let broken = problems.iter().find_map(|(field, problem)| match problem {
        FieldProblem::Broken { message, .. } => Some(format!("{field}: {message}")),
        FieldProblem::Failed { .. } | FieldProblem::Inside(_) => None,
    });
    let reason = broken.unwrap_or_default();
    format!("there can be no such record: {reason}")
}

fn refused(line: u64, reason: &str) -> Error {
    let line = line.to_string();
    let words = [("line", &*line), ("reason", reason)];
    let problem = problems::INVALID_ASSERTION.quoting(&words);
    Error::field(FAILED, "assertions", problem)
}
