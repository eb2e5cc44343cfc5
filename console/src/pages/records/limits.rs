//! Limits of a field's files, checked before any is sent.

use plinth_sdk::types::FileOptions;

use crate::format;
use crate::text::files as words;

/// The limits of a field's files.
#[derive(Clone, Debug)]
pub(super) struct Limits {
    /// The most files.
    pub(super) count: usize,
    size: i64,
    /// The only types; all when empty.
    pub(super) types: Vec<String>,
}

impl Limits {
    /// Returns the limits of a field.
    pub(super) fn of(options: &FileOptions) -> Self {
        Self {
            count: usize::try_from(options.max_select.max(1)).unwrap_or(usize::MAX),
            size: options.most_bytes(),
            types: options.mime_types.clone().unwrap_or_default(),
        }
    }

    /// Describes the limits to a person.
    pub(super) fn in_words(&self) -> String {
        let size = format::size(format::bytes(self.size));
        let count = i64::try_from(self.count).unwrap_or(i64::MAX);
        let mut words = if count > 1 {
            words::several_at_most(count, &size)
        } else {
            words::one_at_most(&size)
        };
        if !self.types.is_empty() {
            words.push(' ');
            words.push_str(&words::only_types(&self.types.join(", ")));
        }
        words
    }

    /// Returns the files that fit next to so many that the field has, and why the others do not.
    pub(super) fn sort(
        &self,
        files: Vec<web_sys::File>,
        there: usize,
    ) -> (Vec<web_sys::File>, Option<String>) {
        let mut why = None;
        let mut taken = Vec::new();
        for file in files {
            match self.problem(
                &file.name(),
                file.size(),
                &file.type_(),
                there + taken.len(),
            ) {
                None => taken.push(file),
                Some(problem) => why = why.or(Some(problem)),
            }
        }
        (taken, why)
    }

    /// Returns what is wrong with a file.
    fn problem(&self, name: &str, size: f64, kind: &str, there: usize) -> Option<String> {
        if size > format::bytes(self.size) {
            return Some(words::too_large(
                name,
                &format::size(format::bytes(self.size)),
            ));
        }
        // What a browser does not know the type of, the server looks at.
        let is_other = !kind.is_empty() && !self.types.is_empty();
        if is_other && !self.types.iter().any(|known| known == kind) {
            return Some(words::wrong_type(name));
        }
        let most = i64::try_from(self.count).unwrap_or(i64::MAX);
        (there >= self.count).then(|| words::too_many(most))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_field_does_not_take_is_said_before_it_is_sent() {
        let limits = Limits::of(&FileOptions {
            max_select: 2,
            max_size: 1024,
            mime_types: Some(vec!["image/png".to_owned()]),
            ..FileOptions::default()
        });
        assert_eq!(
            limits.in_words(),
            "Up to 2 files, each of at most 1 KB. Only image/png."
        );
        assert_eq!(limits.problem("a.png", 1024.0, "image/png", 1), None);
        assert_eq!(limits.problem("a", 1.0, "", 0), None);
        let problems = [
            limits.problem("a.png", 1025.0, "image/png", 0),
            limits.problem("a.txt", 1.0, "text/plain", 0),
            limits.problem("a.png", 1.0, "image/png", 2),
        ];
        assert_eq!(
            problems.map(Option::unwrap_or_default),
            [
                "a.png is larger than 1 KB.",
                "a.txt is of a type that the field does not take.",
                "At most 2 files."
            ]
        );
    }
}
