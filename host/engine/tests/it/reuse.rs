//! What was computed before, or is computed at the moment, is not computed again.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use simulay_containers::scripted::{Act, Scripted};
use simulay_engine::{
    NewRun, NotReused, RetentionPorts, RetentionRules, ReuseAmong, ReuseTold, Settings, collect,
};
use simulay_model::{
    CallEnd, CallPlace, ContainerResult, KeyPart, Principal, Role, Run, RunId, RunState, SystemClock,
    Visibility,
};
use simulay_sandbox::ScriptedSandbox;

use crate::house::{self, COMPONENT, House, answer, manifest, me, request};

/// A request whose calls are those of every other such request.
fn equal(params: Value) -> NewRun {
    NewRun { seed: Some(7), ..request(params) }
}

fn anew() -> NewRun {
    NewRun { reuse: false, ..equal(json!({})) }
}

fn account(name: &str) -> Principal {
    Principal { account: name.parse().unwrap(), role: Role::Author, ..me() }
}

impl House {
    async fn begun(&self, new: NewRun) -> RunId {
        self.begun_by(&me(), new).await
    }

    async fn begun_by(&self, principal: &Principal, new: NewRun) -> RunId {
        self.engine.intake.create(principal, new).await.unwrap().id
    }

    /// Two runs that ask for the same, the second once the calls of the first are at work.
    async fn first_and_second(&self) -> [RunId; 2] {
        let first = self.begun(equal(json!({}))).await;
        self.started(2).await;
        [first, self.begun(equal(json!({}))).await]
    }

    async fn ran(&self, new: NewRun) -> Run {
        self.ended(self.begun(new).await).await
    }

    /// What came of the calls of a run that has ended.
    async fn results(&self, principal: &Principal, run: RunId) -> Vec<ContainerResult> {
        self.engine.reader.wait(principal, run, Duration::from_secs(30)).await.unwrap();
        let calls = self.engine.reader.calls(principal, run).await.unwrap();
        let result = |end| if let Some(CallEnd::Result(result)) = end { Some(result) } else { None };
        calls.into_iter().filter_map(|call| result(call.end)).collect()
    }

    /// From which runs the calls of a run took their results.
    async fn sources(&self, run: RunId) -> Vec<Option<RunId>> {
        self.results(&me(), run).await.iter().map(|result| result.reused_from).collect()
    }

    async fn told(&self, run: RunId, index: u32) -> ReuseTold {
        let place = CallPlace { run, step: 0, index };
        self.engine.reader.reuse(&me(), place).await.unwrap().unwrap()
    }
}

async fn house(containers: &Scripted, among: ReuseAmong) -> (tempfile::TempDir, House) {
    let directory = tempfile::tempdir().unwrap();
    let settings = Settings { reuse: among, ..Settings::default() };
    let house = House::with(directory.path(), containers, settings);
    house.upload().await;
    (directory, house)
}

/// A house one of whose calls goes on until it is released.
async fn held() -> (Scripted, tempfile::TempDir, House) {
    let containers = Scripted::new();
    containers.on("left", Act::exits(0).held());
    let (directory, house) = house(&containers, ReuseAmong::Account).await;
    (containers, directory, house)
}

#[tokio::test]
async fn equal_calls_take_the_results_of_earlier_ones_and_have_no_containers() {
    let containers = Scripted::new();
    containers.on("left", Act::exits(0).stdout("l").output("x.csv", "1,2\n"));
    let (_directory, house) = house(&containers, ReuseAmong::Account).await;
    let params = json!({ "steps": 2 });
    let first = house.ran(equal(params.clone())).await;
    assert_eq!(containers.starts().len(), 4);
    let second = house.ran(equal(params.clone())).await;
    let third = house.ran(equal(params)).await;
    assert_eq!(containers.starts().len(), 4);
    for run in [&second, &third] {
        assert_eq!(run.report, first.report);
        assert_eq!(house.sources(run.id).await, [Some(first.id); 4], "that computed it");
        let artifacts = house.engine.reader.artifacts(&me(), run.id).await.unwrap();
        assert_eq!(artifacts.len(), house.engine.reader.artifacts(&me(), first.id).await.unwrap().len());
    }
    assert_eq!(house.sources(first.id).await, [None; 4]);
    assert_eq!(house.told(second.id, 1).await, ReuseTold::Reused(Some(first.id)));
    assert_eq!(house.told(first.id, 0).await, ReuseTold::Not(NotReused::NoEqual, None));
}

