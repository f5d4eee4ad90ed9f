//! The labels of a run, by their keys.

use serde::Serialize;
use simulay_model::Labels;

use super::Stored;

impl Stored for Labels {
    type Document = Self;

    fn document(&self) -> impl Serialize {
        self
    }

    fn restore(document: Self) -> Self {
        document
    }
}
