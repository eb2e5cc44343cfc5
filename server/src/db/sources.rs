//! The clock and the source of randomness of connections.

use crate::clock::Clock;
use crate::random::Random;

/// The clock and the source of randomness that connections have.
#[derive(Clone, Debug)]
pub struct Sources {
    /// Tells the time.
    pub clock: Clock,
    /// Makes ids and keys.
    pub random: Random,
}

impl Sources {
    /// Returns those of a production server.
    pub fn system() -> Self {
        Self {
            clock: Clock::machine(),
            random: Random::system(),
        }
    }
}
