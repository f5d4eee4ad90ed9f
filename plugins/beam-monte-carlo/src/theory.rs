//! The exact distribution of the deflection: lognormal, since it is a product of powers of lognormal
//! factors (Johnson, Kotz & Balakrishnan, Continuous Univariate Distributions 1, 1994, chapter 14).

use std::f64::consts::PI;

use crate::params::{Beam, Quantity};
use crate::summary::Summary;

/// Standard normal quantile of 0.95.
const Z95: f64 = 1.644_853_626_951_472_7;

/// A lognormal distribution, by mean and standard deviation of its logarithm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Lognormal {
    mu: f64,
    sigma: f64,
}

impl Lognormal {
    /// Of δ = F L³/(3 E I) with I = b h³/12, that is 4 F L³/(E b h³)
    /// (Gere & Timoshenko, Mechanics of Materials, 1997, appendix G).
    pub(crate) fn of_deflection(beam: &Beam) -> Self {
        let factors = [
            (beam.force, 1.0),
            (beam.length, 3.0),
            (beam.modulus, -1.0),
            (beam.width, -1.0),
            (beam.height, -3.0),
        ];
        let variance: f64 = factors.iter().map(|(factor, power)| power * power * log_variance(factor)).sum();
        let mu: f64 = factors.iter().map(|(factor, power)| power * log_mean(factor)).sum();
        Self { mu: 4_f64.ln() + mu, sigma: variance.sqrt() }
    }

    pub(crate) fn mean(&self) -> f64 {
        (self.mu + self.variance() / 2.0).exp()
    }

    pub(crate) fn sigma(&self) -> f64 {
        self.sigma
    }

    pub(crate) fn summary(&self) -> Summary {
        Summary {
            mean: self.mean(),
            sd: self.mean() * self.variance().exp_m1().sqrt(),
            p05: self.at(-Z95),
            p50: self.at(0.0),
            p95: self.at(Z95),
        }
    }

    /// Standard errors of a summary of `count` samples, to first order in 1/count: the delta method
    /// for the standard deviation, the normal limit of sample quantiles (David & Nagaraja, Order
    /// Statistics, 3rd ed. 2003, chapter 10) for the percentiles.
    pub(crate) fn standard_errors(&self, count: f64) -> Summary {
        let sd = self.summary().sd;
        let quantile = |p: f64, z: f64| (p * (1.0 - p) / count).sqrt() / self.density(self.at(z));
        Summary {
            mean: sd / count.sqrt(),
            sd: sd / 2.0 * ((self.kurtosis() - 1.0) / count).sqrt(),
            p05: quantile(0.05, -Z95),
            p50: quantile(0.5, 0.0),
            p95: quantile(0.95, Z95),
        }
    }

    /// Probability density at `x` > 0.
    pub(crate) fn density(&self, x: f64) -> f64 {
        let z = (x.ln() - self.mu) / self.sigma;
        (-z * z / 2.0).exp() / (x * self.sigma * (2.0 * PI).sqrt())
    }

    /// The value at `z` standard deviations of the logarithm.
    fn at(&self, z: f64) -> f64 {
        (self.mu + z * self.sigma).exp()
    }

    fn variance(&self) -> f64 {
        self.sigma * self.sigma
    }

    /// Fourth standardised moment.
    fn kurtosis(&self) -> f64 {
        let w = self.variance().exp();
        w.powi(4) + 2.0 * w.powi(3) + 3.0 * w.powi(2) - 3.0
    }
}

fn log_variance(quantity: &Quantity) -> f64 {
    (quantity.cv * quantity.cv).ln_1p()
}

fn log_mean(quantity: &Quantity) -> f64 {
    quantity.mean.ln() - log_variance(quantity) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn beam(cv: f64) -> Beam {
        let of = |mean| Quantity { mean, cv };
        Beam { force: of(1000.0), modulus: of(210e9), width: of(0.05), height: of(0.1), length: of(2.0) }
    }

    fn close(a: f64, b: f64, tolerance: f64) {
        assert!((a / b - 1.0).abs() < tolerance, "{a} {b}");
    }

    #[test]
    fn without_scatter_it_is_the_beam_formula() {
        let deflection = 1000.0 * 8.0 / (3.0 * 210e9 * (0.05 * 0.001 / 12.0));
        let summary = Lognormal::of_deflection(&beam(0.0)).summary();
        close(summary.mean, deflection, 1e-12);
        close(summary.p50, deflection, 1e-12);
        assert!(summary.sd.abs() < 1e-15);
    }

    #[test]
    fn one_uncertain_force_scatters_the_deflection_as_itself() {
        let mut beam = beam(0.0);
        beam.force.cv = 0.2;
        let summary = Lognormal::of_deflection(&beam).summary();
        close(summary.sd / summary.mean, 0.2, 1e-12);
    }

    #[test]
    fn mean_and_variance_are_those_of_the_density() {
        let law = Lognormal::of_deflection(&beam(0.05));
        let (low, high) = (law.at(-9.0), law.at(9.0));
        let step = (high - low) / 200_000.0;
        let moment = |power: i32| -> f64 {
            (0..200_000)
                .map(|i| low + (f64::from(i) + 0.5) * step)
                .map(|x| x.powi(power) * law.density(x) * step)
                .sum()
        };
        let summary = law.summary();
        close(moment(0), 1.0, 1e-9);
        close(moment(1), summary.mean, 1e-9);
        close(moment(2) - summary.mean.powi(2), summary.sd.powi(2), 1e-7);
        let central: f64 = moment(4) - 4.0 * moment(3) * summary.mean
            + 6.0 * moment(2) * summary.mean.powi(2)
            - 3.0 * summary.mean.powi(4);
        close(central / summary.sd.powi(4), law.kurtosis(), 1e-5);
    }
}
