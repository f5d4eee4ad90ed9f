//! A check of a plugin's examples. SQLite finds those at work by `disagreements`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use simulay_model::{Check, Disagreement, RunId};

#[derive(Serialize, Deserialize)]
pub struct StoredCheck {
    begun_at: Timestamp,
    runs: Vec<RunId>,
    disagreements: Option<Vec<StoredDisagreement>>,
}

#[derive(Serialize, Deserialize)]
struct StoredDisagreement {
    example: String,
    run: RunId,
    pointer: String,
    expected: Value,
    found: Option<Value>,
    relative_error: Option<f64>,
    message: String,
}

stored!(Check as StoredCheck);

impl From<&Check> for StoredCheck {
    fn from(Check { begun_at, runs, disagreements }: &Check) -> Self {
        let disagreements = disagreements.as_ref();
        Self {
            begun_at: *begun_at,
            runs: runs.clone(),
            disagreements: disagreements.map(|all| all.iter().map(Into::into).collect()),
        }
    }
}

impl From<StoredCheck> for Check {
    fn from(StoredCheck { begun_at, runs, disagreements }: StoredCheck) -> Self {
        let disagreements = disagreements.map(|all| all.into_iter().map(Into::into).collect());
        Self { begun_at, runs, disagreements }
    }
}

impl From<&Disagreement> for StoredDisagreement {
    fn from(disagreement: &Disagreement) -> Self {
        let Disagreement { example, run, pointer, expected, found, relative_error, message } =
            disagreement.clone();
        Self { example, run, pointer, expected, found, relative_error, message }
    }
}

impl From<StoredDisagreement> for Disagreement {
    fn from(disagreement: StoredDisagreement) -> Self {
        let StoredDisagreement { example, run, pointer, expected, found, relative_error, message } =
            disagreement;
        Self { example, run, pointer, expected, found, relative_error, message }
    }
}
