//! Fewer points of the same shape: the extremes of each part of a curve, its gaps and its ends.

use std::collections::BTreeSet;

use super::Curve;

/// The fewest points by which a curve is told.
pub const LEAST_POINTS: usize = 10;

type Point = (f64, f64);

/// The part of a curve that is looked at, from one abscissa to another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Window {
    /// Where it begins.
    pub from: f64,
    /// Where it ends.
    pub to: f64,
}

impl Window {
    /// All of it.
    pub const ALL: Self = Self { from: f64::NEG_INFINITY, to: f64::INFINITY };

    /// True when a line between these abscissas crosses it.
    fn shows(&self, one: f64, other: f64) -> bool {
        one.min(other) <= self.to && one.max(other) >= self.from
    }
}

/// The curve within `window`, by at most `most` points, which are [`LEAST_POINTS`] at least. All that there are, when
/// they are no more; else those with the least and the greatest values of each part, in their order, the first and the
/// last. The point before the window and the one behind are part of it, so that lines reach its edges.
#[must_use]
pub fn decimate(x: &[f64], y: &[f64], window: Window, most: usize) -> Curve {
    let points: Vec<Point> = x.iter().copied().zip(y.iter().copied()).collect();
    let shown = if window == Window::ALL { points } else { cut(&points, window) };
    if shown.len() <= most {
        return shown.into_iter().collect();
    }
    let kept = thinned(&shown, most.max(LEAST_POINTS));
    kept.into_iter().filter_map(|place| shown.get(place).copied()).collect()
}

/// The points whose lines cross the window, with a gap wherever the curve is away from it for longer.
fn cut(points: &[Point], window: Window) -> Vec<Point> {
    let mut shown: Vec<Point> = Vec::new();
    let mut away = false;
    for (place, point) in points.iter().enumerate() {
        let reaches = |other: Option<&Point>| window.shows(point.0, other.map_or(point.0, |other| other.0));
        let before = place.checked_sub(1).and_then(|before| points.get(before));
        if !reaches(before) && !reaches(points.get(place + 1)) {
            away = true;
            continue;
        }
        if let Some((x, _)) = shown.last().filter(|_| away) {
            shown.push((*x, f64::NAN));
        }
        away = false;
        shown.push(*point);
    }
    shown
}

/// The places of the points that stay. Parts are cut by equal numbers of points and, where `x` only grows, by equal
/// spans of it as well: neither a linear axis nor a logarithmic one loses its shape.
fn thinned(points: &[Point], most: usize) -> BTreeSet<usize> {
    let grows = points.is_sorted_by(|one, next| one.0 <= next.0);
    let gaps = usize::from(points.iter().any(|point| point.1.is_nan()));
    let of_part = if grows { 2 * (2 + gaps) } else { 4 + gaps };
    let parts = ((most - 2) / of_part).max(1);
    let column = columns(points, parts);
    let mut kept = BTreeSet::from([0, points.len() - 1]);
    let mut begin = 0;
    for chunk in points.chunks(points.len().div_ceil(parts)) {
        for part in chunk.chunk_by(|one, next| !grows || column(one.0) == column(next.0)) {
            kept.extend(extremes(part, grows).into_iter().flatten().map(|place| begin + place));
            begin += part.len();
        }
    }
    kept
}

/// In which of `parts` equal spans an abscissa lies.
fn columns(points: &[Point], parts: usize) -> impl Fn(f64) -> u64 {
    let first = points.first().map_or(0.0, |point| point.0);
    let last = points.last().map_or(0.0, |point| point.0);
    // Halves, so that no span is infinite.
    let span = last / 2.0 - first / 2.0;
    move |x| {
        let place = (x / 2.0 - first / 2.0) / span * parts as f64;
        // Rounds down; what is no number, in a part without a span, is 0.
        place.min(parts as f64 - 1.0) as u64
    }
}

