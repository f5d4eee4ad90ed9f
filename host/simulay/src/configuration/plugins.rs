//! Plugins that come, and those that are offered.

use std::path::PathBuf;

use serde::Deserialize;

/// What happens to plugins that are uploaded. What they may use, `images` and `container` say.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Plugins {
    /// Which versions wait for the operator.
    pub(crate) approval: Approval,
    /// Operators approve what they uploaded themselves.
    pub(crate) approve_own: bool,
    /// Seconds of a processor that compiling a component may take.
    pub(crate) compile_seconds: u64,
    /// Where plugins lie that are offered for upload.
    pub(crate) shipped: Option<PathBuf>,
}

/// Which versions wait for the operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) enum Approval {
    /// None.
    Never,
    /// All.
    Always,
    /// Those that ask for more than the versions approved before.
    WhenAskingForMore,
}

impl TryFrom<String> for Approval {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.as_str() {
            "never" => Ok(Self::Never),
            "always" => Ok(Self::Always),
            "when-asking-for-more" => Ok(Self::WhenAskingForMore),
            _ => Err(format!("`{text}` is none of: never, always, when-asking-for-more")),
        }
    }
}
