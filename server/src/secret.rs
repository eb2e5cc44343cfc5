//! Settings whose values must not reach a log.

use std::fmt;
use std::ops::Deref;

use serde::{Deserialize, Serialize};

/// A text that prints as `***`. Serializing it reveals it: only the merging of settings does that.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Deref for Secret {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "\"\"" } else { "***" })
    }
}

impl std::str::FromStr for Secret {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(text.into())
    }
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    #[test]
    fn n56_secrets_are_not_printed() {
        let config = Config {
            database_url: "postgres://ann:hunter2@db/x".into(),
            smtp_url: "smtp://ann:hunter2@mail".into(),
            metrics_token: "hunter2".into(),
            ..Config::default()
        };
        let location = config.location().expect("a location");
        let printed = format!("{config:?} {config:#?} {location:?}");
        assert!(!printed.contains("hunter2"), "{printed}");
        assert_eq!(config.smtp_url.as_str(), "smtp://ann:hunter2@mail");
    }
}
