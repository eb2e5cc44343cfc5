//! Indexes of collections: `CREATE [UNIQUE] INDEX` statements in the SQL of SQLite.
//!
//! A statement is parsed, and generated again for the database in use; the original text never reaches a database.

use std::collections::BTreeMap;

use plinth_sdk::types::{Collection as Definition, Field, FieldKind};
use sqlparser::ast::{
    BinaryOperator, CreateIndex, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments,
    ObjectName, OrderBySort, Statement, Value as Literal,
};
use sqlparser::dialect::SQLiteDialect;
use sqlparser::parser::Parser;

use crate::db::dialect::IndexCase;
use crate::db::{ColumnType, Dialect, Ident, Sql, dialect, sql};
use crate::fields;

/// An index.
#[derive(Clone, Debug, PartialEq)]
pub struct Index {
    /// The name.
    pub name: String,
    /// The table in the statement.
    pub table: String,
    /// Whether the index is unique.
    pub unique: bool,
    /// The columns.
    pub columns: Vec<IndexColumn>,
    /// The condition of a partial index; `None`: all rows.
    predicate: Option<Predicate>,
}

/// A column of an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexColumn {
    /// The name of the column.
    pub name: String,
    /// Whether the case of ASCII letters is ignored (`COLLATE NOCASE`, `lower(…)`).
    pub no_case: bool,
    /// Whether it is written as a call of `lower`.
    lower: bool,
    /// Whether the order is descending.
    descending: bool,
    /// How much of a value it contains.
    pub form: IndexForm,
}

/// How much of a value an index contains, on a database with a limit for the size of entries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IndexForm {
    /// The full value.
    #[default]
    Whole,
    /// A prefix of this many characters; a unique index also holds a digest of longer texts.
    Prefix(usize),
    /// A digest.
    Digest,
}

/// The condition of a partial index: a small part of SQL.
#[derive(Clone, Debug, PartialEq)]
enum Predicate {
    Compare(String, &'static str, Constant),
    IsNull(String, bool),
    All(Box<Predicate>, Box<Predicate>),
    Any(Box<Predicate>, Box<Predicate>),
    Not(Box<Predicate>),
}

#[derive(Clone, Debug, PartialEq)]
enum Constant {
    Text(String),
    Number(f64),
    Bool(bool),
}

/// The reason why an index is not supported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAnIndex;

/// Returns the indexes of a table: those of its definition, and one for each single relation that none of them begins
/// with. Deletes and back-relations look for referrers with them.
pub(crate) fn all(definition: &Definition) -> Vec<Index> {
    let texts = definition.indexes.iter();
    let mut indexes: Vec<Index> = texts.filter_map(|text| Index::parse(text).ok()).collect();
    for index in &mut indexes {
        index.set_forms(definition);
    }
    for field in &definition.fields {
        let is_reference =
            matches!(field.kind, FieldKind::Relation(_)) && !field.kind.is_multiple();
        if is_reference && !indexes.iter().any(|index| index.finds_by(&field.name)) {
            indexes.push(Index::of_reference(definition, field));
        }
    }
    indexes
}

impl Index {
    fn of_reference(definition: &Definition, field: &Field) -> Self {
        Self {
            name: format!("_reference_{}_{}", definition.id, field.id),
            table: definition.name.clone(),
            unique: false,
            columns: vec![IndexColumn {
                name: field.name.clone(),
                no_case: false,
                lower: false,
                descending: false,
                form: IndexForm::Whole,
            }],
            predicate: None,
        }
    }

    /// Sets how much of their values the columns contain. The options of a field do not matter: stored values may be
    /// longer than they allow now.
    fn set_forms(&mut self, definition: &Definition) {
        let prefix = dialect::max_index_prefix(self.columns.len());
        for column in &mut self.columns {
            let field = definition.fields.iter().find(|f| f.name == column.name);
            column.form = match field {
                Some(field) if fields::storage(&field.kind) == ColumnType::Json => {
                    IndexForm::Digest
                }
                Some(field) if !definition.system && is_unbounded(field) => {
                    IndexForm::Prefix(prefix)
                }
                Some(_) | None => IndexForm::Whole,
            };
        }
    }

