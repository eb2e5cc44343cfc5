//! The pauses between the attempts of one piece of work.

use std::time::Duration;

/// Says how long to wait after a failed attempt.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Backoff {
    /// The pauses after the first failures, in minutes. After the last pause there is one more attempt.
    Minutes(&'static [u64]),
    /// A pause that doubles with each failure, up to a maximum.
    Doubling { first: Duration, max: Duration },
}

impl Backoff {
    /// The pause after attempt number `attempt`, of which the first is 1; `None` if that was the last one.
    pub(crate) fn after(&self, attempt: u32) -> Option<Duration> {
        let before = attempt.saturating_sub(1);
        match self {
            Self::Minutes(pauses) => {
                let pause = pauses.get(usize::try_from(before).ok()?)?;
                Some(Duration::from_secs(pause * 60))
            }
            Self::Doubling { first, max } => {
                let factor = 1_u32.checked_shl(before);
                let pause = factor.and_then(|factor| first.checked_mul(factor));
                Some(pause.unwrap_or(*max).min(*max))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_doubles_up_to_a_maximum() {
        let backoff = Backoff::Doubling {
            first: Duration::from_secs(10),
            max: Duration::from_secs(3600),
        };
        let seconds = |attempt| backoff.after(attempt).unwrap().as_secs();
        assert_eq!([1, 2, 3].map(seconds), [10, 20, 40]);
        assert_eq!([10, 40, u32::MAX].map(seconds), [3600; 3]);
    }

    #[test]
    fn listed_pauses_end_after_the_last() {
        let backoff = Backoff::Minutes(&[1, 5]);
        let seconds = |attempt| backoff.after(attempt).map(|pause| pause.as_secs());
        assert_eq!([1, 2, 3].map(seconds), [Some(60), Some(300), None]);
    }
}
