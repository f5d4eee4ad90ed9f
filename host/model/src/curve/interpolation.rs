//! Values of a curve between its points.

use std::borrow::Cow;

/// The values of the curve at the abscissas `at`, on straight lines between its points; no number outside of it. `None`
/// when its abscissas go neither up nor down throughout: then there may be several values for one.
#[must_use]
pub fn interpolate(x: &[f64], y: &[f64], at: &[f64]) -> Option<Vec<f64>> {
    let (x, y) = ascending(x, y)?;
    Some(at.iter().map(|at| value(&x, &y, *at).unwrap_or(f64::NAN)).collect())
}

type Values<'a> = Cow<'a, [f64]>;

/// The same points from the left to the right.
fn ascending<'a>(x: &'a [f64], y: &'a [f64]) -> Option<(Values<'a>, Values<'a>)> {
    if x.is_sorted() {
        return Some((x.into(), y.into()));
    }
    let turned = |values: &[f64]| values.iter().rev().copied().collect::<Vec<f64>>();
    x.iter().rev().is_sorted().then(|| (turned(x).into(), turned(y).into()))
}

fn value(x: &[f64], y: &[f64], at: f64) -> Option<f64> {
    // The first point behind, and the one before it.
    let behind = x.partition_point(|x| *x <= at);
    let before = behind.checked_sub(1)?;
    let (left, low) = (*x.get(before)?, *y.get(before)?);
    if left == at {
        return Some(low);
    }
    let (right, high) = (*x.get(behind)?, *y.get(behind)?);
    // Halves, so that no span is infinite.
    let share = (at / 2.0 - left / 2.0) / (right / 2.0 - left / 2.0);
    Some(low * (1.0 - share) + high * share)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_lie_on_lines_between_points_and_nowhere_else() {
        let (x, y) = ([0.0, 1.0, 3.0], [0.0, 2.0, -2.0]);
        let at = [0.0, 0.5, 1.0, 2.0, 3.0];
        assert_eq!(interpolate(&x, &y, &at).unwrap(), [0.0, 1.0, 2.0, 0.0, -2.0]);
        let turned = interpolate(&[3.0, 1.0, 0.0], &[-2.0, 2.0, 0.0], &at).unwrap();
        assert_eq!(turned, [0.0, 1.0, 2.0, 0.0, -2.0]);
        assert!(interpolate(&x, &y, &[-0.1, 3.1]).unwrap().iter().all(|value| value.is_nan()));
        assert!(interpolate(&[], &[], &[1.0]).unwrap()[0].is_nan());
        assert_eq!(interpolate(&[1.0], &[5.0], &[1.0]).unwrap(), [5.0]);
    }

    #[test]
    fn a_step_has_the_value_behind_it_and_what_goes_back_and_forth_none() {
        assert_eq!(
            interpolate(&[0.0, 1.0, 1.0, 2.0], &[0.0, 0.0, 5.0, 5.0], &[1.0, 1.5]).unwrap(),
            [5.0, 5.0]
        );
        assert_eq!(interpolate(&[0.0, 2.0, 1.0], &[0.0; 3], &[1.0]), None);
    }

    #[test]
    fn the_largest_numbers_are_no_trouble() {
        let (x, y) = ([-f64::MAX, f64::MAX], [f64::MAX, -f64::MAX]);
        assert_eq!(interpolate(&x, &y, &[0.0]).unwrap(), [0.0]);
    }
}
