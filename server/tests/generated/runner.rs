//! Tries made-up inputs, from a seed that a failure names.

use std::time::UNIX_EPOCH;

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngSeed, TestCaseResult, TestRunner};

/// Tries `cases` inputs.
#[track_caller]
pub(crate) fn run<S: Strategy>(
    cases: u32,
    strategy: &S,
    test: impl Fn(S::Value) -> TestCaseResult,
) {
    let seed = seed();
    let outcome = runner(seed, cases).run(strategy, test);
    if let Err(error) = outcome {
        panic!("PLINTH_TEST_SEED={seed}: {error}");
    }
}

/// One input.
pub(crate) fn one<S: Strategy>(strategy: &S) -> S::Value {
    let tree = strategy.new_tree(&mut runner(seed(), 1));
    tree.expect("an input").current()
}

fn runner(seed: u64, cases: u32) -> TestRunner {
    TestRunner::new(Config {
        cases,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(seed),
        max_shrink_iters: 2000,
        ..Config::default()
    })
}

/// The seed of this process.
fn seed() -> u64 {
    static SEED: std::sync::OnceLock<u64> = std::sync::OnceLock::new();
    *SEED.get_or_init(|| {
        #[expect(
            clippy::disallowed_methods,
            reason = "a run is repeated so, and otherwise differs from the one before"
        )]
        let seed = std::env::var("PLINTH_TEST_SEED")
            .ok()
            .and_then(|seed| seed.parse().ok())
            .unwrap_or_else(|| {
                let now = std::time::SystemTime::now().duration_since(UNIX_EPOCH);
                now.map_or(1, |now| now.as_secs())
            });
        seed
    })
}