#[tokio::test]
async fn another_seed_is_another_call_and_that_is_told() {
    let containers = Scripted::new();
    let (_directory, house) = house(&containers, ReuseAmong::Account).await;
    let first = house.ran(equal(json!({}))).await;
    let second = house.ran(NewRun { seed: Some(8), ..equal(json!({})) }).await;
    assert_eq!(containers.starts().len(), 4);
    let ReuseTold::Not(NotReused::NoEqual, Some(nearest)) = house.told(second.id, 0).await else {
        panic!("{:?}", house.told(second.id, 0).await)
    };
    assert_eq!((nearest.place.run, nearest.differs), (first.id, vec![KeyPart::Seed]));
    let unknown = CallPlace { run: first.id, step: 0, index: 9 };
    assert_eq!(house.engine.reader.reuse(&me(), unknown).await.unwrap(), None);
}

#[tokio::test]
async fn who_wants_all_to_be_computed_has_it_and_others_take_it() {
    let containers = Scripted::new();
    let (_directory, house) = house(&containers, ReuseAmong::Account).await;
    let computed = house.ran(anew()).await;
    let again = house.ran(anew()).await;
    assert_eq!(containers.starts().len(), 4);
    let ReuseTold::Not(NotReused::ComputedAnew, Some(nearest)) = house.told(again.id, 0).await else {
        panic!()
    };
    assert_eq!((nearest.place.run, nearest.differs), (computed.id, vec![]));
    let taken = house.ran(equal(json!({}))).await;
    assert_eq!(containers.starts().len(), 4);
    assert_eq!(house.sources(taken.id).await, [Some(again.id); 2], "the newest");
}

#[tokio::test]
async fn where_it_is_switched_off_nothing_is_taken_or_kept() {
    let containers = Scripted::new();
    let (directory, house) = house(&containers, ReuseAmong::Nobody).await;
    for _ in 0..2 {
        house.ran(equal(json!({}))).await;
    }
    assert_eq!(containers.starts().len(), 4);
    house.engine.shutdown().await;
    drop(house);
    let house = House::open(directory.path(), &containers);
    let run = house.ran(equal(json!({}))).await;
    assert_eq!(containers.starts().len(), 6);
    assert_eq!(house.told(run.id, 0).await, ReuseTold::Not(NotReused::NoEqual, None));
}

#[tokio::test]
async fn nobody_takes_the_results_of_another_account_unless_all_share() {
    for (among, starts) in [(ReuseAmong::Account, 4), (ReuseAmong::All, 2)] {
        let containers = Scripted::new();
        let (_directory, house) = house(&containers, among).await;
        let plugin = "pairs".parse().unwrap();
        house.engine.catalog.set_visibility(&me(), &plugin, Visibility::Public).await.unwrap();
        let (ada, bob) = (account("ada"), account("bob"));
        let first = house.begun_by(&ada, equal(json!({}))).await;
        let of_ada = house.results(&ada, first).await;
        let second = house.begun_by(&bob, equal(json!({}))).await;
        let of_bob = house.results(&bob, second).await;
        assert_eq!(containers.starts().len(), starts, "{among:?}");
        assert!(of_ada.iter().all(|result| !result.reused));
        assert!(of_bob.iter().all(|result| result.reused == (among == ReuseAmong::All)));
        assert!(of_bob.iter().all(|result| result.reused_from.is_none()), "whose it was is not told");
        let place = CallPlace { run: second, step: 0, index: 0 };
        let told = house.engine.reader.reuse(&bob, place).await.unwrap().unwrap();
        let expected = match among {
            ReuseAmong::All => ReuseTold::Reused(None),
            _ => ReuseTold::Not(NotReused::NoEqual, None),
        };
        assert_eq!(told, expected);
        assert_eq!(house.engine.reader.reuse(&ada, place).await.unwrap(), None);
    }
}

#[tokio::test]
async fn what_failed_is_computed_again() {
    let containers = Scripted::new();
    containers.on("left", Act::exits(3));
    let (_directory, house) = house(&containers, ReuseAmong::Account).await;
    for starts in [2, 3] {
        let run = house.ran(equal(json!({ "report": true }))).await;
        assert_eq!(run.state, RunState::Succeeded);
        assert_eq!(containers.starts().len(), starts, "one of two exited with 0");
    }
}

