//! What is kept no longer. For stores that keep records for long, which is not all of them.

use std::sync::Arc;
use std::time::Duration;

use simulay_model::OwnerFilter::Any;
use simulay_model::{AccountName, CallEnd, Change, ContainerResult, Digest, Quotas, RunEnd, RunId};

use super::samples::{ended, now, plugin, report, run, started};
use super::{Subject, reuse, sweeps};
use crate::{Claim, Left, RequestKey, Retention, StoreError, Upload};

const NOW: Duration = Duration::ZERO;
const HOUR: Duration = Duration::from_secs(3600);

/// A store to be checked, which lets go of what is old.
pub struct Keeper {
    /// Its ports.
    pub subject: Subject,
    /// That of what it lets go of.
    pub retention: Arc<dyn Retention>,
}

impl Keeper {
    /// A run that has ended with what its call left.
    async fn done(&self) -> RunId {
        let run = self.subject.running(1).await;
        for change in [started(0, 0, 0), ended(0, 0, 0, 1), Change::ended(RunEnd::Succeeded(report()))] {
            self.subject.change(run, change).await;
        }
        run
    }

    /// What came of the only call of a run.
    async fn result_of(&self, run: RunId) -> ContainerResult {
        let end = self.subject.journal.calls(&Any, run).await.unwrap().remove(0).end;
        end.and_then(|end| if let CallEnd::Result(result) = end { Some(result) } else { None }).unwrap()
    }

    /// Lets a host be seen at work for `time`.
    async fn pass(&self, time: Duration) {
        self.subject.clock.advance(time);
        self.retention.observe(time).await.unwrap();
    }
}

/// Checks every behaviour, each on a store that `open` gives: an empty one each time.
pub async fn check(open: impl AsyncFn() -> Keeper) {
    a_run_is_deleted_whole(&open().await).await;
    a_run_that_a_remembered_request_tells_of_stays(&open().await).await;
    what_calls_left_goes_before_their_run(&open().await).await;
    what_a_run_or_a_plugin_shows_is_known(&open().await).await;
    what_ended_runs_share_is_free_once_all_of_them_are_gone(&open().await).await;
    what_may_go_is_known_for_each_account(&open().await).await;
    ages_are_of_the_time_observed(&open().await).await;
    who_uploaded_what_is_forgotten_by_age(&open().await).await;
    a_request_is_forgotten_by_age(&open().await).await;
    a_sweep_goes_after_its_runs(&open().await).await;
    what_goes_is_not_offered(&open().await).await;
}

/// Nothing of a deleted run is found any more, and others stay.
pub async fn a_run_is_deleted_whole(keeper: &Keeper) {
    let (gone, stays, at_work) = (keeper.done().await, keeper.done().await, keeper.subject.running(1).await);
    let retention = &keeper.retention;
    assert_eq!(retention.ended(&Any, NOW, 10).await.unwrap(), [gone, stays]);
    assert_eq!(retention.ended(&Any, NOW, 1).await.unwrap(), [gone]);
    assert_eq!(retention.ended(&Any, HOUR, 10).await.unwrap(), []);
    retention.delete(gone, now(), "for a test").await.unwrap();
    let Subject { runs, journal, .. } = &keeper.subject;
    assert!(runs.get(&Any, gone).await.unwrap().is_none());
    assert_eq!(journal.events(&Any, gone, 0, 10).await.unwrap(), []);
    assert_eq!(journal.calls(&Any, gone).await.unwrap(), []);
    assert_eq!(journal.artifacts(&Any, gone).await.unwrap(), []);
    assert!(journal.step(gone, 0).await.unwrap().is_none());
    assert!(runs.get(&Any, stays).await.unwrap().is_some());
    assert!(journal.step(stays, 0).await.unwrap().is_some());
    assert!(matches!(retention.delete(gone, now(), "again").await, Err(StoreError::NotFound)));
    assert!(matches!(retention.delete(at_work, now(), "early").await, Err(StoreError::Conflict(_))));
    assert!(runs.get(&Any, at_work).await.unwrap().is_some());
}

