use std::path::Path;

use serde_json::json;

use super::*;

#[test]
fn placeholders_are_filled_once() {
    let problem = TOO_MANY_VALUES.with([("maxSelect", 3.into())]);
    let expected = json!({
        "code": "validation_too_many_values", "message": "Select no more than 3.", "params": {"maxSelect": 3},
    });
    assert_eq!(serde_json::to_value(problem).unwrap(), expected);
    let problem = INVALID_QUERY.quoting(&[("reason", "no {such} column")]);
    assert_eq!(
        serde_json::to_value(problem).unwrap()["message"],
        "Invalid query - no {such} column."
    );
    let problem = MISSING_SYSTEM_FIELD.worded([("key", "tokenkey"), ("name", "tokenKey")]);
    assert_eq!(problem.code(), Some("validation_missing_tokenkey_field"));
}

#[test]
fn no_two_problem_types_are_the_same() {
    let all = tables().into_iter().flat_map(|(_, table)| table);
    let mut known = std::collections::HashSet::new();
    for one in all {
        // A text's limits are sent along, a password's are not.
        assert!(
            known.insert((one.code, one.message, one.params)),
            "{} {}",
            one.code,
            one.message
        );
        assert!(!one.meaning.trim().is_empty(), "{}", one.code);
        let is_used = |param: &&&str| one.message.contains(&format!("{{{param}}}"));
        let unused = one.params.iter().find(|param| !is_used(param));
        assert!(unused.is_none_or(|param| *param == "min"), "{}", one.code);
    }
}

/// A code that is written elsewhere would be missing from `docs/ERRORS.md`.
#[test]
fn codes_are_written_in_the_tables_only() {
    fn walk(dir: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.ends_with("problems") {
                walk(&path, found);
            } else if path.extension().is_some_and(|end| end == "rs") && !path.ends_with("tests.rs")
            {
                let text = std::fs::read_to_string(&path).unwrap();
                let code = text.split("#[cfg(test)]").next().unwrap_or_default();
                if code.contains("\"validation_") || code.contains("FieldProblem::new(") {
                    found.push(path.display().to_string());
                }
            }
        }
    }
    let mut found = Vec::new();
    walk(Path::new("src"), &mut found);
    assert!(found.is_empty(), "{found:?}");
}