    /// Whether the index contains only a part of some values.
    pub fn is_cut(&self) -> bool {
        let mut forms = self.columns.iter().map(|column| column.form);
        forms.any(|form| form != IndexForm::Whole)
    }

    /// Whether the index finds all rows with a value in this field.
    fn finds_by(&self, field: &str) -> bool {
        let first = self.columns.first();
        self.predicate.is_none()
            && first.is_some_and(|column| column.name == field && !column.no_case)
    }

    /// Parses a statement.
    pub fn parse(text: &str) -> Result<Self, NotAnIndex> {
        let mut statements = Parser::parse_sql(&SQLiteDialect {}, text).map_err(|_| NotAnIndex)?;
        let (Some(Statement::CreateIndex(index)), true) = (statements.pop(), statements.is_empty())
        else {
            return Err(NotAnIndex);
        };
        let CreateIndex {
            name: Some(name),
            table_name,
            columns,
            unique,
            predicate,
            ..
        } = index
        else {
            return Err(NotAnIndex);
        };
        let columns: Result<Vec<_>, _> = columns
            .iter()
            .map(|column| {
                let mut index_column = column_of(&column.column.expr)?;
                index_column.descending =
                    matches!(column.column.options.sort, Some(OrderBySort::Desc));
                Ok(index_column)
            })
            .collect();
        Ok(Self {
            name: last_part(&name)?,
            table: last_part(&table_name)?,
            unique,
            columns: columns?,
            predicate: predicate.as_ref().map(predicate_of).transpose()?,
        })
    }

    /// The statement, on this table.
    pub fn create(&self, dialect: Dialect, table: &Ident) -> Sql {
        let create = if self.unique {
            "CREATE UNIQUE INDEX "
        } else {
            "CREATE INDEX "
        };
        self.create_by(sql(dialect, create), table, &self.ident())
    }

    /// The statement that makes it under another name, while others write to the table.
    pub fn create_while_written(&self, dialect: Dialect, table: &Ident, name: &Ident) -> Sql {
        let create = if self.unique {
            "CREATE UNIQUE INDEX "
        } else {
            "CREATE INDEX "
        };
        let mut out = sql(dialect, create);
        out.text(dialect.concurrently());
        self.create_by(out, table, name)
    }

    fn create_by(&self, mut out: Sql, table: &Ident, name: &Ident) -> Sql {
        let dialect = out.dialect();
        out.ident(name).text(" ON ").ident(table).text(" (");
        for (i, column) in self.columns.iter().enumerate() {
            if i > 0 {
                out.text(", ");
            }
            let value = column.value(dialect);
            out.append(match column.form {
                IndexForm::Whole => value,
                IndexForm::Prefix(length) => dialect.index_prefix(value, length),
                IndexForm::Digest => dialect.index_digest(value),
            });
            if column.descending {
                out.text(" DESC");
            }
        }
        if self.unique {
            let cut = self.columns.iter().filter_map(|column| match column.form {
                IndexForm::Prefix(length) => Some((column.value(dialect), length)),
                IndexForm::Whole | IndexForm::Digest => None,
            });
            if let Some(rest) = dialect.digest_of_longer(cut.collect()) {
                out.text(", ").append(rest);
            }
        }
        out.text(")");
        if let Some(predicate) = &self.predicate {
            out.text(" WHERE ");
            predicate.write(&mut out);
        }
        out
    }

    /// The statement that removes it.
    pub fn drop(&self, dialect: Dialect) -> Sql {
        let mut out = sql(dialect, "DROP INDEX IF EXISTS ");
        out.ident(&self.ident());
        out
    }

    /// Returns the name in the database.
    pub fn ident(&self) -> Ident {
        Ident::new(&self.name)
    }

