//! Relaxes a rule: removes the parts that refer to the request.

use super::{Call, Comparison, Expression, Token};

impl Expression {
    /// Returns the parts of the expression that do not refer to the request; `None` always holds. The result holds
    /// wherever the expression does: the language has no negation, so removing a part of a conjunction can only make
    /// it hold more often.
    pub fn without_request(&self) -> Option<Self> {
        match self {
            Self::Comparison(comparison) if comparison.asks_request() => None,
            Self::Comparison(_) => Some(self.clone()),
            Self::All(parts) => {
                let mut left: Vec<Self> = parts.iter().filter_map(Self::without_request).collect();
                if left.len() > 1 {
                    return Some(Self::All(left));
                }
                left.pop()
            }
            Self::Any(parts) => {
                let left: Option<Vec<Self>> = parts.iter().map(Self::without_request).collect();
                left.map(Self::Any)
            }
        }
    }
}

impl Comparison {
    fn asks_request(&self) -> bool {
        self.left.asks_request() || self.right.asks_request()
    }
}

impl Token {
    fn asks_request(&self) -> bool {
        match self {
            Self::Identifier(name) => name.starts_with("@request."),
            Self::Call(Call { arguments, .. }) => arguments.iter().any(Self::asks_request),
            Self::Text(_) | Self::Number(_) | Self::Whole(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::expression::parse;

    #[test]
    fn n75_what_asks_about_the_request_is_left_out() {
        for (rule, left) in [
            ("banned = false", Some("banned = false")),
            ("@request.context = 'password'", None),
            (
                "banned = false && @request.body.x = 1",
                Some("banned = false"),
            ),
            ("banned = false || @request.body.x = 1", None),
            (
                "a = 1 && (b = 2 || c = 3) && '' != @request.headers.y",
                Some("a = 1 && (b = 2 || c = 3)"),
            ),
            ("a = 1 && (b = 2 || '' = @request.query.y)", Some("a = 1")),
        ] {
            let relaxed = parse(rule).unwrap().without_request();
            assert_eq!(relaxed, left.map(|left| parse(left).unwrap()), "{rule}");
        }
    }
}
