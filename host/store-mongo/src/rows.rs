//! Between documents and what the ports give.

use std::collections::BTreeMap;

use mongodb::bson::{Bson, Document, doc};
use simulay_model::{
    Artifact, Label, Labels, PluginRef, Progress, RelativePath, Request, Run, RunArtifact, RunState,
    RunSummary, SweepPoint, UnfinishedRun,
};
use simulay_store::ClaimableRun;

use crate::failure::MongoResult;
use crate::fields::{damaged, flag, is_there, number, optional, optional_json, parsed, text};

/// What [`summary`] reads.
pub(crate) fn summary_fields() -> Document {
    doc! { "owner": 1, "pipeline": 1, "version": 1, "sha256": 1, "name": 1, "labels": 1, "sweep": 1,
    "sweep_point": 1, "sweep_attempt": 1, "state": 1, "created_at": 1, "started_at": 1, "ended_at": 1, "error": 1 }
}

pub(crate) fn summary(run: &Document) -> MongoResult<RunSummary> {
    Ok(RunSummary {
        id: parsed(run, "_id")?,
        owner: parsed(run, "owner")?,
        plugin: reference(run)?,
        name: optional(run, "name")?,
        labels: labels(run)?,
        sweep: sweep(run)?,
        state: parsed(run, "state")?,
        created_at: parsed(run, "created_at")?,
        started_at: optional(run, "started_at")?,
        ended_at: optional(run, "ended_at")?,
        error: optional_json(run, "error")?,
    })
}

/// What [`claimable`] reads.
pub(crate) fn claimable_fields() -> Document {
    doc! { "owner": 1, "pipeline": 1, "cancel_requested": 1, "state": 1 }
}

pub(crate) fn claimable(run: &Document) -> MongoResult<ClaimableRun> {
    let (id, owner, pipeline) = (parsed(run, "_id")?, parsed(run, "owner")?, parsed(run, "pipeline")?);
    Ok(ClaimableRun {
        run: UnfinishedRun { id, owner, pipeline },
        cancel_requested: flag(run, "cancel_requested")?,
        running: parsed::<RunState>(run, "state")? == RunState::Running,
    })
}

pub(crate) fn reference(run: &Document) -> MongoResult<PluginRef> {
    Ok(PluginRef {
        name: parsed(run, "pipeline")?,
        version: parsed(run, "version")?,
        sha256: parsed(run, "sha256")?,
    })
}

pub(crate) fn labels(run: &Document) -> MongoResult<Labels> {
    if !is_there(run, "labels") {
        return Ok(Labels::default());
    }
    let of_run = run.get_array("labels").map_err(|error| damaged("labels", error))?;
    let label = |text: &Bson| {
        let label: Label =
            text.as_str().unwrap_or_default().parse().map_err(|rule| damaged("labels", rule))?;
        Ok((label.key, label.value))
    };
    let labels = of_run.iter().map(label).collect::<MongoResult<BTreeMap<_, _>>>()?;
    Labels::try_from(labels).map_err(|rule| damaged("labels", rule))
}

fn sweep(run: &Document) -> MongoResult<Option<SweepPoint>> {
    let Some(sweep) = optional(run, "sweep")? else { return Ok(None) };
    let attempt = if is_there(run, "sweep_attempt") { number(run, "sweep_attempt")? } else { 0 };
    Ok(Some(SweepPoint { sweep, point: number(run, "sweep_point")?, attempt }))
}

/// A run; its report comes of its own.
pub(crate) fn run(run: &Document, request: Request) -> MongoResult<Run> {
    Ok(Run {
        id: parsed(run, "_id")?,
        owner: parsed(run, "owner")?,
        plugin: reference(run)?,
        name: optional(run, "name")?,
        labels: labels(run)?,
        sweep: sweep(run)?,
        request,
        retries: number(run, "retries")?,
        reuse: !flag(run, "computes_anew")?,
        state: parsed(run, "state")?,
        steps: number(run, "steps")?,
        cancel_requested: flag(run, "cancel_requested")?,
        created_at: parsed(run, "created_at")?,
        started_at: optional(run, "started_at")?,
        ended_at: optional(run, "ended_at")?,
        report: None,
        error: optional_json(run, "error")?,
    })
}

/// The head of a run's progress; its attempts lie elsewhere.
pub(crate) fn progress(run: &Document) -> MongoResult<Progress> {
    Ok(Progress {
        state: parsed(run, "state")?,
        sequence: number(run, "last_event")?,
        cancel_requested: flag(run, "cancel_requested")?,
        steps: number(run, "steps")?,
        attempts: BTreeMap::new(),
    })
}

/// What [`progress`] reads.
pub(crate) fn progress_fields() -> Document {
    doc! { "state": 1, "last_event": 1, "cancel_requested": 1, "steps": 1 }
}

pub(crate) fn artifact(stored: &Document) -> MongoResult<RunArtifact> {
    let origin = stored
        .contains_key("step")
        .then(|| Ok::<_, crate::failure::Failure>((number(stored, "step")?, number(stored, "index")?)));
    Ok(RunArtifact {
        kind: parsed(stored, "kind")?,
        origin: origin.transpose()?,
        artifact: Artifact {
            path: RelativePath::new(text(stored, "path")?.to_owned())
                .map_err(|rule| damaged("path", rule))?,
            size: number(stored, "size")?,
            sha256: parsed(stored, "sha256")?,
            media_type: text(stored, "media_type")?.to_owned(),
        },
    })
}
