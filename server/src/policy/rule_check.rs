//! Validates rules: that they can be parsed, and that the fields they name exist.

use std::collections::BTreeSet;
use std::sync::Arc;

use plinth_sdk::types::{Collection as Definition, FieldProblem};

use super::roles::Policies;
use crate::clock::Timestamp;
use crate::db::dialect;
use crate::filter::{
    Call, Comparison, Expression, FilterError, Operator, Resolver, RoleScopes, Token, Trust, parse,
};
use crate::problems::{INVALID_RULE, SYSTEM_RULE_CHANGE};
use crate::request::Request;
use crate::schema::{Collection, Schema, Shape};
use crate::system::defaults;

/// Checks the rules of a collection against all collections as they will be after the change.
pub struct RuleCheck {
    schema: Schema,
    collection: Arc<Collection>,
    /// The ids of the collections that the author may not refer to.
    closed: BTreeSet<String>,
    /// Whether the texts are conditions of permissions.
    is_of_permission: bool,
}

impl RuleCheck {
    /// Makes a check for the rules of the collection `new` among `others`. Rules may not refer to collections in
    /// `closed`.
    pub fn new(
        new: &Definition,
        others: &[Arc<Collection>],
        closed: BTreeSet<String>,
        version: i64,
    ) -> Self {
        let collection = Arc::new(Collection::new(new.clone()));
        let mut all = others.to_vec();
        all.push(Arc::clone(&collection));
        Self {
            schema: Schema::new(version, all),
            collection,
            closed,
            is_of_permission: false,
        }
    }

    /// Makes a check for conditions of permissions, which may ask for the scope of the role.
    #[must_use]
    pub fn of_permission(self) -> Self {
        Self {
            is_of_permission: true,
            ..self
        }
    }

    /// Validates the rule with this name; `old` is its previous value, if the collection existed. A rule of a system
    /// collection can only be locked, or reset to the built-in one.
    pub(crate) fn check(
        &self,
        name: &str,
        rule: Option<&str>,
        old: Option<&Option<String>>,
    ) -> Option<FieldProblem> {
        if let problem @ Some(_) = rule.and_then(|rule| self.unreadable(rule)) {
            return problem;
        }
        let is_changed = old.is_some_and(|old| old.as_deref() != rule);
        let is_wider = self.collection.def.system && is_changed && !self.is_closing(name, rule);
        is_wider.then(|| SYSTEM_RULE_CHANGE.problem())
    }

    fn is_closing(&self, name: &str, rule: Option<&str>) -> bool {
        let built_in = defaults::built_in(&self.collection.def.id).map(defaults::rules);
        let own = built_in.and_then(|rules| rules.into_iter().find(|(own, _)| *own == name));
        // Without its `authRule`, no superuser could sign in to unlock it again.
        let may_close = !(self.collection.is_superusers() && name == "authRule");
        (rule.is_none() && may_close) || own.is_some_and(|(_, own)| own.map(String::as_str) == rule)
    }

    /// Returns the reason why a rule, or the condition of a permission, is invalid.
    pub fn reason_against(&self, rule: &str) -> Option<String> {
        match rule.trim() {
            "" if rule.is_empty() => None,
            "" => Some("empty filter expression".to_owned()),
            text => match parse(text) {
                Ok(expression) => self.unresolved(&expression),
                Err(FilterError::Syntax(place)) if place > text.chars().count() => {
                    Some("invalid or incomplete filter expression".to_owned())
                }
                Err(error) => Some(error.to_string()),
            },
        }
    }

    fn unreadable(&self, rule: &str) -> Option<FieldProblem> {
        let reason = self.reason_against(rule)?;
        Some(INVALID_RULE.quoting(&[("reason", &reason)]))
    }

    fn unresolved(&self, expression: &Expression) -> Option<String> {
        let error = self.resolve(expression).err()?;
        let Some((side, operand)) = self.blame(expression) else {
            return Some(error.to_string());
        };
        let reason = self.reason(&error);
        Some(format!("invalid {side} operand \"{operand}\" - {reason}"))
    }

    fn resolve(&self, expression: &Expression) -> Result<(), FilterError> {
        // For a guest, a path below `@request.auth` is resolved against all auth collections.
        let request = Request::internal(Timestamp::from_unix(0));
        let policies = Policies::default();
        let resolver = Resolver::new(
            dialect::ANY,
            &self.schema,
            &policies,
            &request,
            &self.collection,
            self.collection.table.clone(),
        );
        let mut resolver = resolver.closing(&self.closed);
        if self.is_of_permission {
            return resolver
                .subquery_of_role(expression, RoleScopes::Of(&[]))
                .map(drop);
        }
        resolver.condition(expression, Trust::Full).map(drop)
    }

