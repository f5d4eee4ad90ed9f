//! Lists of runs.

use simulay_model::OwnerFilter::Any;
use simulay_model::{Change, RunEnd, RunId, RunState, RunSummary};

use super::Subject;
use super::samples::run;
use crate::{RunFilter, RunQuery};

/// Pages follow each other without a gap, and tell what the runs tell.
pub async fn lists_go_from_the_newest_and_page_by_a_cursor(subject: &Subject) {
    let runs = seven(subject).await;
    let page = |before| RunQuery { before, limit: 3, ..RunQuery::default() };
    assert_eq!(list(subject, page(None)).await, runs[..3]);
    assert_eq!(list(subject, page(Some(runs[2]))).await, runs[3..6]);
    assert_eq!(list(subject, page(Some(runs[5]))).await, runs[6..]);
    assert_eq!(list(subject, page(Some(runs[6]))).await, []);
    let newest = subject.runs.list(&Any, page(None)).await.unwrap().remove(0);
    let run = subject.runs.get(&Any, runs[0]).await.unwrap().unwrap();
    assert_eq!(newest, RunSummary::from(&run));
}

/// By pipeline, by state, by both.
pub async fn lists_are_filtered(subject: &Subject) {
    let runs = seven(subject).await;
    let all = |pipeline: Option<&str>, state: Option<RunState>| {
        let pipeline = pipeline.map(|name| name.parse().unwrap());
        let filter = RunFilter { pipeline, states: state.into_iter().collect(), ..RunFilter::default() };
        RunQuery { filter, before: None, limit: 100 }
    };
    let running = Some(RunState::Running);
    assert_eq!(list(subject, all(Some("heat"), None)).await, [runs[0], runs[2], runs[4], runs[6]]);
    assert_eq!(list(subject, all(None, running)).await, runs[..2]);
    assert_eq!(list(subject, all(None, Some(RunState::Cancelled))).await, runs[6..]);
    assert_eq!(list(subject, all(Some("beam"), running)).await, runs[1..2]);
    assert_eq!(list(subject, all(Some("none"), running)).await, []);
    let second = RunQuery { before: Some(runs[0]), limit: 1, ..all(Some("heat"), None) };
    assert_eq!(list(subject, second).await, runs[2..3]);
}

/// Runs of two pipelines in turn, from the newest: the first two at work, the oldest cancelled.
async fn seven(subject: &Subject) -> Vec<RunId> {
    let mut runs = Vec::new();
    for number in 0..7 {
        let run = run(if number % 2 == 0 { "heat" } else { "beam" });
        subject.runs.create(run.clone(), None).await.unwrap();
        runs.insert(0, run.id);
    }
    subject.change(runs[0], Change::Started).await;
    subject.change(runs[1], Change::Started).await;
    subject.change(runs[6], Change::ended(RunEnd::Cancelled)).await;
    runs
}

async fn list(subject: &Subject, query: RunQuery) -> Vec<RunId> {
    let listed = subject.runs.list(&Any, query).await.unwrap();
    listed.into_iter().map(|run| run.id).collect()
}
