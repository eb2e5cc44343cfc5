//! Logarithmic axes with a line at each value that one wants to read.

use std::ops::Range;

use plotters::coord::ranged1d::{DefaultFormatting, KeyPointHint};
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::Ranged;

use crate::load::as_f64;

#[derive(Clone)]
pub(super) struct Scale {
    ticks: Vec<f64>,
    place: fn(f64) -> f64,
    places: RangedCoordf64,
}

impl Scale {
    /// All sizes, with a place for nothing.
    pub(super) fn of_sizes(sizes: &[u64]) -> Self {
        let sizes = sizes.iter().map(|&size| as_f64(size));
        Self::new(sizes.collect(), |size| (size + 1.0).log10(), 0.1)
    }

    /// 1, 2 and 5 of each decade, from the last that is not above any of the values to the first that is not below any.
    pub(super) fn of_times(values: impl Iterator<Item = f64>) -> Self {
        let values: Vec<_> = values.filter(|value| *value > 0.0).collect();
        let lowest = values.iter().copied().fold(f64::INFINITY, f64::min);
        let highest = values.iter().copied().fold(0.0, f64::max);
        let mut ticks: Vec<_> = (-3..6)
            .flat_map(|decade| [1.0, 2.0, 5.0].map(|digit| digit * 10_f64.powi(decade)))
            .collect();
        let end = ticks.iter().position(|tick| *tick >= highest);
        ticks.truncate(end.map_or(ticks.len(), |last| last.max(1) + 1));
        let first = ticks.iter().rposition(|tick| *tick <= lowest).unwrap_or(0);
        ticks.drain(..first.min(ticks.len() - 2));
        Self::new(ticks, f64::log10, 0.0)
    }

    fn new(ticks: Vec<f64>, place: fn(f64) -> f64, margin: f64) -> Self {
        let first = ticks.first().copied().map_or(0.0, place);
        let last = ticks.last().copied().map_or(1.0, place);
        Self {
            ticks,
            place,
            places: (first - margin..last + margin).into(),
        }
    }
}

impl Ranged for Scale {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        self.places.map(&(self.place)(*value), limit)
    }

    fn key_points<Hint: KeyPointHint>(&self, _hint: Hint) -> Vec<f64> {
        self.ticks.clone()
    }

    fn range(&self) -> Range<f64> {
        self.ticks[0]..self.ticks[self.ticks.len() - 1]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_times_lie_between_the_first_tick_and_the_last() {
        let ticks = |values: &[f64]| Scale::of_times(values.iter().copied()).ticks;
        assert_eq!(ticks(&[0.03, 0.4]), [0.02, 0.05, 0.1, 0.2, 0.5]);
        assert_eq!(ticks(&[3.0, 5.0, 0.0]), [2.0, 5.0]);
        assert_eq!(ticks(&[5.0]), [2.0, 5.0]);
        assert_eq!(ticks(&[]).len(), 2);
    }

    #[test]
    fn a_decade_is_always_as_wide_and_nothing_has_a_place() {
        let times = Scale::of_times([0.1, 10.0].into_iter());
        let place = |value| times.map(&value, (0, 200));
        assert_eq!([0.1, 1.0, 10.0].map(place), [0, 100, 200]);
        let sizes = Scale::of_sizes(&[0, 10, 1000]);
        let places = [0.0, 10.0, 1000.0].map(|size| sizes.map(&size, (0, 1000)));
        assert!(places[0] > 0 && places.is_sorted() && places[2] < 1000);
    }
}
