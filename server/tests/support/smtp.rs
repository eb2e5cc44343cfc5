//! A mail server on loopback that does what a test tells it to. What it gets comes from the real client.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use plinth::config::Config;
use serde_json::Value;

use super::{Home, TestApp};

/// How it answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mood {
    /// Takes every mail.
    Accepts,
    /// Takes none, in these words: `550 no`.
    Refuses(&'static str),
    /// Takes connections and says nothing.
    Hangs,
    /// Takes every mail, after this time.
    Slow(Duration),
    /// Answers this command so (`HELLO` is the connection itself), and takes every mail otherwise.
    Says(&'static str, &'static str),
}

/// Where it listens, and how.
#[derive(Clone)]
pub enum Door {
    /// On this address, unencrypted.
    Plain(&'static str),
    /// On loopback, encrypted from the start, or once asked to be.
    Tls {
        by: Arc<rustls::ServerConfig>,
        is_asked: bool,
    },
}

/// A mail as it arrived.
#[derive(Clone, Debug)]
pub struct Received {
    /// The envelope's sender.
    pub from: String,
    /// The envelope's recipients.
    pub to: Vec<String>,
    /// Head and body as they went over the wire.
    pub raw: String,
}

impl Received {
    /// A header's value, unfolded.
    pub fn header(&self, name: &str) -> String {
        let head = self.raw.split("\r\n\r\n").next().unwrap_or_default();
        let head = head.replace("\r\n ", " ");
        let line = head
            .lines()
            .find_map(|line| line.strip_prefix(&format!("{name}: ")));
        line.unwrap_or_default().to_owned()
    }

    /// Everything, with quoted-printable undone.
    pub fn text(&self) -> String {
        let soft = self.raw.replace("=\r\n", "");
        let mut bytes = Vec::new();
        let mut rest = soft.as_bytes();
        while let [first, tail @ ..] = rest {
            let code = (*first == b'=').then(|| tail.get(..2)).flatten();
            let byte = code
                .and_then(|code| std::str::from_utf8(code).ok())
                .and_then(|code| u8::from_str_radix(code, 16).ok());
            bytes.push(byte.unwrap_or(*first));
            rest = if byte.is_some() { &tail[2..] } else { tail };
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The token in the link of this kind.
    pub fn token(&self, kind: &str) -> String {
        token(&self.text(), kind)
    }
}

/// The token in the text's link of this kind.
pub fn token(text: &str, kind: &str) -> String {
    let link = format!("/_/#/auth/confirm-{kind}/");
    let (_, token) = text.split_once(&link).expect("a link");
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    token.chars().take_while(|c| is_part(*c)).collect()
}

/// The running server. It ends with the test's process.
#[derive(Clone)]
pub struct Smtp {
    pub port: u16,
    host: &'static str,
    mood: Arc<Mutex<Mood>>,
    offers: Arc<Mutex<&'static str>>,
    said: Arc<Mutex<Vec<String>>>,
    received: Arc<Mutex<Vec<Received>>>,
    connections: Arc<Mutex<usize>>,
}

impl Smtp {
    /// The settings of a server whose mails come here.
    pub fn settings(&self, home: &Home) -> Config {
        Config {
            smtp_url: self.url().into(),
            mail_from: "The App <app@example.org>".to_owned(),
            app_name: "Tom & Ann's <App>".to_owned(),
            app_url: "https://app.example.org/".to_owned(),
            smtp_timeout_seconds: 2,
            ..home.config()
        }
    }

    /// A server whose mails come here.
    pub fn start_app(&self) -> TestApp {
        let home = Home::new();
        let config = self.settings(&home);
        TestApp::start_with(home, config)
    }

    pub fn start(mood: Mood) -> Self {
        Self::start_at(mood, Door::Plain("127.0.0.1"))
    }

    pub fn start_at(mood: Mood, door: Door) -> Self {
        let host = match &door {
            Door::Plain(host) => host,
            Door::Tls { .. } => "127.0.0.1",
        };
        let listener = TcpListener::bind((host, 0)).expect("a free port");
        let smtp = Self {
            port: listener.local_addr().expect("an address").port(),
            host,
            mood: Arc::new(Mutex::new(mood)),
            offers: Arc::new(Mutex::new("8BITMIME")),
            said: Arc::default(),
            received: Arc::default(),
            connections: Arc::default(),
        };
        let server = smtp.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (server, door) = (server.clone(), door.clone());
                *server.connections.lock().expect("no panic") += 1;
                // A client that goes away in the middle is not this server's problem.
                std::thread::spawn(move || drop(server.open(stream, door)));
            }
        });
        smtp
    }

    /// What it says that it can, beside STARTTLS; a line each.
    pub fn offer(&self, what: &'static str) {
        *self.offers.lock().expect("no panic") = what;
    }

    /// The commands that it was given, in order.
    pub fn said(&self) -> Vec<String> {
        self.said.lock().expect("no panic").clone()
    }

    pub fn url(&self) -> String {
        let host = self.host;
        let host = if host.contains(':') {
            format!("[{host}]")
        } else {
            host.to_owned()
        };
        format!("smtp://{host}:{}", self.port)
    }

    pub fn become_(&self, mood: Mood) {
        *self.mood.lock().expect("no panic") = mood;
    }

    pub fn received(&self) -> Vec<Received> {
        self.received.lock().expect("no panic").clone()
    }

