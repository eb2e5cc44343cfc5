//! The HTTP client for calls to other servers. It never connects to the internal network.
//!
//! A name is resolved once, its addresses are checked, and the connection goes to one of those addresses: this
//! prevents DNS rebinding. Redirects are not followed, and proxies are not used.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use crate::problems::sentence;
use anyhow::bail;
use ipnet::IpNet;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use url::{Host, Url};

/// Makes clients for calls to other servers.
#[derive(Clone, Debug, Default)]
pub struct Outbound {
    allowed: Vec<IpNet>,
}

impl Outbound {
    /// Allows calls to public addresses and to these networks.
    pub fn new(networks: &[String]) -> anyhow::Result<Self> {
        let mut allowed = Vec::new();
        for network in networks {
            let address = network.parse().map(|address: IpAddr| IpNet::from(address));
            match network.parse().or(address) {
                Ok(network) => allowed.push(network),
                Err(_) => bail!(
                    "the setting outbound_allow has \"{network}\", which is not a network such as 10.0.0.0/8"
                ),
            }
        }
        Ok(Self { allowed })
    }

    /// Makes a client for one call of this URL.
    pub async fn client(&self, url: &Url) -> Result<reqwest::Client, String> {
        let addresses = self.addresses(url).await?;
        let mut client = reqwest::Client::builder()
            .no_proxy()
            .redirect(Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .user_agent(concat!("Plinth/", env!("CARGO_PKG_VERSION")))
            .dns_resolver(Arc::new(Pinned(addresses)));
        if url.scheme() == "http" {
            // Nothing is verified, so missing root certificates are no problem.
            client = client.tls_certs_only([]);
        }
        client.build().map_err(|error| {
            sentence(&format!(
                "Cannot set up the HTTP client: {}",
                causes(&error)
            ))
        })
    }

    /// Returns the addresses of the URL's host that may be called.
    async fn addresses(&self, url: &Url) -> Result<Vec<SocketAddr>, String> {
        let port = url.port_or_known_default().unwrap_or_default();
        let found = match url.host() {
            Some(Host::Ipv4(address)) => vec![SocketAddr::from((address, port))],
            Some(Host::Ipv6(address)) => vec![SocketAddr::from((address, port))],
            Some(Host::Domain(name)) => tokio::net::lookup_host((name, port))
                .await
                .map_err(|error| sentence(&format!("Cannot find {name}: {error}")))?
                .collect(),
            None => Vec::new(),
        };
        let may = |address: &SocketAddr| self.may_call(address.ip());
        let permitted: Vec<_> = found.iter().copied().filter(may).collect();
        match (permitted.is_empty(), found.first()) {
            (false, _) => Ok(permitted),
            (true, None) => Err("Cannot find the host.".to_owned()),
            (true, Some(address)) => Err(format!(
                "Refused: {} is not a public address. The setting outbound_allow can allow it.",
                address.ip()
            )),
        }
    }

    fn may_call(&self, address: IpAddr) -> bool {
        // An IPv4-mapped address is checked as IPv4.
        let address = address.to_canonical();
        let allowed = |network: &IpNet| network.contains(&address);
        is_public(address) || self.allowed.iter().any(allowed)
    }
}

/// Parses the URL of a call.
pub fn parse_url(text: &str) -> Result<Url, &'static str> {
    let url = Url::parse(text).map_err(|_| "Must be a URL such as https://example.com/hook.")?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err("Must begin with https:// or http://.");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("Must not have a user or password in it; send a header.");
    }
    // Of the privileged ports, only these two are used by web servers.
    match url.port() {
        Some(port) if port < 1024 && port != 80 && port != 443 => {
            Err("Must have the port 80, 443, or one from 1024 on.")
        }
        _ => Ok(url),
    }
}

/// Whether an address is public.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

/// By IANA's registry of special-purpose addresses.
fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_broadcast()
        || address.is_documentation()
        || a == 0
        || (a == 100 && (64..128).contains(&b))
        || (a, b, c) == (192, 0, 0)
        || (a, b, c) == (192, 88, 99)
        || (a == 198 && (b == 18 || b == 19))
        || a >= 240)
}

/// Only the range of global unicast addresses, without those that embed an IPv4 address.
fn is_public_v6(address: Ipv6Addr) -> bool {
    // NAT64 leads to the IPv4 address in its last bytes.
    if let [0x64, 0xff9b, 0, 0, 0, 0, high, low] = address.segments() {
        let bits = (u32::from(high) << 16) | u32::from(low);
        return is_public_v4(Ipv4Addr::from_bits(bits));
    }
    let [first, second, ..] = address.segments();
    // 2001::/23 has protocols' own and Teredo, 2001:db8::/32 and 3fff::/20 are for documentation, 2002::/16 is 6to4.
    (0x2000..0x4000).contains(&first)
        && !(first == 0x2001 && second < 0x200)
        && !(first == 0x2001 && second == 0xdb8)
        && first != 0x2002
        && !(first == 0x3fff && second < 0x1000)
}

