//! Thumbnails: their sizes, and how they are made.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};

use crate::fields::thumb_size::ThumbSize;

/// The maximum size of the original, and of the thumbnail, in pixels.
const MAX_SIDE: u32 = 20_000;
const MAX_PIXELS: u64 = 64_000_000;
const MAX_MADE: u32 = 4096;
/// The maximum memory of a step of the conversion.
const MAX_MEMORY: u64 = 256 << 20;
const QUALITY: u8 = 90;

/// The size that all fields have.
pub const DEFAULT: &str = "100x100";

/// A small picture of the picture in these bytes; `None` when they are none that can be read, or too large a one.
/// It takes a while.
pub(crate) fn make(bytes: &[u8], size: ThumbSize) -> Option<Vec<u8>> {
    let mut reader = ImageReader::new(Cursor::new(bytes))
        .with_guessed_format()
        .ok()?;
    let format = reader.format()?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_MEMORY);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().ok()?;
    let (width, height) = decoder.dimensions();
    let is_too_large = u64::from(width) * u64::from(height) > MAX_PIXELS;
    if is_too_large || width == 0 || height == 0 || decoder.total_bytes() > MAX_MEMORY {
        return None;
    }
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let turned = turns(orientation);
    let (width, height) = if turned {
        (height, width)
    } else {
        (width, height)
    };
    let (to_width, to_height) = size.sides(width, height);
    let between = u64::from(width.max(height)) * u64::from(to_width.max(to_height)) * 16;
    if to_width > MAX_MADE || to_height > MAX_MADE || between > MAX_MEMORY {
        return None;
    }
    let mut image = DynamicImage::from_decoder(decoder).ok()?;
    image.apply_orientation(orientation);
    let (left, top, part_width, part_height) = size.part(width, height);
    if (part_width, part_height) != (width, height) {
        image = image.crop_imm(left, top, part_width, part_height);
    }
    let small = image.resize_exact(to_width, to_height, FilterType::Triangle);
    encode(&small, format)
}

fn turns(orientation: Orientation) -> bool {
    matches!(
        orientation,
        Orientation::Rotate90
            | Orientation::Rotate270
            | Orientation::Rotate90FlipH
            | Orientation::Rotate270FlipH
    )
}

/// Encodes a thumbnail in the format of the picture; WebP becomes PNG.
fn encode(small: &DynamicImage, format: ImageFormat) -> Option<Vec<u8>> {
    let mut out = Cursor::new(Vec::new());
    let written = if format == ImageFormat::Jpeg {
        let encoder = JpegEncoder::new_with_quality(&mut out, QUALITY);
        small.to_rgb8().write_with_encoder(encoder)
    } else if format == ImageFormat::Gif {
        small.to_rgba8().write_to(&mut out, ImageFormat::Gif)
    } else if small.color().has_alpha() {
        small.to_rgba8().write_to(&mut out, ImageFormat::Png)
    } else {
        small.to_rgb8().write_to(&mut out, ImageFormat::Png)
    };
    written.ok()?;
    Some(out.into_inner())
}

#[cfg(test)]
mod tests {
    use image::{Rgb, RgbImage};

    use super::*;

    /// A picture whose upper half is red and whose lower half is blue.
    fn picture(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
        let colour = |y| {
            if y < height / 2 {
                Rgb([250, 0, 0])
            } else {
                Rgb([0, 0, 250])
            }
        };
        let image = RgbImage::from_fn(width, height, |_, y| colour(y));
        let mut out = Cursor::new(Vec::new());
        image.write_to(&mut out, format).unwrap();
        out.into_inner()
    }

    #[test]
    fn the_five_ways_to_make_it_small() {
        use ImageFormat::{Gif, Jpeg, Png, WebP};
        for (format, made) in [(Png, Png), (Jpeg, Jpeg), (Gif, Gif), (WebP, Png)] {
            let whole = picture(60, 40, format);
            for (size, sides, top, bottom) in [
                ("10x10", (10, 10), "red", "blue"),
                ("30x10", (30, 10), "red", "blue"),
                ("60x10t", (60, 10), "red", "red"),
                ("60x10b", (60, 10), "blue", "blue"),
                ("10x10f", (10, 6), "red", "blue"),
                ("900x900f", (60, 40), "red", "blue"),
                ("20x0", (20, 13), "red", "blue"),
                ("0x20", (30, 20), "red", "blue"),
                ("120x120", (120, 120), "red", "blue"),
            ] {
                let small = make(&whole, ThumbSize::parse(size).unwrap()).unwrap();
                assert_eq!(image::guess_format(&small).unwrap(), made, "{size}");
                let small = image::load_from_memory(&small).unwrap().to_rgb8();
                assert_eq!(small.dimensions(), sides, "{size}");
                let colour = |y| {
                    let [red, _, blue] = small.get_pixel(sides.0 / 2, y).0;
                    if red > blue { "red" } else { "blue" }
                };
                assert_eq!((colour(0), colour(sides.1 - 1)), (top, bottom), "{size}");
            }
        }
    }

    /// The header of a PNG that says it has these sides, and nothing behind it.
    fn bomb(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = picture(1, 1, ImageFormat::Png);
        bytes[16..20].copy_from_slice(&width.to_be_bytes());
        bytes[20..24].copy_from_slice(&height.to_be_bytes());
        let checksum = crc32fast::hash(&bytes[12..29]);
        bytes[29..33].copy_from_slice(&checksum.to_be_bytes());
        bytes
    }

    #[test]
    fn n36_too_much_is_not_tried() {
        let size = ThumbSize::parse("10x10").unwrap();
        for (width, height) in [
            (1_000_000, 1_000_000),
            (20_001, 1),
            (20_000, 20_000),
            (u32::MAX, 1),
            (0, 1),
        ] {
            assert_eq!(make(&bomb(width, height), size), None);
        }
        let whole = picture(60, 40, ImageFormat::Png);
        for size in [
            "5000x10",
            "4294967295x4294967295",
            "0x4294967295",
            "4294967295x0",
        ] {
            assert_eq!(
                make(&whole, ThumbSize::parse(size).unwrap()),
                None,
                "{size}"
            );
        }
        for bytes in [&b""[..], b"hello", &whole[..30], b"GIF89a", b"<svg/>"] {
            assert_eq!(make(bytes, size), None);
        }
    }
}
