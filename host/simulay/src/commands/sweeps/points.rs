//! `simulay sweeps points`.

use std::pin::pin;

use clap::Args;
use futures_util::StreamExt as _;
use serde_json::Value;
use simulay_api::wire::{Point, PointList, PointState};
use simulay_model::SweepId;

use crate::client::{Client, read};
use crate::terminal::{print, print_bytes, print_json_line};

/// The points of a sweep.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Sweep.
    id: SweepId,
    /// A number of the outcome to list as well, by JSON Pointer, e.g. /peak_k; may be given several times.
    #[arg(long = "outcome", value_name = "POINTER")]
    outcomes: Vec<String>,
    /// Only points whose newest run failed or took too long.
    #[arg(long, conflicts_with = "csv")]
    failed: bool,
    /// All points as CSV.
    #[arg(long)]
    csv: bool,
}

/// Lists them page by page: with `json` a line per point.
pub(super) async fn execute(client: &Client, wanted: &Arguments, json: bool) -> anyhow::Result<()> {
    let outcomes = wanted.outcomes.join(",");
    if wanted.csv {
        let mut table = pin!(client.sweep_table(wanted.id, &outcomes).await?);
        while let Some(piece) = table.next().await.transpose()? {
            print_bytes(&piece)?;
        }
        return Ok(());
    }
    let (mut cursor, mut is_first) = (String::new(), true);
    loop {
        let page: PointList = read(&client.sweep_points(wanted.id, &outcomes, &cursor).await?)?;
        let asked = |point: &&Point| {
            !wanted.failed || matches!(point.state, PointState::Failed | PointState::TimedOut)
        };
        let points: Vec<_> = page.points.iter().filter(asked).collect();
        if json {
            points.iter().try_for_each(print_json_line)?;
        } else {
            print(&table(&page, &points, &wanted.outcomes, is_first))?;
        }
        is_first = false;
        match page.next_cursor {
            Some(next) => cursor = next,
            None => return Ok(()),
        }
    }
}

fn table(page: &PointList, points: &[&Point], outcomes: &[String], with_head: bool) -> String {
    let pointers: Vec<&str> = page.parameters.iter().map(|pointer| pointer.as_str()).collect();
    let head = ["POINT", "STATE"].into_iter().chain(pointers.iter().copied());
    let head: Vec<String> =
        head.chain(outcomes.iter().map(String::as_str)).chain(["RUN"]).map(str::to_owned).collect();
    let rows = points.iter().map(|point| {
        let values = pointers.iter().map(|pointer| cell(point.values.get(*pointer)));
        let found = outcomes.iter().map(|pointer| cell(point.outcomes.get(pointer)));
        let run = point.run.map(|run| run.to_string()).unwrap_or_default();
        let first = [point.point.to_string(), point.state.to_string().replace('_', " ")];
        first.into_iter().chain(values).chain(found).chain([run]).collect::<Vec<_>>()
    });
    let rows: Vec<_> = with_head.then_some(head).into_iter().chain(rows).collect();
    crate::terminal::columns(&rows)
}

fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
    }
}
