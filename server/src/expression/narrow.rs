//! Narrows a condition: removes the alternatives that do not compare an identifier.

use super::{Comparison, Expression, Token};

impl Expression {
    /// Returns the expression without the alternatives in which nothing is compared with the identifier; `None` if there are no
    /// others. The result holds only where the expression does and one of these comparisons, too: the language has no
    /// negation.
    pub fn where_compared(&self, identifier: &str) -> Option<Self> {
        match self {
            Self::Comparison(comparison) => comparison.names(identifier).then(|| self.clone()),
            Self::Any(parts) => any(narrowed(parts, identifier)),
            Self::All(parts) => {
                let narrowed = narrowed(parts, identifier);
                if narrowed.iter().any(|part| parts.contains(part)) {
                    return Some(self.clone());
                }
                let one_of_them = any(narrowed)?;
                let parts = parts.iter().cloned().chain([one_of_them]);
                Some(Self::All(parts.collect()))
            }
        }
    }
}

fn narrowed(parts: &[Expression], identifier: &str) -> Vec<Expression> {
    let parts = parts.iter();
    parts
        .filter_map(|part| part.where_compared(identifier))
        .collect()
}

fn any(mut parts: Vec<Expression>) -> Option<Expression> {
    if parts.len() > 1 {
        return Some(Expression::Any(parts));
    }
    parts.pop()
}

impl Comparison {
    fn names(&self, identifier: &str) -> bool {
        let is_it = |token: &Token| matches!(token, Token::Identifier(name) if name == identifier);
        is_it(&self.left) || is_it(&self.right)
    }
}

#[cfg(test)]
mod tests {
    use crate::expression::parse;

    #[test]
    fn n04_alternatives_without_a_scope_are_left_out() {
        for (condition, left) in [
            ("s = a", Some("s = a")),
            ("a = 1", None),
            ("a = 1 || b = 2", None),
            ("a = s || b = 2", Some("a = s")),
            ("a = s || b = 2 || s = c", Some("a = s || s = c")),
            ("a = s && b = 2", Some("a = s && b = 2")),
            (
                "a = s && (b = 2 || c = 3)",
                Some("a = s && (b = 2 || c = 3)"),
            ),
            (
                "a = s && (b = 2 || c = s)",
                Some("a = s && (b = 2 || c = s)"),
            ),
            ("a = 1 && (b = 2 || c = 3)", None),
            (
                "a = 1 && (b = 2 || c = s)",
                Some("a = 1 && (b = 2 || c = s) && c = s"),
            ),
            (
                "(a = s || b = 2) && (c = 3 || d = s)",
                Some("(a = s || b = 2) && (c = 3 || d = s) && (a = s || d = s)"),
            ),
            (
                "a = 1 || b = 2 && (c = 3 || d = s && e = 4)",
                Some("b = 2 && (c = 3 || d = s && e = 4) && (d = s && e = 4)"),
            ),
        ] {
            let narrowed = parse(condition).unwrap().where_compared("s");
            assert_eq!(
                narrowed,
                left.map(|left| parse(left).unwrap()),
                "{condition}"
            );
        }
    }
}
