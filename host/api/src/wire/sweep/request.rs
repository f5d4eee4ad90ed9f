//! Requests for sweeps.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use simulay_engine as engine;
use simulay_model as model;
use simulay_model::Document;
use utoipa::ToSchema;

use crate::wire::{Input, RunOptions};

/// A request for a sweep, or for a preview of one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSweep {
    /// What people call it: one line of at most 200 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 200)]
    pub name: Option<model::RunName>,
    /// By what people sort it; its runs have the same.
    #[serde(default, skip_serializing_if = "model::Labels::is_empty")]
    #[schema(value_type = BTreeMap<String, String>)]
    pub labels: model::Labels,
    /// How its points are laid out.
    pub method: SweepMethod,
    /// What varies, by JSON Pointer into the parameters; in a grid the last varies fastest.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, Variation>)]
    pub parameters: IndexMap<String, Variation>,
    /// The parameters that do not vary; missing ones get their defaults, and what varies wins.
    #[serde(default = "nothing")]
    #[schema(value_type = Value)]
    pub fixed: Document,
    /// Files of every run, uploaded before.
    #[serde(default)]
    pub inputs: Vec<Input>,
    /// Of the points and of every run; drawn when absent. Above 2^53 some languages lose digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// The most runs of it that wait or are at work at once; as many as there is room for when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_at_once: Option<u32>,
    /// Refuses the sweep when it has more points than that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_points: Option<u32>,
    /// When it ends early.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop: Option<StopRule>,
    /// What else is asked for of every run.
    #[serde(default)]
    pub options: RunOptions,
}

fn nothing() -> Document {
    json!({}).into()
}

/// How the points of a sweep are laid out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum SweepMethod {
    /// Each value of each parameter with each of the others: lists, ranges with steps, whole numbers.
    Grid {},
    /// A Latin hypercube: each of as many equal parts of each range as there are points has one.
    LatinHypercube {
        /// How many.
        points: u32,
    },
    /// A Sobol sequence, scrambled by the seed: it fills the space evenly. Powers of two are best.
    Sobol {
        /// How many.
        points: u32,
    },
    /// Independent random points.
    Random {
        /// How many.
        points: u32,
    },
    /// A table: a header that names parameters, by name or by JSON Pointer, and a line a point. An empty cell leaves
    /// the parameter as it is.
    Csv {
        /// The table (RFC 4180).
        text: String,
    },
}

/// What a parameter takes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Variation {
    /// These values.
    List(Vec<Value>),
    /// Numbers between two, in the unit of the parameter; whole ones where the schema says so.
    Range(VariedRange),
}

/// Numbers from one to another, both of them included.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VariedRange {
    /// The first.
    pub from: f64,
    /// The last.
    pub to: f64,
    /// Only so many of them, evenly spaced on the scale. A grid needs it, but for whole numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<u32>,
    /// How they are spaced.
    #[serde(default)]
    pub scale: RangeScale,
}

/// How numbers are spaced.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RangeScale {
    /// By equal differences.
    #[default]
    Linear,
    /// By equal factors.
    Log,
}

/// A sweep ends early once a number of the outcome of a run is beyond a bound: one of the two.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StopRule {
    /// JSON Pointer into the outcome.
    #[schema(example = "/peak_k")]
    pub outcome: String,
    /// Ends the sweep once the number is above it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub above: Option<f64>,
    /// Ends the sweep once the number is below it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub below: Option<f64>,
}

/// A request for more points.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MorePoints {
    /// How many more.
    pub points: u32,
}

/// What the engine is asked for: the places are those of the request.
impl NewSweep {
    /// The request as the engine takes it.
    ///
    /// # Errors
    /// When the stop rule has not exactly one bound.
    pub(crate) fn into_engine(self, pipeline: engine::Selector) -> Result<engine::NewSweep, &'static str> {
        let input = |Input { path, sha256, size }| engine::NewInput { path, sha256, size };
        let Self { name, labels, method, parameters, fixed, inputs, seed, .. } = self;
        Ok(engine::NewSweep {
            pipeline,
            name,
            labels,
            layout: method.into(),
            parameters: parameters.into_iter().map(|(at, variation)| (at, variation.into())).collect(),
            fixed,
            inputs: inputs.into_iter().map(input).collect(),
            seed,
            retries: self.options.retries,
            reuse: self.options.reuse,
            max_at_once: self.max_at_once,
            max_points: self.max_points,
            stop: self.stop.map(TryInto::try_into).transpose()?,
        })
    }
}
