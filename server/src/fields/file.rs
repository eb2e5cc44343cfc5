//! Names of one or several files. The files are stored and checked in `files/`.

use plinth_sdk::types::{FieldKind, FieldProblem, FileOptions};
use serde_json::Value as Json;

use super::choice::{BYTES_OF_NAME, Choice, items, text_schema};
use super::definition::{Definition, size};
use super::schema::{Context, Described, Notes, text};
use super::thumb_size::ThumbSize;
use super::{Change, FieldType, Modifier, Modifiers, Shape, required};
use crate::db::{ColumnType, Value};
use crate::problems::{self, inside, numbered};

/// The most bytes of the name of an imported file.
const MAX_FILE_NAME: usize = 255;

impl FieldType for FileOptions {
    fn storage(&self) -> ColumnType {
        choice(self).storage()
    }

    fn shape(&self) -> Shape {
        Shape::File {
            is_list: choice(self).is_list(),
        }
    }

    fn zero(&self) -> Value {
        choice(self).zero()
    }

    fn normalise(&self, raw: &Json) -> Value {
        choice(self).normalise(raw)
    }

    fn modifiers(&self) -> Modifiers {
        choice(self).modifiers()
    }

    fn change(&self, modifier: Modifier, raw: &Json) -> Change {
        choice(self).change(modifier, raw)
    }

    /// Checks only whether there is a name: the others are checked where the stored record and the uploads are known.
    fn problem(&self, value: &Value, _: Option<&Json>) -> Option<FieldProblem> {
        required(self.required && items(value).is_empty())
    }

    fn option_problems(&self, _: &Definition<'_>) -> Option<FieldProblem> {
        let thumbs = self.thumbs.iter().flatten().map(|thumb| {
            if thumb.is_empty() || ThumbSize::parse(thumb).is_some() {
                None
            } else if ThumbSize::is_nothing(thumb) {
                Some(problems::RESERVED.problem())
            } else {
                Some(problems::MATCH.problem())
            }
        });
        inside([
            ("maxSelect", size(self.max_select)),
            ("maxSize", size(self.max_size)),
            ("thumbs", numbered(thumbs)),
        ])
    }

    fn without_limits(&self) -> FieldKind {
        FieldKind::File(Self::default())
    }

    fn import_problem(&self, value: &Value) -> Option<String> {
        let names = items(value);
        let wrong = names.iter().find(|name| !is_file_name(name))?;
        Some(format!("no file of a record is called {wrong:?}"))
    }

    fn broken_limit(&self, _: &Value) -> Option<FieldProblem> {
        None
    }

    fn body_bytes(&self) -> i64 {
        choice(self).most().saturating_mul(BYTES_OF_NAME)
    }

    fn upload_bytes(&self) -> i64 {
        self.most_bytes().saturating_mul(choice(self).most())
    }

    /// Describes names, which the server chooses: a new file is a part of a multipart body.
    fn schema(&self, notes: Notes, context: &Context<'_>) -> Described {
        let most = self.most_bytes();
        let types = self.mime_types.as_deref().unwrap_or_default().join(", ");
        let notes = notes
            .add(
                "The name of a file, which `/api/files/{collection}/{recordId}/{filename}` serves.",
            )
            .add_if(self.protected, "Served only to who may view the record.")
            .add_if(
                context.is_body(),
                &format!("New ones are parts of a multipart body, of {most} bytes at most."),
            )
            .add_if(
                context.is_body() && !types.is_empty(),
                &format!("Only of these types: {types}."),
            );
        let item = if choice(self).is_list() {
            text()
        } else {
            text_schema(self.required, context)
        };
        choice(self).schema(item, usize::from(self.required), notes, context)
    }

    #[cfg(test)]
    fn reference(&self) -> super::Reference {
        use serde_json::json;

        super::Reference {
            value: "A string with the name of a file; a list of names if `maxSelect` is more than 1. The server chooses names; a new file is sent as a part of a multipart body.",
            example: r#""photo_x7k2m9q4zt.png""#,
            refused: vec![(json!({"required": true}), json!(""))],
            elsewhere: &[
                problems::UNKNOWN_FILES,
                problems::TOO_MANY_FILES,
                problems::FILE_SIZE,
                problems::MIME_TYPE,
            ],
        }
    }
}

fn choice(options: &FileOptions) -> Choice {
    Choice::of(options.max_select)
}

/// Returns whether a name is safe for the file system.
pub(crate) fn is_file_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= MAX_FILE_NAME
        && !name.starts_with('.')
        && !name.contains(['/', '\\'])
        && !name.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn n33_names_of_files_say_nothing_to_a_file_system() {
        for name in ["a.png", "main.c++", "Ünïcode %2F.txt"] {
            assert!(is_file_name(name), "{name}");
        }
        for name in [
            "",
            ".",
            "..",
            ".ssh",
            "a/b",
            "..\\a",
            "a\nb",
            &"x".repeat(256),
        ] {
            assert!(!is_file_name(name), "{name}");
        }
    }
}
