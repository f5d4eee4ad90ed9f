use bollard::container::{AttachContainerResults, LogOutput};
use futures_util::{StreamExt as _, stream};
use simulay_containers::scripted::Ledger;
use simulay_init::frames::{PROTOCOL, Report, encode};
use simulay_model::RunId;
use tokio::io::sink;

use super::*;
use crate::docker::ending::tests::FINE as EXIT;
use crate::fixtures::{admitted, call, policy};

/// An init that answers the greeting so and says the rest; then it is silent, as behind a frozen daemon.
fn attached(welcome: impl Fn(u64) -> Report, rest: Vec<Report>) -> (u64, AttachContainerResults) {
    let session = 7;
    let said = std::iter::once(welcome(session)).chain(rest);
    let frames: Vec<_> =
        said.map(|report| Ok(LogOutput::StdOut { message: encode(&report).unwrap().into() })).collect();
    let output = stream::iter(frames).chain(stream::pending()).boxed();
    (session, AttachContainerResults { output, input: Box::pin(sink()) })
}

fn speaking(phase: Phase) -> impl Fn(u64) -> Report {
    move |session| Report::Welcome { session, phase, protocol: PROTOCOL }
}

fn name() -> ContainerName {
    ContainerName { run: RunId::generate(), step: 0, call: 0, attempt: 0 }
}

/// What comes of one conversation after another, the last of them.
async fn heard(attachments: Vec<(u64, AttachContainerResults)>) -> Vec<Result<Heard, ContainerError>> {
    let (admitted, ledger) = (admitted(&call(), &policy()), Ledger::default());
    let (env, ran, running_since) = Default::default();
    let (call, exchange) = (&admitted, &ledger);
    let mut job = Job { name: name(), call, env, exchange, ran, running_since, answered: false };
    let mut heard = Vec::new();
    for (session, attached) in attachments {
        heard.push(job.converse_as(session, &mut attached.into(), || async { true }).await);
    }
    heard
}

#[tokio::test(start_paused = true)]
async fn a_daemon_that_was_frozen_is_asked_again_before_a_command_is_overdue() {
    let silent = attached(speaking(Phase::Idle), vec![Report::Started]);
    let ended = attached(speaking(Phase::Ended), vec![Report::Started, Report::Exited(EXIT), Report::Done]);
    let heard = heard(vec![silent, ended]).await;
    assert!(matches!(&heard[0], Ok(Heard::Cut(why)) if why.contains("overdue")), "{heard:?}");
    assert!(matches!(&heard[1], Ok(Heard::Done(EXIT, _))), "{heard:?}");
}

#[tokio::test(start_paused = true)]
async fn a_command_that_runs_on_when_asked_again_is_overdue() {
    let silent = attached(speaking(Phase::Idle), vec![Report::Started]);
    let running = attached(speaking(Phase::Running), vec![Report::Started]);
    let heard = heard(vec![silent, running]).await;
    assert!(matches!(&heard[1], Ok(Heard::Overdue)), "{heard:?}");
}

#[tokio::test(start_paused = true)]
async fn an_init_of_another_host_is_told_as_one() {
    let unversioned = attached(|session| Report::UnversionedWelcome { session, phase: Phase::Idle }, vec![]);
    let newer =
        attached(|session| Report::Welcome { session, phase: Phase::Idle, protocol: PROTOCOL + 1 }, vec![]);
    for heard in heard(vec![unversioned, newer]).await {
        let Err(error) = heard else { panic!("{heard:?}") };
        assert!(error.to_string().contains("simulay images register octave"), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_container_that_serves_another_is_not_heard() {
    let other = Report::Serves { attempt: name().to_string() };
    let heard =
        heard(vec![attached(speaking(Phase::Ended), vec![other, Report::Exited(EXIT), Report::Done])]).await;
    assert!(matches!(&heard[0], Ok(Heard::Cut(why)) if why.contains("serves")), "{heard:?}");
}
