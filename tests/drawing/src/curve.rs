//! The curves.

use crate::bindings::exports::simulay::plugin::pipeline::{Plot, Series};
use crate::params::{Curve, Params};

pub(crate) fn plot(params: &Params) -> Plot {
    let last = f64::from(params.points.saturating_sub(1).max(1));
    let places = (0..params.points).map(f64::from);
    let (x, y): (Vec<f64>, Vec<f64>) = match params.curve {
        Curve::Wave => places.map(|place| (place / last, wave(place / last, params.level))).unzip(),
        Curve::Decades => places.map(|place| decade(place, last)).unzip(),
    };
    let x = Series { name: "time".into(), unit: "s".into(), values: x };
    let y = Series { name: "height".into(), unit: params.unit.clone(), values: y };
    Plot { title: "A curve".into(), x, ys: vec![y] }
}

/// Ten waves, and one narrow peak that a curve by fewer points must not lose.
fn wave(at: f64, level: f64) -> f64 {
    let peak = if (at - 0.25).abs() < 1e-6 { 10.0 * level } else { 0.0 };
    level * (at * 20.0 * std::f64::consts::PI).sin() + peak
}

/// From 1e-9 to 1e9 on both axes, after one point at the origin and one below.
fn decade(place: f64, last: f64) -> (f64, f64) {
    if place < 2.0 {
        return (place - 1.0, place - 1.0);
    }
    let value = 10_f64.powf(18.0 * (place - 2.0) / (last - 2.0).max(1.0) - 9.0);
    (value, value)
}
