//! Parses the text of a filter.

use super::FilterError;
use crate::json;

/// The maximum length of a client's filter.
pub const MAX_LENGTH: usize = 3500;
const MAX_COMPARISONS: usize = 200;
const MAX_DEPTH: usize = 32;

/// A filter.
#[derive(Clone, Debug, PartialEq)]
pub enum Expression {
    /// One comparison.
    Comparison(Comparison),
    /// All of them hold.
    All(Vec<Expression>),
    /// At least one of them holds.
    Any(Vec<Expression>),
}

/// `left operator right`.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// The left operand.
    pub left: Token,
    /// The operator.
    pub operator: Operator,
    /// Whether one matching value of several is enough (`?=`).
    pub any: bool,
    /// The right operand.
    pub right: Token,
}

/// A comparison operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `~`
    Like,
    /// `!~`
    NotLike,
}

/// An operand.
#[derive(Clone, Debug, PartialEq)]
pub enum Token {
    /// A field's path, a macro, `true`, `false` or `null`.
    Identifier(String),
    /// A quoted text.
    Text(String),
    /// A number.
    Number(f64),
    /// An integer that no double represents exactly.
    Whole(i64),
    /// A function call.
    Call(Call),
}

/// `name(argument, …)`
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// The name of the function.
    pub name: String,
    /// The arguments.
    pub arguments: Vec<Token>,
}

/// Parses a filter of any length; clients' filters are limited to [`MAX_LENGTH`].
pub fn parse(text: &str) -> Result<Expression, FilterError> {
    let mut parser = Parser {
        text,
        at: 0,
        comparisons: 0,
    };
    let expression = parser.any(0)?;
    parser.space();
    if parser.at < text.len() {
        return Err(parser.unexpected());
    }
    Ok(expression)
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    comparisons: usize,
}

impl<'a> Parser<'a> {
    fn any(&mut self, depth: usize) -> Result<Expression, FilterError> {
        let mut parts = vec![self.all(depth)?];
        while self.eat("||") {
            parts.push(self.all(depth)?);
        }
        Ok(one_or(parts, Expression::Any))
    }

    fn all(&mut self, depth: usize) -> Result<Expression, FilterError> {
        let mut parts = vec![self.term(depth)?];
        while self.eat("&&") {
            parts.push(self.term(depth)?);
        }
        Ok(one_or(parts, Expression::All))
    }

    fn term(&mut self, depth: usize) -> Result<Expression, FilterError> {
        if !self.eat("(") {
            return self.comparison().map(Expression::Comparison);
        }
        if depth >= MAX_DEPTH {
            return Err(FilterError::TooBig("deep"));
        }
        let inner = self.any(depth + 1)?;
        if self.eat(")") {
            Ok(inner)
        } else {
            Err(self.unexpected())
        }
    }

    fn comparison(&mut self) -> Result<Comparison, FilterError> {
        self.comparisons += 1;
        if self.comparisons > MAX_COMPARISONS {
            return Err(FilterError::TooBig("long"));
        }
        let left = self.token(0)?;
        let any = self.eat("?");
        let operator = self.operator()?;
        let right = self.token(0)?;
        Ok(Comparison {
            left,
            operator,
            any,
            right,
        })
    }

    /// Parses the arguments of a call, up to the closing bracket.
    fn arguments(&mut self, depth: usize) -> Result<Vec<Token>, FilterError> {
        if depth >= MAX_DEPTH {
            return Err(FilterError::TooBig("deep"));
        }
        let mut arguments = Vec::new();
        while !self.eat(")") {
            arguments.push(self.token(depth + 1)?);
            if !self.eat(",") && !self.rest().starts_with(')') {
                return Err(self.unexpected());
            }
        }
        Ok(arguments)
    }

    fn operator(&mut self) -> Result<Operator, FilterError> {
        // Longer ones first: `>=` begins with `>`.
        let known = [
            ("!=", Operator::NotEqual),
            ("!~", Operator::NotLike),
            (">=", Operator::GreaterOrEqual),
            ("<=", Operator::LessOrEqual),
            ("=", Operator::Equal),
            ("~", Operator::Like),
            (">", Operator::Greater),
            ("<", Operator::Less),
        ];
        for (sign, operator) in known {
            if self.eat(sign) {
                return Ok(operator);
            }
        }
        Err(self.unexpected())
    }

