//! Files of records: sent with them, and where they are served.

use reqwest::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::Url;

use super::{Client, Error, Records, Result, http};
use crate::types::FileToken;

/// A file to send with a record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Upload {
    /// The field; or `field+` or `+field`, to keep the files that are there.
    pub field: String,
    /// The name of the local file, from which the server makes its own.
    pub name: String,
    /// The bytes of the file.
    pub content: Vec<u8>,
}

impl Upload {
    /// A file for a field.
    pub fn new(
        field: impl Into<String>,
        name: impl Into<String>,
        content: impl Into<Vec<u8>>,
    ) -> Self {
        Self {
            field: field.into(),
            name: name.into(),
            content: content.into(),
        }
    }
}

impl Client {
    /// Where a file of a record is served; with `thumb`, such as `100x100`, where a small picture of it is.
    ///
    /// # Errors
    ///
    /// [`Error::Request`] if one of them is no name or id.
    pub fn file_url(
        &self,
        collection: &str,
        record: &str,
        name: &str,
        thumb: Option<&str>,
    ) -> Result<Url> {
        let mut url = self.at(&["api", "files", collection, record, name])?;
        if let Some(thumb) = thumb {
            url.query_pairs_mut().append_pair("thumb", thumb);
        }
        Ok(url)
    }

    /// A token for `?token=` of the URLs of protected files. It is good for a few minutes.
    ///
    /// # Errors
    ///
    /// Any [`Error`]; 401 if nobody is signed in.
    pub async fn file_token(&self) -> Result<String> {
        let url = self.at(&["api", "files", "token"])?;
        let made: FileToken = self.call(Method::POST, url, http::NO_BODY).await?;
        Ok(made.token)
    }
}

impl<T: DeserializeOwned> Records<T> {
    /// Creates a record with files, and answers with what it has become.
    ///
    /// # Errors
    ///
    /// As of [`Records::create`].
    pub async fn create_with<B: Serialize + ?Sized>(
        &self,
        record: &B,
        files: &[Upload],
    ) -> Result<T> {
        let url = self.at(&self.path())?;
        self.send_with(Method::POST, url, record, files).await
    }

    /// Changes a record, its files among it, and answers with what it has become.
    ///
    /// # Errors
    ///
    /// As of [`Records::update`].
    pub async fn update_with<B: Serialize + ?Sized>(
        &self,
        id: &str,
        changes: &B,
        files: &[Upload],
    ) -> Result<T> {
        let url = self.record(id)?;
        self.send_with(Method::PATCH, url, changes, files).await
    }

    async fn send_with<B: Serialize + ?Sized>(
        &self,
        method: Method,
        url: Url,
        values: &B,
        files: &[Upload],
    ) -> Result<T> {
        let values = serde_json::to_vec(values)
            .map_err(|error| Error::Request(format!("the body is not JSON: {error}")))?;
        let body = form(&values, files);
        let answer = self.client.send(method, url, Some(body)).await?;
        serde_json::from_slice(&answer).map_err(Error::Decode)
    }
}

/// A multipart body, and its type.
fn form(values: &[u8], files: &[Upload]) -> (String, Vec<u8>) {
    let boundary = boundary(values, files);
    let mut out = Vec::new();
    let mut part = |head: &str, content: &[u8]| {
        out.extend_from_slice(format!("--{boundary}\r\n{head}\r\n\r\n").as_bytes());
        out.extend_from_slice(content);
        out.extend_from_slice(b"\r\n");
    };
    let disposition = "Content-Disposition: form-data";
    part(&format!("{disposition}; name=\"@jsonPayload\""), values);
    for file in files {
        let (field, name) = (quoted(&file.field), quoted(&file.name));
        let kind = "Content-Type: application/octet-stream";
        let head = format!("{disposition}; name=\"{field}\"; filename=\"{name}\"\r\n{kind}");
        part(&head, &file.content);
    }
    out.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    (format!("multipart/form-data; boundary={boundary}"), out)
}

/// A line that is in none of the parts.
fn boundary(values: &[u8], files: &[Upload]) -> String {
    let has = |content: &[u8], line: &str| {
        let line = line.as_bytes();
        content.windows(line.len()).any(|window| window == line)
    };
    let is_free =
        |line: &String| !has(values, line) && !files.iter().any(|file| has(&file.content, line));
    let lines = (0_u64..).map(|number| format!("plinth-{number:016x}"));
    lines.into_iter().find(is_free).unwrap_or_default()
}

/// As browsers write names into a form.
fn quoted(name: &str) -> String {
    name.replace('"', "%22")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_has_every_part_once() {
        let files = [
            Upload::new("docs+", "a \"b\"\r\n.txt", "--plinth-0000000000000000"),
            Upload::new("docs+", "b.txt", vec![0, 255]),
        ];
        let (kind, body) = form(b"{\"a\":1}", &files);
        assert_eq!(
            kind,
            "multipart/form-data; boundary=plinth-0000000000000001"
        );
        let text = String::from_utf8_lossy(&body);
        assert_eq!(text.matches("--plinth-0000000000000001").count(), 4);
        assert!(text.contains("name=\"@jsonPayload\"\r\n\r\n{\"a\":1}\r\n"));
        assert!(text.contains("name=\"docs+\"; filename=\"a %22b%22%0D%0A.txt\""));
        assert!(text.ends_with("--plinth-0000000000000001--\r\n"));
    }

    #[test]
    fn urls_of_files() {
        let client = Client::new("http://h/a").expect("a good URL");
        let url = |name, thumb| client.file_url("posts", "id", name, thumb);
        let plain = url("a b.png", None).expect("a URL").to_string();
        assert_eq!(plain, "http://h/a/api/files/posts/id/a%20b.png");
        let small = url("a.png", Some("100x100")).expect("a URL").to_string();
        assert_eq!(small, "http://h/a/api/files/posts/id/a.png?thumb=100x100");
        assert!(url("..", None).is_err());
    }
}