/// Whoever asks again is told of the run that came of the first request.
pub async fn a_run_that_a_remembered_request_tells_of_stays(keeper: &Keeper) {
    let (kept, claim) = (run("heat"), claim("k"));
    keeper.subject.runs.create(kept.clone(), Some(claim)).await.unwrap();
    keeper.subject.change(kept.id, Change::ended(RunEnd::Cancelled)).await;
    assert_eq!(keeper.retention.ended(&Any, NOW, 10).await.unwrap(), []);
    assert!(matches!(keeper.retention.delete(kept.id, now(), "why").await, Err(StoreError::Conflict(_))));
    assert_eq!(keeper.subject.requests.forget(NOW).await.unwrap(), 1);
    keeper.retention.delete(kept.id, now(), "why").await.unwrap();
}

fn claim(key: &str) -> Claim {
    let request = RequestKey { owner: AccountName::local(), scope: "s".to_owned(), key: key.to_owned() };
    Claim { request, fingerprint: Digest::of(b"") }
}

/// Logs and outputs go by themselves, those of ended runs only; what the report keeps stays.
pub async fn what_calls_left_goes_before_their_run(keeper: &Keeper) {
    let (run, at_work) = (keeper.done().await, keeper.subject.running(1).await);
    for change in [started(0, 0, 0), ended(0, 0, 0, 1)] {
        keeper.subject.change(at_work, change).await;
    }
    let (retention, journal) = (&keeper.retention, &keeper.subject.journal);
    assert_eq!(retention.let_go(Left::Logs, NOW).await.unwrap(), 2);
    assert_eq!(retention.let_go(Left::Logs, NOW).await.unwrap(), 0);
    let result = keeper.result_of(run).await;
    assert_eq!((result.stdout_log, result.stderr_log, result.outputs.len()), (None, None, 1));
    assert_eq!(retention.let_go(Left::Outputs, NOW).await.unwrap(), 1);
    assert_eq!(keeper.result_of(run).await.outputs, []);
    let left = journal.artifacts(&Any, run).await.unwrap();
    assert_eq!(left.iter().map(|entry| entry.artifact.path.as_str()).collect::<Vec<_>>(), ["mesh.csv"]);
    assert_eq!(journal.artifacts(&Any, at_work).await.unwrap().len(), 4);
}

/// Bytes that nobody shows are nobody's; those that one run shows alone would go with it.
pub async fn what_a_run_or_a_plugin_shows_is_known(keeper: &Keeper) {
    let (retention, plugins) = (&keeper.retention, &keeper.subject.plugins);
    plugins.add(plugin("heat", "1.0.0", b"code"), None).await.unwrap();
    let run = keeper.done().await;
    let [code, input, output, unknown] = [&b"code"[..], b"1,2", b"3,4", b"unknown"].map(Digest::of);
    let shown = retention.shown(vec![code, input, output, unknown]).await.unwrap();
    assert_eq!(shown, [code, input, output].into_iter().collect());
    let own = retention.own_bytes(run).await.unwrap();
    let records = own - (3 + 3 + 5 + 2);
    assert!((500..5000).contains(&records), "plan, report and what happened: {records}");
    assert_eq!(retention.freeable().await.unwrap(), own, "it is the only run that may go");
    keeper.subject.queued().await;
    assert_eq!(retention.own_bytes(run).await.unwrap(), own - 3, "another run has the input too");
    assert_eq!(retention.freeable().await.unwrap(), own - 3);
    plugins.add(plugin("code", "1.0.0", b"3,4"), None).await.unwrap();
    assert_eq!(retention.freeable().await.unwrap(), own - 6, "a plugin shows the output too");
}

