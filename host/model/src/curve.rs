//! Curves: the same shape with fewer points, and values between points.

mod decimation;
mod interpolation;

pub use decimation::{LEAST_POINTS, Window, decimate};
pub use interpolation::interpolate;

/// Points in their order. A `y` that is no number is a gap.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Curve {
    /// Abscissas.
    pub x: Vec<f64>,
    /// Ordinates, one for each.
    pub y: Vec<f64>,
}

impl FromIterator<(f64, f64)> for Curve {
    fn from_iter<I: IntoIterator<Item = (f64, f64)>>(points: I) -> Self {
        let (x, y) = points.into_iter().unzip();
        Self { x, y }
    }
}
