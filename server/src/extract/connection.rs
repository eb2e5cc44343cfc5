//! The connection of a request.

use std::net::IpAddr;

use actix_web::HttpRequest;
use actix_web::http::header::HeaderValue;

/// The connection of a request: the source for decisions that depend on the client's address or its own headers.
///
/// A part of a batch and a realtime subscription may have headers of their own, which rules see
/// ([`Request::headers`](crate::request::Request)). They are not part of an [`HttpRequest`], so they have no effect here.
#[derive(Clone, Copy)]
pub struct Connection<'a>(&'a HttpRequest);

impl<'a> Connection<'a> {
    /// Returns the connection of a request.
    pub fn of(http: &'a HttpRequest) -> Self {
        Self(http)
    }

    /// Returns the address of the peer.
    pub fn address(self) -> Option<IpAddr> {
        self.0.peer_addr().map(|address| address.ip())
    }

    /// Returns the first value of a header.
    pub fn header(self, name: &str) -> Option<&'a [u8]> {
        self.0.headers().get(name).map(HeaderValue::as_bytes)
    }
}