/// What two runs show is free when both are gone, and counted once.
pub async fn what_ended_runs_share_is_free_once_all_of_them_are_gone(keeper: &Keeper) {
    let (runs, retention) = ([keeper.done().await, keeper.done().await], &keeper.retention);
    let all = retention.freeable().await.unwrap();
    let first = retention.own_bytes(runs[0]).await.unwrap();
    let second = retention.own_bytes(runs[1]).await.unwrap();
    assert_eq!(all, first + second + (3 + 3 + 5 + 2), "shared bytes are nobody's own, and counted once");
    retention.delete(runs[0], now(), "for a test").await.unwrap();
    assert_eq!(retention.own_bytes(runs[1]).await.unwrap(), all - first);
    assert_eq!(retention.freeable().await.unwrap(), all - first);
}

/// What each account would free alone; nobody is told of who has nothing that may go.
pub async fn what_may_go_is_known_for_each_account(keeper: &Keeper) {
    let (local, retention) = (AccountName::local(), &keeper.retention);
    keeper.subject.queued().await;
    assert!(retention.deletable_bytes().await.unwrap().is_empty());
    let runs = [keeper.done().await, keeper.done().await];
    let (mut records, blobs) = (0, 3 + 3 + 5 + 2);
    for run in runs {
        // The input is another's too.
        records += retention.own_bytes(run).await.unwrap();
    }
    let of_each = retention.deletable_bytes().await.unwrap();
    assert_eq!(of_each, [(local.clone(), records + blobs)].into_iter().collect());
    let used = keeper.subject.metering.present_use(&local, now()).await.unwrap();
    assert!(used.stored_bytes > records + blobs, "the run that has not ended is not counted");
    for run in runs {
        retention.delete(run, now(), "for a test").await.unwrap();
    }
    let left = keeper.subject.metering.present_use(&local, now()).await.unwrap();
    assert_eq!(left.stored_bytes + records + blobs - 3, used.stored_bytes, "the input stays");
}

/// Neither a clock that jumps nor a host that is off makes anything old.
pub async fn ages_are_of_the_time_observed(keeper: &Keeper) {
    let (old, retention) = (keeper.done().await, &keeper.retention);
    keeper.subject.clock.advance(10 * HOUR);
    assert_eq!(retention.ended(&Any, HOUR, 10).await.unwrap(), []);
    keeper.pass(HOUR).await;
    let young = keeper.done().await;
    assert_eq!(retention.ended(&Any, HOUR, 10).await.unwrap(), [old]);
    assert_eq!(retention.ended(&Any, NOW, 10).await.unwrap(), [old, young]);
    assert_eq!(retention.let_go(Left::Logs, HOUR).await.unwrap(), 2);
}

/// What is uploaded again is as young as then.
pub async fn who_uploaded_what_is_forgotten_by_age(keeper: &Keeper) {
    let (ada, [old, again]) = ("ada".parse().unwrap(), [&b"old"[..], b"again"].map(Digest::of));
    let uploads = &keeper.subject.uploads;
    let record = async |blobs: &[Digest]| {
        let blobs = blobs.iter().map(|blob| Upload { sha256: *blob, size: 3 }).collect();
        uploads.record(&ada, blobs, &Quotas::default()).await.unwrap();
    };
    record(&[old, again]).await;
    keeper.pass(HOUR).await;
    record(&[again]).await;
    assert_eq!(uploads.older(HOUR).await.unwrap(), [old].into_iter().collect());
    uploads.forget_uploads(vec![old, again], HOUR).await.unwrap();
    let nameable = uploads.nameable(&Any, vec![old, again]).await.unwrap();
    assert_eq!(nameable, [again].into_iter().collect(), "it was uploaded once more since");
}

/// What is forgotten may be asked again.
pub async fn a_request_is_forgotten_by_age(keeper: &Keeper) {
    let requests = &keeper.subject.requests;
    requests.remember(claim("old"), "first".to_owned()).await.unwrap();
    keeper.pass(HOUR).await;
    requests.remember(claim("young"), "first".to_owned()).await.unwrap();
    assert_eq!(requests.forget(HOUR).await.unwrap(), 1);
    requests.remember(claim("old"), "second".to_owned()).await.unwrap();
    assert!(matches!(requests.remember(claim("young"), String::new()).await, Err(StoreError::Repeated)));
}

