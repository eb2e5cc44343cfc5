//! The rules of texts, ids and passwords.

use plinth_sdk::types::{EditorOptions, FieldProblem, PasswordOptions, TextOptions};

use super::{broken, pattern, required};

/// The most characters of a text that sets no limit.
pub const TEXT_MAX: i64 = 5000;
/// The most characters of a password that sets no limit.
pub const PASSWORD_MAX: i64 = 71;
/// The most bytes of HTML that sets no limit.
pub const EDITOR_MAX: i64 = 5 << 20;
/// Characters that no id has, whatever its pattern says: ids occur in paths, of URLs and of files.
const NO_ID_HAS: &[char] = &[
    '.', '/', '\\', '|', '"', '\'', '`', '<', '>', ':', '?', '*', '%', '$', '\0', '\t', '\n', '\r',
    ' ',
];

/// What is wrong with a text.
pub(super) fn problem(options: &TextOptions, text: &str) -> Option<FieldProblem> {
    if text.is_empty() {
        return (options.required || options.primary_key).then(required);
    }
    if options.primary_key
        && options.pattern != pattern::ID
        && let Some(problem) = id_problem(text)
    {
        return Some(problem);
    }
    let max = if options.max == 0 {
        TEXT_MAX
    } else {
        options.max
    };
    let length = length(text);
    if length < options.min {
        return Some(too_short(options.min, true));
    }
    if length > max {
        return Some(broken(
            "validation_max_text_constraint",
            format!("Must be no more than {max} character(s)."),
            &[("max", max.into())],
        ));
    }
    let is_valid = !text.contains('\0') && pattern::matches(&options.pattern, text);
    (!is_valid).then(invalid_format)
}

fn id_problem(id: &str) -> Option<FieldProblem> {
    if let Some(forbidden) = NO_ID_HAS.iter().find(|c| id.contains(**c)) {
        return Some(broken(
            "validation_forbidden_pk_character",
            format!("'{forbidden}' is not a valid primary key character."),
            &[("ch", forbidden.to_string().into())],
        ));
    }
    let reserved = id.to_ascii_uppercase();
    let is_device = matches!(reserved.as_str(), "CON" | "PRN" | "AUX" | "NUL")
        || matches!(
            reserved.as_bytes(),
            [b'C', b'O', b'M', b'1'..=b'9'] | [b'L', b'P', b'T', b'1'..=b'9']
        );
    is_device.then(|| {
        broken(
            "validation_reserved_pk",
            format!("The primary key '{reserved}' is reserved and cannot be used."),
            &[("reserved", reserved.into())],
        )
    })
}

/// What is wrong with a password, as it was typed.
pub(super) fn password_problem(options: &PasswordOptions, password: &str) -> Option<FieldProblem> {
    if password.is_empty() {
        return options.required.then(required);
    }
    let max = if options.max <= 0 {
        PASSWORD_MAX
    } else {
        options.max
    };
    let length = length(password);
    if length < options.min {
        return Some(too_short(options.min, false));
    }
    if length > max {
        return Some(FieldProblem::new(
            "validation_max_text_constraint",
            format!("Must be less than {max} character(s)."),
        ));
    }
    (!pattern::matches(&options.pattern, password)).then(invalid_format)
}

/// What is wrong with HTML.
pub(super) fn editor_problem(options: &EditorOptions, html: &str) -> Option<FieldProblem> {
    if html.is_empty() {
        return options.required.then(required);
    }
    let max = if options.max_size <= 0 {
        EDITOR_MAX
    } else {
        options.max_size
    };
    if i64::try_from(html.len()).is_ok_and(|size| size > max) {
        return Some(broken(
            "validation_content_size_limit",
            format!("The maximum allowed content size is {max} bytes."),
            &[("maxSize", max.into())],
        ));
    }
    html.contains('\0').then(invalid_format)
}

fn length(text: &str) -> i64 {
    i64::try_from(text.chars().count()).unwrap_or(i64::MAX)
}

fn invalid_format() -> FieldProblem {
    FieldProblem::new("validation_invalid_format", "Invalid value format.")
}

fn too_short(min: i64, with_params: bool) -> FieldProblem {
    let message = format!("Must be at least {min} character(s).");
    if with_params {
        broken(
            "validation_min_text_constraint",
            message,
            &[("min", min.into())],
        )
    } else {
        FieldProblem::new("validation_min_text_constraint", message)
    }
}
