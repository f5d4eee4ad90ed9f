//! `simulay sweeps create` and `preview`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::{Map, Value, json};
use simulay_api::wire::{Sweep, SweepEstimate, SweepPreview};
use simulay_engine::Selector;
use simulay_model::Label;

use super::{vary, watch};
use crate::client::{Client, read};
use crate::commands::options::selector;
use crate::commands::request::RequestOptions;
use crate::fault::Usage;
use crate::render;
use crate::terminal::{Table, print, print_json, say};

/// When no run of the version has succeeded.
const UNKNOWN: &str = "not known: no run of this version has succeeded";

/// A sweep of a pipeline.
#[derive(Debug, Args)]
pub(super) struct Create {
    #[command(flatten)]
    design: Design,
    /// What people call it.
    #[arg(long)]
    name: Option<String>,
    /// By what people sort it and its runs; may be given several times.
    #[arg(long = "label", value_name = "KEY=VALUE")]
    labels: Vec<Label>,
    /// Follows the sweep to its end; the exit code is 0 only when all points succeed.
    #[arg(long)]
    wait: bool,
}

/// What a sweep would be.
#[derive(Debug, Args)]
pub(super) struct Preview {
    #[command(flatten)]
    design: Design,
}

/// What varies and what does not.
#[derive(Debug, Args)]
struct Design {
    /// Pipeline, perhaps with a version: NAME or NAME@VERSION.
    #[arg(value_parser = selector)]
    pipeline: Selector,
    /// What varies: POINTER=FROM..TO, which :STEPS and :log may follow, or POINTER=VALUE,VALUE,… or a JSON array; may be
    /// given several times. A name is a parameter at the top.
    #[arg(long, value_name = "POINTER=VALUES", value_parser = vary::parameter)]
    vary: Vec<vary::Parameter>,
    /// A Latin hypercube of so many points, instead of a grid.
    #[arg(long, value_name = "POINTS", group = "method")]
    latin_hypercube: Option<u32>,
    /// So many points of a Sobol sequence, instead of a grid.
    #[arg(long, value_name = "POINTS", group = "method")]
    sobol: Option<u32>,
    /// So many random points, instead of a grid.
    #[arg(long, value_name = "POINTS", group = "method")]
    random: Option<u32>,
    /// The points of a table: a header of parameters, and a line a point.
    #[arg(long, value_name = "FILE", group = "method", conflicts_with = "vary")]
    csv: Option<PathBuf>,
    #[command(flatten)]
    request: RequestOptions,
    /// The most runs that wait or are at work at once.
    #[arg(long, value_name = "RUNS")]
    max_at_once: Option<u32>,
    /// Refuses to start more points than that.
    #[arg(long, value_name = "POINTS")]
    max_points: Option<u32>,
    /// Ends the sweep early: once the number at POINTER of an outcome is beyond a bound, e.g. '/peak_k>350'.
    #[arg(long, value_name = "POINTER>NUMBER", value_parser = vary::stop)]
    stop: Option<Value>,
}

impl Design {
    async fn body(&self, client: &Client, json: bool) -> anyhow::Result<Map<String, Value>> {
        let fixed = self.request.params()?;
        let inputs = client.give(self.request.inputs(json)?, json).await?;
        let Value::Object(mut body) = self.request.body(&fixed, &inputs) else { return Ok(Map::new()) };
        if let Some(fixed) = body.remove("params") {
            body.insert("fixed".to_owned(), fixed);
        }
        body.insert("method".to_owned(), self.method()?);
        let parameters =
            self.vary.iter().map(|vary::Parameter(pointer, values)| (pointer.clone(), values.clone()));
        body.insert("parameters".to_owned(), Value::Object(parameters.collect()));
        for (name, bound) in [("max_at_once", self.max_at_once), ("max_points", self.max_points)] {
            body.extend(bound.map(|bound| (name.to_owned(), bound.into())));
        }
        body.extend(self.stop.clone().map(|rule| ("stop".to_owned(), rule)));
        Ok(body)
    }

    fn method(&self) -> Result<Value, Usage> {
        let of = |name: &str, points: u32| json!({ name: { "points": points } });
        Ok(match (self.latin_hypercube, self.sobol, self.random, &self.csv) {
            (Some(points), ..) => of("latin_hypercube", points),
            (_, Some(points), ..) => of("sobol", points),
            (_, _, Some(points), _) => of("random", points),
            (.., Some(file)) => {
                let text = std::fs::read_to_string(file);
                let unread = |error| Usage(format!("--csv: {} cannot be read: {error}", file.display()));
                json!({ "csv": { "text": text.map_err(unread)? } })
            }
            _ => json!({ "grid": {} }),
        })
    }
}

/// Uploads the inputs, creates the sweep and, when asked, waits for its end.
pub(super) async fn execute(client: &Client, asked: Create, json: bool) -> anyhow::Result<ExitCode> {
    let mut body = asked.design.body(client, json).await?;
    body.extend(asked.name.map(|name| ("name".to_owned(), name.into())));
    let labels = asked.labels.iter().map(|label| (label.key.to_string(), label.value.to_string().into()));
    body.insert("labels".to_owned(), Value::Object(labels.collect()));
    let sweep = client.create_sweep(&asked.design.pipeline, &Value::Object(body), false).await?;
    let Sweep { summary, .. } = read(&sweep)?;
    if asked.wait {
        return watch::execute(client, summary.id, json).await;
    }
    if json {
        print_json(&sweep)?
    } else {
        say(&summary.id.to_string())?
    }
    Ok(ExitCode::SUCCESS)
}

/// Tells what the sweep would be.
pub(super) async fn preview(client: &Client, asked: Preview, json: bool) -> anyhow::Result<()> {
    let body = Value::Object(asked.design.body(client, json).await?);
    let document = client.create_sweep(&asked.design.pipeline, &body, true).await?;
    if json {
        return Ok(print_json(&document)?);
    }
    let SweepPreview { points, seed, first, preview, estimate, .. } = read(&document)?;
    let mut facts = Table::bare();
    facts.row(["points", &points.to_string()]);
    facts.row(["time", &estimate.map_or_else(|| UNKNOWN.to_owned(), |estimate| told(&estimate))]);
    facts.row(["seed", &seed.to_string()]);
    for (number, values) in first.iter().enumerate() {
        let values: Vec<_> = values.iter().map(|(pointer, value)| format!("{pointer} {value}")).collect();
        facts.row([&format!("point {number}"), &values.join("  ")]);
    }
    for call in &preview.calls {
        facts.row(["first call", &format!("{}: {}", call.image, call.command.join(" "))]);
    }
    Ok(print(&facts.text())?)
}

fn told(estimate: &SweepEstimate) -> String {
    let SweepEstimate { run_ms, before, at_once, time_ms, .. } = *estimate;
    let (time, of_one) = (render::time(time_ms), render::time(run_ms));
    let before =
        if before > 0 { format!(", after {before} that wait or are at work") } else { String::new() };
    format!("about {time}: {of_one} a run, {at_once} at once{before}")
}
