//! Environment variables that look like settings and are none. Kubernetes defines some for a service named `plinth`, so
//! an unknown name is only a warning.

use anyhow::bail;

use figment::value::Dict;

const PREFIX: &str = "PLINTH_";

/// Returns the names that begin like settings and are none; fails for one that is a typing error away from a setting.
pub(super) fn strangers(
    settings: &Dict,
    names: impl Iterator<Item = String>,
) -> anyhow::Result<Vec<String>> {
    let settings: Vec<String> = settings
        .keys()
        .map(|name| format!("{PREFIX}{}", name.to_ascii_uppercase()))
        .collect();
    let mut strangers = Vec::new();
    for name in names {
        let upper = name.to_ascii_uppercase();
        if settings.contains(&upper) {
            continue;
        }
        if let Some(meant) = settings.iter().find(|setting| is_slip(&upper, setting)) {
            bail!("the variable {name} is no setting: is it {meant}?");
        }
        if upper.starts_with(PREFIX) && !is_service(&upper) {
            strangers.push(name);
        }
    }
    strangers.sort();
    Ok(strangers)
}

/// Whether Kubernetes defines it, in every pod next to a service named `plinth`.
fn is_service(name: &str) -> bool {
    let rest = name.strip_prefix(PREFIX).unwrap_or_default();
    rest == "PORT" || rest.starts_with("PORT_") || rest.starts_with("SERVICE_")
}

/// Whether the names differ by one letter that is missing, added, replaced, or swapped with the next one.
fn is_slip(given: &str, meant: &str) -> bool {
    let (given, meant): (Vec<char>, Vec<char>) = (given.chars().collect(), meant.chars().collect());
    let same = given.iter().zip(&meant).take_while(|(a, b)| a == b).count();
    let (given, meant) = (&given[same..], &meant[same..]);
    match (given, meant) {
        ([], [_]) | ([_], []) => true,
        ([a, left @ ..], [b, right @ ..]) => {
            let is_swapped = matches!(
                (left, right),
                ([c, left @ ..], [d, right @ ..]) if a == d && b == c && left == right
            );
            left == right || left == meant || given == right || is_swapped
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(name: &str) -> anyhow::Result<Vec<String>> {
        let settings = super::super::defaults().expect("defaults");
        strangers(&settings, [name.to_owned()].into_iter())
    }

    #[test]
    fn o16_a_slip_is_refused_and_the_rest_is_named() {
        for (slip, meant) in [
            ("PLINTH_DATABSE_URL", "PLINTH_DATABASE_URL"),
            ("PLINTH_DATABASE_ULR", "PLINTH_DATABASE_URL"),
            ("PLINTH_DATABASEURL", "PLINTH_DATABASE_URL"),
            ("PLINTH_DATABASE_URLS", "PLINTH_DATABASE_URL"),
            ("PLNTH_DATABASE_URL", "PLINTH_DATABASE_URL"),
            ("PLINTHDIR", "PLINTH_DIR"),
            ("PLINTH_SMPT_URL", "PLINTH_SMTP_URL"),
            ("PLINTH_S3_BUCKETT", "PLINTH_S3_BUCKET"),
        ] {
            let words = look(slip).expect_err(slip).to_string();
            assert!(words.contains(slip) && words.contains(meant), "{words}");
        }
        for name in ["PLINTH_DATABASE", "PLINTH_CONFIG", "PLINTH_X", "PLINTH_"] {
            assert_eq!(look(name).expect(name), [name]);
        }
        for name in [
            "PLINTH_DATABASE_URL",
            "PLINTH_HTTP",
            "plinth_http",
            "PLINTH_PORT",
            "PLINTH_PORT_8090_TCP_ADDR",
            "PLINTH_SERVICE_HOST",
            "HTTP",
            "DATABASE_URL",
            "PATH",
            "",
        ] {
            assert!(look(name).expect(name).is_empty(), "{name}");
        }
    }
}
