//! Hearing of changes, as they happen.

use std::collections::VecDeque;
use std::pin::Pin;
use std::time::Duration;

use futures_util::{Stream, StreamExt, stream};
use reqwest::Method;
use reqwest::header::ACCEPT;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::error::problem;
use super::{Client, Error, Result};

/// How long it rests between two attempts to connect: at first, and at most.
const FIRST_REST: Duration = Duration::from_millis(250);
const MAX_REST: Duration = Duration::from_secs(15);

/// A change of a record that a client has subscribed to. From
/// [`Records::subscribe`](crate::Records::subscribe).
#[derive(Clone, Debug, PartialEq)]
pub enum Event<T> {
    /// From now on every change is told. Comes first, and again after the connection was lost:
    /// what happened meanwhile is not told, so load anew what is shown.
    Connected,
    /// A record is new.
    Created(T),
    /// A record has changed to this.
    Updated(T),
    /// A record is gone; this is what it was.
    Deleted(T),
}

/// The events of a subscription. It goes on for as long as somebody asks for the next.
pub(super) fn events<T: DeserializeOwned + 'static>(
    client: Client,
    topic: Result<String>,
) -> impl Stream<Item = Result<Event<T>>> + Unpin + use<T> {
    let following = Following {
        client,
        topic,
        stream: None,
        rest: None,
        ended: false,
    };
    // Boxed, so that the stream can be polled without pinning it.
    Box::pin(stream::unfold(following, |mut following| async move {
        let event = following.next().await?;
        Some((event, following))
    }))
}

/// The name of a subscription, with its options.
pub(super) fn topic(collection: &str, topic: &str, options: &[(&str, &str)]) -> String {
    let query: Map<String, Value> = options
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| ((*name).to_owned(), Value::from(*value)))
        .collect();
    let mut name = format!("{collection}/{topic}");
    if !query.is_empty() {
        let options = json!({ "query": query }).to_string();
        let encoded = url::form_urlencoded::byte_serialize(options.as_bytes());
        name.push_str("?options=");
        name.extend(encoded);
    }
    name
}

struct Following {
    client: Client,
    topic: Result<String>,
    stream: Option<Frames>,
    /// How long to rest before the next attempt.
    rest: Option<Duration>,
    ended: bool,
}

impl Following {
    async fn next<T: DeserializeOwned>(&mut self) -> Option<Result<Event<T>>> {
        while !self.ended {
            let Some(frames) = &mut self.stream else {
                match self.connect().await {
                    Ok(()) => return Some(Ok(Event::Connected)),
                    Err(error) if is_final(&error) => {
                        self.ended = true;
                        return Some(Err(error));
                    }
                    Err(_) => continue,
                }
            };
            match frames.next().await {
                Some(frame) => return Some(event(&frame.data)),
                None => self.stream = None,
            }
        }
        None
    }

    async fn connect(&mut self) -> Result<()> {
        if let Some(rest) = self.rest {
            sleep(rest).await;
        }
        let rest = self.rest.map_or(FIRST_REST, |rest| rest.saturating_mul(2));
        self.rest = Some(rest.min(MAX_REST));
        let topic = match &self.topic {
            Ok(topic) => topic.clone(),
            Err(error) => return Err(Error::Request(error.to_string())),
        };
        let mut frames = self.client.frames().await?;
        let hello = frames.next().await;
        let Some(hello) = hello.filter(|frame| frame.event == "PB_CONNECT") else {
            return Err(not_a_stream());
        };
        let url = self.client.at(&["api", "realtime"])?;
        let body = json!({ "clientId": hello.id, "subscriptions": [topic] });
        self.client.tell(Method::POST, url, Some(&body)).await?;
        self.stream = Some(frames);
        self.rest = Some(FIRST_REST);
        Ok(())
    }
}

/// Whether another attempt would end the same way. An unknown client (404) is one whose connection was lost meanwhile.
fn is_final(error: &Error) -> bool {
    match error {
        Error::Request(_) => true,
        Error::Problem(problem) => matches!(problem.status, 400 | 401 | 403),
        Error::Transport(_) | Error::Decode(_) => false,
    }
}

fn not_a_stream() -> Error {
    Error::Decode(serde::de::Error::custom("not a stream of events"))
}

