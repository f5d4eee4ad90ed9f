//! The command that is measured.

use std::path::PathBuf;

use clap::Args;

use crate::build;
use crate::place::Place;

/// The command that is measured.
#[derive(Debug, Args)]
pub(super) struct Program {
    /// The command to measure, instead of one built for release.
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
}

impl Program {
    /// Where it is, once it is built.
    pub(super) fn path(&self, place: &Place) -> anyhow::Result<PathBuf> {
        self.program.clone().map_or_else(|| build::release_host(place), Ok)
    }
}
