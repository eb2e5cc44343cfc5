//! A page of a sorted result.

use super::{Ident, Sql, Value};

/// Rows beyond this one are deep: to reach them by `OFFSET`, all rows before them are kept.
const DEEP: i64 = 1000;

/// A page of a sorted result.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    /// The number of rows before it.
    pub offset: i64,
    /// The most rows that it has.
    pub limit: i64,
}

/// A sorted result.
pub struct Sorted<'a> {
    /// The table of its rows, if that numbers them.
    pub table: Option<&'a Ident>,
    /// The alias of the table in the query.
    pub alias: Ident,
    /// `FROM … WHERE …`
    pub rows: Sql,
    /// ` ORDER BY …`
    pub order: Sql,
}

impl Page {
    /// Returns the query of the page, without the `SELECT` list.
    ///
    /// For `ORDER BY … LIMIT … OFFSET …`, SQLite keeps all rows up to the page in a tree, whole, in memory or in an unordered
    /// temporary file. To number all rows, it merge-sorts only the sort keys and the row ids.
    pub fn of(self, sorted: Sorted<'_>) -> Sql {
        let Sorted {
            table,
            alias,
            rows,
            order,
        } = sorted;
        let dialect = rows.dialect();
        let last = self.offset.saturating_add(self.limit);
        let Some(table) = table.filter(|_| last > DEEP && dialect.numbers_deep_rows()) else {
            let mut out = rows;
            out.append(order);
            out.text(" LIMIT ").bind(Value::Int(self.limit));
            out.text(" OFFSET ").bind(Value::Int(self.offset));
            return out;
        };
        let row = Ident::new("_rowid_");
        let mut out = Sql::new(dialect);
        out.text(" FROM (SELECT ").column(&alias, &row);
        out.text(" AS \"row\", row_number() OVER (").append(order);
        out.text(") AS \"number\"").append(rows);
        // A CROSS JOIN, so that the planner looks the page's rows up by their keys and not the other way round.
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
