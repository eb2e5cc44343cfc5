//! What becomes of `{PLACEHOLDERS}` in a mail's template.

use std::borrow::Cow;

/// Around a mail's own HTML, so that it looks the same in every program.
const LAYOUT: &str = include_str!("layout.html");

/// Puts values in the places that name them: one pass, so that a value with braces stays as it is. What names
/// nothing stays too.
pub fn fill(template: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let named = after
            .split_once('}')
            .and_then(|(name, tail)| Some((value(name)?, tail)));
        if let Some((value, tail)) = named {
            out.push_str(&value);
            rest = tail;
        } else {
            out.push('{');
            rest = after;
        }
    }
    out.push_str(rest);
    out
}

/// The same for HTML: values are text there, not markup.
pub fn fill_html(template: &str, value: impl Fn(&str) -> Option<String>) -> String {
    fill(template, |name| {
        value(name).map(|value| html_escape::encode_quoted_attribute(&value).into_owned())
    })
}

/// HTML as plain text.
pub fn text(html: &str) -> String {
    nanohtml2text::html2text(html)
}

/// A whole document of what is only its inside.
pub fn page(html: &str) -> Cow<'_, str> {
    if html.to_ascii_lowercase().contains("<html") {
        return html.into();
    }
    fill(LAYOUT, |name| {
        (name == "CONTENT").then(|| html.trim().to_owned())
    })
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(name: &str) -> Option<String> {
        match name {
            "NAME" => Some("<b>\"{TOKEN}\" & 'co'".to_owned()),
            "TOKEN" => Some("secret".to_owned()),
            _ => None,
        }
    }

    #[test]
    fn n19_a_value_is_neither_markup_nor_a_template() {
        for (template, plain, html) in [
            ("", "", ""),
            ("a", "a", "a"),
            (
                "{NAME}",
                "<b>\"{TOKEN}\" & 'co'",
                "&lt;b&gt;&quot;{TOKEN}&quot; &amp; &#x27;co&#x27;",
            ),
            ("{TOKEN}{TOKEN}!", "secretsecret!", "secretsecret!"),
            ("{{TOKEN}}", "{secret}", "{secret}"),
            ("{NOPE} {", "{NOPE} {", "{NOPE} {"),
            ("}{} {TOKEN", "}{} {TOKEN", "}{} {TOKEN"),
            (
                "p{color:red}{TOKEN}",
                "p{color:red}secret",
                "p{color:red}secret",
            ),
        ] {
            assert_eq!(fill(template, value), plain, "{template}");
            assert_eq!(fill_html(template, value), html, "{template}");
        }
    }

    #[test]
    fn a_page_is_made_once() {
        let page_of = page("<p>Hello {NAME}</p>");
        assert!(page_of.contains("<body>") && page_of.contains("<p>Hello {NAME}</p>"));
        assert_eq!(page(&page_of), page_of);
    }
}
