//! Numbers against a base.

use serde_json::Value;

/// Below it, a base is nothing that others could be relative to.
const NEAR_ZERO: f64 = 1e-30;

/// True when both say the same; a number may be written in several ways.
pub(super) fn same(one: &Value, other: &Value) -> bool {
    one == other
        || match (whole(one), whole(other)) {
            (Some(one), Some(other)) => one == other,
            _ => matches!((one.as_f64(), other.as_f64()), (Some(one), Some(other)) if one == other),
        }
}

/// `value - base`, when both are numbers and so is that.
pub(super) fn difference(base: &Value, value: &Value) -> Option<f64> {
    let difference = match (whole(base), whole(value)) {
        // Exact, also beyond 2^53.
        (Some(base), Some(value)) => (value - base) as f64,
        _ => value.as_f64()? - base.as_f64()?,
    };
    difference.is_finite().then_some(difference)
}

/// What a difference is of the size of its base; none of a base near zero.
pub(super) fn relative(base: f64, difference: f64) -> Option<f64> {
    let relative = if difference == 0.0 { 0.0 } else { difference / base.abs() };
    (difference == 0.0 || base.abs() >= NEAR_ZERO).then_some(relative).filter(|relative| relative.is_finite())
}

/// True when a difference is more than `tolerance` of the size of its base, or more than `tolerance` when the base is
/// near zero.
pub(super) fn is_outside(base: f64, difference: f64, tolerance: f64) -> bool {
    let size = if base.abs() < NEAR_ZERO { 1.0 } else { base.abs() };
    difference.abs() > tolerance * size
}

fn whole(value: &Value) -> Option<i128> {
    value.as_i64().map(i128::from).or_else(|| value.as_u64().map(i128::from))
}