    /// Whether the index makes the values of this field unique, except for the empty one.
    pub fn is_unique_on(&self, field: &str) -> bool {
        let only_empty_are_left_out = match &self.predicate {
            None => true,
            Some(Predicate::Compare(column, sign, Constant::Text(text))) => {
                column == field && matches!(*sign, " <> ") && text.is_empty()
            }
            Some(_) => false,
        };
        self.unique
            && only_empty_are_left_out
            && matches!(&self.columns[..], [column] if column.name == field)
    }

    /// Whether the index equals `other`, except for the name.
    pub fn same_as(&self, other: &Self) -> bool {
        self.unique == other.unique
            && self.columns == other.columns
            && self.predicate == other.predicate
    }

    /// Returns the index with renamed columns; `None` if a column has no new name.
    pub fn with_names(&self, names: &BTreeMap<&str, &str>) -> Option<Self> {
        let renamed = |column: &IndexColumn| {
            let name = names.get(column.name.as_str())?;
            Some(IndexColumn {
                name: (*name).to_owned(),
                ..column.clone()
            })
        };
        let predicate = match &self.predicate {
            None => None,
            Some(predicate) => Some(predicate.with_names(names)?),
        };
        Some(Self {
            columns: self.columns.iter().map(renamed).collect::<Option<_>>()?,
            predicate,
            ..self.clone()
        })
    }