/// The places of the least and the greatest value and of the first gap; where `x` does not only grow, of its ends too.
fn extremes(part: &[Point], grows: bool) -> [Option<usize>; 5] {
    let [mut low, mut high, mut left, mut right] = [None::<(usize, f64)>; 4];
    for (place, (x, y)) in part.iter().enumerate().filter(|(_, point)| !point.1.is_nan()) {
        let replace = |held: &mut Option<(usize, f64)>, value: f64, better: fn(&f64, &f64) -> bool| {
            if held.is_none_or(|(_, best)| better(&value, &best)) {
                *held = Some((place, value));
            }
        };
        replace(&mut low, *y, f64::lt);
        replace(&mut high, *y, f64::gt);
        if !grows {
            replace(&mut left, *x, f64::lt);
            replace(&mut right, *x, f64::gt);
        }
    }
    let [low, high, left, right] = [low, high, left, right].map(|held| held.map(|(place, _)| place));
    [low, high, left, right, part.iter().position(|point| point.1.is_nan())]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(curve: &Curve) -> Vec<Point> {
        curve.x.iter().copied().zip(curve.y.iter().copied()).collect()
    }

    fn least_and_greatest(values: &[f64]) -> (f64, f64) {
        values
            .iter()
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), y| (least.min(*y), most.max(*y)))
    }

    #[test]
    fn few_points_stay_as_they_are() {
        let (x, y) = ([3.0, 1.0, 2.0], [1.0, f64::MAX, -0.5]);
        assert_eq!(of(&decimate(&x, &y, Window::ALL, 10)), [(3.0, 1.0), (1.0, f64::MAX), (2.0, -0.5)]);
        assert_eq!(decimate(&[], &[], Window::ALL, 10), Curve::default());
        assert_eq!(decimate(&[1.0], &[1.0], Window { from: 2.0, to: 3.0 }, 10), Curve::default());
        assert_eq!(of(&decimate(&[1.0], &[1.0], Window { from: 1.0, to: 1.0 }, 10)), [(1.0, 1.0)]);
    }

    #[test]
    fn a_single_spike_among_many_is_kept_with_both_ends() {
        let x: Vec<f64> = (0..1_000_000).map(f64::from).collect();
        let mut y = vec![0.0; x.len()];
        y[123_456] = 9.0;
        y[123_457] = -9.0;
        let curve = decimate(&x, &y, Window::ALL, 200);
        assert!(curve.x.len() <= 200, "{}", curve.x.len());
        let points = of(&curve);
        assert!(points.contains(&(123_456.0, 9.0)) && points.contains(&(123_457.0, -9.0)));
        assert_eq!((points.first(), points.last()), (Some(&(0.0, 0.0)), Some(&(999_999.0, 0.0))));
    }

    #[test]
    fn points_that_lie_densely_do_not_take_all_from_the_others() {
        let dense = (0..100_000).map(|n| f64::from(n) * 1e-9);
        let x: Vec<f64> = dense.chain((1..1_000).map(f64::from)).collect();
        let y: Vec<f64> = (0..x.len()).map(|n| (n % 2) as f64).collect();
        let curve = decimate(&x, &y, Window::ALL, 400);
        let (near, far) =
            (curve.x.iter().filter(|x| **x < 1.0).count(), curve.x.iter().filter(|x| **x >= 1.0).count());
        assert!(near > 100 && far > 100, "{near} and {far}");
    }

    #[test]
    fn a_window_has_the_points_beyond_its_edges() {
        let (x, y): (Vec<f64>, Vec<f64>) = (0..10).map(|n| (f64::from(n), f64::from(n * n))).unzip();
        let within = |from, to| decimate(&x, &y, Window { from, to }, 10).x;
        assert_eq!(within(2.5, 4.5), [2.0, 3.0, 4.0, 5.0]);
        assert_eq!(within(3.2, 3.3), [3.0, 4.0], "a window between two points");
        assert_eq!(within(8.5, 99.0), [8.0, 9.0]);
        assert_eq!(within(10.0, 99.0), [0.0; 0]);
    }

    #[test]
    fn a_curve_that_leaves_the_window_comes_back_after_a_gap() {
        let (x, y) = ([0.0, 1.0, 2.0, 3.0, 2.0, 1.0, 0.0], [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        let curve = decimate(&x, &y, Window { from: -1.0, to: 0.5 }, 10);
        assert_eq!(curve.x, [0.0, 1.0, 1.0, 1.0, 0.0]);
        assert!(curve.y[2].is_nan());
    }

    #[test]
    fn gaps_are_kept() {
        let x: Vec<f64> = (0..10_000).map(f64::from).collect();
        let y: Vec<f64> =
            x.iter().map(|x| if (4_000.0..6_000.0).contains(x) { f64::NAN } else { *x }).collect();
        let curve = decimate(&x, &y, Window::ALL, 100);
        assert!(curve.x.len() <= 100);
        assert!(of(&curve).iter().any(|(x, y)| (4_000.0..6_000.0).contains(x) && y.is_nan()));
    }

    #[test]
    fn extreme_abscissas_are_no_trouble() {
        let x: Vec<f64> = (-500..500).map(|n| f64::from(n) * (f64::MAX / 500.0)).collect();
        let y = vec![1.0; 1_000];
        assert!(decimate(&x, &y, Window::ALL, 50).x.len() <= 50);
        assert!(decimate(&vec![7.0; 1_000], &y, Window::ALL, 50).x.len() <= 50);
    }

    fn number() -> impl Strategy<Value = f64> {
        prop_oneof![-1e3..1e3, Just(f64::MAX), Just(f64::MIN), Just(0.0)]
    }

    proptest! {
        #[test]
        fn no_more_points_than_asked_for_all_of_the_curve_and_its_extremes(
            points in prop::collection::vec((number(), prop_oneof![9 => number(), 1 => Just(f64::NAN)]), 1..400),
            sorted: bool, most in LEAST_POINTS..100,
        ) {
            let mut points = points;
            if sorted {
                points.sort_by(|one, other| one.0.total_cmp(&other.0));
            }
            let (x, y): (Vec<f64>, Vec<f64>) = points.iter().copied().unzip();
            let curve = decimate(&x, &y, Window::ALL, most);
            prop_assert!(curve.x.len() <= most.max(LEAST_POINTS));
            prop_assert_eq!(least_and_greatest(&curve.y), least_and_greatest(&y));
            prop_assert_eq!(curve.y.iter().any(|y| y.is_nan()), y.iter().any(|y| y.is_nan()));
            let mut rest = points.iter().map(|(x, y)| (x.to_bits(), y.to_bits()));
            for (x, y) in of(&curve) {
                prop_assert!(rest.any(|point| point == (x.to_bits(), y.to_bits())), "in order, and none that is new");
            }
            if !sorted {
                prop_assert_eq!(curve.x.first(), x.first());
                prop_assert_eq!(curve.x.last(), x.last());
            }
        }
    }
}
