//! Removes from definitions what is not supported, and reports it.

use std::collections::BTreeSet;

use plinth_sdk::types::{self as wire, FieldProblem, FieldProblems};

use super::Report;
use super::definitions::together;
use crate::collections::adopt;
use crate::problems::in_one_line;
use crate::random::Random;
use crate::schema::Schema;
use crate::system::defaults;

/// Removes from the definitions what is not supported, and reports it. What is only refused in new definitions
/// remains.
pub(super) fn mend(
    definitions: &mut Vec<wire::Collection>,
    schema: &Schema,
    report: &mut Report,
    random: &Random,
) {
    let mut position = 0;
    while position < definitions.len() {
        let problems = adopt::problems(&definitions[position], &together(definitions, schema));
        let definition = &mut definitions[position];
        let known = adopt::existing(schema, definition).map(|known| known.def.clone());
        match mend_one(definition, problems, known.as_ref(), report, random) {
            Outcome::Kept => position += 1,
            Outcome::Changed => {}
            Outcome::Refused => {
                definitions.remove(position);
                // Others may refer to it.
                position = 0;
            }
        }
    }
}

/// The result of mending a definition.
#[derive(PartialEq, Eq)]
enum Outcome {
    /// It can be adopted now.
    Kept,
    /// It lost a field, which other parts of it may refer to.
    Changed,
    /// It cannot be adopted.
    Refused,
}

/// Removes from a definition what is not supported.
fn mend_one(
    definition: &mut wire::Collection,
    problems: FieldProblems,
    known: Option<&wire::Collection>,
    report: &mut Report,
    random: &Random,
) -> Outcome {
    let name = definition.name.clone();
    if let Some(FieldProblem::Inside(fields)) = problems.get("fields")
        && leave_fields_out(definition, fields, report)
    {
        return Outcome::Changed;
    }
    for (key, problem) in problems {
        let about = format!("{name}.{key}");
        match (key.as_str(), problem) {
            ("name" | "id" | "type", problem) => {
                report.note(
                    &name,
                    format!("not taken at all: {}", in_one_line(&problem)),
                );
                return Outcome::Refused;
            }
            ("indexes", FieldProblem::Inside(indexes)) => {
                let mut gone = Vec::new();
                for (position, problem) in indexes {
                    let position = position.parse().unwrap_or(usize::MAX);
                    if let Some(index) = definition.indexes.get(position) {
                        report.note(
                            &about,
                            format!("left out: {index}: {}", in_one_line(&problem)),
                        );
                        gone.push(index.clone());
                    }
                }
                definition.indexes.retain(|index| !gone.contains(index));
            }
            (rule, problem) if defaults::is_rule(rule) => {
                let was = lock(definition, rule);
                let why = format!("left to superusers: {was}: {}", in_one_line(&problem));
                report.note(&about, why);
            }
            (token, problem) if defaults::renew_token(definition, token, known, random) => {
                report.note(
                    &about,
                    format!("replaced by a new one: {}", in_one_line(&problem)),
                );
            }
            (_, problem) => report.note(&about, format!("kept, but: {}", in_one_line(&problem))),
        }
    }
    Outcome::Kept
}

/// Removes the fields that no collection can have; returns whether there were any.
fn leave_fields_out(
    definition: &mut wire::Collection,
    problems: &FieldProblems,
    report: &mut Report,
) -> bool {
    let mut gone = BTreeSet::new();
    for (position, problem) in problems {
        let FieldProblem::Inside(inside) = problem else {
            continue;
        };
        let is_fatal = ["id", "name", "type"]
            .iter()
            .any(|key| inside.contains_key(*key));
        if let (true, Ok(position)) = (is_fatal, position.parse::<usize>())
            && let Some(field) = definition.fields.get(position)
        {
            let about = format!("{}.{}", definition.name, field.name);
            report.note(
                about,
                format!("the field is left out: {}", in_one_line(problem)),
            );
            gone.insert(position);
        }
    }
    let mut position = 0..;
    definition.fields.retain(|_| {
        !position
            .next()
            .is_some_and(|position| gone.contains(&position))
    });
    !gone.is_empty()
}

/// Locks a rule of a definition; returns its previous value.
fn lock(definition: &mut wire::Collection, name: &str) -> String {
    let rules = defaults::rules_mut(definition).into_iter();
    let rule = rules
        .filter(|(rule, _)| *rule == name)
        .find_map(|(_, rule)| rule.take());
    rule.unwrap_or_default()
}
