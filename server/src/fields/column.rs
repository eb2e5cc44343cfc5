//! Columns as queries see them.

/// The meaning of a column's values, for queries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// One text, number or bool.
    Scalar,
    /// Any JSON.
    Json,
    /// A geo point: `{"lon": 0, "lat": 0}`.
    Point,
    /// One or several of a list of values.
    Select {
        /// Whether there may be several.
        is_list: bool,
    },
    /// The names of one or several files.
    File {
        /// Whether there may be several.
        is_list: bool,
    },
    /// One or several records.
    Relation {
        /// The id of the other collection.
        target: String,
        /// Whether there may be several.
        is_list: bool,
    },
    /// A password's hash: never read by a client.
    Secret,
}

impl Shape {
    /// Returns whether the value is one or several of something.
    pub fn is_choice(&self) -> bool {
        matches!(
            self,
            Self::Select { .. } | Self::File { .. } | Self::Relation { .. }
        )
    }

    /// Returns whether the value is a list.
    pub fn is_list(&self) -> bool {
        matches!(
            self,
            Self::Select { is_list: true }
                | Self::File { is_list: true }
                | Self::Relation { is_list: true, .. }
        )
    }
}
