//! The connection that a request came over.

use std::net::IpAddr;

use actix_web::HttpRequest;
use actix_web::http::header::HeaderValue;

/// The connection that a request came over: what judges a client's address or its headers asks here.
///
/// A batch's part and a realtime subscription may bring headers of their own, which rules see
/// ([`Request::headers`](crate::request::Request)). They are in no [`HttpRequest`], so nothing of them can be seen here.
#[derive(Clone, Copy)]
pub struct Connection<'a>(&'a HttpRequest);

impl<'a> Connection<'a> {
    /// The connection of this request.
    pub fn of(http: &'a HttpRequest) -> Self {
        Self(http)
    }

    /// The address at the other end.
    pub fn address(self) -> Option<IpAddr> {
        self.0.peer_addr().map(|address| address.ip())
    }

    /// A header's first value, in bytes.
    pub fn header(self, name: &str) -> Option<&'a [u8]> {
        self.0.headers().get(name).map(HeaderValue::as_bytes)
    }
}
