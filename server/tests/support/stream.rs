//! A realtime client that reads its stream as it comes over the wire.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use serde_json::{Value, json};

use super::{Client, Reply};

/// How long an event that has to come may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A connected realtime client.
pub struct Stream {
    pub id: String,
    pub client: Client,
    pub head: String,
    frames: Receiver<Frame>,
    socket: TcpStream,
}

/// A frame as it came.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    pub id: String,
    pub event: String,
    pub data: Value,
}

impl Frame {
    /// What happened, to which record.
    pub fn what(&self) -> String {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        format!(
            "{} {}",
            text(&self.data["action"]),
            text(&self.data["record"]["id"])
        )
    }
}

impl Stream {
    /// Connects, and reads whatever comes.
    pub fn connect(client: &Client) -> Self {
        let (socket, head, lines) = open(client);
        Self::reading(client, socket, head, lines).expect("a first frame")
    }

    fn reading(
        client: &Client,
        socket: TcpStream,
        head: String,
        mut lines: impl BufRead + Send + 'static,
    ) -> Option<Self> {
        let first = next_frame(&mut lines)?;
        assert_eq!(first.event, "PB_CONNECT");
        assert_eq!(first.data, json!({"clientId": first.id}));
        let (send, frames) = channel();
        std::thread::spawn(move || {
            while let Some(frame) = next_frame(&mut lines) {
                if send.send(frame).is_err() {
                    return;
                }
            }
        });
        Some(Self {
            id: first.id,
            client: client.clone(),
            head,
            frames,
            socket,
        })
    }

    /// Connects and subscribes.
    pub fn of(client: &Client, subscriptions: &[&str]) -> Self {
        let stream = Self::connect(client);
        assert_eq!(stream.subscribe(subscriptions).status, 204);
        stream
    }

    /// Connects and subscribes to a server that may not be able to.
    pub fn try_of(client: &Client, subscriptions: &[&str]) -> Option<Self> {
        let (socket, head, lines) = try_open(client)?;
        let stream = Self::reading(client, socket, head, lines)?;
        (stream.subscribe(subscriptions).status == 204).then_some(stream)
    }

    /// Says what to hear of.
    pub fn subscribe(&self, subscriptions: &[&str]) -> Reply {
        self.subscribe_as(&self.client, subscriptions)
    }

    /// Says what to hear of, as somebody else.
    pub fn subscribe_as(&self, client: &Client, subscriptions: &[&str]) -> Reply {
        let body = json!({"clientId": self.id, "subscriptions": subscriptions});
        client.post("/api/realtime", body)
    }

    /// The next event.
    #[track_caller]
    pub fn next(&self) -> Frame {
        let frame = self.frames.recv_timeout(PATIENCE).expect("an event");
        assert_eq!(frame.id, self.id);
        frame
    }

    /// The next event; `None` when the server ends the stream.
    #[track_caller]
    pub fn next_or_end(&self) -> Option<Frame> {
        match self.frames.recv_timeout(PATIENCE) {
            Ok(frame) => Some(frame),
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => panic!("neither an event nor an end"),
        }
    }

    /// What the next `count` events are.
    #[track_caller]
    pub fn whats(&self, count: usize) -> Vec<String> {
        (0..count).map(|_| self.next().what()).collect()
    }

    /// Whether the server ends the stream.
    pub fn ends(&self) -> bool {
        loop {
            match self.frames.recv_timeout(PATIENCE) {
                Ok(_) => {}
                Err(RecvTimeoutError::Disconnected) => return true,
                Err(RecvTimeoutError::Timeout) => return false,
            }
        }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        let _ = self.socket.shutdown(std::net::Shutdown::Both);
    }
}

/// Opens a stream that nobody reads.
pub fn open(client: &Client) -> (TcpStream, String, impl BufRead + Send + 'static) {
    try_open(client).expect("a stream")
}

fn try_open(client: &Client) -> Option<(TcpStream, String, impl BufRead + Send + 'static)> {
    let address = client.url.strip_prefix("http://").expect("a plain URL");
    let mut socket = TcpStream::connect(address).expect("a connection");
    let token = match client.token.as_str() {
        "" => String::new(),
        token => format!("Authorization: {token}\r\n"),
    };
    write!(
        socket,
        "GET /api/realtime HTTP/1.1\r\nHost: {address}\r\n{token}\r\n"
    )
    .expect("a request");
    let mut reader = BufReader::new(socket.try_clone().expect("the same socket"));
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        reader.read_line(&mut head).expect("the answer's head");
    }
    if !head.starts_with("HTTP/1.1 200") {
        return None;
    }
    let body = Chunks {
        reader,
        chunk: Vec::new(),
        at: 0,
    };
    Some((socket, head, BufReader::new(body)))
}

/// The next frame, as exactly as the protocol has it; comments are passed over.
fn next_frame(lines: &mut impl BufRead) -> Option<Frame> {
    let mut line = |prefix: &str| loop {
        let mut line = String::new();
        lines.read_line(&mut line).ok().filter(|read| *read > 0)?;
        if line == ":\n" {
            continue;
        }
        let rest = line
            .strip_prefix(prefix)
            .unwrap_or_else(|| panic!("{prefix} expected: {line}"));
        return Some(rest.strip_suffix('\n').expect("a whole line").to_owned());
    };
    let (id, event, data) = (line("id:")?, line("event:")?, line("data:")?);
    assert_eq!(line("")?, "", "an empty line ends a frame");
    Some(Frame {
        id,
        event,
        data: serde_json::from_str(&data).expect("JSON"),
    })
}

/// The body of an answer in chunks.
struct Chunks<R> {
    reader: R,
    chunk: Vec<u8>,
    at: usize,
}

impl<R: BufRead> Read for Chunks<R> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        if self.at == self.chunk.len() {
            let mut size = String::new();
            self.reader.read_line(&mut size)?;
            let size = usize::from_str_radix(size.trim(), 16).unwrap_or(0);
            self.chunk.resize(size, 0);
            self.at = 0;
            self.reader.read_exact(&mut self.chunk)?;
            self.reader.read_line(&mut String::new())?;
        }
        let count = out.len().min(self.chunk.len() - self.at);
        out[..count].copy_from_slice(&self.chunk[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}
