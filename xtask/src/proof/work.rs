//! The three pipelines that stand for all: one container; several at once; one step after another.

use std::collections::HashMap;
use std::fs;

use anyhow::{Context as _, bail, ensure};
use serde_json::{Value, json};

use crate::place::Place;
use crate::rest::Host;

/// A request that gives the same outcome every time.
#[derive(Debug, Clone)]
pub(super) struct Work {
    /// Pipeline.
    pub(super) pipeline: &'static str,
    /// Body of the request.
    pub(super) request: Value,
}

/// Uploads what the work needs.
pub(super) fn prepare(place: &Place, host: &Host) -> anyhow::Result<Vec<Work>> {
    for pipeline in ["heat-equation", "beam-monte-carlo", "cooling-calibration"] {
        let (status, told) = host.upload(&fs::read(place.plugin(pipeline))?)?;
        ensure!(matches!(status, 200 | 201), "{pipeline} is not taken: {told}");
    }
    let measurements = fs::read(place.root().join("examples/requests/cooling-calibration/measurements.csv"))?;
    let input = json!({ "path": "measurements.csv", "sha256": host.input(&measurements)? });
    let work = |pipeline, params: Value, inputs: Value| Work {
        pipeline,
        // All of them are computed: what starts and dies is what is proved.
        request: json!({ "params": params, "inputs": inputs, "seed": 7, "options": { "reuse": false } }),
    };
    Ok(vec![
        work("heat-equation", json!({ "cells_x": 10, "cells_y": 10, "steps": 10 }), json!([])),
        work("beam-monte-carlo", json!({ "containers": 2, "samples": 2000 }), json!([])),
        work(
            "cooling-calibration",
            json!({ "initial_temperature_K": 363.15, "ambient_temperature_K": 295.15 }),
            json!([input]),
        ),
    ])
}

/// The outcome of each pipeline when nothing disturbs it.
pub(super) fn references(host: &Host, all: &[Work]) -> anyhow::Result<HashMap<&'static str, Value>> {
    let outcome = |work: &Work| Ok((work.pipeline, outcome(&host.run(work.pipeline, &work.request)?)?));
    all.iter().map(outcome).collect()
}

/// The outcome of a run that must have succeeded.
pub(super) fn outcome(run: &Value) -> anyhow::Result<Value> {
    match run.pointer("/report/outcome") {
        Some(outcome) => Ok(outcome.clone()),
        None => bail!("no outcome: {}", run.get("error").or_else(|| run.get("state")).context("not a run")?),
    }
}
