//! Fills in the `{PLACEHOLDERS}` of a mail's template.

use std::borrow::Cow;

/// The HTML document around a mail's own HTML, so that mail clients show it alike.
const LAYOUT: &str = include_str!("layout.html");

/// Replaces placeholders by their values in one pass, so that braces in a value are not placeholders. Unknown placeholders
/// stay.
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

/// Like [`fill`], for HTML: values are escaped.
pub fn fill_html(template: &str, value: impl Fn(&str) -> Option<String>) -> String {
    fill(template, |name| {
        value(name).map(|value| html_escape::encode_quoted_attribute(&value).into_owned())
    })
}

/// Converts HTML to plain text.
pub fn text(html: &str) -> String {
    nanohtml2text::html2text(html)
}

/// Wraps a fragment of HTML in a document.
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
