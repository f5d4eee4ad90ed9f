//! What is checked before anything is compiled.

use semver::Version;
use serde::{Deserialize, Serialize};
use simulay_model::Tool;
use simulay_sandbox::InspectError;

use crate::{contract, file_type, structure};

/// What was found in a component that fits the contract.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Checked {
    /// The contract it was built against.
    pub(crate) contract: Version,
    /// What it was made with.
    pub(crate) tools: Vec<Tool>,
}

/// Checks kind, counts and names of a component of at most `limit` bytes.
pub(crate) fn check(bytes: &[u8], limit: usize) -> Result<Checked, InspectError> {
    file_type::check(bytes, limit)?;
    let info = structure::parse(bytes)?;
    Ok(Checked { contract: contract::check(&info)?, tools: info.tools.into_iter().collect() })
}