    /// Returns the operand that cannot be resolved, and its side of the comparison.
    fn blame<'e>(&self, expression: &'e Expression) -> Option<(&'static str, &'e str)> {
        let comparison = match expression {
            Expression::All(parts) | Expression::Any(parts) => {
                return parts.iter().find_map(|part| self.blame(part));
            }
            Expression::Comparison(comparison) => comparison,
        };
        let sides = [("left", &comparison.left), ("right", &comparison.right)];
        sides.into_iter().find_map(|(side, token)| {
            let name = match token {
                Token::Identifier(name) | Token::Call(Call { name, .. }) => name,
                Token::Text(_) | Token::Number(_) | Token::Whole(_) => return None,
            };
            let alone = Expression::Comparison(Comparison {
                left: token.clone(),
                operator: Operator::Equal,
                any: false,
                right: Token::Text(String::new()),
            });
            self.resolve(&alone)
                .is_err()
                .then_some((side, name.as_str()))
        })
    }

    /// Words an error as PocketBase does.
    fn reason(&self, error: &FilterError) -> String {
        match error {
            FilterError::UnknownField(path) => self.unknown_field(path),
            FilterError::Misused(path) => format!("unknown modifier in \"{path}\""),
            FilterError::Scope
            | FilterError::UnknownFunction(_)
            | FilterError::Syntax(_)
            | FilterError::TooBig(_) => error.to_string(),
        }
    }

    fn unknown_field(&self, path: &str) -> String {
        let last = path.rsplit('.').next().unwrap_or(path);
        if let Some(inside) = path.strip_prefix("@collection.") {
            let name = inside.split(['.', ':']).next().unwrap_or(inside);
            let found = self.schema.find(name);
            return if found.is_none_or(|found| self.closed.contains(&found.def.id)) {
                format!("failed to load collection \"{name}\" from field path \"{path}\"")
            } else {
                format!("unknown field \"{last}\"")
            };
        }
        if path.starts_with('@') {
            return format!("failed to resolve field \"{path}\"");
        }
        let Some((first, _)) = path.split_once('.') else {
            return format!("unknown field \"{path}\"");
        };
        if let Some((_, field)) = first.split_once("_via_") {
            return format!("missing back relation field \"{field}\"");
        }
        match self.collection.column(first).map(|column| &column.shape) {
            None => format!("failed to resolve field \"{first}\""),
            Some(Shape::Relation { .. }) => format!("unknown field \"{last}\""),
            Some(
                Shape::Scalar
                | Shape::Json
                | Shape::Point
                | Shape::Select { .. }
                | Shape::File { .. }
                | Shape::Secret,
            ) => {
                format!("field \"{first}\" is not a valid relation")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    #[test]
    fn says_what_is_wrong() {
        let all: Vec<_> = defaults::initial(&Random::seeded(1))
            .into_iter()
            .map(|def| Arc::new(Collection::new(def)))
            .collect();
        let (users, others) = all.split_last().unwrap();
        let rules = RuleCheck::new(&users.def, others, BTreeSet::new(), 1);
        for (rule, expected) in [
            ("", None),
            ("@request.auth.id != ''", None),
            ("  ", Some("empty filter expression")),
            ("name =", Some("invalid or incomplete filter expression")),
            (
                "missing = 1",
                Some("invalid left operand \"missing\" - unknown field \"missing\""),
            ),
            (
                "name = @nope",
                Some("invalid right operand \"@nope\" - failed to resolve field \"@nope\""),
            ),
            (
                "id.x = 1",
                Some("invalid left operand \"id.x\" - field \"id\" is not a valid relation"),
            ),
            (
                "@collection.gone.id = ''",
                Some(
                    "invalid left operand \"@collection.gone.id\" - failed to load collection \"gone\" from field path \"@collection.gone.id\"",
                ),
            ),
        ] {
            let message = match rules.check("listRule", Some(rule), None) {
                Some(FieldProblem::Broken { message, .. }) => Some(message),
                Some(FieldProblem::Failed { .. } | FieldProblem::Inside(_)) => panic!("nested"),
                None => None,
            };
            let expected = expected.map(|reason| format!("Invalid rule. Raw error: {reason}."));
            assert_eq!(message, expected, "{rule}");
        }
    }
}
