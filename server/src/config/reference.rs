//! Generates `docs/CONFIGURATION.md` from the source text of [`Config`](super::Config) and its defaults.

use std::fmt::Write as _;

use clap::Args as _;
use figment::value::Value;

use super::{Flags, SECRETS, defaults};
use crate::generated::is_up_to_date;

/// The introduction above the tables.
const HEAD: &str = "\
# Configuration

Generated from `server/src/config/mod.rs`; see [CONTRIBUTING](../CONTRIBUTING.md#generated-documents).

A setting comes from its command-line flag if there is one, else from its environment variable, else from the settings
file, else it has its default. The settings file is `plinth.toml` in the working directory, or what `--config FILE` names; its
keys are the names below. An unknown key is an error, and so is a variable that is one typing error away from a setting;
other unknown variables that begin with `PLINTH_` cause a warning. The variable of a list has the same form as in the file:
`PLINTH_OUTBOUND_ALLOW='[\"10.1.0.0/16\"]'`.

Settings marked *secret* never appear in logs and error messages. Set them as variables or in the file: other users of the
machine can read command lines.

What superusers change while the server runs (the sender of mails, batches, how long the log is kept) is not here but in the
[settings of the API](API.md#settings-superusers).
";

/// A field of the settings, or a title above some.
enum Line {
    Title(String),
    Setting {
        name: String,
        kind: String,
        meaning: String,
    },
}

/// Reads the declaration of the settings.
fn lines() -> Vec<Line> {
    let source = include_str!("mod.rs");
    let (_, declaration) = source.split_once("pub struct Config {\n").expect("Config");
    let (declaration, _) = declaration.split_once("\n}\n").expect("its end");
    let mut lines = Vec::new();
    let mut meaning = Vec::new();
    for line in declaration.lines().map(str::trim) {
        if let Some(text) = line.strip_prefix("/// ") {
            meaning.push(text);
        } else if let Some(title) = line.strip_prefix("// ") {
            lines.push(Line::Title(title.to_owned()));
        } else if let Some(field) = line.strip_prefix("pub ") {
            let (name, kind) = field.split_once(": ").expect("a field");
            lines.push(Line::Setting {
                name: name.to_owned(),
                kind: kind.trim_end_matches(',').to_owned(),
                meaning: meaning.join(" "),
            });
            meaning.clear();
        }
    }
    lines
}

/// Returns the settings that have a flag: those of every command, and `--http` of `serve`.
fn flags() -> Vec<String> {
    let command = Flags::augment_args(clap::Command::new("plinth"));
    let flags = command.get_arguments().filter_map(clap::Arg::get_long);
    let mut flags: Vec<String> = flags.map(|flag| flag.replace('-', "_")).collect();
    flags.push("http".to_owned());
    flags
}

fn reference() -> String {
    let (defaults, flags) = (defaults().expect("defaults"), flags());
    let mut out = HEAD.to_owned();
    for line in lines() {
        match line {
            Line::Title(title) => write!(
                out,
                "\n## {title}\n\n| key | variable | flag | default | meaning |\n|---|---|---|---|---|\n"
            )
            .expect("a string"),
            Line::Setting { name, kind, meaning } => {
                let (meaning, default) = match meaning.split_once(" Default: ") {
                    Some((meaning, default)) => {
                        (meaning, default.trim_end_matches('.').to_owned())
                    }
                    None => (meaning.as_str(), shown(&defaults[&name])),
                };
                let variable = format!("`PLINTH_{}`", name.to_uppercase());
                let flag = if flags.contains(&name) {
                    format!("`--{}`", name.replace('_', "-"))
                } else {
                    String::new()
                };
                let secret = if kind == "Secret" { " *Secret.*" } else { "" };
                writeln!(
                    out,
                    "| `{name}` | {variable} | {flag} | {default} | {meaning}{secret} |"
                )
                .expect("a string");
            }
        }
    }
    out
}

fn shown(default: &Value) -> String {
    match default {
        Value::String(_, text) if text.is_empty() => "empty".to_owned(),
        Value::String(_, text) => format!("`{text}`"),
        Value::Bool(_, value) => format!("`{value}`"),
        Value::Num(_, number) => format!("`{}`", number.to_u128().expect("a whole number")),
        Value::Array(..) => "`[]`".to_owned(),
        Value::Char(..) | Value::Empty(..) | Value::Dict(..) => panic!("no setting is like this"),
    }
}

#[test]
fn the_reference_is_up_to_date() {
    is_up_to_date("CONFIGURATION.md", &reference());
}

#[test]
fn every_setting_is_described_once() {
    let mut names: Vec<String> = Vec::new();
    let mut secrets: Vec<String> = Vec::new();
    for line in lines() {
        if let Line::Setting {
            name,
            kind,
            meaning,
        } = line
        {
            assert!(
                meaning.contains(". ") || meaning.ends_with('.'),
                "{name}: {meaning}"
            );
            if kind == "Secret" {
                secrets.push(name.clone());
            }
            names.push(name);
        }
    }
    assert_eq!(secrets, SECRETS, "the settings that are secret");
    names.sort();
    let known: Vec<String> = defaults().expect("defaults").into_keys().collect();
    assert_eq!(names, known);
    for flag in flags().iter().filter(|flag| *flag != "config") {
        assert!(known.contains(flag), "{flag}");
    }
}
