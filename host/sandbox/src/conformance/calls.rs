//! What goes into a call and comes out of it.

use serde_json::json;
use simulay_model::{Document, Failure, Next, Report, Step};

use super::Subject;
use super::subject::request;
use crate::{Answer, Answered, Call, CallError};

/// `pre-process` answers a step, `post-process` a report.
pub async fn stages_are_answered(subject: &Subject<'_>) {
    let document = Document::from(json!({ "width": 2 }));
    let answered = subject.pre_process(&subject.plugins.echo, document.clone()).await;
    assert_eq!(answered, step(document.clone()));
    assert_eq!(post_process(subject, document.clone()).await, done(document));
}

/// Documents keep the order of their keys, their numbers and their letters.
pub async fn documents_pass_unchanged(subject: &Subject<'_>) {
    let document =
        Document::from(json!({ "zeta": 1, "alpha": { "y": [2.0, -0.5], "ü": "\u{1f600}" }, "m": null }));
    let answered = subject.pre_process(&subject.plugins.echo, document.clone()).await;
    assert_eq!(answered, step(document.clone()));
    assert_eq!(post_process(subject, document.clone()).await, done(document));
}

/// Of calls side by side, each is answered to the one who made it.
pub async fn each_caller_gets_its_own_answer(subject: &Subject<'_>) {
    let [one, two, three] = [1, 2, 3].map(|number| Document::from(json!(number)));
    let ask = |params: &Document| subject.pre_process(&subject.plugins.echo, params.clone());
    let answered = tokio::join!(ask(&one), ask(&two), ask(&three));
    assert_eq!(answered, (step(one), step(two), step(three)));
}

/// A plugin that fails has answered: it is no error of the call.
pub async fn a_failure_is_an_answer(subject: &Subject<'_>) {
    let params = Document::from(json!({ "width": 2 }));
    let answered = subject.pre_process(&subject.plugins.failing, params.clone()).await;
    assert_eq!(answered, Ok(Answered::from(Err(Failure::Simulation(params.to_string())))));
}

/// An answer of `echo` to `pre-process`.
pub(super) fn step(state: Document) -> Result<Answered, CallError> {
    Ok(Answered::from(Ok(Answer::Step(Step { calls: Vec::new(), state }))))
}

fn done(outcome: Document) -> Result<Answered, CallError> {
    let report = Report { outcome, plots: Vec::new(), artifacts: Vec::new() };
    Ok(Answered::from(Ok(Answer::Next(Next::Done(report)))))
}

async fn post_process(subject: &Subject<'_>, state: Document) -> Result<Answered, CallError> {
    let request = request(json!({}).into());
    let call = Call::PostProcess { request, state, results: Vec::new() };
    subject.call(&subject.plugins.echo, call).await
}
