//! The plan of a step.

use serde::{Deserialize, Serialize};
use simulay_model::{Document, Step};

use super::Stored;
use super::call::StoredCall;

#[derive(Serialize, Deserialize)]
pub struct StoredPlan<'a> {
    calls: Vec<StoredCall<'a>>,
    state: Document,
}

impl Stored for Step {
    type Document = StoredPlan<'static>;

    fn document(&self) -> impl Serialize {
        let Self { calls, state } = self;
        StoredPlan { calls: calls.iter().map(Into::into).collect(), state: state.clone() }
    }

    fn restore(StoredPlan { calls, state }: Self::Document) -> Self {
        Self { calls: calls.into_iter().map(Into::into).collect(), state }
    }
}
