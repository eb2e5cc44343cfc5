//! A collection: a definition, prepared for use.

use plinth_sdk::types::{self as wire, CollectionType, FieldKind, FieldProblems};
use sqlparser::ast::Statement;
use sqlparser::dialect::SQLiteDialect;
use sqlparser::parser::Parser;

use super::index::{self, Index, IndexForm};
use super::{Record, Schema};
use crate::db::{ColumnType, Conn, Dialect, Ident};
use crate::error::Result;
use crate::expression::{Expression, FilterError, parse};
use crate::fields::{self, Shape, split_key};
use crate::tasks::on_deep_stack;

/// The collection whose accounts may do everything.
pub const SUPERUSERS: &str = "_superusers";
/// The table of the log.
const LOG: &str = "_logs";

/// A collection, prepared for use.
#[derive(Debug)]
pub struct Collection {
    /// The definition.
    pub def: wire::Collection,
    /// The name of the table.
    pub table: Ident,
    /// The columns, in the order of the fields.
    pub columns: Vec<Column>,
    /// The indexes: those of the definition, followed by those of relations.
    pub indexes: Vec<Index>,
    /// The rules.
    pub rules: Rules,
    /// The keys of a record in JSON, in alphabetical order.
    pub keys: Vec<(String, Key)>,
    /// Whether the query of a view orders its rows.
    pub is_ordered: bool,
    /// Checks records beyond their fields; built-in collections have such a check once they are part of a snapshot.
    pub check: Option<Check>,
}

/// Checks a record beyond its fields, given the stored one if there is one, and adds the problems. May bring the record into
/// the form in which it is stored. A field with a problem may be too large to be looked into.
pub type Check =
    fn(&mut Conn, &Schema, &mut Record, Option<&Record>, &mut FieldProblems) -> Result<()>;

/// The source of a key's value in a record's JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// The column with this index.
    Column(usize),
    /// The id of the collection.
    CollectionId,
    /// The name of the collection.
    CollectionName,
    /// The expanded relations.
    Expand,
}

/// A column of a collection's table.
#[derive(Debug)]
pub struct Column {
    /// The name of the field.
    pub name: String,
    /// The name of the column.
    pub ident: Ident,
    /// The type of the column.
    pub storage: ColumnType,
    /// The meaning of the values.
    pub shape: Shape,
    /// Whether only superusers see the values.
    pub hidden: bool,
    /// Whether a value can be NULL, as in a view.
    pub nullable: bool,
    /// The length of the prefix that an index on this column contains, in characters.
    pub prefix: Option<usize>,
    /// The length of the prefix that an index on the lower-cased text contains.
    pub lower_prefix: Option<usize>,
    /// Whether no filter, sort or rule may refer to the column: a password hash, a token key, or a hidden field of a
    /// built-in collection.
    pub secret: bool,
}

/// The access rules of a collection, one per action.
#[derive(Debug, Default)]
pub struct Rules {
    /// The rule for listing.
    pub list: Rule,
    /// The rule for viewing.
    pub view: Rule,
    /// The rule for creating.
    pub create: Rule,
    /// The rule for updating.
    pub update: Rule,
    /// The rule for deleting.
    pub delete: Rule,
    /// The rule for signing in.
    pub auth: Rule,
    /// The rule for staying signed in: the auth rule without the parts that refer to the request.
    pub session: Rule,
    /// The rule for managing other accounts.
    pub manage: Rule,
    /// Whether any rule refers to the request's headers.
    pub ask_headers: bool,
    /// The keys of the request's body that the rules refer to.
    pub body_keys: Vec<String>,
}

/// Returns the keys of the request's body that a rule refers to.
pub fn body_keys(rule: &str) -> impl Iterator<Item = String> {
    let paths = rule.split("@request.body.").skip(1);
    paths.map(|path| {
        let is_of_key = |c: &char| c.is_ascii_alphanumeric() || "_@#".contains(*c);
        path.chars().take_while(is_of_key).collect()
    })
}

/// A rule for an action.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Rule {
    /// Superusers only.
    #[default]
    Locked,
    /// Everybody.
    Open,
    /// Everybody for whom the filter holds.
    Filter(Expression),
}