    /// Returns all columns in the statement.
    pub fn mentions(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.columns.iter().map(|c| c.name.as_str()).collect();
        if let Some(predicate) = &self.predicate {
            predicate.mentions(&mut names);
        }
        names
    }
}

impl IndexColumn {
    fn value(&self, dialect: Dialect) -> Sql {
        let case = match (self.no_case, self.lower) {
            (false, _) => IndexCase::Exact,
            (true, false) => IndexCase::Insensitive,
            (true, true) => IndexCase::Lower,
        };
        dialect.index_text(&Ident::new(&self.name), case)
    }
}

/// Whether clients may store texts in the field that are too long for an entry of an index. System fields and ids are
/// indexed in full.
fn is_unbounded(field: &Field) -> bool {
    fields::of(&field.kind).is_unbounded() && !field.system && field.name != "id"
}

/// Renames columns in the text of an index, and leaves the rest as its author wrote it.
pub(crate) fn rename(text: &str, from: &str, to: &str) -> String {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut in_text = false;
    while let Some(first) = rest.chars().next() {
        if first == '\'' {
            in_text = !in_text;
        }
        let word = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        if word == 0 || in_text {
            out.push(first);
            rest = &rest[first.len_utf8()..];
            continue;
        }
        out.push_str(if &rest[..word] == from {
            to
        } else {
            &rest[..word]
        });
        rest = &rest[word..];
    }
    out
}

fn last_part(name: &ObjectName) -> Result<String, NotAnIndex> {
    let part = name.0.last().and_then(|part| part.as_ident());
    part.map(|ident| ident.value.clone())
        .filter(|name| !name.contains('\0'))
        .ok_or(NotAnIndex)
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "of all SQL only this much is an index"
)]
fn column_of(expr: &Expr) -> Result<IndexColumn, NotAnIndex> {
    match expr {
        Expr::Identifier(ident) => Ok(IndexColumn {
            name: ident.value.clone(),
            no_case: false,
            lower: false,
            descending: false,
            form: IndexForm::Whole,
        }),
        Expr::Nested(inner) => column_of(inner),
        Expr::Collate { expr, collation } => {
            let column = column_of(expr)?;
            match last_part(collation)?.to_ascii_lowercase().as_str() {
                "nocase" => Ok(IndexColumn {
                    no_case: true,
                    ..column
                }),
                "binary" => Ok(column),
                _ => Err(NotAnIndex),
            }
        }
        Expr::Function(Function {
            name,
            args: FunctionArguments::List(list),
            ..
        }) if last_part(name)?.eq_ignore_ascii_case("lower") => match &list.args[..] {
            [FunctionArg::Unnamed(FunctionArgExpr::Expr(inner))] => Ok(IndexColumn {
                no_case: true,
                lower: true,
                ..column_of(inner)?
            }),
            _ => Err(NotAnIndex),
        },
        _ => Err(NotAnIndex),
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "of all SQL only this much is an index"
)]
fn predicate_of(expr: &Expr) -> Result<Predicate, NotAnIndex> {
    let both = |left: &Expr, right: &Expr| -> Result<_, NotAnIndex> {
        Ok((
            Box::new(predicate_of(left)?),
            Box::new(predicate_of(right)?),
        ))
    };
    Ok(match expr {
        Expr::Nested(inner) => predicate_of(inner)?,
        Expr::UnaryOp {
            op: sqlparser::ast::UnaryOperator::Not,
            expr,
        } => Predicate::Not(Box::new(predicate_of(expr)?)),
        Expr::IsNull(inner) => Predicate::IsNull(column_of(inner)?.name, true),
        Expr::IsNotNull(inner) => Predicate::IsNull(column_of(inner)?.name, false),
        Expr::BinaryOp { left, op, right } => match op {
            BinaryOperator::And => {
                let (left, right) = both(left, right)?;
                Predicate::All(left, right)
            }
            BinaryOperator::Or => {
                let (left, right) = both(left, right)?;
                Predicate::Any(left, right)
            }
            _ => Predicate::Compare(column_of(left)?.name, sign(op)?, constant(right)?),
        },
        _ => return Err(NotAnIndex),
    })
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "of all SQL only this much is an index"
)]
fn sign(operator: &BinaryOperator) -> Result<&'static str, NotAnIndex> {
    match operator {
        BinaryOperator::Eq => Ok(" = "),
        BinaryOperator::NotEq => Ok(" <> "),
        BinaryOperator::Lt => Ok(" < "),
        BinaryOperator::LtEq => Ok(" <= "),
        BinaryOperator::Gt => Ok(" > "),
        BinaryOperator::GtEq => Ok(" >= "),
        _ => Err(NotAnIndex),
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "of all SQL only this much is an index"
)]
fn constant(expr: &Expr) -> Result<Constant, NotAnIndex> {
    match expr {
        Expr::Nested(inner) => constant(inner),
        Expr::Value(value) => match &value.value {
            Literal::SingleQuotedString(text) | Literal::DoubleQuotedString(text) => {
                Ok(Constant::Text(text.clone()))
            }
            Literal::Number(number, _) => {
                number.parse().map(Constant::Number).map_err(|_| NotAnIndex)
            }
            Literal::Boolean(bool) => Ok(Constant::Bool(*bool)),
            _ => Err(NotAnIndex),
        },
        // SQLite treats a quoted name as a text if there is no such column.
        Expr::Identifier(ident) if ident.quote_style == Some('"') => {
            Ok(Constant::Text(ident.value.clone()))
        }
        _ => Err(NotAnIndex),
    }
}

impl Predicate {
    fn write(&self, out: &mut Sql) {
        match self {
            Self::Compare(column, sign, constant) => {
                out.ident(&Ident::new(column)).text(sign);
                match constant {
                    Constant::Text(text) => out.literal(text),
                    Constant::Number(number) => out.number(*number),
                    Constant::Bool(true) => out.text("TRUE"),
                    Constant::Bool(false) => out.text("FALSE"),
                };
            }
            Self::IsNull(column, yes) => {
                out.ident(&Ident::new(column));
                out.text(if *yes { " IS NULL" } else { " IS NOT NULL" });
            }
            Self::All(left, right) => Self::write_both(out, left, " AND ", right),
            Self::Any(left, right) => Self::write_both(out, left, " OR ", right),
            Self::Not(inner) => {
                out.text("NOT (");
                inner.write(out);
                out.text(")");
            }
        }
    }

