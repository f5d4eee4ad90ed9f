//! Runs are accepted, and read back as they were.

use simulay_model::OwnerFilter::Any;
use simulay_model::{ArtifactKind, Digest, EventData, Progress, Run, RunId, RunSummary};

use super::Subject;
use super::samples::run;
use crate::{Claim, RequestKey, StoreError};

/// A run reads back bit by bit, with its first event and its inputs.
pub async fn an_accepted_run_reads_back(subject: &Subject) {
    let run = run("heat");
    subject.runs.create(run.clone(), None).await.unwrap();
    assert_eq!(subject.runs.get(&Any, run.id).await.unwrap().as_ref(), Some(&run));
    assert_eq!(subject.runs.summary(&Any, run.id).await.unwrap(), Some(RunSummary::from(&run)));
    assert_eq!(subject.runs.progress(run.id).await.unwrap(), Some(Progress::queued()));
    let events = subject.journal.events(&Any, run.id, 0, 10).await.unwrap();
    let told: Vec<_> =
        events.iter().map(|event| (event.run, event.sequence, event.at, &event.data)).collect();
    assert_eq!(told, [(run.id, 1, run.created_at, &EventData::RunQueued)]);
    let artifacts = subject.journal.artifacts(&Any, run.id).await.unwrap();
    let told: Vec<_> = artifacts.iter().map(|it| (it.kind, it.origin, &it.artifact)).collect();
    assert_eq!(told, [(ArtifactKind::Input, None, &run.request.inputs[0])]);
}

/// Another run by the same id is refused, with all that came with it.
pub async fn a_run_is_accepted_once(subject: &Subject) {
    let run = run("heat");
    subject.runs.create(run.clone(), None).await.unwrap();
    let request = RequestKey { owner: run.owner.clone(), scope: "s".to_owned(), key: "k".to_owned() };
    let claim = Claim { request: request.clone(), fingerprint: Digest::of(b"") };
    let mut other = Run { retries: 9, ..run.clone() };
    other.request.inputs.extend(run.request.inputs.clone());
    let refused = subject.runs.create(other, Some(claim)).await;
    assert!(matches!(refused, Err(StoreError::RunExists)), "{refused:?}");
    assert_eq!(subject.runs.get(&Any, run.id).await.unwrap().as_ref(), Some(&run));
    assert_eq!(subject.journal.events(&Any, run.id, 0, 10).await.unwrap().len(), 1);
    assert_eq!(subject.journal.artifacts(&Any, run.id).await.unwrap().len(), 1);
    assert_eq!(subject.requests.find(&request).await.unwrap(), None, "a claim without its run");
}

/// A run that nobody accepted is none.
pub async fn what_is_not_there_is_none(subject: &Subject) {
    let run = RunId::generate();
    assert_eq!(subject.runs.get(&Any, run).await.unwrap(), None);
    assert_eq!(subject.runs.summary(&Any, run).await.unwrap(), None);
    assert_eq!(subject.runs.progress(run).await.unwrap(), None);
}
