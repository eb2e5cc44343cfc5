//! Outcomes of a request about a client, in this process or another one.

use crate::error::{Error, Result};

/// The outcome of a request about a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::realtime) enum Outcome {
    /// The subscriptions were set.
    Done,
    /// There is no such client.
    Unknown,
    /// The client is connected from another address.
    OtherAddress,
    /// The client is connected as another account.
    OtherAccount,
    /// The client's subscriptions caused too much work a moment ago.
    TooSoon,
    /// The client does not wait for a redirect.
    NotWaiting,
}

impl Outcome {
    /// Converts the outcome to a response.
    pub(in crate::realtime) fn result(self) -> Result<()> {
        match self {
            Self::Done => Ok(()),
            Self::Unknown | Self::NotWaiting => {
                Err(Error::NotFound("Missing or invalid client id."))
            }
            Self::OtherAddress => Err(Error::invalid("Invalid realtime client.")),
            Self::OtherAccount => Err(Error::forbidden(
                "The current and the previous request authorization don't match.",
            )),
            Self::TooSoon => Err(Error::TooManyRequests(
                "Your realtime subscriptions take too much work. Try again later, or subscribe without filter and expand.",
            )),
        }
    }

    /// Returns the code of the outcome, for another process.
    pub(in crate::realtime) fn code(self) -> i64 {
        match self {
            Self::Done => 204,
            Self::Unknown => 404,
            Self::OtherAddress => 400,
            Self::OtherAccount => 403,
            Self::TooSoon => 429,
            Self::NotWaiting => 409,
        }
    }

    /// Returns the outcome with this code.
    pub(in crate::realtime) fn of(code: i64) -> Self {
        let all = [
            Self::Done,
            Self::OtherAddress,
            Self::OtherAccount,
            Self::TooSoon,
            Self::NotWaiting,
        ];
        let mut all = all.into_iter();
        all.find(|outcome| outcome.code() == code)
            .unwrap_or(Self::Unknown)
    }
}
