//! A service for signing in (OAuth2, OpenID Connect), which answers as it is told and notes what it is asked.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Call {
    pub path: String,
    pub head: String,
    pub body: String,
}

/// What is answered.
#[derive(Clone)]
pub enum Answer {
    Json(u16, Value),
    Form(String),
    /// Nothing, ever.
    Hang,
    /// 10 MB.
    Flood,
    /// The connection is closed.
    Close,
}

type Answers = HashMap<String, Arc<dyn Fn(&Call) -> Answer + Send + Sync>>;

/// See the module.
#[derive(Clone)]
pub struct Provider {
    pub url: String,
    answers: Arc<Mutex<Answers>>,
    calls: Arc<Mutex<Vec<Call>>>,
}

impl Provider {
    /// Starts a service that gives everybody an access token.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let provider = Self {
            url,
            answers: Arc::default(),
            calls: Arc::default(),
        };
        provider.set(
            "/token",
            json!({"access_token": "access", "refresh_token": "refresh", "expires_in": 3600}),
        );
        let server = provider.clone();
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let server = server.clone();
                std::thread::spawn(move || server.serve(connection));
            }
        });
        provider
    }

    /// Answers a path with JSON.
    pub fn set(&self, path: &str, answer: Value) {
        self.answer(path, move |_| Answer::Json(200, answer.clone()));
    }

    /// Answers a path with what a function returns.
    pub fn answer(&self, path: &str, answer: impl Fn(&Call) -> Answer + Send + Sync + 'static) {
        let mut answers = self.answers.lock().expect("no panic");
        answers.insert(path.to_owned(), Arc::new(answer));
    }

    /// The requests for a path.
    pub fn calls(&self, path: &str) -> Vec<Call> {
        let calls = self.calls.lock().expect("no panic");
        calls
            .iter()
            .filter(|call| call.path == path)
            .cloned()
            .collect()
    }

    /// Publishes the configuration of OpenID Connect, with these keys.
    pub fn publish(&self, keys: &[&Key]) {
        let url = &self.url;
        self.set("/.well-known/openid-configuration", json!({
            "issuer": url, "authorization_endpoint": format!("{url}/authorize"), "token_endpoint": format!("{url}/token"),
            "jwks_uri": format!("{url}/keys"),
        }));
        let keys: Vec<Value> = keys.iter().map(|key| key.public()).collect();
        self.set("/keys", json!({"keys": keys}));
    }

    fn serve(&self, connection: TcpStream) -> Option<()> {
        let mut reader = BufReader::new(connection.try_clone().ok()?);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head).ok()? == 0 {
                return None;
            }
        }
        let lower = head.to_lowercase();
        let length = lower
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "));
        let length = length.and_then(|length| length.trim().parse().ok());
        let mut body = vec![0; length.unwrap_or(0)];
        reader.read_exact(&mut body).ok()?;
        let path = head.split(' ').nth(1)?.split('?').next()?.to_owned();
        let body = String::from_utf8_lossy(&body).into_owned();
        let call = Call { path, head, body };
        self.calls.lock().expect("no panic").push(call.clone());
        let answer = self
            .answers
            .lock()
            .expect("no panic")
            .get(&call.path)
            .cloned();
        let answer = answer.map_or(Answer::Json(404, json!({"error": "not_found"})), |answer| {
            answer(&call)
        });
        let mut connection = connection;
        let (status, kind, body) = match answer {
            Answer::Json(status, body) => {
                (status, "application/json; charset=utf-8", body.to_string())
            }
            Answer::Form(body) => (200, "application/x-www-form-urlencoded", body),
            Answer::Flood => (
                200,
                "application/json",
                format!("\"{}\"", "x".repeat(10 << 20)),
            ),
            Answer::Close => return None,
            Answer::Hang => {
                std::thread::sleep(Duration::from_secs(3600));
                return None;
            }
        };
        let length = body.len();
        let head = format!(
            "HTTP/1.1 {status} Status\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
        );
        connection.write_all(head.as_bytes()).ok()?;
        connection.write_all(body.as_bytes()).ok()
    }
}

/// A key that signs ID tokens.
pub struct Key {
    pub id: &'static str,
    pub algorithm: Algorithm,
    private: EncodingKey,
}

impl Key {
    pub fn ec() -> Self {
        Self {
            id: "ec",
            algorithm: Algorithm::ES256,
            private: EncodingKey::from_ec_der(&decoded(EC)),
        }
    }

    /// Another one, which nobody publishes.
    pub fn other_ec() -> Self {
        Self {
            private: EncodingKey::from_ec_der(&decoded(OTHER_EC)),
            ..Self::ec()
        }
    }

    pub fn rsa() -> Self {
        Self {
            id: "rsa",
            algorithm: Algorithm::RS256,
            private: EncodingKey::from_rsa_der(&decoded(RSA)),
        }
    }

    pub fn ed() -> Self {
        Self {
            id: "ed",
            algorithm: Algorithm::EdDSA,
            private: EncodingKey::from_ed_der(&decoded(ED)),
        }
    }

    /// The key as the service publishes it.
    pub fn public(&self) -> Value {
        let jwk = Jwk::from_encoding_key(&self.private, self.algorithm).expect("a public key");
        let mut jwk = serde_json::to_value(jwk).expect("JSON");
        jwk["kid"] = json!(self.id);
        jwk["use"] = json!("sig");
        jwk
    }

