//! Checks that the modules of the server depend on each other in one direction, and that only `db` names an engine.
//!
//! `src/lib.rs` lists the modules from the top down, and a module imports only modules that are listed below it. Three
//! rules complete the order:
//!
//! - Handlers (`<subject>/api.rs` and `<subject>/api/`) form a module of their own, [`HANDLERS`], directly below
//!   `routes`, wherever their file is: a handler may use every subject, and no subject uses a handler.
//! - [`HUB`] holds every service, so what it imports is not restricted. Who imports it is.
//! - Tests inside the source files may import anything.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// The module that all handlers belong to, as a name for the messages of this test.
const HANDLERS: &str = "(handlers)";
/// The module that handlers belong below.
const ROUTES: &str = "routes";
/// The state of the server.
const HUB: &str = "app";

/// The names of engines and of their drivers.
const ENGINES: [&str; 7] = [
    "Engine", "Sqlite", "Postgres", "SQLITE", "POSTGRES", "rusqlite", "diesel",
];

/// Imports that break the order: the importing module, and the imported one. An entry that is no longer needed fails.
const EXCEPTIONS: &[(&str, &str)] = &[];

#[test]
fn modules_import_only_modules_below_them() {
    let order = order();
    let position = |name: &str| order.iter().position(|module| module == name);
    let mut upward: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
    for (path, source) in sources() {
        let importer = module_of(&path);
        if importer == HUB {
            continue;
        }
        let from = position(&importer).unwrap_or_else(|| panic!("lib.rs does not list {path}"));
        for import in imports(&source) {
            let target = target_of(&import, &importer);
            if position(&target).is_some_and(|to| to < from) {
                let line = format!("{path} imports crate::{}", import.join("::"));
                let arrow = (importer.clone(), target);
                upward.entry(arrow).or_default().insert(line);
            }
        }
    }
    println!("{} pairs of modules import upwards", upward.len());
    let is_excepted = |(from, to): &(String, String)| EXCEPTIONS.contains(&(from, to));
    let broken: Vec<String> = upward
        .iter()
        .filter(|(arrow, _)| !is_excepted(arrow))
        .flat_map(|((from, to), lines)| {
            let lines = lines.iter().map(|line| format!("  {line}"));
            std::iter::once(format!("`{from}` is below `{to}`, yet:")).chain(lines)
        })
        .collect();
    assert!(
        broken.is_empty(),
        "these imports go up; see the head of this file\n{}",
        broken.join("\n")
    );
    for (from, to) in EXCEPTIONS {
        let arrow = ((*from).to_owned(), (*to).to_owned());
        assert!(
            upward.contains_key(&arrow),
            "`{from}` no longer imports `{to}`: remove the exception"
        );
    }
}

#[test]
fn only_db_names_an_engine() {
    let mut found = Vec::new();
    for (path, source) in sources() {
        if module_of(&path) != "db" {
            let words = engines(tokens(&source));
            found.extend(words.into_iter().map(|word| format!("  {path}: {word}")));
        }
    }
    assert!(
        found.is_empty(),
        "only `db` knows which engines there are; see docs/design/adding-an-engine.md\n{}",
        found.join("\n")
    );
}

#[test]
fn engines_are_found() {
    let source = "
        use base64::Engine as _;
        fn a(engine: crate::db::Engine) { if engine == Engine::Sqlite { rusqlite::version() } }
        // Postgres
    ";
    assert_eq!(
        engines(tokens(source)),
        ["Engine", "Engine", "Sqlite", "rusqlite"]
    );
}

#[test]
fn imports_are_found_in_every_form() {
    let source = "
        use crate::db::{self, Conn, pool::{Pool, size}};
        use crate::{error::Result, json};
        pub(crate) use crate::clock::*;
        fn a() -> crate::policy::Grant { matches!(b, crate::filter::Trust::Full); super::api::view() }
        // use crate::comments;
        const TEXT: &str = \"crate::texts::a\";
        #[cfg(test)]
        mod tests { use crate::records; }
        #[cfg(test)]
        #[expect(dead_code)]
        use crate::jobs;
        use crate::last;
    ";
    let found = imports(source);
    let mut found: Vec<String> = found.iter().map(|path| path.join("::")).collect();
    found.sort();
    let expected = [
        "clock",
        "db::Conn",
        "db::pool::Pool",
        "db::pool::size",
        "db::self",
        "error::Result",
        "filter::Trust::Full",
        "json",
        "last",
        "policy::Grant",
        "super::api::view",
    ];
    assert_eq!(found, expected);
}

