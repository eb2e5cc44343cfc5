//! A way to a server that can go silent: it then takes every byte and passes none on, as a network does that is cut.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Such a way.
pub struct Passage {
    pub port: u16,
    is_silent: Arc<AtomicBool>,
}

impl Passage {
    /// Opens one to the server at this address.
    pub fn to(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let is_silent = Arc::new(AtomicBool::new(false));
        let (silent, server) = (Arc::clone(&is_silent), server.to_owned());
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let Ok(server) = TcpStream::connect(&server) else {
                    continue;
                };
                let both = |stream: &TcpStream| stream.try_clone().expect("a socket");
                pass_on(both(&client), both(&server), &silent);
                pass_on(server, client, &silent);
            }
        });
        Self { port, is_silent }
    }

    /// From now on nothing gets through, and nobody is told; or everything again.
    pub fn silence(&self, is_silent: bool) {
        self.is_silent.store(is_silent, Ordering::SeqCst);
    }
}

fn pass_on(mut from: TcpStream, mut to: TcpStream, is_silent: &Arc<AtomicBool>) {
    let is_silent = Arc::clone(is_silent);
    std::thread::spawn(move || {
        let mut bytes = [0; 16 * 1024];
        while let Ok(count @ 1..) = from.read(&mut bytes) {
            while is_silent.load(Ordering::SeqCst) {
                std::thread::sleep(Duration::from_millis(5));
            }
            if to.write_all(&bytes[..count]).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Write);
    });
}
