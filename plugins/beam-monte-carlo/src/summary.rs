//! What is told of a distribution.

use schemars::JsonSchema;
use serde::Serialize;

/// Mean, standard deviation and percentiles.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Summary {
    /// Mean.
    pub mean: f64,
    /// Standard deviation.
    pub sd: f64,
    /// 5 % lie below.
    pub p05: f64,
    /// Median.
    pub p50: f64,
    /// 95 % lie below.
    pub p95: f64,
}

impl Summary {
    /// Of sorted samples.
    pub(crate) fn of(sorted: &[f64]) -> Self {
        let count = sorted.len() as f64;
        let mean = sorted.iter().sum::<f64>() / count;
        let squares: f64 = sorted.iter().map(|x| (x - mean).powi(2)).sum();
        Self {
            mean,
            sd: (squares / (count - 1.0)).sqrt(),
            p05: quantile(sorted, 0.05),
            p50: quantile(sorted, 0.5),
            p95: quantile(sorted, 0.95),
        }
    }

    /// Value by value.
    pub(crate) fn map2(self, other: Self, of: impl Fn(f64, f64) -> f64) -> Self {
        Self {
            mean: of(self.mean, other.mean),
            sd: of(self.sd, other.sd),
            p05: of(self.p05, other.p05),
            p50: of(self.p50, other.p50),
            p95: of(self.p95, other.p95),
        }
    }

    pub(crate) fn values(self) -> [f64; 5] {
        [self.mean, self.sd, self.p05, self.p50, self.p95]
    }
}

/// Linear between order statistics: definition 7 of Hyndman & Fan, The American Statistician 50
/// (1996) 361–365.
fn quantile(sorted: &[f64], p: f64) -> f64 {
    let place = p * (sorted.len() as f64 - 1.0);
    let below = place.floor();
    // Within the slice, since p is in 0..=1.
    let at = |place: f64| sorted.get(place as usize).copied().unwrap_or(f64::NAN);
    at(below) + (place - below) * (at(place.ceil()) - at(below))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_of_known_numbers() {
        let sorted: Vec<f64> = (0..=100).map(f64::from).collect();
        let summary = Summary::of(&sorted);
        assert_eq!((summary.mean, summary.p05, summary.p50, summary.p95), (50.0, 5.0, 50.0, 95.0));
        assert!((summary.sd.powi(2) - 858.5).abs() < 1e-9);
    }

    #[test]
    fn a_quantile_lies_between_its_neighbours() {
        assert_eq!(quantile(&[1.0, 2.0], 0.25), 1.25);
        assert_eq!(quantile(&[7.0], 0.95), 7.0);
    }
}
