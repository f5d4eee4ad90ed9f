//! Gauss–Newton for one or two unknowns (Bates & Watts, Nonlinear Regression Analysis, 1988, chapter 2).
//! The first unknown is ln k, so that k stays positive.

use serde::{Deserialize, Serialize};

/// Values of the unknowns, or a step between two.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Point {
    pub(crate) log_k: f64,
    pub(crate) ambient: f64,
}

impl Point {
    pub(crate) fn k(&self) -> f64 {
        self.log_k.exp()
    }

    pub(crate) fn plus(&self, step: &Self, factor: f64) -> Self {
        Self { log_k: self.log_k + factor * step.log_k, ambient: self.ambient + factor * step.ambient }
    }
}

/// One measurement against the model: measured minus modelled, and the model's derivatives.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    pub(crate) residual: f64,
    pub(crate) by_log_k: f64,
    pub(crate) by_ambient: f64,
}

/// Where the linearised model has its least squares.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Solution {
    pub(crate) step: Point,
    /// Variances of the unknowns for residuals of variance 1.
    pub(crate) variances: Point,
}

pub(crate) fn sum_of_squares(rows: &[Row]) -> f64 {
    rows.iter().map(|row| row.residual * row.residual).sum()
}

/// The Gauss–Newton step; none when the measurements do not determine the unknowns. `scale` is the
/// range of the measurements.
pub(crate) fn solve(rows: &[Row], fit_ambient: bool, scale: f64) -> Option<Solution> {
    let normal = Normal::of(rows);
    // A derivative of a billionth of the range is noise of the integrator.
    let noise = (1e-9 * scale).powi(2);
    let solution = if fit_ambient { normal.both(noise)? } else { normal.log_k_alone(noise)? };
    let finite = solution.step.log_k.is_finite() && solution.step.ambient.is_finite();
    finite.then_some(solution)
}

/// Normal equations: [a b; b c] [Δ ln k; Δ Ta] = [p; q].
struct Normal {
    a: f64,
    b: f64,
    c: f64,
    p: f64,
    q: f64,
}

impl Normal {
    fn of(rows: &[Row]) -> Self {
        let sum = |of: fn(&Row) -> f64| rows.iter().map(of).sum();
        Self {
            a: sum(|row| row.by_log_k * row.by_log_k),
            b: sum(|row| row.by_log_k * row.by_ambient),
            c: sum(|row| row.by_ambient * row.by_ambient),
            p: sum(|row| row.by_log_k * row.residual),
            q: sum(|row| row.by_ambient * row.residual),
        }
    }

    fn log_k_alone(&self, noise: f64) -> Option<Solution> {
        (self.a > noise).then(|| Solution {
            step: Point { log_k: self.p / self.a, ambient: 0.0 },
            variances: Point { log_k: 1.0 / self.a, ambient: 0.0 },
        })
    }

    fn both(&self, noise: f64) -> Option<Solution> {
        let determinant = self.a * self.c - self.b * self.b;
        let determined = self.a > noise && determinant > 1e-10 * self.a * self.c;
        determined.then(|| Solution {
            step: Point {
                log_k: (self.c * self.p - self.b * self.q) / determinant,
                ambient: (self.a * self.q - self.b * self.p) / determinant,
            },
            variances: Point { log_k: self.c / determinant, ambient: self.a / determinant },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows of a linear model with these unknowns.
    fn rows(log_k: f64, ambient: f64) -> Vec<Row> {
        [(1.0, 0.5), (2.0, 0.1), (-1.0, 3.0)]
            .map(|(by_log_k, by_ambient)| Row {
                residual: by_log_k * log_k + by_ambient * ambient,
                by_log_k,
                by_ambient,
            })
            .to_vec()
    }

    #[test]
    fn a_linear_model_is_solved_at_once() {
        let both = solve(&rows(0.25, -3.0), true, 1.0).unwrap().step;
        assert!((both.log_k - 0.25).abs() < 1e-14 && (both.ambient + 3.0).abs() < 1e-14, "{both:?}");
        let alone = solve(&rows(0.25, 0.0), false, 1.0).unwrap();
        assert!((alone.step.log_k - 0.25).abs() < 1e-15);
        assert!((alone.variances.log_k - 1.0 / 6.0).abs() < 1e-15);
    }

    #[test]
    fn what_does_not_determine_the_unknowns_has_no_solution() {
        let flat = [Row { residual: 1.0, by_log_k: 0.0, by_ambient: 1.0 }; 3];
        assert_eq!(solve(&flat, false, 1.0), None);
        let parallel = [Row { residual: 1.0, by_log_k: 2.0, by_ambient: 1.0 }; 3];
        assert_eq!(solve(&parallel, true, 1.0), None);
        assert!(solve(&parallel, false, 1.0).is_some());
    }
}
