//! Where the points of a line are.

use std::fmt::Write as _;

/// The size of the drawing, before it is stretched to its place.
pub(super) const WIDTH: f64 = 1000.0;
pub(super) const HEIGHT: f64 = 200.0;

/// A line, as paths of SVG.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Line {
    /// The path of the area below the line.
    pub(super) area: String,
    /// The path through the points that are final.
    pub(super) solid: String,
    /// The way to the last point, which is not over yet.
    pub(super) open: String,
    /// Points with nothing beside them.
    pub(super) dots: String,
}

impl Line {
    /// A line through the values, on a scale up to `top`; it breaks off where there is none.
    pub(super) fn of(values: &[Option<f64>], top: f64) -> Self {
        let last = values.len().saturating_sub(1);
        let mut line = Self::default();
        let mut start = None;
        for (index, value) in values.iter().enumerate() {
            let before = index
                .checked_sub(1)
                .and_then(|before| Some((before, values[before]?)));
            let Some(value) = *value else {
                line.end(&mut start, before, last);
                continue;
            };
            let place = place(index, value, last, top);
            let is_open = index == last;
            let is_alone = before.is_none() && values.get(index + 1).copied().flatten().is_none();
            match before {
                None if is_alone => write(&mut line.dots, &format!("M{place}h0")),
                None => write(&mut line.solid, &format!("M{place}")),
                Some((before, value)) if is_open => {
                    let from = self::place(before, value, last, top);
                    write(&mut line.open, &format!("M{from}L{place}"));
                }
                Some(_) => write(&mut line.solid, &format!("L{place}")),
            }
            if start.is_none() {
                start = Some(index);
                write(&mut line.area, &format!("M{place}"));
            } else {
                write(&mut line.area, &format!("L{place}"));
            }
        }
        let end = values.last().copied().flatten().map(|value| (last, value));
        line.end(&mut start, end, last);
        line
    }

    /// Closes the area down to the ground.
    fn end(&mut self, start: &mut Option<usize>, before: Option<(usize, f64)>, last: usize) {
        if let (Some(start), Some((before, _))) = (start.take(), before) {
            let (from, to) = (x(start, last), x(before, last));
            write(
                &mut self.area,
                &format!("L{to:.1} {HEIGHT}L{from:.1} {HEIGHT}Z"),
            );
        }
    }
}

fn write(path: &mut String, part: &str) {
    // Writing to a string cannot fail.
    let _ = path.write_str(part);
}

fn place(index: usize, value: f64, last: usize, top: f64) -> String {
    let y = HEIGHT - (value / top).clamp(0.0, 1.0) * HEIGHT;
    format!("{:.1} {y:.1}", x(index, last))
}

/// How far right a point is.
#[expect(
    clippy::cast_precision_loss,
    reason = "a chart has not that many points"
)]
pub(super) fn x(index: usize, last: usize) -> f64 {
    if last == 0 {
        0.0
    } else {
        index as f64 / last as f64 * WIDTH
    }
}

/// The point that is nearest to a place across, from 0 to 1.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a chart has not that many points, and the place is not left of it"
)]
pub(super) fn nearest(across: f64, last: usize) -> usize {
    (across * last as f64).round() as usize
}

/// The next number that is easily halved: 1, 2, 4 or 10, times a power of ten.
pub(super) fn round(most: f64) -> f64 {
    if most <= 0.0 || !most.is_finite() {
        return 1.0;
    }
    let power = 10_f64.powf(most.log10().floor());
    let steps = [1.0, 2.0, 4.0, 6.0, 8.0, 10.0];
    let step = steps
        .into_iter()
        .find(|step| most <= step * power * 1.000_001);
    step.unwrap_or(10.0) * power
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_end_at_round_numbers() {
        let tops = [0.0, 0.3, 1.0, 3.0, 5.0, 7.0, 9.0, 10.0, 41.0, 1000.0].map(round);
        assert_eq!(
            tops.map(|top| format!("{top:.1}")).join(" "),
            "1.0 0.4 1.0 4.0 6.0 8.0 10.0 10.0 60.0 1000.0"
        );
    }

    #[test]
    fn a_line_breaks_off_where_nothing_is_and_its_last_step_is_open() {
        let line = Line::of(&[Some(0.0), Some(1.0), None, Some(2.0), Some(2.0)], 2.0);
        assert_eq!(line.solid, "M0.0 200.0L250.0 100.0M750.0 0.0");
        assert_eq!(line.open, "M750.0 0.0L1000.0 0.0");
        assert_eq!(
            line.area,
            "M0.0 200.0L250.0 100.0L250.0 200L0.0 200ZM750.0 0.0L1000.0 0.0L1000.0 200L750.0 200Z"
        );
        let alone = Line::of(&[None, Some(1.0), None, None, Some(0.5)], 1.0);
        assert_eq!(alone.dots, "M250.0 0.0h0M1000.0 100.0h0");
        assert_eq!((&*alone.solid, &*alone.open), ("", ""));
        assert_eq!(Line::of(&[], 1.0), Line::default());
        assert_eq!(Line::of(&[None, None], 1.0), Line::default());
    }

    #[test]
    fn the_nearest_point_is_pointed_at() {
        assert_eq!(
            [0.0, 0.12, 0.13, 1.0].map(|across| nearest(across, 4)),
            [0, 0, 1, 4]
        );
    }
}