fn event<T: DeserializeOwned>(data: &str) -> Result<Event<T>> {
    #[derive(Deserialize)]
    struct Wire<T> {
        record: T,
        action: Action,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Action {
        Create,
        Update,
        Delete,
    }

    let Wire { record, action } = serde_json::from_str(data).map_err(Error::Decode)?;
    Ok(match action {
        Action::Create => Event::Created(record),
        Action::Update => Event::Updated(record),
        Action::Delete => Event::Deleted(record),
    })
}

#[cfg(not(target_family = "wasm"))]
async fn sleep(time: Duration) {
    tokio::time::sleep(time).await;
}

#[cfg(target_family = "wasm")]
async fn sleep(time: Duration) {
    gloo_timers::future::sleep(time).await;
}

#[cfg(not(target_family = "wasm"))]
type Chunks = Pin<Box<dyn Stream<Item = Option<Vec<u8>>> + Send>>;
#[cfg(target_family = "wasm")]
type Chunks = Pin<Box<dyn Stream<Item = Option<Vec<u8>>>>>;

/// Frames of server-sent events, as they come.
struct Frames {
    chunks: Chunks,
    parser: Parser,
}

impl Frames {
    /// The next frame; `None` when the connection is gone.
    async fn next(&mut self) -> Option<Frame> {
        loop {
            if let Some(frame) = self.parser.frames.pop_front() {
                return Some(frame);
            }
            let chunk = self.chunks.next().await??;
            self.parser.take(&chunk);
        }
    }
}

impl Client {
    async fn frames(&self) -> Result<Frames> {
        let url = self.at(&["api", "realtime"])?;
        let request = self.inner.http.request(Method::GET, url);
        let response = request.header(ACCEPT, "text/event-stream").send().await?;
        let status = response.status();
        if !status.is_success() {
            return Err(Error::Problem(problem(status, &response.bytes().await?)));
        }
        let chunks = response.bytes_stream();
        Ok(Frames {
            chunks: Box::pin(chunks.map(|chunk| chunk.ok().map(Vec::from))),
            parser: Parser::default(),
        })
    }
}

#[derive(Debug, Default, PartialEq)]
struct Frame {
    id: String,
    event: String,
    data: String,
}

/// Takes bytes as they come, and gives the frames that are whole.
#[derive(Debug, Default)]
struct Parser {
    rest: Vec<u8>,
    frame: Frame,
    frames: VecDeque<Frame>,
}

impl Parser {
    fn take(&mut self, bytes: &[u8]) {
        let mut from = self.rest.len();
        self.rest.extend_from_slice(bytes);
        let rest = std::mem::take(&mut self.rest);
        let mut begin = 0;
        while let Some(at) = rest[from..].iter().position(|byte| *byte == b'\n') {
            let end = from + at;
            self.line(&String::from_utf8_lossy(&rest[begin..end]));
            begin = end + 1;
            from = begin;
        }
        self.rest = rest[begin..].to_vec();
    }

    fn line(&mut self, line: &str) {
        let line = line.strip_suffix('\r').unwrap_or(line);
        if line.is_empty() {
            let frame = std::mem::take(&mut self.frame);
            if frame != Frame::default() {
                self.frames.push_back(frame);
            }
            return;
        }
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "id" => value.clone_into(&mut self.frame.id),
            "event" => value.clone_into(&mut self.frame.event),
            "data" => {
                if !self.frame.data.is_empty() {
                    self.frame.data.push('\n');
                }
                self.frame.data.push_str(value);
            }
            // A comment, or nothing that anybody knows.
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_come_in_pieces() {
        let text = "id:a\nevent:x\ndata:{\"ä\":1}\n\n:\n\nid: b\r\nevent: y\r\ndata: 1\r\ndata: 2\r\n\r\nid:c\n";
        let frame = |id: &str, event: &str, data: &str| Frame {
            id: id.into(),
            event: event.into(),
            data: data.into(),
        };
        for size in [1, 2, 3, 7, 1000] {
            let mut parser = Parser::default();
            for piece in text.as_bytes().chunks(size) {
                parser.take(piece);
            }
            let expected = [frame("a", "x", "{\"ä\":1}"), frame("b", "y", "1\n2")];
            assert_eq!(parser.frames, expected, "in pieces of {size}");
        }
    }

    #[test]
    fn options_are_part_of_the_name() {
        assert_eq!(topic("posts", "*", &[("expand", "")]), "posts/*");
        assert_eq!(
            topic("posts", "id", &[("filter", "a = 'x&y'")]),
            "posts/id?options=%7B%22query%22%3A%7B%22filter%22%3A%22a+%3D+%27x%26y%27%22%7D%7D"
        );
    }

    #[test]
    fn events_have_a_kind() {
        let event = |data: &str| event::<Value>(data).ok();
        assert_eq!(
            event(r#"{"record":{"id":"a"},"action":"update"}"#),
            Some(Event::Updated(json!({"id": "a"})))
        );
        assert_eq!(event(r#"{"record":{},"action":"other"}"#), None);
    }
}
