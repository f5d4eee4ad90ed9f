//! Figures beside what they are to be.

use std::time::Duration;

/// Times of many requests, and what is asked of them.
#[derive(Debug, Default)]
pub(super) struct Times(Vec<Duration>);

impl Times {
    pub(super) fn add(&mut self, time: Duration) {
        self.0.push(time);
    }

    pub(super) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    pub(super) const fn count(&self) -> usize {
        self.0.len()
    }

    /// The time within which `per_mille` of them came, milliseconds; 0 without any.
    pub(super) fn within(&mut self, per_mille: usize) -> f64 {
        self.0.sort_unstable();
        let place = (self.0.len() * per_mille / 1000).min(self.0.len().saturating_sub(1));
        self.0.get(place).map_or(0.0, |time| time.as_secs_f64() * 1e3)
    }
}

/// How far the shares of those who ask are from equal ones: 0 when all had the same, 1 when one had all.
pub(super) fn unfairness(shares: &[usize]) -> f64 {
    let all: usize = shares.iter().sum();
    let fair = all as f64 / shares.len().max(1) as f64;
    let farthest = shares.iter().map(|share| (*share as f64 - fair).abs()).fold(0.0, f64::max);
    if all == 0 { 0.0 } else { farthest / fair / (shares.len() as f64 - 1.0).max(1.0) }
}

/// A figure that is to be below `target`, or above it.
pub(super) enum Target {
    Below(f64),
    Above(f64),
}

/// Prints a figure with its target and whether it is met.
pub(super) fn show(what: &str, figure: f64, unit: &str, target: &Target) {
    let (sign, bound, met) = match target {
        Target::Below(bound) => ("<", bound, figure < *bound),
        Target::Above(bound) => (">=", bound, figure >= *bound),
    };
    let verdict = if met { "met" } else { "MISSED" };
    println!("  {what:52} {figure:10.1} {unit:5} ({sign} {bound:.0}) {verdict}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn most_come_within_the_time_told() {
        let mut times = Times::default();
        assert_eq!(times.within(990).to_bits(), 0.0_f64.to_bits());
        (1..=100).rev().for_each(|ms| times.add(Duration::from_millis(ms)));
        assert!((times.within(500) - 51.0).abs() < 1e-9 && (times.within(1000) - 100.0).abs() < 1e-9);
    }

    #[test]
    fn unfairness_is_between_none_and_all() {
        assert!(unfairness(&[5, 5]).abs() < 1e-9 && unfairness(&[]).abs() < 1e-9);
        assert!((unfairness(&[10, 0]) - 1.0).abs() < 1e-9);
        assert!((unfairness(&[9, 0, 0]) - 1.0).abs() < 1e-9);
        assert!((unfairness(&[11, 9]) - 0.1).abs() < 1e-9);
    }
}