/// Where the time and randomness come from: paths, and the files that may name them. Everything else has a `Clock` and a
/// `Random` from the app, the connection or the request.
const SOURCES: &[(&str, &[&str])] = &[
    ("Timestamp::now", &["clock.rs"]),
    ("Zoned::now", &[]),
    ("SystemTime::now", &[]),
    ("Utc::now", &[]),
    ("Local::now", &[]),
    ("Clock::machine", &["clock.rs", "db/sources.rs"]),
    ("AdjustableClock", &["clock.rs"]),
    // The generator of texts for a pattern is given its randomness.
    ("rand::", &["random.rs", "fields/generate.rs"]),
    // While the server starts there is no app, and requests have ids.
    ("Random::system", &["db/sources.rs", "serve/middleware.rs"]),
    // A sample of a pattern, and definitions whose secrets nobody uses.
    ("Random::seeded", &["fields/text.rs", "system/defaults.rs"]),
    ("Sources::system", &["app.rs", "db/connection.rs"]),
];

#[test]
fn time_and_randomness_come_from_one_place() {
    let mut broken = Vec::new();
    for (path, source) in sources() {
        let mut words = Vec::new();
        flatten(tokens(&source), &mut words);
        for (name, allowed) in SOURCES {
            let wanted: Vec<&str> = name.split_inclusive("::").flat_map(split_path).collect();
            let is_named = words.windows(wanted.len()).any(|window| window == wanted);
            if is_named && !allowed.contains(&path.as_str()) {
                broken.push(format!("{path} names {name}"));
            }
            if !is_named && allowed.contains(&path.as_str()) {
                broken.push(format!("{path} need not be allowed to name {name}"));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

/// Only where the conditions of a grant are evaluated may it be noted for which record they hold.
#[test]
fn only_the_store_of_records_ties_a_grant_to_a_record() {
    let mut callers = Vec::new();
    for (path, source) in sources() {
        let mut words = Vec::new();
        flatten(tokens(&source), &mut words);
        if words.windows(2).any(|pair| pair == [".", "mark_covered"]) {
            callers.push(path);
        }
    }
    callers.sort();
    assert_eq!(
        callers,
        ["records/store/evaluate.rs", "records/store/mod.rs"]
    );
}

/// `a::` as its three tokens.
/// Migrations run by their version, the number before the name: of two with one version, only the first would be recorded.
#[test]
fn each_migration_has_a_version_of_its_own_and_is_there_for_both_engines() {
    let of = |engine: &str| {
        let folder = root().join("../../migrations").join(engine);
        let entries = fs::read_dir(folder).expect("a folder");
        let names = entries.map(|entry| entry.expect("an entry").file_name());
        let mut names: Vec<String> = names
            .map(|name| name.into_string().expect("a name"))
            .collect();
        names.sort();
        names
    };
    let names = of("sqlite");
    assert_eq!(names, of("postgres"));
    let version = |name: &String| name.split('_').next().unwrap_or_default().to_owned();
    let mut versions: Vec<String> = names.iter().map(version).collect();
    versions.dedup();
    assert_eq!(versions.len(), names.len(), "{names:?}");
}

fn split_path(part: &str) -> Vec<&str> {
    match part.strip_suffix("::") {
        Some(word) => vec![word, ":", ":"],
        None => vec![part],
    }
}

/// The words and signs of a source, without code for tests.
fn flatten(stream: TokenStream, words: &mut Vec<String>) {
    let tokens: Vec<TokenTree> = stream.into_iter().collect();
    let mut at = 0;
    while at < tokens.len() {
        if is_for_tests(&tokens[at..]) {
            at = end_of_item(&tokens, at) + 1;
            continue;
        }
        match &tokens[at] {
            TokenTree::Group(group) => flatten(group.stream(), words),
            TokenTree::Ident(word) => words.push(word.to_string()),
            TokenTree::Punct(sign) => words.push(sign.as_char().to_string()),
            TokenTree::Literal(_) => words.push("\"\"".to_owned()),
        }
        at += 1;
    }
}

/// The words of [`ENGINES`] in a source. The trait `base64::Engine` is another one.
fn engines(stream: TokenStream) -> Vec<String> {
    let mut found = Vec::new();
    let mut before = [const { String::new() }; 3];
    for tree in stream {
        if let TokenTree::Group(group) = &tree {
            found.extend(engines(group.stream()));
        }
        let word = tree.to_string();
        let is_base64 = before == ["base64", ":", ":"];
        if ENGINES.contains(&word.as_str()) && !is_base64 {
            found.push(word.clone());
        }
        before.rotate_left(1);
        before[2] = word;
    }
    found
}

/// The modules from the top down, as `lib.rs` lists them.
fn order() -> Vec<String> {
    let source = fs::read_to_string(root().join("lib.rs")).expect("a readable source");
    let tokens: Vec<TokenTree> = tokens(&source).into_iter().collect();
    let mut order = Vec::new();
    for triple in tokens.windows(3) {
        if let [
            TokenTree::Ident(word),
            TokenTree::Ident(name),
            TokenTree::Punct(end),
        ] = triple
            && word == "mod"
            && end.as_char() == ';'
        {
            order.push(name.to_string());
            if name == ROUTES {
                order.push(HANDLERS.to_owned());
            }
        }
    }
    order
}

/// The module that a file belongs to.
fn module_of(path: &str) -> String {
    let parts: Vec<&str> = path.trim_end_matches(".rs").split('/').collect();
    if parts.get(1) == Some(&"api") {
        return HANDLERS.to_owned();
    }
    parts[0].to_owned()
}

/// The module that a path leads to.
fn target_of(path: &[String], importer: &str) -> String {
    if path.get(1).is_some_and(|name| name == "api") {
        return HANDLERS.to_owned();
    }
    if path[0] == "super" {
        return importer.to_owned();
    }
    path[0].clone()
}

/// The paths that a source names behind `crate::`, and those behind `super::` with the word before them. Code for tests is
/// left out.
fn imports(source: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    collect(tokens(source), &mut found);
    found
}

fn collect(stream: TokenStream, found: &mut Vec<Vec<String>>) {
    let tokens: Vec<TokenTree> = stream.into_iter().collect();
    let mut at = 0;
    while at < tokens.len() {
        if is_for_tests(&tokens[at..]) {
            at = end_of_item(&tokens, at) + 1;
            continue;
        }
        match &tokens[at] {
            TokenTree::Ident(word) if word == "crate" && is_separator(&tokens[at + 1..]) => {
                read_path(&tokens[at + 3..], &[], found);
            }
            TokenTree::Ident(word) if word == "super" && is_separator(&tokens[at + 1..]) => {
                read_path(&tokens[at + 3..], &["super".to_owned()], found);
            }
            TokenTree::Group(group) => collect(group.stream(), found),
            TokenTree::Ident(_) | TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
        at += 1;
    }
}

/// Reads the paths behind a `::`: one, or several in braces. Those that lead from `super` elsewhere than to handlers stay
/// in the module.
fn read_path(tokens: &[TokenTree], prefix: &[String], found: &mut Vec<Vec<String>>) {
    match tokens.first() {
        Some(TokenTree::Ident(name)) => {
            let mut path = prefix.to_vec();
            path.push(name.to_string());
            if is_separator(&tokens[1..]) {
                read_path(&tokens[3..], &path, found);
            } else if path[0] != "super" || path[1] == "api" {
                found.push(path);
            }
        }
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
            let parts: Vec<TokenTree> = group.stream().into_iter().collect();
            let is_comma =
                |tree: &TokenTree| matches!(tree, TokenTree::Punct(p) if p.as_char() == ',');
            for part in parts.split(is_comma) {
                read_path(part, prefix, found);
            }
        }
        Some(_) if !prefix.is_empty() && prefix[0] != "super" => found.push(prefix.to_vec()),
        Some(_) | None => {}
    }
}

fn is_separator(tokens: &[TokenTree]) -> bool {
    matches!(
        tokens,
        [TokenTree::Punct(first), TokenTree::Punct(second), ..]
            if first.as_char() == ':' && second.as_char() == ':'
    )
}

/// Whether an attribute comes next that leaves its item to tests.
fn is_for_tests(tokens: &[TokenTree]) -> bool {
    let [TokenTree::Punct(hash), TokenTree::Group(attribute), ..] = tokens else {
        return false;
    };
    let mut words = attribute.stream().into_iter();
    let is_condition = matches!(words.next(), Some(TokenTree::Ident(word)) if word == "cfg");
    let condition = words.next().map(|condition| condition.to_string());
    hash.as_char() == '#'
        && is_condition
        && condition.is_some_and(|condition| condition.replace(' ', "") == "(test)")
}

/// The index of the `;` or of the block that ends the item that begins at `start`.
fn end_of_item(tokens: &[TokenTree], start: usize) -> usize {
    let ends = |tree: &TokenTree| match tree {
        TokenTree::Punct(punct) => punct.as_char() == ';',
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        TokenTree::Ident(word) => word == "use",
        TokenTree::Literal(_) => false,
    };
    let end = tokens[start..].iter().position(ends).unwrap_or_default();
    let at = start + end;
    if matches!(&tokens[at], TokenTree::Ident(_)) {
        // A `use` may have braces before its `;`.
        let is_semicolon =
            |tree: &TokenTree| matches!(tree, TokenTree::Punct(p) if p.as_char() == ';');
        return at
            + tokens[at..]
                .iter()
                .position(is_semicolon)
                .unwrap_or_default();
    }
    at
}

fn tokens(source: &str) -> TokenStream {
    source.parse().expect("a readable source")
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// The source files by their paths in `src`, without those of tests and the crate's roots.
fn sources() -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a readable source") {
            let path = entry.expect("a readable source").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path
                .strip_prefix(root())
                .expect("a readable source")
                .to_str()
                .expect("a readable source");
            let is_source =
                path.extension().is_some_and(|it| it == "rs") && !name.ends_with("tests.rs");
            if is_source && name != "lib.rs" && name != "main.rs" {
                found.push((
                    name.to_owned(),
                    fs::read_to_string(&path).expect("a readable source"),
                ));
            }
        }
    }
    found.sort();
    found
}
