//! A page of rows in an order, wherever in it the page is.

use super::{Engine, Ident, Sql, Value};

/// Rows beyond this one are deep: SQLite keeps all that come before a page to find it.
const DEEP: i64 = 1000;

/// A page, by the rows before it and its own.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    /// Rows that come before it.
    pub offset: i64,
    /// Rows of it at most.
    pub limit: i64,
}

/// The rows of which a page is wanted.
pub struct Sorted<'a> {
    /// Their table, if its rows are numbered.
    pub table: Option<&'a Ident>,
    /// What the table is called in the query.
    pub alias: Ident,
    /// `FROM … WHERE …`
    pub rows: Sql,
    /// ` ORDER BY …`
    pub order: Sql,
}

impl Page {
    /// The query of the page, but for the columns.
    ///
    /// For `ORDER BY … LIMIT … OFFSET …` SQLite keeps the rows up to the page in a tree: whole, in memory or, worse, in a file in
    /// no order. To number all rows it sorts what they are sorted by, with their keys, in runs that it merges.
    pub fn of(self, sorted: Sorted<'_>) -> Sql {
        let Sorted {
            table,
            alias,
            rows,
            order,
        } = sorted;
        let engine = rows.engine();
        let last = self.offset.saturating_add(self.limit);
        let Some(table) = table.filter(|_| engine == Engine::Sqlite && last > DEEP) else {
            let mut out = rows;
            out.append(order);
            out.text(" LIMIT ").bind(Value::Int(self.limit));
            out.text(" OFFSET ").bind(Value::Int(self.offset));
            return out;
        };
        let row = Ident::new("_rowid_");
        let mut out = Sql::new(engine);
        out.text(" FROM (SELECT ").column(&alias, &row);
        out.text(" AS \"row\", row_number() OVER (").append(order);
        out.text(") AS \"number\"").append(rows);
        // Crossed, so that the page's rows are found by their keys and not the other way round.
        out.text(") AS \"page\" CROSS JOIN ").ident(table);
        out.text(" AS ")
            .ident(&alias)
            .text(" ON ")
            .column(&alias, &row);
        out.text(" = \"page\".\"row\" WHERE \"page\".\"number\" > ")
            .bind(Value::Int(self.offset));
        out.text(" AND \"page\".\"number\" <= ")
            .bind(Value::Int(last));
        out.text(" ORDER BY \"page\".\"number\"");
        out
    }
}
