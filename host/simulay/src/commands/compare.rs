//! `simulay compare`.

use std::process::ExitCode;

use clap::Args;
use simulay_api::wire::Comparison;
use simulay_model::RunId;

use super::options::ServerOption;
use crate::client::read;
use crate::render;
use crate::terminal::{print, print_json};

/// Runs side by side.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    server: ServerOption,
    /// Runs, 2 to 20.
    #[arg(required = true, num_args = 2..=20, value_name = "RUN")]
    runs: Vec<RunId>,
    /// The run that the others are compared with [default: the first].
    #[arg(long, value_name = "RUN")]
    base: Option<RunId>,
    /// Shows also what is the same in all runs.
    #[arg(long)]
    all: bool,
    /// How far a number may be from that of the base, relative to it, e.g. 1e-6: what is farther is marked with `!`.
    #[arg(long, value_name = "NUMBER", default_value_t = 0.0)]
    tolerance: f64,
}

/// Compares runs.
pub(crate) async fn execute(arguments: Arguments, json: bool) -> anyhow::Result<ExitCode> {
    let Arguments { server, runs, base, all, tolerance } = arguments;
    let ids: Vec<String> = runs.iter().map(ToString::to_string).collect();
    let mut path = format!("/v1/compare?runs={}&all={all}&tolerance={tolerance:e}", ids.join(","));
    if let Some(base) = base {
        path.push_str(&format!("&base={base}"));
    }
    let document = server.client()?.get(&path).await?;
    if json {
        print_json(&document)?;
    } else {
        let comparison: Comparison = read(&document)?;
        print(&render::comparison(&comparison))?;
    }
    Ok(ExitCode::SUCCESS)
}
