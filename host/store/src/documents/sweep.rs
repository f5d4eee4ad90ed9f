//! What is asked of a sweep.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use simulay_model::{
    Bound, Design, Document, Method, ParamPointer, Range, Scale, StopRule, SweepSpec, Variation, Varied,
};

use super::artifact::StoredArtifact;

#[derive(Serialize, Deserialize)]
pub struct StoredSweepSpec {
    method: StoredMethod,
    parameters: Vec<StoredVaried>,
    fixed: Document,
    seed: u64,
    inputs: Vec<StoredArtifact>,
    retries: u32,
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    reuse: bool,
    max_at_once: Option<u32>,
    stop: Option<StoredStopRule>,
}

const fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
const fn is_yes(flag: &bool) -> bool {
    *flag
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StoredMethod {
    Grid,
    LatinHypercube,
    Sobol,
    Random,
    Table(Vec<Vec<StoredCell>>),
}

/// A value, or nothing: `null` is a value as well.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StoredCell {
    Value(Value),
    Empty,
}

#[derive(Serialize, Deserialize)]
struct StoredVaried {
    pointer: ParamPointer,
    #[serde(flatten)]
    variation: StoredVariation,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StoredVariation {
    List(Vec<Value>),
    Range(StoredRange),
    Column(()),
}

#[derive(Serialize, Deserialize)]
struct StoredRange {
    from: f64,
    to: f64,
    steps: Option<u32>,
    #[serde(with = "StoredScale")]
    scale: Scale,
    whole: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Scale", rename_all = "snake_case")]
enum StoredScale {
    Linear,
    Log,
}

#[derive(Serialize, Deserialize)]
struct StoredStopRule {
    outcome: String,
    #[serde(flatten, with = "StoredBound")]
    bound: Bound,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Bound", rename_all = "snake_case")]
enum StoredBound {
    Above(f64),
    Below(f64),
}

stored!(SweepSpec as StoredSweepSpec);

impl From<&SweepSpec> for StoredSweepSpec {
    fn from(spec: &SweepSpec) -> Self {
        let SweepSpec { design, inputs, retries, reuse, max_at_once, stop } = spec;
        Self {
            method: (&design.method).into(),
            parameters: design.parameters.iter().map(Into::into).collect(),
            fixed: design.fixed.clone(),
            seed: design.seed,
            inputs: inputs.iter().map(Into::into).collect(),
            retries: *retries,
            reuse: *reuse,
            max_at_once: *max_at_once,
            stop: stop.clone().map(|StopRule { outcome, bound }| StoredStopRule { outcome, bound }),
        }
    }
}

impl From<&Method> for StoredMethod {
    fn from(method: &Method) -> Self {
        let cell = |cell: &Option<Value>| cell.clone().map_or(StoredCell::Empty, StoredCell::Value);
        match method {
            Method::Grid => Self::Grid,
            Method::LatinHypercube => Self::LatinHypercube,
            Method::Sobol => Self::Sobol,
            Method::Random => Self::Random,
            Method::Table(rows) => {
                Self::Table(rows.iter().map(|row| row.iter().map(cell).collect()).collect())
            }
        }
    }
}

impl From<&Varied> for StoredVaried {
    fn from(Varied { pointer, variation }: &Varied) -> Self {
        let variation = match variation.clone() {
            Variation::List(values) => StoredVariation::List(values),
            Variation::Range(Range { from, to, steps, scale, whole }) => {
                StoredVariation::Range(StoredRange { from, to, steps, scale, whole })
            }
            Variation::Column => StoredVariation::Column(()),
        };
        Self { pointer: pointer.clone(), variation }
    }
}

impl From<StoredSweepSpec> for SweepSpec {
    fn from(stored: StoredSweepSpec) -> Self {
        let StoredSweepSpec { method, parameters, fixed, seed, inputs, retries, reuse, max_at_once, stop } =
            stored;
        let parameters = parameters.into_iter().map(Into::into).collect();
        Self {
            design: Design { method: method.into(), parameters, fixed, seed },
            inputs: inputs.into_iter().map(Into::into).collect(),
            retries,
            reuse,
            max_at_once,
            stop: stop.map(|StoredStopRule { outcome, bound }| StopRule { outcome, bound }),
        }
    }
}

impl From<StoredMethod> for Method {
    fn from(method: StoredMethod) -> Self {
        let cell = |cell| match cell {
            StoredCell::Value(value) => Some(value),
            StoredCell::Empty => None,
        };
        match method {
            StoredMethod::Grid => Self::Grid,
            StoredMethod::LatinHypercube => Self::LatinHypercube,
            StoredMethod::Sobol => Self::Sobol,
            StoredMethod::Random => Self::Random,
            StoredMethod::Table(rows) => {
                Self::Table(rows.into_iter().map(|row| row.into_iter().map(cell).collect()).collect())
            }
        }
    }
}

impl From<StoredVaried> for Varied {
    fn from(StoredVaried { pointer, variation }: StoredVaried) -> Self {
        let variation = match variation {
            StoredVariation::List(values) => Variation::List(values),
            StoredVariation::Range(StoredRange { from, to, steps, scale, whole }) => {
                Variation::Range(Range { from, to, steps, scale, whole })
            }
            StoredVariation::Column(()) => Variation::Column,
        };
        Self { pointer, variation }
    }
}

/// The sizes of blocks of points.
impl super::Stored for u32 {
    type Document = Self;

    fn document(&self) -> impl Serialize {
        self
    }

    fn restore(document: Self) -> Self {
        document
    }
}
