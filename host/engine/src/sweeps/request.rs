//! What callers ask for.

use simulay_model::schema::FieldError;
use simulay_model::{Document, Draft, Labels, Layout, RunName, StopRule, Variation};

use crate::{NewInput, NewRun, Selector};

/// A request for a sweep.
#[derive(Debug, Clone, PartialEq)]
pub struct NewSweep {
    /// Pipeline; the version that serves it now is that of all its runs.
    pub pipeline: Selector,
    /// What people call it.
    pub name: Option<RunName>,
    /// By what people sort it; its runs have the same.
    pub labels: Labels,
    /// How its points are laid out.
    pub layout: Layout,
    /// What varies, by JSON Pointer into the parameters.
    pub parameters: Vec<(String, Variation)>,
    /// What does not.
    pub fixed: Document,
    /// Files of every run, uploaded before.
    pub inputs: Vec<NewInput>,
    /// Drawn by the host when none.
    pub seed: Option<u64>,
    /// How often a call is tried again after its command failed.
    pub retries: u32,
    /// Whether its runs may take results of earlier, equal calls.
    pub reuse: bool,
    /// The most runs of it that have not ended.
    pub max_at_once: Option<u32>,
    /// The most points it may have.
    pub max_points: Option<u32>,
    /// When it ends early.
    pub stop: Option<StopRule>,
}

impl NewSweep {
    pub(super) fn draft(&self, seed: u64) -> Draft {
        let Self { layout, parameters, fixed, .. } = self.clone();
        Draft { layout, parameters, fixed, seed }
    }

    /// What all its runs have in common, as a request for one.
    pub(super) fn first_run(&self) -> NewRun {
        NewRun {
            pipeline: self.pipeline.clone(),
            params: self.fixed.clone(),
            inputs: self.inputs.clone(),
            seed: self.seed,
            retries: self.retries,
            reuse: self.reuse,
            name: None,
            labels: Labels::default(),
            sweep: None,
            awaited: false,
        }
    }

    /// Refuses bounds by which nothing would ever happen, or that nothing ever meets.
    pub(super) fn check(&self, most: u32) -> Result<(), FieldError> {
        let wrong = |pointer: &str, message: String| Err(FieldError { pointer: pointer.to_owned(), message });
        if self.max_at_once == Some(0) {
            return wrong("/max_at_once", "must be at least 1".to_owned());
        }
        if self.max_points.is_some_and(|points| !(1..=most).contains(&points)) {
            return wrong("/max_points", format!("must be between 1 and {most}"));
        }
        match &self.stop {
            Some(rule) if rule.field().is_err() => {
                wrong("/stop/outcome", "must be a JSON Pointer into the outcome, e.g. `/peak_k`".to_owned())
            }
            _ => Ok(()),
        }
    }
}
