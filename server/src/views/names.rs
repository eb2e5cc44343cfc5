//! Names in a query, resolved to columns of collections or to names that the query itself defines.

use std::collections::HashMap;
use std::sync::Arc;

use sqlparser::ast::Ident as Name;
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::Token;

use crate::db::{ColumnType, Ident};
use crate::schema::Collection;

/// The collections that a query may read, and the names that it mentions, as they are spelled where they come from:
/// SQLite does not tell `a` from `A`, PostgreSQL does.
pub(super) struct Names {
    collections: Vec<Arc<Collection>>,
    /// Columns and aliases by their names in lower case.
    spelled: HashMap<String, Vec<String>>,
    /// Whether every column of this name is a bool.
    bools: HashMap<String, bool>,
}

/// Columns of SQLite's `json_each`.
const OF_JSON: [&str; 3] = ["key", "value", "type"];

impl Names {
    pub(super) fn of(tokens: &[&Token], collections: &[Arc<Collection>]) -> Self {
        let mut names = Self {
            collections: collections.to_vec(),
            spelled: HashMap::new(),
            bools: HashMap::new(),
        };
        let mentions = |collection: &&Arc<Collection>| {
            let is_it = |token: &&Token| matches!(token, Token::Word(word) if word.value.eq_ignore_ascii_case(&collection.def.name));
            tokens.iter().any(is_it)
        };
        for collection in collections.iter().filter(mentions) {
            for column in collection.columns.iter().filter(|c| is_open(collection, c)) {
                names.spell(&column.name);
                let is_bool = column.storage == ColumnType::Bool;
                let known = names.bools.entry(column.name.to_lowercase());
                *known.or_insert(true) &= is_bool;
            }
        }
        for name in OF_JSON {
            names.spell(name);
        }
        let words: Vec<&Token> = tokens
            .iter()
            .copied()
            .filter(|token| !matches!(token, Token::Whitespace(_)))
            .collect();
        for pair in words.windows(2) {
            if let [Token::Word(before), Token::Word(alias)] = pair
                && before.keyword == Keyword::AS
            {
                names.spell(&alias.value);
            }
        }
        names
    }

    fn spell(&mut self, name: &str) {
        let known = self.spelled.entry(name.to_lowercase()).or_default();
        if !known.iter().any(|known| known == name) {
            known.push(name.to_owned());
        }
    }

    /// The collection of this name.
    pub(super) fn collection(&self, name: &str) -> Option<&Arc<Collection>> {
        let mut all = self.collections.iter();
        all.find(|one| one.def.name.eq_ignore_ascii_case(name))
    }

    /// The column that a name means.
    pub(super) fn column(&self, name: &Name) -> Ident {
        let known = self.spelled.get(&name.value.to_lowercase());
        let spelled = known.map(|known| {
            let exact = known.iter().find(|known| **known == name.value);
            exact.unwrap_or(&known[0])
        });
        Ident::new(spelled.unwrap_or(&name.value))
    }

    /// Whether a name in double quotes is no name: to SQLite it then is a text.
    pub(super) fn is_text(&self, name: &Name) -> bool {
        name.quote_style == Some('"') && !self.spelled.contains_key(&name.value.to_lowercase())
    }

    /// Whether a column of this name can only be a bool.
    pub(super) fn is_bool(&self, name: &str) -> bool {
        self.bools.get(&name.to_lowercase()) == Some(&true)
    }
}

/// Returns the alias of a table inside the query. Nobody sees it.
pub(super) fn alias(name: &str) -> Ident {
    Ident::new(&name.to_lowercase())
}

/// Whether views may read a column: no secret gets out by way of one.
pub(super) fn is_open(collection: &Collection, column: &crate::schema::Column) -> bool {
    let signs_tokens = collection.is_auth() && column.name == "tokenKey";
    !(column.secret || signs_tokens)
}
