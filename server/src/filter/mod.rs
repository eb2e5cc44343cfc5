//! The filter language: clients' filters and sorts, and the rules of collections.
//!
//! [`expression`](crate::expression) parses a text; a [`Resolver`] makes SQL of it, for one collection and one caller. The language is described in `docs/API.md`.

mod call;
mod compare;
mod condition;
mod emit;
mod casts;
mod macros;
mod operand;
mod path;
mod request_path;
mod resolve;
mod role_scope;
mod scope;
mod visibility;

pub use condition::{Condition, conjunction};
pub use resolve::{Resolver, Trust};
pub use role_scope::{ROLE_SCOPE, RoleScopes};
pub use visibility::{Listable, RowCondition, Visibility};

pub use crate::expression::{
    Call, Comparison, Expression, FilterError, MAX_LENGTH, Operator, Token, parse,
};
