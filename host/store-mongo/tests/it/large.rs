//! Documents that are larger than MongoDB takes.

use simulay_model::OwnerFilter::Any;
use simulay_model::{Change, Document, RunEnd, Source};
use simulay_store::conformance::apply;
use simulay_store::conformance::samples::{now, plan, report, run};
use simulay_store::{Journal as _, Runs as _};

use crate::server::Server;

/// More than one document may have.
const LARGE: usize = 17 << 20;

fn large() -> Document {
    Document::new(format!("\"{}\"", "x".repeat(LARGE))).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_larger_than_a_document_of_mongodb_reads_back() {
    let server = Server::start();
    let (records, _) = server.store().await;
    let mut run = run("heat");
    run.request.params = large();
    records.create(run.clone(), None).await.unwrap();
    let mut step = plan(1);
    step.calls[0].files[0].content = Source::Text("y".repeat(LARGE));
    let mut report = report();
    report.outcome = large();
    let changes = [
        Change::Started,
        Change::StepPlanned { step: 0, plan: step.clone(), keys: Vec::new() },
        Change::ended(RunEnd::Succeeded(report.clone())),
    ];
    for change in changes {
        apply(&*records, run.id, None, now(), change).await.unwrap();
    }
    assert!(records.step(run.id, 0).await.unwrap() == Some(step));
    let read = records.get(&Any, run.id).await.unwrap().unwrap();
    assert!(read.request.params == run.request.params && read.report == Some(report));
    let events = records.events(&Any, run.id, 0, 10).await.unwrap();
    assert_eq!(events.iter().map(|event| event.sequence).collect::<Vec<_>>(), [1, 2, 3, 4]);
}
