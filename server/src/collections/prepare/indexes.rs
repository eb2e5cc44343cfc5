//! Rewrites the texts of indexes when tables and fields are renamed.

use plinth_sdk::types::{Collection, CollectionType};

use crate::schema::{Index, index};
use crate::system::defaults;

/// Renames fields in all indexes. Two fields may swap names.
pub(super) fn rename_fields(indexes: &mut [String], renamed: &[(String, String)]) {
    let between = |n: usize| format!("renamed_field_{n}_");
    for text in indexes {
        // The names of the index and the table come before the first bracket.
        let Some(bracket) = text.find('(') else {
            continue;
        };
        let mut inside = text.split_off(bracket);
        for (n, (from, _)) in renamed.iter().enumerate() {
            inside = index::rename(&inside, from, &between(n));
        }
        for (n, (_, to)) in renamed.iter().enumerate() {
            inside = index::rename(&inside, &between(n), to);
        }
        text.push_str(&inside);
    }
}

/// Moves all indexes to the table of the collection, and adds missing indexes of system fields.
pub(super) fn complete(collection: &mut Collection) {
    for text in &mut collection.indexes {
        if let Ok(index) = Index::parse(text)
            && !index.table.eq_ignore_ascii_case(&collection.name)
            && let Some(moved) = on_table(text, &index, &collection.name)
        {
            *text = moved;
        }
    }
    if collection.kind == CollectionType::Auth {
        for (field, index) in defaults::auth_indexes(&collection.id, &collection.name) {
            if !collection
                .indexes
                .iter()
                .any(|text| super::is_unique_on(text, field))
            {
                collection.indexes.push(index);
            }
        }
    }
}

/// Returns the statement for another table, in PocketBase's layout.
fn on_table(text: &str, index: &Index, table: &str) -> Option<String> {
    let (head, rest) = text.split_once('(')?;
    let (columns, rest) = list(rest)?;
    let unique = if index.unique { "UNIQUE " } else { "" };
    let is_lenient = head.to_ascii_lowercase().contains("if not exists");
    let lenient = if is_lenient { "IF NOT EXISTS " } else { "" };
    let columns: Vec<String> = columns.into_iter().map(column).collect();
    let columns = match &columns[..] {
        [column] => column.clone(),
        columns => format!("\n  {}\n", columns.join(",\n  ")),
    };
    let name = &index.name;
    let mut out = format!("CREATE {unique}INDEX {lenient}`{name}` ON `{table}` ({columns})");
    let rest = rest.trim().trim_end_matches(';').trim_end();
    if let Some(keyword) = rest.get(..5)
        && keyword.eq_ignore_ascii_case("where")
    {
        out.push_str(" WHERE ");
        out.push_str(rest[5..].trim_start());
    }
    Some(out)
}

/// Splits at commas up to the closing bracket; returns the rest as well.
fn list(text: &str) -> Option<(Vec<&str>, &str)> {
    let mut items = Vec::new();
    let mut depth = 0_u32;
    let mut start = 0;
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' if depth > 0 => depth -= 1,
            ')' => {
                items.push(&text[start..at]);
                return Some((items, &text[at + 1..]));
            }
            ',' if depth == 0 => {
                items.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    None
}

/// `` `name` COLLATE NOCASE DESC ``
fn column(text: &str) -> String {
    let mut words: Vec<&str> = text.split_whitespace().collect();
    let mut suffix = String::new();
    if let Some(last) = words.last()
        && (last.eq_ignore_ascii_case("asc") || last.eq_ignore_ascii_case("desc"))
        && words.len() > 1
    {
        suffix = format!(" {}", last.to_ascii_uppercase());
        words.pop();
    }
    if let [.., keyword, collation] = &words[..]
        && keyword.eq_ignore_ascii_case("collate")
        && words.len() > 2
    {
        suffix = format!(" COLLATE {collation}{suffix}");
        words.truncate(words.len() - 2);
    }
    let expression = words.join(" ");
    if expression.contains(['(', ' ']) {
        return format!("{expression}{suffix}");
    }
    let name = expression.trim_matches(['`', '"', '[', ']', '\'']);
    format!("`{name}`{suffix}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_moves_to_another_table() {
        for (text, expected) in [
            (
                "CREATE INDEX idx_bad ON other (title)",
                "CREATE INDEX `idx_bad` ON `t` (`title`)",
            ),
            (
                "create unique index [i5] on [zz] ([b]);",
                "CREATE UNIQUE INDEX `i5` ON `t` (`b`)",
            ),
            (
                "CREATE INDEX i ON o (a collate nocase desc, lower(b)) where a != 'x, y'",
                "CREATE INDEX `i` ON `t` (\n  `a` COLLATE nocase DESC,\n  lower(b)\n) WHERE a != 'x, y'",
            ),
        ] {
            let index = Index::parse(text).unwrap();
            assert_eq!(on_table(text, &index, "t").as_deref(), Some(expected));
        }
    }

    #[test]
    fn fields_can_swap_names() {
        let mut indexes = vec!["CREATE INDEX a ON b (a, b) WHERE a != 'a'".to_owned()];
        let swap = [("a", "b"), ("b", "a")].map(|(from, to)| (from.to_owned(), to.to_owned()));
        rename_fields(&mut indexes, &swap);
        assert_eq!(indexes, ["CREATE INDEX a ON b (b, a) WHERE b != 'a'"]);
    }
}
