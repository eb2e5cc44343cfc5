//! Error messages about settings, which never contain the value of a secret one.

use figment::Error;
use figment::error::{Actual, Kind};

use super::SECRETS;

/// Lists all errors, one per line.
pub(super) fn in_words(errors: Error) -> anyhow::Error {
    let lines: Vec<String> = errors.into_iter().map(|error| one(&error)).collect();
    anyhow::Error::msg(lines.join("\n")).context("the settings are not valid")
}

fn one(error: &Error) -> String {
    let is_secret = error.path.iter().any(|part| SECRETS.contains(&&**part));
    let name = error.path.join(".");
    // The message goes on with a quote of the file's line, which may hold a secret.
    if let Kind::Message(words) = &error.kind {
        let first = words.lines().next().unwrap_or_default();
        let place = error.metadata.as_ref().map(|known| &*known.name);
        return format!("{}: {first}", place.unwrap_or("a setting"));
    }
    if !is_secret {
        return error.to_string();
    }
    if let Kind::InvalidType(actual, _) | Kind::InvalidValue(actual, _) = &error.kind {
        let kind = kind(actual);
        return format!("the setting {name} must be a text in quotes, and is {kind}");
    }
    format!("the setting {name} must be a text in quotes")
}

fn kind(actual: &Actual) -> &'static str {
    if let Actual::Bool(_) = actual {
        return "true or false";
    }
    if let Actual::Unsigned(_) | Actual::Signed(_) | Actual::Float(_) = actual {
        return "a number";
    }
    if let Actual::Seq = actual {
        return "a list";
    }
    "something else"
}
