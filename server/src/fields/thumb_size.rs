//! Sizes of thumbnails.

/// A size, as in `100x100`, `100x100t`, `0x100`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ThumbSize {
    width: u32,
    height: u32,
    crop: Crop,
}

/// The part of a picture that its thumbnail shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Crop {
    Centre,
    Top,
    Bottom,
    /// All of it, scaled to fit.
    Nothing,
}

impl ThumbSize {
    /// Parses a size. A side of 0 follows from the other.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::read(text).filter(|size| size.width > 0 || size.height > 0)
    }

    /// Returns whether a text is a size of nothing, as in `0x0`.
    pub(crate) fn is_nothing(text: &str) -> bool {
        Self::read(text).is_some_and(|size| size.width == 0 && size.height == 0)
    }

    fn read(text: &str) -> Option<Self> {
        let (numbers, crop) = match text.bytes().last()? {
            b't' => (&text[..text.len() - 1], Crop::Top),
            b'b' => (&text[..text.len() - 1], Crop::Bottom),
            b'f' => (&text[..text.len() - 1], Crop::Nothing),
            _ => (text, Crop::Centre),
        };
        let (width, height) = numbers.split_once('x')?;
        let number = |text: &str| {
            let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            is_number.then(|| text.parse::<u32>().ok())?
        };
        Some(Self {
            width: number(width)?,
            height: number(height)?,
            crop,
        })
    }

    /// Returns the thumbnail's sides, for a picture with these.
    pub(crate) fn sides(self, width: u32, height: u32) -> (u32, u32) {
        let scaled = |side: u32, by: u32, of: u32| f64::from(side) * f64::from(by) / f64::from(of);
        match (self.width, self.height, self.crop) {
            (0, to, _) => (rounded(scaled(to, width, height)), to),
            (to, 0, _) => (to, rounded(scaled(to, height, width))),
            (to_width, to_height, Crop::Nothing) => {
                if width <= to_width && height <= to_height {
                    return (width, height);
                }
                let by_width = scaled(to_width, height, width);
                if by_width <= f64::from(to_height) {
                    (to_width, floored(by_width))
                } else {
                    (floored(scaled(to_height, width, height)), to_height)
                }
            }
            (to_width, to_height, Crop::Centre | Crop::Top | Crop::Bottom) => (to_width, to_height),
        }
    }

    /// Returns the part of a picture with these sides that the thumbnail shows: left, top, width, height.
    pub(crate) fn part(self, width: u32, height: u32) -> (u32, u32, u32, u32) {
        if self.width == 0 || self.height == 0 || self.crop == Crop::Nothing {
            return (0, 0, width, height);
        }
        let (w, h) = (f64::from(width), f64::from(height));
        let scale = (w / f64::from(self.width)).min(h / f64::from(self.height));
        let part_width = rounded(f64::from(self.width) * scale).min(width);
        let part_height = rounded(f64::from(self.height) * scale).min(height);
        let left = (width - part_width) / 2;
        let top = match self.crop {
            Crop::Top => 0,
            Crop::Bottom => height - part_height,
            Crop::Centre | Crop::Nothing => (height - part_height) / 2,
        };
        (left, top, part_width, part_height)
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "sides are small and not negative"
)]
fn rounded(side: f64) -> u32 {
    side.round().max(1.0) as u32
}

fn floored(side: f64) -> u32 {
    rounded(side.floor())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        for (text, width, height, crop) in [
            ("100x50", 100, 50, Crop::Centre),
            ("100x50t", 100, 50, Crop::Top),
            ("100x50b", 100, 50, Crop::Bottom),
            ("100x50f", 100, 50, Crop::Nothing),
            ("0x50", 0, 50, Crop::Centre),
            ("100x0", 100, 0, Crop::Centre),
        ] {
            let size = ThumbSize {
                width,
                height,
                crop,
            };
            assert_eq!(ThumbSize::parse(text), Some(size), "{text}");
        }
        for text in [
            "",
            "x",
            "100",
            "100x",
            "x100",
            "100x100z",
            "100x100tt",
            "-1x5",
            "1.5x5",
            "+5x5",
            " 1x1",
            "0x0",
            "0x0f",
            "99999999999x1",
            "1x1é",
        ] {
            assert_eq!(ThumbSize::parse(text), None, "{text}");
        }
        assert!(
            ThumbSize::is_nothing("0x0")
                && ThumbSize::is_nothing("0x0t")
                && !ThumbSize::is_nothing("0x1")
        );
    }
}