    /// Waits for this many mails.
    pub fn wait_for(&self, count: usize) -> Vec<Received> {
        let deadline = Instant::now() + Duration::from_secs(60);
        while self.received().len() < count {
            assert!(Instant::now() < deadline, "the mails do not arrive");
            std::thread::sleep(Duration::from_millis(20));
        }
        self.received()
    }

    /// Waits until somebody has connected.
    pub fn wait_for_connection(&self) {
        let deadline = Instant::now() + Duration::from_secs(60);
        while *self.connections.lock().expect("no panic") == 0 {
            assert!(Instant::now() < deadline, "nobody connects");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn mood(&self) -> Mood {
        self.mood.lock().expect("no panic").clone()
    }

    fn open(&self, stream: TcpStream, door: Door) -> std::io::Result<()> {
        match door {
            Door::Plain(_) => self.talk(stream, false).map(drop),
            Door::Tls { by, is_asked } => {
                let stream = if is_asked {
                    match self.talk(stream, true)? {
                        Some(stream) => stream,
                        None => return Ok(()),
                    }
                } else {
                    stream
                };
                let session = rustls::ServerConnection::new(by).map_err(std::io::Error::other)?;
                let stream = rustls::StreamOwned::new(session, stream);
                self.talk_on(stream, false, is_asked).map(drop)
            }
        }
    }

    fn talk(&self, stream: TcpStream, has_tls: bool) -> std::io::Result<Option<TcpStream>> {
        if self.mood() == Mood::Hangs {
            let mut line = String::new();
            BufReader::new(stream).read_line(&mut line)?;
            return Ok(None);
        }
        self.talk_on(stream, has_tls, false)
    }

    /// Talks until it is over, or until the client asks for TLS: then the stream is given back.
    fn talk_on<S: Read + Write>(
        &self,
        stream: S,
        has_tls: bool,
        is_upgraded: bool,
    ) -> std::io::Result<Option<S>> {
        let mut lines = BufReader::new(stream);
        let (mut from, mut to) = (String::new(), Vec::new());
        if !is_upgraded {
            let hello = self.says("HELLO").unwrap_or("220 test");
            say(&mut lines, hello)?;
        }
        loop {
            let mut line = String::new();
            if lines.read_line(&mut line)? == 0 {
                return Ok(None);
            }
            let line = line.trim().to_owned();
            self.said.lock().expect("no panic").push(line.clone());
            let verb = line.split([' ', ':']).next().unwrap_or_default();
            let verb = verb.to_ascii_uppercase();
            if let Some(words) = self.says(&verb) {
                say(&mut lines, words)?;
                continue;
            }
            match verb.as_str() {
                "EHLO" => {
                    let offers = *self.offers.lock().expect("no panic");
                    let mut able: Vec<&str> = offers.lines().collect();
                    if has_tls {
                        able.push("STARTTLS");
                    }
                    let last = able.pop().unwrap_or_default();
                    let first: Vec<_> = able.iter().map(|what| format!("250-{what}\r\n")).collect();
                    let first = first.concat();
                    say(&mut lines, &format!("250-test\r\n{first}250 {last}"))?;
                }
                "STARTTLS" if has_tls => {
                    say(&mut lines, "220 go on")?;
                    return Ok(Some(lines.into_inner()));
                }
                "AUTH" => say(&mut lines, "235 welcome")?,
                "MAIL" => {
                    to.clear();
                    line.clone_into(&mut from);
                    say(&mut lines, "250 ok")?;
                }
                "RCPT" => {
                    if let Mood::Refuses(words) = self.mood() {
                        say(&mut lines, words)?;
                    } else {
                        to.push(line);
                        say(&mut lines, "250 ok")?;
                    }
                }
                "DATA" => {
                    say(&mut lines, "354 go on")?;
                    let mut raw = String::new();
                    while !raw.ends_with("\r\n.\r\n") {
                        if lines.read_line(&mut raw)? == 0 {
                            return Ok(None);
                        }
                    }
                    if let Mood::Slow(time) = self.mood() {
                        std::thread::sleep(time);
                    }
                    let mail = Received {
                        from: from.clone(),
                        to: to.clone(),
                        raw,
                    };
                    self.received.lock().expect("no panic").push(mail);
                    say(&mut lines, "250 taken")?;
                }
                "QUIT" => {
                    say(&mut lines, "221 bye")?;
                    return Ok(None);
                }
                _ => say(&mut lines, "250 ok")?,
            }
        }
    }

    fn says(&self, verb: &str) -> Option<&'static str> {
        if let Mood::Says(known, words) = self.mood()
            && known == verb
        {
            return Some(words);
        }
        None
    }
}

fn say<S: Read + Write>(lines: &mut BufReader<S>, words: &str) -> std::io::Result<()> {
    let stream = lines.get_mut();
    stream.write_all(format!("{words}\r\n").as_bytes())?;
    stream.flush()
}

/// What is in the outbox.
pub fn mails(app: &TestApp) -> Vec<Value> {
    let list = app.root().list("_mails", &[("perPage", "1000")]).ok();
    list["items"].as_array().expect("items").clone()
}

/// Waits until there are this many mails and all of them are so.
pub fn wait_until(app: &TestApp, count: usize, is_so: impl Fn(&Value) -> bool) -> Vec<Value> {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let mails = mails(app);
        if mails.len() == count && mails.iter().all(&is_so) {
            return mails;
        }
        assert!(Instant::now() < deadline, "{mails:#?}");
        std::thread::sleep(Duration::from_millis(50));
    }
}