    fn with_names(&self, names: &BTreeMap<&str, &str>) -> Option<Self> {
        let name = |old: &str| names.get(old).map(|new| (*new).to_owned());
        let both = |left: &Self, right: &Self| {
            let (left, right) = (left.with_names(names)?, right.with_names(names)?);
            Some((Box::new(left), Box::new(right)))
        };
        Some(match self {
            Self::Compare(column, sign, constant) => {
                Self::Compare(name(column)?, sign, constant.clone())
            }
            Self::IsNull(column, yes) => Self::IsNull(name(column)?, *yes),
            Self::All(left, right) => {
                let (left, right) = both(left, right)?;
                Self::All(left, right)
            }
            Self::Any(left, right) => {
                let (left, right) = both(left, right)?;
                Self::Any(left, right)
            }
            Self::Not(inner) => Self::Not(Box::new(inner.with_names(names)?)),
        })
    }

    fn write_both(out: &mut Sql, left: &Self, sign: &'static str, right: &Self) {
        out.text("(");
        left.write(out);
        out.text(sign);
        right.write(out);
        out.text(")");
    }

    fn mentions<'a>(&'a self, names: &mut Vec<&'a str>) {
        match self {
            Self::Compare(column, _, _) | Self::IsNull(column, _) => names.push(column),
            Self::All(left, right) | Self::Any(left, right) => {
                left.mentions(names);
                right.mentions(names);
            }
            Self::Not(inner) => inner.mentions(names),
        }
    }
}

#[cfg(test)]
mod tests {
    use plinth_sdk::types::RelationOptions;

    use super::*;

    #[test]
    fn reads_what_people_write() {
        let index = Index::parse("CREATE UNIQUE INDEX `idx_a` ON `posts` (`title` COLLATE NOCASE, n DESC) WHERE `title` != ''").unwrap();
        assert!(index.unique);
        assert_eq!(
            (index.name.as_str(), index.table.as_str()),
            ("idx_a", "posts")
        );
        assert_eq!(index.mentions(), ["title", "n", "title"]);
        assert!(index.columns[0].no_case && index.columns[1].descending);
        assert!(Index::parse("create index if not exists x on [posts] (lower(title))").is_ok());
        let email =
            Index::parse("CREATE UNIQUE INDEX i ON t (`email`) WHERE `email` != ''").unwrap();
        assert!(email.is_unique_on("email") && !email.is_unique_on("title"));
    }

    #[test]
    fn every_reference_to_one_record_has_an_index() {
        let relation = |name: &str, max_select| {
            let kind = FieldKind::Relation(RelationOptions {
                max_select,
                ..RelationOptions::default()
            });
            Field::new(name, kind)
        };
        let mut posts = Definition {
            id: "posts0000000000".to_owned(),
            name: "posts".to_owned(),
            fields: vec![relation("author", 1), relation("tags", 5)],
            ..Definition::default()
        };
        let columns = |definition: &Definition| {
            let indexes = all(definition).into_iter();
            let names = indexes.map(|index| index.columns[0].name.clone());
            names.collect::<Vec<_>>()
        };
        assert_eq!(columns(&posts), ["author"]);
        posts.indexes = vec!["CREATE INDEX a ON posts (author) WHERE author != ''".to_owned()];
        assert_eq!(columns(&posts), ["author", "author"], "that one lacks rows");
        posts.indexes = vec!["CREATE INDEX a ON posts (author, tags)".to_owned()];
        assert_eq!(columns(&posts), ["author"], "that one does");
    }

    #[test]
    fn refuses_everything_else() {
        for wrong in [
            "",
            "bad",
            "DROP TABLE posts",
            "CREATE INDEX a ON b (c); DROP TABLE b",
            "CREATE INDEX a ON b (random())",
            "CREATE INDEX a ON b (c) WHERE c = (SELECT 1)",
        ] {
            assert_eq!(Index::parse(wrong), Err(NotAnIndex), "{wrong}");
        }
    }

    #[test]
    fn renames_words_only() {
        assert_eq!(
            rename("CREATE INDEX i_a ON `a` (`a`, ab) WHERE a != 'a'", "a", "z"),
            "CREATE INDEX i_a ON `z` (`z`, ab) WHERE z != 'a'"
        );
    }
}