/// A resolver that knows only the host of the call.
struct Pinned(Vec<SocketAddr>);

impl Resolve for Pinned {
    fn resolve(&self, _: Name) -> Resolving {
        let addresses: Addrs = Box::new(self.0.clone().into_iter());
        Box::pin(std::future::ready(Ok(addresses)))
    }
}

/// Returns the messages of an error and all of its causes.
pub fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host_of(url: &str) -> Option<IpAddr> {
        match parse_url(url).ok()?.host()? {
            Host::Ipv4(address) => Some(address.into()),
            Host::Ipv6(address) => Some(address.into()),
            Host::Domain(_) => None,
        }
    }

    #[test]
    fn n39_addresses_that_are_nobody_elses_business() {
        let nowhere = Outbound::default();
        for host in [
            "127.0.0.1",
            "127.1",
            "127.255.255.254",
            "0.0.0.0",
            "0",
            "0.1.2.3",
            "2130706433",
            "0x7f000001",
            "0x7f.1",
            "0177.0.0.1",
            "017700000001",
            "10.0.0.1",
            "10.255.255.255",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "2852039166",
            "0xa9fea9fe",
            "100.64.0.1",
            "100.127.255.255",
            "192.0.0.1",
            "192.0.2.1",
            "192.88.99.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "127.0.0.1.",
            "①②⑦.⓪.⓪.①",
            "[::]",
            "[::1]",
            "[::127.0.0.1]",
            "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]",
            "[::ffff:169.254.169.254]",
            "[::ffff:10.0.0.1]",
            "[0:0:0:0:0:ffff:c0a8:101]",
            "[fe80::1]",
            "[febf::1]",
            "[fec0::1]",
            "[fc00::1]",
            "[fd12:3456::1]",
            "[ff02::1]",
            "[64:ff9b::7f00:1]",
            "[64:ff9b::a9fe:a9fe]",
            "[64:ff9b:1::1]",
            "[100::1]",
            "[2001::1]",
            "[2001:db8::1]",
            "[2002:7f00:1::]",
            "[2002:a9fe:a9fe::1]",
            "[3fff::1]",
            "[4000::1]",
            "[5f00::1]",
            "[fd00:ec2::254]",
        ] {
            let address = host_of(&format!("http://{host}/"));
            let address = address.unwrap_or_else(|| panic!("{host} is no address"));
            assert!(!nowhere.may_call(address), "{host}");
        }
        for host in [
            "1.1.1.1",
            "8.8.8.8",
            "100.63.255.255",
            "100.128.0.0",
            "172.15.0.1",
            "172.32.0.1",
            "192.167.1.1",
            "198.17.0.1",
            "198.20.0.1",
            "223.255.255.255",
            "[2606:4700::1111]",
            "[2a00::1]",
            "[2001:4860:4860::8888]",
            "[::ffff:8.8.8.8]",
            "[64:ff9b::808:808]",
        ] {
            let address = host_of(&format!("http://{host}/")).unwrap();
            assert!(nowhere.may_call(address), "{host}");
        }
    }

    #[test]
    fn n39_urls_that_are_not_called() {
        for url in [
            "",
            "example.com",
            "//example.com",
            "ftp://example.com",
            "file:///etc/passwd",
            "gopher://example.com",
            "javascript:alert(1)",
            "data:,x",
            "ws://example.com",
            "http://",
            "http://?x",
            "http://user@example.com",
            "http://user:pw@example.com",
            "http://:pw@example.com",
            "http://example.com:22",
            "http://example.com:25",
            "http://127.0.0.1:6",
            "http://exa mple.com",
            "http://[::1",
            "http://1.2.3.4.5",
            "http://256.1.1.1",
            "http://example.com:99999",
            "http://%00.com",
        ] {
            assert!(parse_url(url).is_err(), "{url}");
        }
        for url in [
            "http://example.com",
            "https://example.com:8443/a?b#c",
            "HTTP://é.com:443/",
        ] {
            assert!(parse_url(url).is_ok(), "{url}");
        }
    }

    #[test]
    fn networks_that_are_allowed() {
        let networks = ["10.0.0.0/8", "::1/128", "127.0.0.1"].map(str::to_owned);
        let allowed = Outbound::new(&networks).unwrap();
        for address in ["10.1.2.3", "::1", "127.0.0.1", "::ffff:10.1.2.3"] {
            assert!(allowed.may_call(address.parse().unwrap()), "{address}");
        }
        for address in ["127.0.0.2", "192.168.0.1", "fe80::1"] {
            assert!(!allowed.may_call(address.parse().unwrap()), "{address}");
        }
        for bad in [
            "",
            "10.0.0.0/33",
            "localhost",
            "10.0.0",
            "10.0.0.0/8, 1.1.1.1",
            "::/129",
        ] {
            let error = Outbound::new(&[bad.to_owned()]).unwrap_err().to_string();
            assert!(error.contains("outbound_allow"), "{error}");
        }
    }
}
