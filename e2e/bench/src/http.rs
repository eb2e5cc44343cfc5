//! One HTTP/1.1 connection that is kept.

use std::net::SocketAddr;

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue};
use hyper::{Method, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

pub(crate) type Request = hyper::Request<Full<Bytes>>;

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Bytes,
}

pub(crate) struct Connection {
    sender: SendRequest<Full<Bytes>>,
    host: HeaderValue,
    token: Option<HeaderValue>,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr, token: Option<&str>) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        // What goes wrong in it is told to who waits for the answer.
        tokio::task::spawn_local(connection);
        Ok(Self {
            sender,
            host: HeaderValue::try_from(address.to_string())?,
            token: token.map(HeaderValue::try_from).transpose()?,
        })
    }

    /// The answer, as soon as all of it is here.
    pub(crate) async fn send(&mut self, request: Request) -> Result<Answer> {
        let answer = self.stream(request).await?;
        let status = answer.status();
        let body = answer.into_body().collect().await?.to_bytes();
        Ok(Answer { status, body })
    }

    /// The answer, as soon as it begins.
    pub(crate) async fn stream(
        &mut self,
        mut request: Request,
    ) -> Result<hyper::Response<Incoming>> {
        let headers = request.headers_mut();
        headers.insert(HOST, self.host.clone());
        if let Some(token) = &self.token {
            headers.insert(AUTHORIZATION, token.clone());
        }
        self.sender.ready().await?;
        Ok(self.sender.send_request(request).await?)
    }

    /// Sends JSON and expects it back, or nothing.
    pub(crate) async fn call(&mut self, method: Method, path: &str, body: &Value) -> Result<Value> {
        let what = format!("{method} {path}");
        let answer = self
            .send(json(method, path, body))
            .await
            .context(what.clone())?;
        ensure!(
            answer.status.is_success(),
            "{what}: {}: {}",
            answer.status,
            String::from_utf8_lossy(&answer.body)
        );
        if answer.body.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&answer.body).context(what)
    }
}

pub(crate) fn get(path: &str) -> Request {
    request(Method::GET, path, Bytes::new())
}

pub(crate) fn delete(path: &str) -> Request {
    request(Method::DELETE, path, Bytes::new())
}

pub(crate) fn json(method: Method, path: &str, body: &Value) -> Request {
    let mut request = request(method, path, body.to_string().into());
    let json = HeaderValue::from_static("application/json");
    request.headers_mut().insert(CONTENT_TYPE, json);
    request
}

fn request(method: Method, path: &str, body: Bytes) -> Request {
    let mut request = Request::new(Full::new(body));
    *request.method_mut() = method;
    *request.uri_mut() = path.parse().expect("the driver's own paths are addresses");
    request
}