#[tokio::test]
async fn a_plugin_is_not_asked_again_what_it_was_asked_twice() {
    let (containers, asked) = (Scripted::new(), Arc::new(AtomicU32::new(0)));
    let (directory, counted) = (tempfile::tempdir().unwrap(), asked.clone());
    let plugins = ScriptedSandbox::default().with(COMPONENT, manifest(), move |call, _| {
        counted.fetch_add(1, Ordering::Relaxed);
        Ok(answer(call))
    });
    let house = House::of(directory.path(), &containers, Settings::default(), plugins);
    house.upload().await;
    let first = house.ran(equal(json!({}))).await;
    let (mut times, mut before) = (Vec::new(), asked.load(Ordering::Relaxed));
    for new in [equal(json!({})), equal(json!({})), equal(json!({})), anew(), request(json!({}))] {
        assert_eq!(house.ran(new).await.report, first.report);
        times.push(asked.load(Ordering::Relaxed) - before);
        before += times[times.len() - 1];
    }
    // Of the first run the results had no source, those of the others have.
    assert_eq!(times, [2, 1, 0, 2, 2]);
}

#[tokio::test]
async fn what_is_not_declared_deterministic_is_computed_each_time() {
    let containers = Scripted::new();
    let directory = tempfile::tempdir().unwrap();
    let plugins = ScriptedSandbox::default().with(COMPONENT, manifest(), |call, _| {
        let mut answered = answer(call);
        if let Ok(simulay_sandbox::Answer::Step(step)) = &mut answered.answer {
            step.calls.iter_mut().for_each(|call| call.deterministic = false);
        }
        Ok(answered)
    });
    let house = House::of(directory.path(), &containers, Settings::default(), plugins);
    house.upload().await;
    let mut runs = Vec::new();
    for _ in 0..2 {
        runs.push(house.ran(equal(json!({}))).await.id);
    }
    assert_eq!(containers.starts().len(), 4);
    assert_eq!(house.told(runs[1], 0).await, ReuseTold::Not(NotReused::NotDeterministic, None));
}

#[tokio::test]
async fn equal_calls_at_once_are_computed_once() {
    let (containers, _directory, house) = held().await;
    let runs = [house.begun(equal(json!({}))).await, house.begun(equal(json!({}))).await];
    house.started(2).await;
    containers.release("left");
    for run in runs {
        assert_eq!(house.ended(run).await.state, RunState::Succeeded);
    }
    assert_eq!(containers.starts().len(), 2);
    let [first, second] = [house.sources(runs[0]).await, house.sources(runs[1]).await];
    let taken = first.iter().chain(&second).filter(|from| from.is_some()).count();
    assert_eq!(taken, 2, "{first:?} {second:?}");
}

#[tokio::test]
async fn whoever_waits_goes_on_when_the_other_is_cancelled() {
    let (containers, _directory, house) = held().await;
    let [first, second] = house.first_and_second().await;
    house.engine.intake.cancel(&me(), first).await.unwrap();
    assert_eq!(house.ended(first).await.state, RunState::Cancelled);
    house.started(3).await;
    containers.release("left");
    assert_eq!(house.ended(second).await.state, RunState::Succeeded);
}

#[tokio::test]
async fn whoever_waits_can_be_cancelled() {
    let (containers, _directory, house) = held().await;
    let [first, second] = house.first_and_second().await;
    house.engine.intake.cancel(&me(), second).await.unwrap();
    assert_eq!(house.ended(second).await.state, RunState::Cancelled);
    containers.release("left");
    assert_eq!(house.ended(first).await.state, RunState::Succeeded);
    assert_eq!(containers.starts().len(), 2);
}

#[tokio::test]
async fn what_retention_let_go_of_is_computed_again() {
    let containers = Scripted::new();
    containers.on("left", Act::exits(0).stdout("l"));
    let directory = tempfile::tempdir().unwrap();
    let stored = house::open(directory.path());
    let plugins = || ScriptedSandbox::default().with(COMPONENT, manifest(), |call, _| Ok(answer(call)));
    let house = House::over(&stored, &containers, Settings::default(), plugins());
    house.upload().await;
    let first = house.ran(equal(json!({}))).await;
    let kept = RetentionPorts::over(stored.0.clone(), stored.1.clone(), std::sync::Arc::new(SystemClock));
    let logs =
        RetentionRules { logs: Some(Duration::ZERO), unused: Duration::ZERO, ..RetentionRules::default() };
    collect(&kept, &logs, false).await.unwrap();
    let second = house.ran(equal(json!({}))).await;
    assert_eq!(containers.starts().len(), 3, "what printed nothing is whole");
    assert_eq!(house.sources(second.id).await, [None, Some(first.id)]);
    let runs =
        RetentionRules { runs: Some(Duration::ZERO), unused: Duration::ZERO, ..RetentionRules::default() };
    collect(&kept, &runs, false).await.unwrap();
    let third = house.ran(equal(json!({}))).await;
    assert_eq!(containers.starts().len(), 5);
    assert_eq!(third.state, RunState::Succeeded);
    assert_eq!(house.sources(third.id).await, [None, None]);
}
