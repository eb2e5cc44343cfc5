//! What there is more and more of.

use anyhow::Result;
use serde::Serialize;

use super::meter::{Meter, Reading};
use super::{collections, memberships, permissions, records, sessions, subscribers};
use crate::server::Server;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Axis {
    Collections,
    Permissions,
    Memberships,
    Sessions,
    Subscribers,
    Records,
}

/// The readings of one round at one size, by what was asked for.
pub(super) type Readings = Vec<(&'static str, Result<Reading>)>;

impl Axis {
    /// Each leaves the server as it was; the records, which come last, stay.
    const ALL: [Self; 6] = [
        Self::Collections,
        Self::Permissions,
        Self::Memberships,
        Self::Sessions,
        Self::Subscribers,
        Self::Records,
    ];

    pub(super) fn chosen(only: &[String]) -> Vec<Self> {
        let is_chosen =
            |axis: &Self| only.is_empty() || only.iter().any(|part| axis.name().contains(part));
        Self::ALL.into_iter().filter(is_chosen).collect()
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Collections => "collections",
            Self::Permissions => "permissions",
            Self::Memberships => "memberships",
            Self::Sessions => "sessions",
            Self::Subscribers => "subscribers",
            Self::Records => "records",
        }
    }

    pub(super) fn sizes(self, quick: bool) -> &'static [u64] {
        let (all, quickly): (&[u64], _) = match self {
            Self::Collections => (&[1, 10, 100], 2),
            Self::Permissions => (&[0, 10, 100, 1000], 3),
            Self::Memberships => (&[0, 100, 1000, 10_000], 2),
            Self::Sessions => (&[0, 1000, 10_000, 100_000], 2),
            Self::Subscribers => (&[0, 100, 500, 2000], 2),
            Self::Records => (&[1000, 10_000, 100_000, 1_000_000], 2),
        };
        if quick { &all[..quickly] } else { all }
    }

    pub(super) fn amount(self, size: u64) -> String {
        format!("{} {}", thousands(size), self.name())
    }

    /// Brings a server to this size from the one that it `had` before, if there was one.
    pub(super) async fn prepare(self, server: &Server, had: Option<u64>, size: u64) -> Result<()> {
        match self {
            Self::Collections => collections::prepare(server, had, size).await,
            Self::Permissions => permissions::prepare(server, had, size).await,
            Self::Memberships => memberships::prepare(server, had, size).await,
            Self::Sessions => sessions::prepare(server, had, size).await,
            Self::Subscribers => subscribers::prepare(server, had).await,
            Self::Records => records::prepare(server, size).await,
        }
    }

    pub(super) async fn measure(
        self,
        server: &mut Server,
        size: u64,
        meter: &mut Meter,
    ) -> Readings {
        match self {
            Self::Collections => collections::measure(server, size, meter).await,
            Self::Permissions => permissions::measure(server, meter).await,
            Self::Memberships => memberships::measure(server, meter).await,
            Self::Sessions => sessions::measure(server, meter).await,
            Self::Subscribers => subscribers::measure(server, size, meter).await,
            Self::Records => records::measure(server, size, meter).await,
        }
    }

    pub(super) async fn tidy(self, server: &Server, quick: bool) -> Result<()> {
        let size = self.sizes(quick).last().copied().unwrap_or_default();
        match self {
            Self::Collections => collections::tidy(server, size).await,
            Self::Permissions => permissions::tidy(server).await,
            Self::Memberships => memberships::tidy(server).await,
            Self::Sessions => sessions::tidy(server).await,
            Self::Subscribers => subscribers::tidy(server).await,
            Self::Records => Ok(()),
        }
    }
}

/// A number as it is read.
pub(super) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_grow_and_a_quick_run_has_the_first_of_them() {
        for axis in Axis::ALL {
            assert!(axis.sizes(false).is_sorted());
            assert!(axis.sizes(true).len() >= 2);
            assert!(axis.sizes(false).starts_with(axis.sizes(true)));
        }
    }

    #[test]
    fn one_that_is_named_comes_alone() {
        assert_eq!(Axis::chosen(&["record".to_owned()]), [Axis::Records]);
        assert_eq!(Axis::chosen(&[]), Axis::ALL);
        assert_eq!(Axis::chosen(&["get".to_owned()]), []);
    }

    #[test]
    fn thousands_are_set_apart() {
        let written = [0, 999, 1000, 100_000, 1_000_000].map(thousands);
        assert_eq!(written, ["0", "999", "1,000", "100,000", "1,000,000"]);
    }
}