/// Not before it has ended for so long, and what its next points need stays.
pub async fn a_sweep_goes_after_its_runs(keeper: &Keeper) {
    let subject = &keeper.subject;
    let (sweep, other) = (sweeps::sweep("ada"), sweeps::sweep("ada"));
    for sweep in [&sweep, &other] {
        subject.sweeps.add_sweep(sweep.clone(), None).await.unwrap();
    }
    let run = sweeps::of_point(&sweep, 0);
    subject.step(&sweep, sweeps::begun(&sweep, 1), vec![run.clone()]).await.unwrap();
    subject.change(run.id, Change::ended(RunEnd::Cancelled)).await;
    subject.step(&sweep, sweeps::over(2), Vec::new()).await.unwrap();
    keeper.pass(HOUR).await;
    assert_eq!(keeper.retention.forget_sweeps(HOUR).await.unwrap(), 0, "it has a run");
    let input = sweep.spec.inputs[0].sha256;
    keeper.retention.delete(run.id, now(), "old").await.unwrap();
    assert!(keeper.retention.shown(vec![input]).await.unwrap().contains(&input));
    assert_eq!(keeper.retention.forget_sweeps(2 * HOUR).await.unwrap(), 0, "it is younger");
    assert_eq!(keeper.retention.forget_sweeps(HOUR).await.unwrap(), 1);
    assert_eq!(subject.sweeps.sweep(&Any, sweep.id).await.unwrap(), None);
    assert!(subject.sweeps.sweep(&Any, other.id).await.unwrap().is_some());
    keeper.pass(HOUR).await;
    assert_eq!(keeper.retention.forget_sweeps(NOW).await.unwrap(), 0, "it has not ended");
}

/// Neither what was deleted nor what is not whole any more; what was taken by then stays.
pub async fn what_goes_is_not_offered(keeper: &Keeper) {
    let subject = &keeper.subject;
    let keys = ["a", "b", "c"].map(reuse::key);
    let (mut runs, mut offered) = (Vec::new(), Vec::new());
    for key in keys {
        let run = subject.offering("ada", key).await;
        offered.extend(subject.offered(Some("ada"), &key).await);
        subject.change(run, Change::ended(RunEnd::Succeeded(report()))).await;
        runs.push(run);
    }
    keeper.retention.delete(runs[0], now(), "for a test").await.unwrap();
    assert_eq!(subject.offered(Some("ada"), &keys[0]).await, []);
    assert_eq!(subject.offered(Some("ada"), &keys[1]).await.len(), 1);
    keeper.pass(HOUR).await;
    let young = subject.offering("ada", keys[1]).await;
    subject.change(young, Change::ended(RunEnd::Cancelled)).await;
    keeper.retention.let_go(Left::Outputs, HOUR).await.unwrap();
    assert_eq!(subject.offered(Some("ada"), &keys[1]).await[0].offer.place.run, young);
    assert_eq!(subject.offered(Some("ada"), &keys[2]).await, []);
    keeper.retention.let_go(Left::Logs, NOW).await.unwrap();
    assert_eq!(subject.offered(Some("ada"), &keys[1]).await, []);
    assert_eq!(subject.reuse.kept_keys(&Any, RunId::generate(), 10).await.unwrap(), []);
    let call = subject.journal.call(&Any, young, 0, 0).await.unwrap().unwrap();
    assert_eq!(call.key, None, "whoever moves it elsewhere does not offer it either");
    for (key, offered) in keys.into_iter().zip(&offered) {
        let refused = subject.take(key, offered).await;
        assert!(matches!(refused, Err(StoreError::NotOffered)), "{refused:?}");
    }
}