    fn token(&mut self, depth: usize) -> Result<Token, FilterError> {
        self.space();
        let rest = self.rest();
        let length = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || "_.:@#".contains(c)))
            .unwrap_or(rest.len());
        // The name of a field may begin with a digit, but does not consist of digits only.
        let is_number = rest[..length]
            .bytes()
            .all(|b| b.is_ascii_digit() || b == b'.');
        match rest.bytes().next() {
            Some(quote @ (b'\'' | b'"')) => self.quoted(char::from(quote)),
            Some(b'-') => self.number(),
            Some(b'0'..=b'9') if is_number => self.number(),
            Some(first) if first.is_ascii_alphanumeric() || b"_@#".contains(&first) => {
                let name = rest[..length].to_owned();
                self.at += length;
                if self.rest().starts_with('(') {
                    self.at += 1;
                    let arguments = self.arguments(depth)?;
                    return Ok(Token::Call(Call { name, arguments }));
                }
                if name.ends_with(['.', ':']) {
                    return Err(self.unexpected());
                }
                Ok(Token::Identifier(name))
            }
            _ => Err(self.unexpected()),
        }
    }

    /// Parses a quoted text. A backslash escapes a quote or a backslash; elsewhere it stands for itself.
    fn quoted(&mut self, quote: char) -> Result<Token, FilterError> {
        let mut value = String::new();
        let mut chars = self.rest()[1..].char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            match (c, chars.peek()) {
                ('\\', Some(&(_, next))) if next == quote || next == '\\' => {
                    value.push(next);
                    chars.next();
                }
                _ if c == quote => {
                    self.at += at + 2;
                    return Ok(Token::Text(value));
                }
                _ => value.push(c),
            }
        }
        Err(self.unexpected())
    }

    fn number(&mut self) -> Result<Token, FilterError> {
        let rest = self.rest();
        let length = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || "-.".contains(c)))
            .unwrap_or(rest.len());
        let well_formed = rest[..length]
            .bytes()
            .enumerate()
            .all(|(i, b)| b.is_ascii_digit() || b == b'.' || (i == 0 && b == b'-'));
        if !well_formed {
            return Err(self.unexpected());
        }
        let digits = &rest[..length];
        let token = match (digits.parse::<i64>(), digits.parse::<f64>()) {
            (Ok(whole), _) if !json::is_double(whole) => Token::Whole(whole),
            (_, Ok(number)) if number.is_finite() => Token::Number(number),
            _ => return Err(self.unexpected()),
        };
        self.at += length;
        Ok(token)
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn eat(&mut self, sign: &str) -> bool {
        self.space();
        let found = self.rest().starts_with(sign);
        if found {
            self.at += sign.len();
        }
        found
    }

    /// Skips whitespace and comments.
    fn space(&mut self) {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start();
            self.at += rest.len() - trimmed.len();
            if !trimmed.starts_with("//") {
                return;
            }
            self.at += trimmed.find('\n').unwrap_or(trimmed.len());
        }
    }

    fn unexpected(&self) -> FilterError {
        FilterError::Syntax(self.text[..self.at].chars().count() + 1)
    }
}

fn one_or(mut parts: Vec<Expression>, many: fn(Vec<Expression>) -> Expression) -> Expression {
    if parts.len() == 1 {
        parts.remove(0)
    } else {
        many(parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(filter: &str) -> String {
        match parse(filter) {
            Ok(Expression::Comparison(Comparison {
                right: Token::Text(text),
                ..
            })) => text,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn and_binds_tighter_than_or() {
        let Ok(Expression::Any(parts)) = parse("a=1 || b=2 && c=3 // end") else {
            panic!("not an or");
        };
        assert!(matches!(
            &parts[..],
            [Expression::Comparison(_), Expression::All(_)]
        ));
    }

    #[test]
    fn quotes_and_backslashes() {
        assert_eq!(text(r"a = 'it\'s'"), "it's");
        assert_eq!(text(r#"a = "x'y""#), "x'y");
        assert_eq!(text(r"a = 'C:\dir\\x'"), r"C:\dir\x");
        assert_eq!(text(r"a = 'ends\\'"), r"ends\");
        assert_eq!(text("a = '|| 1=1 //'"), "|| 1=1 //");
    }

    #[test]
    fn what_is_no_filter() {
        for wrong in [
            "",
            "a",
            "a=",
            "=1",
            "(a=1",
            "a=1)",
            "a=1 &&",
            "a='x",
            "a==1",
            "a=1 b=2",
            "a.=1",
            "a=.5",
            "a=-1e5",
            "a=--1",
            "é=1",
            "a=1 | b=1",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
        assert_eq!(
            parse(&format!("{}a=1{}", "(".repeat(40), ")".repeat(40))),
            Err(FilterError::TooBig("deep"))
        );
        assert_eq!(
            parse(&vec!["a=1"; 201].join("||")),
            Err(FilterError::TooBig("long"))
        );
    }
}
