//! Clients of a server, and the answers that they get.

use std::time::Duration;

use serde_json::{Value, json};

use super::PASSWORD;

/// What shows that an answer tells more than it should.
pub const LEAKS: &[&str] = &[
    "SELECT",
    "SQLITE",
    "sqlite",
    "diesel",
    "postgres",
    "panicked",
    "/tmp",
    "column \"",
];

/// The type of what [`multipart`] makes.
pub const MULTIPART: &str = "multipart/form-data; boundary=a-boundary";

/// A part of a form: a name, the name of a file if it is one, and content.
pub type Part<'a> = (&'a str, Option<&'a str>, &'a [u8]);

/// A form of parts.
pub fn multipart(parts: &[Part]) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, file, content) in parts {
        let file = file.map_or(String::new(), |file| format!("; filename=\"{file}\""));
        let head = format!(
            "--a-boundary\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n"
        );
        out.extend_from_slice(head.as_bytes());
        out.extend_from_slice(content);
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"--a-boundary--\r\n");
    out
}

/// An answer of bytes.
#[derive(Clone, Debug)]
pub struct Fetched {
    pub status: u16,
    pub headers: ureq::http::HeaderMap,
    pub bytes: Vec<u8>,
}

impl Fetched {
    /// A header; empty when there is none.
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default()
    }
}

/// A way to the server, as somebody.
#[derive(Clone)]
pub struct Client {
    pub url: String,
    pub token: String,
}

/// An answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    pub status: u16,
    pub body: Value,
    pub text: String,
}

impl Client {
    /// Nobody.
    pub fn guest(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            token: String::new(),
        }
    }

    pub fn sign_in(&self, collection: &str, identity: &str) -> Self {
        let reply = self.post(
            &format!("/api/collections/{collection}/auth-with-password"),
            json!({"identity": identity, "password": PASSWORD}),
        );
        Self {
            token: reply.ok()["token"].as_str().expect("a token").to_owned(),
            ..self.clone()
        }
    }

    pub fn get(&self, path: &str) -> Reply {
        self.send("GET", path, None, "")
    }

    /// Lists records with parameters that are encoded.
    pub fn list(&self, collection: &str, parameters: &[(&str, &str)]) -> Reply {
        let query = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(parameters)
            .finish();
        self.get(&format!("/api/collections/{collection}/records?{query}"))
    }

    /// The values of `field` in the list for `filter`, in order of insertion.
    pub fn filter(&self, collection: &str, filter: &str, field: &str) -> Vec<String> {
        let reply = self.list(collection, &[("filter", filter), ("perPage", "1000")]);
        assert_eq!(reply.status, 200, "{filter}: {}", reply.text);
        let items = reply.body["items"].as_array().expect("items").clone();
        assert_eq!(reply.body["totalItems"], json!(items.len()), "{filter}");
        let text = |value: &Value| {
            value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned)
        };
        items.iter().map(|item| text(&item[field])).collect()
    }

    pub fn post(&self, path: &str, body: Value) -> Reply {
        self.send(
            "POST",
            path,
            Some(body.to_string().into_bytes()),
            "application/json",
        )
    }

    pub fn patch(&self, path: &str, body: Value) -> Reply {
        self.send(
            "PATCH",
            path,
            Some(body.to_string().into_bytes()),
            "application/json",
        )
    }

    pub fn put(&self, path: &str, body: Value) -> Reply {
        self.send(
            "PUT",
            path,
            Some(body.to_string().into_bytes()),
            "application/json",
        )
    }

    pub fn delete(&self, path: &str) -> Reply {
        self.send("DELETE", path, None, "")
    }

    /// The values of `field` of all records that this client may list, in order of insertion.
    pub fn all(&self, collection: &str, field: &str) -> Vec<String> {
        self.filter(collection, "", field)
    }

    /// Tries to create a record.
    pub fn try_create(&self, collection: &str, body: Value) -> Reply {
        self.post(&format!("/api/collections/{collection}/records"), body)
    }

    /// Tries to update a record.
    pub fn update(&self, collection: &str, id: &str, body: Value) -> Reply {
        self.patch(&format!("/api/collections/{collection}/records/{id}"), body)
    }

    /// Tries to view a record.
    pub fn view(&self, collection: &str, id: &str) -> Reply {
        self.get(&format!("/api/collections/{collection}/records/{id}"))
    }

    /// Tries to delete a record.
    pub fn remove(&self, collection: &str, id: &str) -> Reply {
        self.delete(&format!("/api/collections/{collection}/records/{id}"))
    }

    /// Everything in these collections, definitions too: to compare before and after.
    pub fn everything(&self, collections: &[&str]) -> Vec<Value> {
        let lists = collections
            .iter()
            .map(|name| self.list(name, &[("perPage", "1000")]).ok());
        std::iter::once(self.get("/api/collections?perPage=1000").ok())
            .chain(lists)
            .collect()
    }

    /// Creates a record and gives it.
    pub fn create(&self, collection: &str, body: Value) -> Value {
        self.post(&format!("/api/collections/{collection}/records"), body)
            .ok()
    }

    /// Sends a form of one line.
    pub fn send_form(&self, method: &str, path: &str, form: &str) -> Reply {
        let kind = "application/x-www-form-urlencoded";
        self.send(method, path, Some(form.as_bytes().to_vec()), kind)
    }

    /// Sends a form of parts.
    pub fn send_parts(&self, method: &str, path: &str, parts: &[Part]) -> Reply {
        let body = multipart(parts);
        self.send(method, path, Some(body), MULTIPART)
    }

    /// Asks for bytes, with these headers, as nobody.
    pub fn fetch(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Fetched {
        self.try_fetch(method, path, headers).expect("all of it")
    }

    /// The same, of a server that may break off.
    pub fn try_fetch(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Option<Fetched> {
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(60)))
            .build()
            .into();
        let request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url));
        let with = |request: ureq::http::request::Builder, (name, value): &(&str, &str)| {
            request.header(*name, *value)
        };
        let request = headers.iter().fold(request, with);
        let request = request.body(()).expect("a request");
        let mut response = agent.run(request).expect("an answer");
        let body = response.body_mut().with_config().limit(64 << 20);
        let bytes = body.read_to_vec().ok()?;
        Some(Fetched {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            bytes,
        })
    }

    /// Sends anything.
    pub fn send(
        &self,
        method: &str,
        path: &str,
        body: Option<Vec<u8>>,
        content_type: &str,
    ) -> Reply {
        self.try_send(method, path, body, content_type)
            .expect("an answer")
    }

    /// Sends anything to a server that may be gone.
    pub fn try_send(
        &self,
        method: &str,
        path: &str,
        body: Option<Vec<u8>>,
        content_type: &str,
    ) -> Option<Reply> {
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(60)))
            .build()
            .into();
        let mut request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url));
        if !self.token.is_empty() {
            request = request.header("Authorization", &self.token);
        }
        if !content_type.is_empty() {
            request = request.header("Content-Type", content_type);
        }
        let request = request.body(body.unwrap_or_default()).expect("a request");
        let mut response = agent.run(request).ok()?;
        let text = response.body_mut().read_to_string().ok()?;
        Some(Reply {
            status: response.status().as_u16(),
            body: serde_json::from_str(&text).unwrap_or(Value::Null),
            text,
        })
    }
}

