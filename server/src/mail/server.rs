//! Parses the setting `smtp_url`.

use anyhow::bail;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::TlsParameters;
use lettre::transport::smtp::extension::ClientId;
use percent_encoding::percent_decode_str;
use url::{Host, Url};

/// The mail server: its address, how to encrypt the connection and how to sign in.
#[derive(Clone)]
pub(super) struct Server {
    /// A host name in ASCII, or an IP address without brackets.
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) tls: Tls,
    /// The name with which this server introduces itself.
    pub(super) hello: ClientId,
    pub(super) credentials: Option<Credentials>,
}

/// When the connection is encrypted.
#[derive(Clone)]
pub(super) enum Tls {
    Never,
    /// After `STARTTLS`, if the mail server offers it.
    Upgraded {
        by: TlsParameters,
        is_required: bool,
    },
    /// From the start (implicit TLS).
    Always(TlsParameters),
}

impl Server {
    /// Parses the URL. No message of a library is passed on, since it might quote the URL and with it the password.
    pub(super) fn of(text: &str) -> anyhow::Result<Self> {
        if !text.starts_with("smtp://") && !text.starts_with("smtps://") {
            bail!("it must begin with smtp:// or smtps://");
        }
        let Ok(url) = Url::parse(text) else {
            bail!("it is not a URL; special characters in user and password must be %-encoded");
        };
        if url.fragment().is_some() {
            bail!("it has a #; special characters in user and password must be %-encoded");
        }
        let host = match url.host() {
            Some(Host::Domain(name)) if !name.is_empty() => match Host::parse(name) {
                Ok(Host::Domain(name)) => name,
                Ok(Host::Ipv4(address)) => address.to_string(),
                Ok(Host::Ipv6(address)) => address.to_string(),
                Err(_) => bail!("its host is no name of a host"),
            },
            Some(Host::Ipv4(address)) => address.to_string(),
            Some(Host::Ipv6(address)) => address.to_string(),
            Some(Host::Domain(_)) | None => bail!("it names no host"),
        };
        let tls = tls(&url, &host)?;
        let port = match &tls {
            Tls::Never => 25,
            Tls::Upgraded { .. } => 587,
            Tls::Always(_) => 465,
        };
        Ok(Self {
            port: url.port().unwrap_or(port),
            tls,
            hello: hello(url.path().trim_matches('/'))?,
            credentials: credentials(&url)?,
            host,
        })
    }
}

fn tls(url: &Url, host: &str) -> anyhow::Result<Tls> {
    let mut asked = None;
    for (name, value) in url.query_pairs() {
        match (&*name, &*value) {
            ("tls", "required" | "opportunistic") if url.scheme() == "smtp" => asked = Some(value),
            ("tls", _) if url.scheme() == "smtp" => {
                bail!("tls must be required or opportunistic");
            }
            ("tls", _) => bail!("smtps:// is encrypted from the start: leave tls out"),
            _ => bail!("the only parameter is tls"),
        }
    }
    let by = || {
        let made = TlsParameters::new(host.to_owned());
        made.map_err(|_| anyhow::anyhow!("the system's certificates cannot be read"))
    };
    match asked {
        None if url.scheme() == "smtps" => Ok(Tls::Always(by()?)),
        None if url.password().is_some() => {
            bail!("it would send the password unencrypted: add ?tls=required")
        }
        None => Ok(Tls::Never),
        Some(how) => Ok(Tls::Upgraded {
            by: by()?,
            is_required: how == "required",
        }),
    }
}

fn credentials(url: &Url) -> anyhow::Result<Option<Credentials>> {
    let Some(password) = url.password() else {
        if url.username().is_empty() {
            return Ok(None);
        }
        bail!("it has a user and no password");
    };
    let decode = |text: &str| percent_decode_str(text).decode_utf8().map(String::from);
    let (Ok(user), Ok(password)) = (decode(url.username()), decode(password)) else {
        bail!("its user and password must be UTF-8, %-encoded");
    };
    Ok(Some(Credentials::new(user, password)))
}

/// Returns the name to introduce this server with: the one from the URL, the machine's host name, or an IP address.
fn hello(path: &str) -> anyhow::Result<ClientId> {
    let is_name = |name: &str| {
        let mut bytes = name.bytes();
        !name.is_empty() && bytes.all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte))
    };
    if is_name(path) {
        return Ok(ClientId::Domain(path.to_owned()));
    }
    if !path.is_empty() {
        bail!(
            "its path is the name to greet with; special characters in user and password must be %-encoded"
        );
    }
    let machine = ClientId::default();
    if let ClientId::Domain(name) = &machine
        && !is_name(name)
    {
        return Ok(ClientId::Ipv4([127, 0, 0, 1].into()));
    }
    Ok(machine)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn n56_a_bad_url_is_refused_without_its_password() {
        for (url, why) in [
            ("mail.example.com", "begin with"),
            ("http://mail.example.com", "begin with"),
            ("ann:hunter2@mail.example.com", "begin with"),
            ("hunter2", "begin with"),
            ("smtp://", "no host"),
            ("smtp://ann:hunter2@:25?tls=required", "not a URL"),
            ("smtp://ann:hunter2@a b?tls=required", "not a URL"),
            ("smtp://ann:hunter2@mail:port?tls=required", "not a URL"),
            ("smtp://ann:hunter2/1@mail:25?tls=required", "not a URL"),
            ("smtp://ann:25/hunter2@mail?tls=required", "%-encoded"),
            ("smtp://ann:25#hunter2@mail?tls=required", "%-encoded"),
            ("smtp://ann:hunter2@ma%20il?tls=required", "host"),
            ("smtp://ann:%ffhunter2@mail?tls=required", "UTF-8"),
            ("smtp://ann@mail?tls=required", "no password"),
            ("smtp://ann:hunter2@mail", "unencrypted"),
            ("smtp://ann:hunter2@mail?tls=yes", "tls must be"),
            ("smtps://ann:hunter2@mail?tls=required", "leave tls out"),
            ("smtp://ann:hunter2@mail?tls=required&x=1", "only parameter"),
        ] {
            let error = Server::of(url).err().expect(url);
            let words = format!("{error:#} {error:?}");
            assert!(words.contains(why), "{url}: {words}");
            assert!(!words.contains("hunter2"), "{words}");
        }
    }

    #[test]
    fn f14_hosts_of_every_kind_are_read() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        for (url, host, port) in [
            ("smtp://mail", "mail", 25),
            ("smtp://mail:2525", "mail", 2525),
            ("smtp://[::1]:2525", "::1", 2525),
            ("smtp://[2001:db8::1]", "2001:db8::1", 25),
            ("smtp://127.0.0.1", "127.0.0.1", 25),
            (
                "smtp://mäil.example/app.example.org",
                "xn--mil-qla.example",
                25,
            ),
            ("smtps://ann:p%40w@[::1]", "::1", 465),
            ("smtp://ann:pw@mail?tls=required", "mail", 587),
            ("smtp://ann:pw@mail:25?tls=opportunistic", "mail", 25),
        ] {
            let server = Server::of(url).expect(url);
            assert_eq!((&*server.host, server.port), (host, port), "{url}");
        }
    }
}