impl Rule {
    /// Parses a rule of a definition. Only the empty string allows everybody.
    pub fn parse(rule: Option<&str>) -> std::result::Result<Self, FilterError> {
        match rule {
            None => Ok(Self::Locked),
            Some("") => Ok(Self::Open),
            Some(filter) => parse(filter).map(Self::Filter),
        }
    }

    /// Returns the rule without the parts that refer to the request.
    fn without_request(self) -> Self {
        match self {
            Self::Filter(filter) => filter.without_request().map_or(Self::Open, Self::Filter),
            Self::Locked | Self::Open => self,
        }
    }
}

impl Column {
    fn of(field: &wire::Field) -> Self {
        let field_type = fields::of(&field.kind);
        Self {
            name: field.name.clone(),
            ident: Ident::new(&field.name),
            storage: field_type.storage(),
            shape: field_type.shape(),
            hidden: field.hidden,
            nullable: false,
            prefix: None,
            lower_prefix: None,
            secret: matches!(field.kind, FieldKind::Password(_))
                || (field.system && (field.hidden || field.name == "tokenKey")),
        }
    }

    /// Sets the lengths of the prefixes that indexes contain.
    fn set_prefixes(&mut self, indexes: &[Index]) {
        let prefix = |no_case: bool| {
            let mut firsts = indexes.iter().filter_map(|index| index.columns.first());
            firsts.find_map(|first| match first.form {
                IndexForm::Prefix(length)
                    if first.name == self.name && first.no_case == no_case =>
                {
                    Some(length)
                }
                IndexForm::Prefix(_) | IndexForm::Whole | IndexForm::Digest => None,
            })
        };
        (self.prefix, self.lower_prefix) = (prefix(false), prefix(true));
    }

    /// Whether the value is a list.
    pub fn is_list(&self) -> bool {
        self.shape.is_list()
    }
}

/// Whether the query of a view orders its rows.
fn is_ordered(query: &str) -> bool {
    let is_ordered = on_deep_stack(|| {
        let statements = Parser::parse_sql(&SQLiteDialect {}, query.trim().trim_end_matches(';'));
        let first = statements.ok().and_then(|all| all.into_iter().next());
        matches!(first, Some(Statement::Query(query)) if query.order_by.is_some())
    });
    is_ordered.unwrap_or(false)
}

impl Collection {
    /// Prepares a definition for use. A rule that cannot be parsed locks the action, and an index that cannot be
    /// parsed is skipped: definitions are validated when they are saved.
    pub fn new(def: wire::Collection) -> Self {
        let mut columns: Vec<Column> = def.fields.iter().map(Column::of).collect();
        if def.kind == CollectionType::View {
            for column in &mut columns {
                column.nullable = column.name != "id";
            }
        }
        let mut keys: Vec<(String, Key)> = columns
            .iter()
            .enumerate()
            .filter(|(_, column)| {
                def.auth.is_none() || !matches!(column.name.as_str(), "password" | "tokenKey")
            })
            .map(|(index, column)| (column.name.clone(), Key::Column(index)))
            .collect();
        keys.push(("collectionId".to_owned(), Key::CollectionId));
        keys.push(("collectionName".to_owned(), Key::CollectionName));
        keys.push(("expand".to_owned(), Key::Expand));
        keys.sort_by(|a, b| a.0.cmp(&b.0));
        let rule =
            |rule: Option<&String>| Rule::parse(rule.map(String::as_str)).unwrap_or_default();
        let auth = def.auth.as_deref();
        let all_rules = [
            def.list_rule.as_ref(),
            def.view_rule.as_ref(),
            def.create_rule.as_ref(),
            def.update_rule.as_ref(),
            def.delete_rule.as_ref(),
            auth.and_then(|a| a.auth_rule.as_ref()),
            auth.and_then(|a| a.manage_rule.as_ref()),
        ];
        let rules = Rules {
            list: rule(all_rules[0]),
            view: rule(all_rules[1]),
            create: rule(all_rules[2]),
            update: rule(all_rules[3]),
            delete: rule(all_rules[4]),
            session: rule(all_rules[5]).without_request(),
            auth: rule(all_rules[5]),
            manage: rule(all_rules[6]),
            ask_headers: all_rules
                .iter()
                .flatten()
                .any(|rule| rule.contains("@request.headers")),
            body_keys: all_rules
                .iter()
                .flatten()
                .flat_map(|rule| body_keys(rule))
                .collect(),
        };
        let indexes = index::all(&def);
        for column in &mut columns {
            column.set_prefixes(&indexes);
        }
        Self {
            table: Ident::new(&def.name),
            indexes,
            is_ordered: def.view_query.as_deref().is_some_and(is_ordered),
            columns,
            rules,
            keys,
            check: None,
            def,
        }
    }

