//! Realtime when the database's host vanishes without a word.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::metrics::{TOKEN, scrape, with_token};
use crate::realtime::{POST, mark, posts};
use crate::support::stream::Stream;
use crate::support::{Home, TestApp, on_postgres};

/// The way to a database, on which nothing more may come through.
struct Way {
    address: String,
    is_silent: Arc<AtomicBool>,
    is_over: Arc<AtomicBool>,
}

/// Ends all connections.
impl Drop for Way {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
    }
}

impl Way {
    /// A way to the server at this address.
    fn to(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let way = Self {
            address: listener.local_addr().expect("an address").to_string(),
            is_silent: Arc::default(),
            is_over: Arc::default(),
        };
        let (is_silent, is_over) = (Arc::clone(&way.is_silent), Arc::clone(&way.is_over));
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let Ok(server) = TcpStream::connect(&server) else {
                    continue;
                };
                let both = |stream: &TcpStream| stream.try_clone().expect("the same socket");
                // Whoever comes while nothing comes through is not heard later either: that host is gone.
                let is_gone = Arc::new(AtomicBool::new(is_silent.load(Ordering::SeqCst)));
                for (from, to) in [
                    (both(&client), both(&server)),
                    (both(&server), both(&client)),
                ] {
                    let flags = [&is_silent, &is_gone, &is_over].map(Arc::clone);
                    std::thread::spawn(move || forward(from, to, &flags));
                }
            }
        });
        way
    }

    fn is_silent(&self, is_silent: bool) {
        self.is_silent.store(is_silent, Ordering::SeqCst);
    }
}

fn forward(mut from: TcpStream, mut to: TcpStream, flags: &[Arc<AtomicBool>; 3]) {
    let [is_silent, is_gone, is_over] = flags;
    let mut bytes = [0; 16 << 10];
    let _ = from.set_read_timeout(Some(Duration::from_millis(50)));
    loop {
        if is_silent.load(Ordering::SeqCst) {
            is_gone.store(true, Ordering::SeqCst);
        }
        if is_over.load(Ordering::SeqCst) {
            let _ = to.shutdown(Shutdown::Both);
            return;
        }
        let count = match from.read(&mut bytes) {
            Ok(count) => count,
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => continue,
            Err(_) => 0,
        };
        if count == 0 {
            let _ = to.shutdown(Shutdown::Both);
            return;
        }
        if is_silent.load(Ordering::SeqCst) || is_gone.load(Ordering::SeqCst) {
            is_gone.store(true, Ordering::SeqCst);
            continue;
        }
        if to.write_all(&bytes[..count]).is_err() {
            return;
        }
    }
}

#[test]
fn o01_realtime_is_back_soon_after_a_database_that_said_nothing() {
    let home = Home::new();
    let (way, home) = if on_postgres() {
        let url = home.database_url.clone();
        let (scheme, rest) = url.split_once("://").expect("a URL");
        let (authority, name) = rest.split_once('/').expect("a database");
        let (user, address) = authority
            .rsplit_once('@')
            .map_or(("", authority), |parts| parts);
        let way = Way::to(address.to_owned());
        let at = if user.is_empty() { "" } else { "@" };
        let url = format!(
            "{scheme}://{user}{at}{}/{name}?connect_timeout=2",
            way.address
        );
        (Some(way), Home::on(url))
    } else {
        (None, home)
    };
    let app = TestApp::start_in(home);
    posts(&app);
    let realtime = &app.app.realtime;
    let guest = app.guest();
    let heard = Stream::of(&guest, &["posts/*"]);
    let first = mark(&app, POST);
    assert_eq!(heard.next().what(), first);
    assert!(realtime.is_healthy());
    let Some(way) = way else {
        // SQLite is in this process: it does not vanish.
        assert!(realtime.stalled() < Duration::from_secs(5));
        return;
    };

    way.is_silent(true);
    assert!(heard.ends(), "what may be missed ends the streams");
    let started = Instant::now();
    guest.get("/api/realtime").refused(503);
    assert!(
        started.elapsed() < Duration::from_secs(20),
        "whoever connects is told soon"
    );

    way.is_silent(false);
    let back = Instant::now();
    let heard = loop {
        if let Some(stream) = Stream::try_of(&guest, &["posts/*"]) {
            break stream;
        }
        assert!(back.elapsed() < Duration::from_secs(20), "realtime is back");
        std::thread::sleep(Duration::from_millis(200));
    };
    let second = mark(&app, "post00000000002");
    assert_eq!(heard.next().what(), second);
    assert!(realtime.is_healthy());
    // The server's threads that still wait for the vanished host.
    drop(way);
}

/// What an operator sees of it.
#[test]
fn o01_how_long_realtime_has_stood_still_is_a_metric() {
    let app = with_token();
    posts(&app);
    let heard = Stream::of(&app.guest(), &["posts/*"]);
    let first = mark(&app, POST);
    assert_eq!(heard.next().what(), first);
    let text = scrape(&app, &format!("Bearer {TOKEN}")).text;
    assert!(
        text.contains("\nplinth_realtime_stalled_seconds "),
        "{text}"
    );
    assert!(app.app.realtime.stalled() < Duration::from_secs(5));
    assert!(app.app.realtime.is_healthy());
}
