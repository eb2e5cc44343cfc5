//! An S3 server in memory that behaves as a test tells it to: like AWS, like Google, like one that is half broken.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use plinth::config::Config;

use super::{Home, TestApp};

const BUCKET: &str = "bucket";

/// How a request is answered that is not answered as it should be.
#[derive(Clone, Copy, Debug)]
pub enum Manner {
    /// With this status and S3's code for it.
    Refuse(u16, &'static str),
    /// With a page for people, and this status.
    Page(u16),
    /// Never.
    Silence,
    /// Not at all: the connection is closed once the request is read.
    Hang,
    /// With half of the body, and then the connection is closed.
    Half,
    /// With a `Content-Length` that is larger than the body.
    Long,
    /// With a redirect to nowhere.
    Redirect,
    /// As it should be, after this time.
    Late(Duration),
}

struct Fault {
    method: &'static str,
    part: String,
    manner: Manner,
    left: usize,
}

#[derive(Default)]
struct State {
    objects: BTreeMap<String, Vec<u8>>,
    parts: BTreeMap<String, Vec<u8>>,
    faults: Vec<Fault>,
    calls: Vec<String>,
    hides: bool,
}

/// The running server. It ends with the test's process.
#[derive(Clone)]
pub struct S3 {
    port: u16,
    state: Arc<Mutex<State>>,
}

/// What it is asked.
struct Call {
    method: String,
    key: String,
    query: BTreeMap<String, String>,
    range: Option<(usize, usize)>,
    body: Vec<u8>,
}

impl S3 {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let s3 = Self {
            port: listener.local_addr().expect("an address").port(),
            state: Arc::default(),
        };
        let server = s3.clone();
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let server = server.clone();
                std::thread::spawn(move || server.serve(&connection));
            }
        });
        s3
    }

    /// Like AWS to a key without `s3:ListBucket`: it does not list, and what is missing is 403.
    pub fn hide(&self) {
        self.state().hides = true;
    }

    /// Answers requests of this method whose target has this part so, until [`S3::heal`].
    pub fn fault(&self, method: &'static str, part: &str, manner: Manner) {
        self.fault_times(method, part, manner, usize::MAX);
    }

    /// The same, so many times.
    pub fn fault_times(&self, method: &'static str, part: &str, manner: Manner, left: usize) {
        let part = part.to_owned();
        self.state().faults.push(Fault {
            method,
            part,
            manner,
            left,
        });
    }

    /// Does everything as it should again.
    pub fn heal(&self) {
        self.state().faults.clear();
    }

    /// The names of what it has, without the collection's and the record's ids.
    pub fn names(&self) -> Vec<String> {
        let name = |key: &String| key.splitn(3, '/').last().unwrap_or_default().to_owned();
        self.state().objects.keys().map(name).collect()
    }

    /// Puts something else in the place of what it has under a name, or takes it away.
    pub fn replace(&self, name: &str, content: Option<&[u8]>) {
        let mut state = self.state();
        let key = state.objects.keys().find(|key| key.ends_with(name));
        let key = key.expect("an object").clone();
        match content {
            Some(content) => state.objects.insert(key, content.to_vec()),
            None => state.objects.remove(&key),
        };
    }

    /// The requests so far, as `METHOD /target`.
    pub fn calls(&self) -> Vec<String> {
        self.state().calls.clone()
    }

    /// A server whose files are here.
    pub fn start_app(&self) -> TestApp {
        let home = Home::new();
        let config = self.settings(&home);
        TestApp::start_with(home, config)
    }

    /// Its settings.
    pub fn settings(&self, home: &Home) -> Config {
        Config {
            s3_bucket: BUCKET.to_owned(),
            s3_endpoint: format!("http://127.0.0.1:{}", self.port),
            s3_path_style: true,
            s3_access_key: "AKIATHEKEY".into(),
            s3_secret: "the secret of the key".into(),
            ..home.config()
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no panic")
    }

    fn serve(&self, connection: &TcpStream) -> Option<()> {
        let mut lines = BufReader::new(connection);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if lines.read_line(&mut head).ok()? == 0 {
                return None;
            }
        }
        let header = |name: &str| {
            let line = head.lines().find(|line| {
                line.split(':')
                    .next()
                    .is_some_and(|known| known.eq_ignore_ascii_case(name))
            });
            line.and_then(|line| Some(line.split_once(':')?.1.trim().to_owned()))
        };
        let length = header("content-length").and_then(|length| length.parse().ok());
        let mut body = vec![0; length.unwrap_or(0)];
        lines.read_exact(&mut body).ok()?;
        let mut words = head.split(' ');
        let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
        let url = url::Url::parse(&format!("http://localhost{target}")).ok()?;
        let key = url
            .path()
            .trim_start_matches('/')
            .trim_start_matches(BUCKET);
        let key = percent_encoding::percent_decode_str(key.trim_start_matches('/'));
        let range = header("range").and_then(|range| {
            let (from, to) = range.strip_prefix("bytes=")?.split_once('-')?;
            Some((from.parse().ok()?, to.parse().ok()?))
        });
        let call = Call {
            method,
            key: key.decode_utf8().ok()?.into_owned(),
            query: url.query_pairs().into_owned().collect(),
            range,
            body,
        };
        let target = format!("{} {target}", call.method);
        self.state().calls.push(target.clone());
        self.answer(&call, &target, connection)
    }

    fn answer(&self, call: &Call, target: &str, connection: &TcpStream) -> Option<()> {
        let fault = {
            let mut state = self.state();
            let fault = state.faults.iter_mut().find(|fault| {
                fault.left > 0 && call.method == fault.method && target.contains(&fault.part)
            });
            fault.map(|fault| {
                fault.left -= 1;
                fault.manner
            })
        };
        let mut connection = connection;
        match fault {
            Some(Manner::Refuse(status, code)) => {
                let answer = refusal(call, status, code);
                connection.write_all(&answer).ok()
            }
            Some(Manner::Page(status)) => {
                let page = b"<html><body>We are sorry.</body></html>";
                let answer = whole(call, status, "Content-Type: text/html\r\n", page);
                connection.write_all(&answer).ok()
            }
            Some(Manner::Silence) => {
                std::thread::sleep(Duration::from_secs(3600));
                None
            }
            Some(Manner::Hang) => connection.shutdown(Shutdown::Both).ok(),
            Some(Manner::Half) => {
                let answer = self.proper(call);
                let body = answer.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
                let half = body + (answer.len() - body) / 2;
                connection.write_all(answer.get(..half)?).ok()
            }
            Some(Manner::Long) => {
                let answer = String::from_utf8_lossy(&self.proper(call)).into_owned();
                let answer = answer.replace("Content-Length: ", "Content-Length: 9");
                connection.write_all(answer.as_bytes()).ok()
            }
            Some(Manner::Redirect) => {
                let nowhere = "Location: http://127.0.0.1:1/bucket\r\n";
                connection.write_all(&whole(call, 307, nowhere, b"")).ok()
            }
            Some(Manner::Late(time)) => {
                std::thread::sleep(time);
                connection.write_all(&self.proper(call)).ok()
            }
            None => connection.write_all(&self.proper(call)).ok(),
        }
    }

    fn proper(&self, call: &Call) -> Vec<u8> {
        let mut state = self.state();
        let has = |name: &str| call.query.contains_key(name);
        let missing = if state.hides {
            refusal(call, 403, "AccessDenied")
        } else {
            refusal(call, 404, "NoSuchKey")
        };
        match call.method.as_str() {
            "GET" if has("list-type") && state.hides => refusal(call, 403, "AccessDenied"),
            "GET" if has("list-type") => {
                let prefix = call.query.get("prefix").cloned().unwrap_or_default();
                whole(call, 200, "", list(&state, &prefix).as_bytes())
            }
            "GET" | "HEAD" => match state.objects.get(&call.key) {
                Some(object) => found(call, object),
                None => missing,
            },
            "PUT" if has("partNumber") => {
                let number = call.query["partNumber"].parse().unwrap_or(0);
                let key = format!("{}?{number:05}", call.key);
                state.parts.insert(key, call.body.clone());
                whole(call, 200, "ETag: \"part\"\r\n", b"")
            }
            "PUT" => {
                let tag = tag(&call.body);
                state.objects.insert(call.key.clone(), call.body.clone());
                whole(call, 200, &tag, b"")
            }
            "POST" if has("uploads") => {
                let started = "<InitiateMultipartUploadResult><UploadId>one</UploadId></InitiateMultipartUploadResult>";
                whole(call, 200, "", started.as_bytes())
            }
            "POST" if has("uploadId") => {
                let prefix = format!("{}?", call.key);
                let parts = state.parts.range(prefix.clone()..);
                let parts = parts.take_while(|(key, _)| key.starts_with(&prefix));
                let object: Vec<u8> = parts.flat_map(|(_, part)| part.clone()).collect();
                state.objects.insert(call.key.clone(), object);
                let done = "<CompleteMultipartUploadResult><ETag>\"whole\"</ETag></CompleteMultipartUploadResult>";
                whole(call, 200, "", done.as_bytes())
            }
            // As Google's interface.
            "POST" => refusal(call, 501, "NotImplemented"),
            "DELETE" if has("uploadId") => whole(call, 204, "", b""),
            "DELETE" => match state.objects.remove(&call.key) {
                // AWS does not say whether there was anything; Google does.
                None if !state.hides => missing,
                _ => whole(call, 204, "", b""),
            },
            _ => refusal(call, 405, "MethodNotAllowed"),
        }
    }
}