    /// Describes the table of definitions, so that it can be listed.
    pub fn of_collections() -> Self {
        let text =
            |name: &str| wire::Field::new(name, FieldKind::Text(wire::TextOptions::default()));
        let system = wire::Field::new("system", FieldKind::Bool(wire::BoolOptions::default()));
        Self::new(wire::Collection {
            id: "_collections".to_owned(),
            name: "_collections".to_owned(),
            fields: vec![
                text("id"),
                text("name"),
                text("type"),
                system,
                text("created"),
                text("updated"),
            ],
            ..wire::Collection::default()
        })
    }

    /// Describes the table of the log, so that it can be listed.
    pub fn of_log() -> Self {
        let text =
            |name: &str| wire::Field::new(name, FieldKind::Text(wire::TextOptions::default()));
        let level = wire::Field::new("level", FieldKind::Number(wire::NumberOptions::default()));
        let data = wire::Field::new("data", FieldKind::Json(wire::JsonOptions::default()));
        Self::new(wire::Collection {
            id: LOG.to_owned(),
            name: LOG.to_owned(),
            system: true,
            fields: vec![text("id"), text("created"), level, text("message"), data],
            ..wire::Collection::default()
        })
    }

    /// Whether triggers keep the number of rows.
    pub fn has_total(&self) -> bool {
        self.def.id != LOG
    }

    /// Whether the records are accounts.
    pub fn is_auth(&self) -> bool {
        self.def.kind == CollectionType::Auth
    }

    /// Whether the records are the result of a query.
    pub fn is_view(&self) -> bool {
        self.def.kind == CollectionType::View
    }

    /// Whether the collection looks the same as `other` to views that read it.
    pub(crate) fn is_seen_alike(&self, other: &Self) -> bool {
        self.def.name == other.def.name
            && self.def.fields == other.def.fields
            && self.def.view_query == other.def.view_query
    }

    /// Whether clients set a column that they never see: the password of an account.
    pub fn sets_hidden(&self, column: &Column) -> bool {
        self.is_auth() && column.shape == Shape::Secret
    }

    /// Whether the records are superusers.
    pub fn is_superusers(&self) -> bool {
        self.def.name == SUPERUSERS
    }

    /// Returns the column with this name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Returns the index of the column with this name.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }

    /// Whether a key of a body belongs to a field.
    pub fn takes(&self, key: &str) -> bool {
        let name = key.strip_suffix(":autogenerate").unwrap_or(key);
        self.column(name).is_some()
            || self.column(split_key(name).0).is_some()
            || (self.is_auth() && matches!(name, "passwordConfirm" | "oldPassword"))
    }

    /// Whether a unique index covers this field alone.
    pub fn is_unique(&self, name: &str) -> bool {
        self.indexes.iter().any(|index| index.is_unique_on(name))
    }

    /// Returns the list of columns for a `SELECT`, in the order of the fields, and their types.
    pub fn selection(&self, dialect: Dialect, alias: &Ident) -> (crate::db::Sql, Vec<ColumnType>) {
        let mut out = crate::db::Sql::new(dialect);
        for (index, column) in self.columns.iter().enumerate() {
            if index > 0 {
                out.text(", ");
            }
            out.read(alias, &column.ident, column.storage);
        }
        let storages = self.columns.iter().map(|column| column.storage).collect();
        (out, storages)
    }
}
