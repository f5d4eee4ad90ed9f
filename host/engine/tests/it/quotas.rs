//! Two accounts of which one meets its bounds: the other goes on.

use std::time::Duration;

use serde_json::json;
use simulay_containers::scripted::{Act, Scripted};
use simulay_engine::{CreateError, EngineError, Settings};
use simulay_model::{
    AccountName, Principal, Quota, QuotaExceeded, QuotaSetting, Quotas, Role, Run, RunId, RunState,
    Visibility,
};
use simulay_store::StoreError;

use crate::house::{House, me, request};

const LONG: Duration = Duration::from_secs(30);

/// A house with a plugin that everybody may run, and what each account may use.
struct Shared {
    house: House,
    _directory: tempfile::TempDir,
}

fn account(name: &str) -> Principal {
    Principal { account: name.parse().unwrap(), role: Role::Runner, ..me() }
}

impl Shared {
    async fn new(containers: &Scripted, quotas: Quotas) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let settings =
            Settings { quotas, max_containers: 16, max_containers_per_run: 2, ..Settings::default() };
        let house = House::with(directory.path(), containers, settings);
        house.upload().await;
        let pairs = "pairs".parse().unwrap();
        house.engine.catalog.set_visibility(&me(), &pairs, Visibility::Public).await.unwrap();
        for name in ["ada", "bob"] {
            house.engine.accounts.create(name.parse().unwrap(), Role::Runner).await.unwrap();
        }
        Self { house, _directory: directory }
    }

    async fn try_create(&self, owner: &str, steps: u64) -> Result<Run, CreateError> {
        self.house.engine.intake.create(&account(owner), request(json!({ "steps": steps }))).await
    }

    async fn create(&self, owner: &str) -> RunId {
        self.try_create(owner, 1).await.unwrap().id
    }

    async fn ended(&self, owner: &str, run: RunId) -> Run {
        let run = self.house.engine.reader.wait(&account(owner), run, LONG).await.unwrap().unwrap();
        assert!(run.state.is_end(), "{run:?}");
        run
    }

    async fn set(&self, owner: &str, quota: Quota, bound: QuotaSetting) {
        let owner: AccountName = owner.parse().unwrap();
        self.house.engine.quotas.set(&owner, vec![(quota, bound)]).await.unwrap();
    }
}

async fn until(holds: impl Fn() -> bool) {
    let wait = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(LONG, wait).await.unwrap();
}

#[track_caller]
fn exceeded(refused: Result<Run, CreateError>) -> QuotaExceeded {
    let error = refused.unwrap_err();
    let CreateError::Engine(EngineError::Records(StoreError::QuotaExceeded(exceeded))) = error else {
        unreachable!("{error:?}")
    };
    exceeded
}

#[tokio::test]
async fn one_account_does_not_fill_the_queue_of_others() {
    let containers = Scripted::new();
    containers.on("left", Act::exits(0).held());
    let quotas = Quotas::default().with(Quota::MaxUnfinishedRuns, 1);
    let shared = Shared::new(&containers, quotas).await;
    shared.create("ada").await;
    let told = exceeded(shared.try_create("ada", 1).await);
    assert_eq!((told.quota, told.bound, told.used), (Quota::MaxUnfinishedRuns, 1, 1));
    shared.create("bob").await;
    shared.set("ada", Quota::MaxUnfinishedRuns, QuotaSetting::AtMost(2)).await;
    shared.create("ada").await;
    assert!(shared.try_create("bob", 1).await.is_err(), "only one of them may have more");
}

#[tokio::test]
async fn many_who_create_at_once_do_not_pass_the_bound() {
    let containers = Scripted::new();
    containers.on("left", Act::exits(0).held());
    let quotas = Quotas::default().with(Quota::MaxUnfinishedRuns, 3);
    let shared = Shared::new(&containers, quotas).await;
    let creates = futures_util::future::join_all((0..20).map(|_| shared.try_create("ada", 1))).await;
    assert_eq!(creates.iter().filter(|created| created.is_ok()).count(), 3);
}

#[tokio::test]
async fn the_runs_of_an_account_at_its_bound_wait_and_others_go_on() {
    for quota in [Quota::MaxActiveRuns, Quota::MaxContainers] {
        let containers = Scripted::new();
        containers.on("left", Act::exits(0).held());
        containers.on("right", Act::exits(0));
        let shared = Shared::new(&containers, Quotas::default().with(quota, 1)).await;
        let of_ada = [shared.create("ada").await, shared.create("ada").await, shared.create("ada").await];
        let of_bob = shared.create("bob").await;
        let held = |runs: &[RunId]| {
            let first = containers.starts().into_iter().filter(|name| name.call == 0);
            first.filter(|name| runs.contains(&name.run)).count()
        };
        until(|| held(&[of_bob]) == 1).await;
        assert_eq!(held(&of_ada), 1, "{quota}: his came after all of hers");
        shared.set("ada", quota, QuotaSetting::Unlimited).await;
        until(|| held(&of_ada) == 3).await;
        containers.release("left");
        for run in of_ada {
            assert_eq!(shared.ended("ada", run).await.state, RunState::Succeeded);
        }
        assert_eq!(shared.ended("bob", of_bob).await.state, RunState::Succeeded);
    }
}

#[tokio::test]
async fn a_run_goes_on_when_its_account_has_used_its_processor_time() {
    let containers = Scripted::new();
    containers.on("left", Act::exits(0).cpu_ms(3_000));
    let quotas = Quotas::default().with(Quota::CpuSecondsPerDay, 5);
    let shared = Shared::new(&containers, quotas).await;
    let long = shared.try_create("ada", 3).await.unwrap().id;
    assert_eq!(shared.ended("ada", long).await.state, RunState::Succeeded, "nothing of it is lost");
    let told = exceeded(shared.try_create("ada", 1).await);
    assert_eq!((told.quota, told.bound, told.used), (Quota::CpuSecondsPerDay, 5, 9));
    assert!((1..=86_400).contains(&told.retry_after_s.unwrap()));
    let of_bob = shared.create("bob").await;
    shared.ended("bob", of_bob).await;
    shared.set("ada", Quota::CpuSecondsPerDay, QuotaSetting::AtMost(10)).await;
    shared.create("ada").await;
}
