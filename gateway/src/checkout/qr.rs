//! A QR code as one path of an inline SVG: small, sharp at any size, and free of
//! styles and scripts.

use qrcode::{Color, EcLevel, QrCode, types::QrError};
use std::fmt::Write as _;

/// The light border that scanners need, in modules (ISO/IEC 18004: four).
const QUIET_ZONE: usize = 4;

/// A drawn code, in units of one module.
#[derive(Debug, PartialEq, Eq)]
pub struct Qr {
    /// How wide and high the picture is, with its border.
    pub width: usize,
    /// The dark modules, as the `d` of an SVG path.
    pub path: String,
}

impl Qr {
    /// Draws a text.
    ///
    /// # Errors
    /// [`QrError`] when the text is longer than any code can hold.
    pub fn draw(text: &str) -> Result<Qr, QrError> {
        let code = QrCode::with_error_correction_level(text, EcLevel::M)?;
        let modules = code.width();
        let mut path = String::new();
        for (y, row) in code.to_colors().chunks(modules).enumerate() {
            draw_row(&mut path, y + QUIET_ZONE, row);
        }
        Ok(Qr {
            width: modules + 2 * QUIET_ZONE,
            path,
        })
    }
}

/// Each run of dark modules is one rectangle.
fn draw_row(path: &mut String, y: usize, row: &[Color]) {
    let mut x = QUIET_ZONE;
    for run in row.chunk_by(|a, b| a == b) {
        let length = run.len();
        if run.first() == Some(&Color::Dark) {
            // Writing to a String cannot fail.
            let _ = write!(path, "M{x} {y}h{length}v1h-{length}z");
        }
        x += length;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use qrcode::types::Version;

    #[test]
    fn the_path_covers_exactly_the_dark_modules() {
        let text = "https://qr.alipay.com/bax03431ljhokirwl38f00a7";
        let qr = Qr::draw(text).unwrap();
        let code = QrCode::with_error_correction_level(text, EcLevel::M).unwrap();
        let modules = code.width();
        assert_eq!(qr.width, modules + 8);

        let mut dark = vec![false; qr.width * qr.width];
        for run in qr.path.split('M').skip(1) {
            let (x, rest) = run.split_once(' ').unwrap();
            let (y, rest) = rest.split_once('h').unwrap();
            let (length, _) = rest.split_once('v').unwrap();
            let [x, y, length] = [x, y, length].map(|number| number.parse::<usize>().unwrap());
            (x..x + length).for_each(|x| dark[y * qr.width + x] = true);
        }
        for (at, is_dark) in dark.iter().enumerate() {
            let inside = |n: usize| n.checked_sub(4).filter(|n| *n < modules);
            let module = inside(at % qr.width).zip(inside(at / qr.width));
            let expected = module.is_some_and(|place| code[place] == Color::Dark);
            assert_eq!(*is_dark, expected, "module {at}");
        }
    }

    #[test]
    fn a_text_that_fits_no_code_is_refused() {
        assert_eq!(Version::Normal(40).width(), 177);
        assert!(Qr::draw(&"x".repeat(3000)).is_err());
    }
}
