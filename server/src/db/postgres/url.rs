//! Validates the database URL before libpq sees it. libpq quotes what it cannot parse, and a password with characters
//! that have a meaning in URLs would end up in its messages as a host, a port or a database name.

use anyhow::bail;

const ENCODE: &str = "special characters in user and password must be %-encoded: % as %25, @ as %40, / as %2F, \
                      : as %3A, ? as %3F, # as %23";

/// The parameters that libpq accepts.
const PARAMETERS: [&str; 52] = [
    "application_name",
    "channel_binding",
    "client_encoding",
    "connect_timeout",
    "dbname",
    "fallback_application_name",
    "gssdelegation",
    "gssencmode",
    "gsslib",
    "host",
    "hostaddr",
    "keepalives",
    "keepalives_count",
    "keepalives_idle",
    "keepalives_interval",
    "krbsrvname",
    "load_balance_hosts",
    "max_protocol_version",
    "min_protocol_version",
    "oauth_client_id",
    "oauth_client_secret",
    "oauth_issuer",
    "oauth_scope",
    "options",
    "passfile",
    "password",
    "port",
    "replication",
    "require_auth",
    "requirepeer",
    "scram_client_key",
    "scram_server_key",
    "service",
    "servicefile",
    "ssl",
    "ssl_max_protocol_version",
    "ssl_min_protocol_version",
    "sslcert",
    "sslcertmode",
    "sslcompression",
    "sslcrl",
    "sslcrldir",
    "sslkey",
    "sslkeylogfile",
    "sslmode",
    "sslnegotiation",
    "sslpassword",
    "sslrootcert",
    "sslsni",
    "target_session_attrs",
    "tcp_user_timeout",
    "user",
];

/// Validates the URL; error messages contain nothing of it.
pub(in crate::db) fn check(url: &str) -> anyhow::Result<()> {
    let rest = url
        .strip_prefix("postgres://")
        .or_else(|| url.strip_prefix("postgresql://"));
    let Some(rest) = rest else {
        bail!(
            "the database URL must begin with postgres:// (leave it out for the embedded SQLite)"
        );
    };
    if url.chars().any(|c| c.is_control() || c.is_whitespace()) {
        bail!("the database URL has a space or a line break; {ENCODE}");
    }
    if !is_encoded(url) {
        bail!("the database URL has a % that no two hexadecimal digits follow, or %00; {ENCODE}");
    }
    // Like libpq: the user ends at the first @, unless a / comes before it.
    let rest = match rest.find(['@', '/']) {
        Some(at) if rest.get(at..=at) == Some("@") => rest.get(at + 1..).unwrap_or_default(),
        Some(_) | None => rest,
    };
    let (place, parameters) = rest.split_once('?').unwrap_or((rest, ""));
    let (hosts, database) = place.split_once('/').unwrap_or((place, ""));
    if place.contains('@') || database.contains('/') {
        bail!("the database URL has an @ or a / too many; {ENCODE}");
    }
    for host in hosts.split(',') {
        check_host(host)?;
    }
    let mut parameters = parameters.split('&').filter(|one| !one.is_empty());
    parameters.try_for_each(|parameter| {
        let name = match parameter.split_once('=') {
            Some((name, value)) if !value.contains('=') => name,
            Some(_) | None => bail!(
                "the database URL's parameters must be name=value, joined by &; a = in a value is %3D; {ENCODE}"
            ),
        };
        if PARAMETERS.contains(&name) {
            return Ok(());
        }
        bail!("the database URL has a parameter that libpq does not know; {ENCODE}")
    })
}

fn is_encoded(text: &str) -> bool {
    text.split('%').skip(1).all(|after| {
        let digits = after.get(..2).unwrap_or_default();
        digits.bytes().filter(u8::is_ascii_hexdigit).count() == 2 && digits != "00"
    })
}

fn check_host(host: &str) -> anyhow::Result<()> {
    let (name, port) = if let Some(rest) = host.strip_prefix('[') {
        let (address, after) = rest.split_once(']').unwrap_or(("", ""));
        let Ok(std::net::Ipv6Addr { .. }) = address.split('%').next().unwrap_or("").parse() else {
            bail!("the database URL has a [ without an IPv6 address; {ENCODE}");
        };
        match after.strip_prefix(':') {
            Some(port) => ("", port),
            None if after.is_empty() => ("", ""),
            None => bail!("the database URL has something behind a ]; {ENCODE}"),
        }
    } else {
        host.split_once(':').unwrap_or((host, ""))
    };
    let is_name = |c: char| c.is_alphanumeric() || ".-_%".contains(c);
    if !name.chars().all(is_name) {
        bail!("the database URL's host is no name of a host; {ENCODE}");
    }
    if !port.is_empty() && !port.parse::<u16>().is_ok_and(|port| port > 0) {
        bail!("the database URL's port is no number from 1 to 65535; {ENCODE}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn o09_what_libpq_takes_is_taken() {
        for url in [
            "postgres://",
            "postgresql:///app",
            "postgres://db",
            "postgres://ann@db:5432/app",
            "postgres://ann:pw@db/app?sslmode=verify-full&sslrootcert=/etc/ssl/certs/ca-certificates.crt",
            "postgres://ann:p%40w%2F%25%23@db/app",
            "postgres://ann:p:w#x?y=z&!$+;*(w)@db/app",
            "postgres://ann:pw@10.0.0.1:18300,127.0.0.1:18302/app?target_session_attrs=read-write",
            "postgres://ann@[::1]:5432,[fe80::1%25eth0]/app",
            "postgres://%2Fvar%2Frun%2Fpostgresql/app",
            "postgres:///app?host=/var/run/postgresql&user=ann@server&password=p%3Dw",
            "postgres://ann@db/app?options=-csearch_path%3Dapp",
            "postgres://ann@däta.example/app",
        ] {
            check(url).expect(url);
        }
    }

    #[test]
    fn o09_what_is_wrong_is_said_without_it() {
        let passwords = [
            "top%secret",
            "hunter2/secret",
            "hunter2@secret",
            "secret%",
            "secret%0",
            "%00secret",
            "sec ret99",
            "secret\n",
            "9/secret",
            "9/?secret",
            "9/?secret=1",
            "9/?a=secret=b",
            "/secret",
            "@secret",
            "[secret/",
            "[::1]secret/",
            "99999/secret",
            "p/secret#1",
        ];
        for password in passwords {
            for rest in ["127.0.0.1/x", "127.0.0.1", "db:5432/x?sslmode=disable"] {
                let url = format!("postgres://sp:{password}@{rest}");
                let error = check(&url).expect_err(&url);
                let words = format!("{error:#} {error:?}");
                assert!(
                    !words.contains("secret") && !words.contains("hunter"),
                    "{words}"
                );
                assert!(
                    words.contains("database URL") && words.contains("%25"),
                    "{words}"
                );
            }
        }
        for url in [
            "hunter2",
            "sp:hunter2@db/x",
            "mysql://sp:hunter2@db/x",
            " postgres://sp:hunter2@db",
        ] {
            let words = format!("{:?}", check(url).expect_err(url));
            assert!(!words.contains("hunter2"), "{words}");
        }
    }
}