    pub fn sign(&self, claims: &Value) -> String {
        let header = Header {
            kid: Some(self.id.to_owned()),
            ..Header::new(self.algorithm)
        };
        jsonwebtoken::encode(&header, claims, &self.private).expect("a token")
    }

    /// A private key in PEM.
    pub fn pem() -> String {
        format!("-----BEGIN PRIVATE KEY-----\n{EC}\n-----END PRIVATE KEY-----\n")
    }
}

fn decoded(text: &str) -> Vec<u8> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD
        .decode(text)
        .expect("base64")
}

const EC: &str = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgLqtnrrtELkRpwOEOZt2SlsM6avTN71Rh7HAmF8FEs76hRANCAAQJJ8ecLz7PPN\
     W2Oaj4RcL2zqw+kAkwc1dIUHEnyl4MisT0JcDaKelrYP2xBYHbxtwgWxE8GVdA/uBlgsI5+N+/";
const OTHER_EC: &str = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg7LK7FrgEa8sa9hsGBqbxBrWQlvy/UW9qlpuCxibpow+hRANCAARVRq6RzmxX+F\
     dsElq0d7mPLbHQWYdYidzlELQp7smsw+sMhhhI93+fVjjqp15Y+Nu6BFQ0Ak4H98tC3zTioaJN";
const ED: &str = "MC4CAQAwBQYDK2VwBCIEIBznQVZ9lYkZ3R5VdbZ7/tNZnhjTgvQWxy6GCYxnfIA3";
const RSA: &str = "MIIEogIBAAKCAQEA2ZBdaIFeOzjyS5EtNQqr+/CBvEUTCE/9+ntLDPqutW4JJ3FQufsTm59RYa41kj8xoLXxHxaRh/i2VK0aaBFbQQRE34lWZp\
     B1mpxIvUHo1/dqhac6HlGoZFMaiAlfJlgcv969iKcwNzMJfzbQn4TWcVJiVATsZ/xthCSMygccpIFv9lYrIqgMWnwTS7Ngpj0x3X4dfSWGAYlw\
     1yHFeHn1FO5ZKoguUjUpI60wqLL+8gjhGsOX61DEU7a6BpnVXjSdgujjzT9S3+FX1m3sADvASMGvaedxyZNvLE3lLDmj6fSuMjxaU1L0zyiQil\
     nromyw5u7nYZlscXO62MB3DxDDdwIDAQABAoIBACQU+jjbw7oErsJzmFDErVNCRvHnbsmhIpkJG6BSbukuD5yYAXBmwJC9smyFzOKtUli58/xY\
     7NflGrAeaVO7FSxKPfXovAiUirySkMm6hZhTsznpSw0+M7Q3yB2pmDsuv83ebgac27U75KZRe/YIvNvccuxGSMLSLYON4D+dQFXTx1jyKaO2Uw\
     FeDOPj8fTIvWiWE79Z4iRBcB2Z0CbHuxR28UIs+q9VaMuQPWCUA4vNevJJMHJMQiP1LoQGDzm1AIEqMv7UrM5owyEzY4LSF2gdg6h9KSF2cyQ+\
     hkO/UQvbcBKCH9868v8g/2qqXLSTyQlW6+cbwYuM5larQh+vHukCgYEA9j1axrdszzNVtE5EQSLqg2AzUn+nMWu7vH9TX/d7jWMf14+V1HKX6w\
     fHgCA5EiNkqfBtQrnHCyLFiek4ZoEk4xtA47XaSo6o/kl0aq5jCREoz+RnkMY4kWgo9gJlfS72hNFaOzfRkKJrYvZ2eCrvHWbd0EekDYVCDMxo\
     RSGys3UCgYEA4jAIEttkiMojC0J48sqyR5PkThPOnJuPd9V24Oinfzg5ccZTfOPH6wOK2J//KaZFR0H7Qj7IJxXfNKfcKb2EsD/hv8ROgCdyZV\
     QCvqvCMYYyNb/weOquWSUq+bV2S+q5Sy24lpWoG4LfjYqdHMTN4NKTHzP4InpTyZ2bU5wUWbsCgYAhvnSzKK3Dk0BabiNSXcuPZ16BHrc1wZK/\
     mR8+1nZbAMt7SdT5gR6qea1wNHo9rxX7Z9RBQZ4yO3iglpJBEc+RQ8nXqrMYZoZoGn7Wo8E0m+Jg4ucCYvebjY+Xbuqjhg0IVHwuA083p9pZfH\
     btrsyH1fHtufOUWr+ba2OanayUhQKBgDIqIvBDtkVcR29s27RFXkrfswfZ/r3fBm+2aToyf0uI5bylFskhH6qwy2+F9KqBFOZb7OThVbTNdgaQ\
     oBSl0rLgSCom2J41oXp1qnItV9FyCNrA6g13RxnAU4q0QztNILFav5CuOm13lisnLfc+csbFDRojhYnoBYM2sEdX22+XAoGAQU8L/qEkRHsyqC\
     zJwrbQnIfPxYOJw4Eu10mcyG3XV/cpPwS2LFFcSJInkhJSHJY8AVMrqN+ZJ/eKa99heUldpMUrreBhUPE+RMKGM8NFGpQOUxnDY1oi0aAHUmXc\
     R2Dv9zL59qpW2eCkf31F7LM7epo8RxqzjJ4IEsGeMi5rMEs=";