fn tag(object: &[u8]) -> String {
    format!(
        "ETag: \"{:08x}-{}\"\r\n",
        crc32fast::hash(object),
        object.len()
    )
}

fn found(call: &Call, object: &[u8]) -> Vec<u8> {
    let modified =
        "Last-Modified: Wed, 01 Jan 2020 00:00:00 GMT\r\nContent-Type: binary/octet-stream\r\n";
    let headers = format!("{modified}{}", tag(object));
    let Some((from, to)) = call.range else {
        return whole(call, 200, &headers, object);
    };
    let to = to.min(object.len().saturating_sub(1));
    let Some(part) = object.get(from..=to) else {
        return refusal(call, 416, "InvalidRange");
    };
    let range = format!("Content-Range: bytes {from}-{to}/{}\r\n", object.len());
    whole(call, 206, &format!("{headers}{range}"), part)
}

fn list(state: &State, prefix: &str) -> String {
    let mut out = String::from("<ListBucketResult><IsTruncated>false</IsTruncated>");
    for (key, object) in &state.objects {
        if key.starts_with(prefix) {
            let size = object.len();
            let _ = write!(
                out,
                "<Contents><Key>{key}</Key><LastModified>2020-01-01T00:00:00.000Z</LastModified><Size>{size}</Size>\
                 <ETag>\"x\"</ETag></Contents>"
            );
        }
    }
    out.push_str("</ListBucketResult>");
    out
}

fn refusal(call: &Call, status: u16, code: &str) -> Vec<u8> {
    let body = format!(
        "<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>No.</Message>\
         <AWSAccessKeyId>AKIATHEKEY</AWSAccessKeyId></Error>"
    );
    whole(
        call,
        status,
        "Content-Type: application/xml\r\n",
        body.as_bytes(),
    )
}

fn whole(call: &Call, status: u16, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = if status == 204 {
        String::new()
    } else {
        format!("Content-Length: {}\r\n", body.len())
    };
    let head = format!("HTTP/1.1 {status} So\r\n{headers}{length}Connection: close\r\n\r\n");
    let mut out = head.into_bytes();
    if call.method != "HEAD" {
        out.extend_from_slice(body);
    }
    out
}
