//! View collections: one `SELECT` over other collections, read as if it were a table.
//!
//! A query is read into its parts and made anew from them for the database in use, as indexes are: the text itself
//! never reaches a database. What [`query`], [`expr`] and [`functions`] do not know is refused, so a view has no way
//! to a table that is no collection, nor to a function that does anything but compute. [`fields`] says what the
//! columns are; [`store`] keeps the database's views as the definitions say.

mod expr;
mod fields;
mod functions;
mod grouped;
mod names;
mod operators;
mod query;
pub mod sample;
pub mod store;
mod tables;

use std::collections::BTreeSet;
use std::sync::Arc;

use plinth_sdk::types::Field;
use sqlparser::ast::{Query, Statement};
use sqlparser::dialect::SQLiteDialect;
use sqlparser::keywords::Keyword;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Location, Token, Tokenizer};

use crate::db::dialect::view::ViewType;
use crate::db::{Dialect, Ident, Sql, dialect, sql};
use crate::schema::Collection;
use crate::tasks::on_deep_stack;
use names::Names;
use query::Writer;

/// Why a query is none that a view can have, for its author.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal(pub String);

/// The result of reading or translating a query.
type Outcome<T> = Result<T, Refusal>;

/// More would be a program, and too deep a tree for a thread's stack.
const MAX_TOKENS: usize = 5_000;

/// A view's query, read.
pub struct View {
    query: Query,
    names: Names,
    /// Whether it may call itself, and never end.
    pub is_recursive: bool,
    /// The columns, in order.
    pub columns: Vec<Column>,
}

/// A column of a view.
#[derive(Clone, Debug)]
pub struct Column {
    /// The field of the column.
    pub field: Field,
    /// The field of another collection that it is, if it is one.
    pub source: Option<Source>,
    /// The type that its values get, where they may have another.
    view_type: Option<ViewType>,
}

/// A field of a collection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The collection's id.
    pub collection: String,
    /// The field's name.
    pub field: String,
}

impl View {
    /// Reads a query over these collections.
    pub fn read(text: &str, collections: &[Arc<Collection>]) -> Outcome<Self> {
        with_room(|| Self::parse(text, collections))
    }

    fn parse(text: &str, collections: &[Arc<Collection>]) -> Outcome<Self> {
        let dialect = SQLiteDialect {};
        let mut tokens = Tokenizer::new(&dialect, text)
            .tokenize_with_location()
            .map_err(|error| refuse(error.to_string()))?;
        let is_end =
            |token: &Token| matches!(token, Token::SemiColon | Token::Whitespace(_) | Token::EOF);
        while tokens.last().is_some_and(|last| is_end(&last.token)) {
            tokens.pop();
        }
        if tokens.len() > MAX_TOKENS {
            return Err(refuse("the query is too long"));
        }
        let words: Vec<&Token> = tokens.iter().map(|token| &token.token).collect();
        if words.contains(&&Token::SemiColon) {
            return Err(refuse("multiple statements are not supported"));
        }
        let is_recursive = words
            .iter()
            .any(|token| matches!(token, Token::Word(word) if word.keyword == Keyword::RECURSIVE));
        let names = Names::of(&words, collections);
        let statements = Parser::new(&dialect)
            .with_tokens_with_locations(tokens)
            .parse_statements()
            .map_err(|error| refuse(error.to_string()))?;
        let query = match statements.into_iter().next() {
            Some(Statement::Query(query)) => *query,
            _ => return Err(refuse("a view is one SELECT statement")),
        };
        let columns = fields::columns(&query, &names)?;
        Ok(Self {
            query,
            names,
            is_recursive,
            columns,
        })
    }

    /// Writes the query in a dialect, with the fields' types.
    pub fn select(&self, dialect: Dialect) -> Outcome<Sql> {
        let mut writer = Writer::new(dialect, &self.names);
        let inner = with_room(|| writer.view(&self.query, &self.columns))?;
        let from = Ident::new("$view");
        let mut out = sql(dialect, "SELECT ");
        for (position, column) in self.columns.iter().enumerate() {
            if position > 0 {
                out.text(", ");
            }
            let name = Ident::new(&column.field.name);
            let mut value = Sql::new(dialect);
            value.column(&from, &name);
            out.append(match column.view_type {
                Some(view_type) => dialect.view_column(value, view_type),
                None => value,
            });
            out.text(" AS ").ident(&name);
        }
        out.text(" FROM (").append(inner).text(") AS ").ident(&from);
        Ok(out)
    }

    /// The ids of the collections that it reads.
    pub fn reads(&self) -> Outcome<BTreeSet<String>> {
        let mut writer = Writer::new(dialect::ANY, &self.names);
        with_room(|| writer.view(&self.query, &self.columns))?;
        Ok(writer.reads)
    }

    /// The text of this query with another name for the collection `id`, and nothing else changed.
    pub fn renamed(&self, text: &str, id: &str, to: &str) -> Outcome<String> {
        let mut writer = Writer::new(dialect::ANY, &self.names);
        with_room(|| writer.view(&self.query, &self.columns))?;
        let mut mentions = writer.mentions;
        mentions.retain(|mention| mention.collection == id);
        mentions.sort_by_key(|mention| std::cmp::Reverse(mention.span.start));
        let mut out = text.to_owned();
        for mention in mentions {
            let ends = [mention.span.start, mention.span.end].map(|place| offset(text, place));
            let [Some(start), Some(end)] = ends else {
                continue;
            };
            let name = &text[start..end];
            let is_word = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
                && Token::make_keyword(to) == Token::make_word(to, None)
                && !to.starts_with(|c: char| c.is_ascii_digit());
            let quote = if is_word { "" } else { "`" };
            let alias = if mention.is_named {
                String::new()
            } else {
                format!(" AS {name}")
            };
            out.replace_range(start..end, &format!("{quote}{to}{quote}{alias}"));
        }
        Ok(out)
    }

    /// Returns the fields, which keep the ids that they have in `old`.
    pub fn fields(&self, old: &[Field]) -> Vec<Field> {
        let columns = self.columns.iter();
        columns
            .map(|column| fields::keep_id(column.field.clone(), old))
            .collect()
    }
}

/// Runs what follows a query as deep as it goes, on a stack that is large enough for that.
fn with_room<T: Send>(work: impl FnOnce() -> Outcome<T> + Send) -> Outcome<T> {
    on_deep_stack(work).map_err(|_| refuse("there is no room to read the query"))?
}

/// Where in a text a place is, in bytes.
fn offset(text: &str, place: Location) -> Option<usize> {
    let line = usize::try_from(place.line).ok()?.checked_sub(1)?;
    let column = usize::try_from(place.column).ok()?.checked_sub(1)?;
    let before: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    let rest = text.get(before..)?;
    let inside = rest
        .char_indices()
        .nth(column)
        .map_or(rest.len(), |(at, _)| at);
    Some(before + inside)
}

fn refuse(reason: impl Into<String>) -> Refusal {
    let reason: String = reason.into();
    Refusal(reason.trim_start_matches("sql parser error: ").to_owned())
}
