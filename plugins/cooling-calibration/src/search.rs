//! Where the fit goes next.

use serde::{Deserialize, Serialize};

use crate::fit::{Point, Row, Solution, solve, sum_of_squares};

/// The most a step changes ln k by.
const MAX_STEP: f64 = 2.0;
const MAX_HALVINGS: i32 = 10;
/// The sum of squares is no better known than the integrator's error allows.
const NOISE: f64 = 1e-6;

/// The fit between two iterations.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Search {
    /// Number of the iteration at work, from 1.
    pub(crate) iteration: u32,
    /// Where it evaluates the model.
    pub(crate) trial: Point,
    /// Values of k evaluated before.
    pub(crate) tried: Vec<f64>,
    /// The best point so far and the step from it that is being tried.
    base: Option<Base>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Base {
    point: Point,
    sum_of_squares: f64,
    step: Point,
    halvings: i32,
}

/// When a fit ends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    pub(crate) fit_ambient: bool,
    pub(crate) tolerance: f64,
    pub(crate) max_iterations: u32,
    /// Range of the measured temperatures, K.
    pub(crate) scale: f64,
}

/// What follows an iteration.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Progress {
    Again(Search),
    Converged { point: Point, solution: Solution },
    Failed(String),
}

impl Search {
    pub(crate) fn from(k: f64, ambient: f64) -> Self {
        let trial = Point { log_k: k.ln(), ambient };
        Self { iteration: 1, trial, tried: Vec::new(), base: None }
    }

    /// Takes the model's answer at the trial point.
    pub(crate) fn advance(self, rows: &[Row], rules: &Rules) -> Progress {
        let sum_of_squares = sum_of_squares(rows);
        match self.base {
            Some(base) if sum_of_squares > base.sum_of_squares * (1.0 + NOISE) => self.halve(base, rules),
            _ => self.step(rows, sum_of_squares, rules),
        }
    }

    fn step(self, rows: &[Row], sum_of_squares: f64, rules: &Rules) -> Progress {
        let Some(solution) = solve(rows, rules.fit_ambient, rules.scale) else {
            let k = self.trial.k();
            return Progress::Failed(format!("the measurements say nothing about k near {k:.3e} 1/s"));
        };
        let step = solution.step;
        if step.log_k.abs() < rules.tolerance && step.ambient.abs() < rules.tolerance * rules.scale {
            return Progress::Converged { point: self.trial.plus(&step, 1.0), solution };
        }
        let shortened = (MAX_STEP / step.log_k.abs()).min(1.0);
        let step = Point { log_k: shortened * step.log_k, ambient: shortened * step.ambient };
        let base = Base { point: self.trial, sum_of_squares, step, halvings: 0 };
        self.at(base, rules)
    }

    fn halve(self, base: Base, rules: &Rules) -> Progress {
        if base.halvings == MAX_HALVINGS {
            let message = "the fit diverges: the shortest step still raises the sum of squares";
            return Progress::Failed(message.to_owned());
        }
        self.at(Base { halvings: base.halvings + 1, ..base }, rules)
    }

    fn at(mut self, base: Base, rules: &Rules) -> Progress {
        if self.iteration >= rules.max_iterations {
            return Progress::Failed(format!(
                "no convergence in {} iterations; k is {:.6e} 1/s at last",
                self.iteration,
                self.trial.k()
            ));
        }
        self.tried.push(self.trial.k());
        let trial = base.point.plus(&base.step, 0.5_f64.powi(base.halvings));
        Progress::Again(Self { iteration: self.iteration + 1, trial, base: Some(base), tried: self.tried })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: Rules = Rules { fit_ambient: false, tolerance: 1e-8, max_iterations: 50, scale: 1.0 };

    /// y = exp(-k t) at four times, measured exactly with k = 1.
    fn rows(point: &Point) -> Vec<Row> {
        let row = |t: f64| {
            let y = (-point.k() * t).exp();
            Row { residual: (-t).exp() - y, by_log_k: -point.k() * t * y, by_ambient: 0.0 }
        };
        [0.5, 1.0, 2.0, 4.0].map(row).to_vec()
    }

    fn run(start: f64, rules: &Rules) -> (u32, Progress) {
        let mut search = Search::from(start, 0.0);
        loop {
            let (iteration, rows) = (search.iteration, rows(&search.trial));
            match search.advance(&rows, rules) {
                Progress::Again(next) => search = next,
                end => return (iteration, end),
            }
        }
    }

    #[test]
    fn it_converges_from_near_and_far() {
        for start in [1.0, 0.9, 0.02, 12.0] {
            let (_, end) = run(start, &RULES);
            let Progress::Converged { point, .. } = end else { panic!("{start}: {end:?}") };
            assert!(point.log_k.abs() < 1e-8, "{start}: {point:?}");
        }
    }

    #[test]
    fn near_the_solution_it_converges_quadratically() {
        assert!(run(0.9, &RULES).0 <= 5);
    }

    #[test]
    fn it_stops_at_its_bound() {
        let rules = Rules { max_iterations: 2, ..RULES };
        let (iterations, end) = run(0.02, &rules);
        assert_eq!(iterations, 2);
        assert!(matches!(end, Progress::Failed(message) if message.contains("in 2 iterations")));
    }

    #[test]
    fn a_guess_the_measurements_do_not_reach_is_told() {
        let (_, end) = run(1e6, &RULES);
        assert!(matches!(end, Progress::Failed(message) if message.contains("say nothing about k")));
    }

    #[test]
    fn steps_that_only_make_it_worse_end_as_divergence() {
        let mut search = Search::from(1.0, 0.0);
        let worse = |count: u32| [Row { residual: f64::from(count), by_log_k: 1.0, by_ambient: 0.0 }; 2];
        let mut trials = vec![];
        let end = loop {
            match search.clone().advance(&worse(search.iteration), &RULES) {
                Progress::Again(next) => search = next,
                end => break end,
            }
            trials.push(search.trial.log_k);
        };
        assert!(matches!(end, Progress::Failed(message) if message.contains("diverges")));
        assert_eq!(trials.get(..3), Some([1.0, 0.5, 0.25].as_slice()));
        assert_eq!(trials.len(), 11);
    }
}