impl Reply {
    /// The body of a success.
    #[track_caller]
    pub fn ok(self) -> Value {
        assert!(
            (200..300).contains(&self.status),
            "{}: {}",
            self.status,
            self.text
        );
        self.body
    }

    /// Asserts a refusal, and that it leaks nothing.
    #[track_caller]
    pub fn refused(&self, status: u16) -> &Self {
        assert_eq!(self.status, status, "{}", self.text);
        self.is_refusal();
        for leak in LEAKS {
            assert!(!self.text.contains(leak), "leaks {leak}: {}", self.text);
        }
        self
    }

    /// Asserts that it is a refusal in the protocol's envelope.
    #[track_caller]
    pub fn is_refusal(&self) {
        assert_eq!(self.body["status"], json!(self.status), "{}", self.text);
        assert!(
            self.body["message"]
                .as_str()
                .is_some_and(|m| m.ends_with('.')),
            "{}",
            self.text
        );
        assert!(self.body["data"].is_object(), "{}", self.text);
    }

    /// Asserts a refusal for what is wrong with one field.
    #[track_caller]
    pub fn refused_for(&self, field: &str, code: &str) -> &Self {
        self.refused(400);
        assert_eq!(
            self.code(field),
            format!("validation_{code}"),
            "{field}: {}",
            self.text
        );
        self
    }

    /// The code of the problem of a field.
    pub fn code(&self, field: &str) -> &str {
        let pointer = format!("/data/{}/code", field.replace('.', "/"));
        self.body
            .pointer(&pointer)
            .and_then(Value::as_str)
            .unwrap_or("")
    }
}
