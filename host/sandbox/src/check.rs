//! What is checked before anything is compiled.

use semver::Version;
use serde::{Deserialize, Serialize};
use simulay_model::Tool;

use crate::{InspectError, census, contract, shape};

/// A component whose outside fits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Checked {
    /// The contract it was built against.
    pub(crate) contract: Version,
    /// What it was made with.
    pub(crate) tools: Vec<Tool>,
}

/// Checks kind, counts and names of a component of at most `limit` bytes.
pub(crate) fn check(bytes: &[u8], limit: usize) -> Result<Checked, InspectError> {
    shape::check(bytes, limit)?;
    let outside = census::take(bytes)?;
    Ok(Checked { contract: contract::check(&outside)?, tools: outside.tools.into_iter().collect() })
}
