//! Points become runs.

use simulay_model::{Document, Run, RunState, Sweep, SweepPoint};

use crate::shared::Shared;
use crate::{CreateError, EngineError, checks, plugins};
use simulay_store::StoreError;

/// Queued runs of these points, each the one after so many, in their order; only of the first when all are too large to
/// be made at once.
pub(super) async fn runs(
    shared: &Shared,
    sweep: &Sweep,
    points: Vec<(u32, u32)>,
) -> Result<Vec<Run>, EngineError> {
    if points.is_empty() {
        return Ok(Vec::new());
    }
    let plugin = plugins::of_run(&shared.parts, &sweep.plugin).await?;
    let permit = shared.limits.check().await?;
    let (schema, design) = (&plugin.manifest.params_schema, &sweep.spec.design);
    let numbers = points.iter().map(|(point, _)| *point).collect();
    let made = checks::points(permit, schema, design, &sweep.progress.blocks, numbers, true).await;
    let params = made.map_err(damaged)?;
    Ok(points.into_iter().zip(params).map(|(point, params)| run(shared, sweep, point, params)).collect())
}

/// All points were valid when the sweep was accepted.
fn damaged(error: CreateError) -> EngineError {
    match error {
        CreateError::Engine(error) => error,
        other => StoreError::Corrupt(other.into()).into(),
    }
}

fn run(shared: &Shared, sweep: &Sweep, (point, attempt): (u32, u32), params: Document) -> Run {
    let (seed, inputs) = (sweep.spec.design.seed, sweep.spec.inputs.clone());
    Run {
        id: shared.parts.entropy.run_id(),
        owner: sweep.owner.clone(),
        plugin: sweep.plugin.clone(),
        name: None,
        labels: sweep.labels.clone(),
        sweep: Some(SweepPoint { sweep: sweep.id, point, attempt }),
        request: simulay_model::Request { params, inputs, seed },
        retries: sweep.spec.retries,
        reuse: sweep.spec.reuse,
        state: RunState::Queued,
        steps: 0,
        cancel_requested: false,
        created_at: shared.parts.clock.now(),
        started_at: None,
        ended_at: None,
        report: None,
        error: None,
    }
}
