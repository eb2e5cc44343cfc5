//! A server that jobs call, which notes what it is asked and answers as it is told.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What the server does with a request.
#[derive(Clone)]
pub enum Manner {
    /// Answers with this.
    Answer(String),
    /// Answers with 200 and nothing, after some time.
    Wait(Duration),
    /// Reads the request and never answers.
    Hang,
    /// Answers without end, until nobody reads; notes how many bytes were taken.
    Flood,
}

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Call {
    pub head: String,
    pub body: String,
}

/// See the module.
pub struct Target {
    pub url: String,
    calls: Arc<Mutex<Vec<Call>>>,
    sent: Arc<Mutex<usize>>,
}

impl Target {
    /// Answers each request in a thread of its own.
    pub fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let target = Self {
            url,
            calls: Arc::default(),
            sent: Arc::default(),
        };
        let (calls, sent) = (target.calls.clone(), target.sent.clone());
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let (manner, calls, sent) = (manner.clone(), calls.clone(), sent.clone());
                std::thread::spawn(move || serve(connection, &manner, &calls, &sent));
            }
        });
        target
    }

    /// Answers each request with 200 and this body.
    pub fn ok(body: &str) -> Self {
        Self::start(Manner::Answer(format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        )))
    }

    pub fn calls(&self) -> Vec<Call> {
        self.calls.lock().expect("no panic").clone()
    }

    /// How many bytes of a flood were taken.
    pub fn sent(&self) -> usize {
        *self.sent.lock().expect("no panic")
    }
}

fn serve(
    connection: TcpStream,
    manner: &Manner,
    calls: &Mutex<Vec<Call>>,
    sent: &Mutex<usize>,
) -> Option<()> {
    let mut reader = BufReader::new(connection.try_clone().ok()?);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let length = head.to_lowercase();
    let length = length
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    let length = length.and_then(|length| length.trim().parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    let body = String::from_utf8_lossy(&body).into_owned();
    calls.lock().expect("no panic").push(Call { head, body });
    let mut connection = connection;
    match manner {
        Manner::Answer(answer) => connection.write_all(answer.as_bytes()).ok(),
        Manner::Wait(time) => {
            std::thread::sleep(*time);
            let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
            connection.write_all(answer).ok()
        }
        Manner::Hang => {
            std::thread::sleep(Duration::from_secs(3600));
            None
        }
        Manner::Flood => {
            connection
                .write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
                .ok()?;
            let part = [b'x'; 16 << 10];
            loop {
                connection.write_all(&part).ok()?;
                *sent.lock().expect("no panic") += part.len();
            }
        }
    }
}
