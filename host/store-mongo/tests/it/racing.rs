//! Two hosts that work on the same runs at once.

use std::time::Duration;

use futures_util::future::join_all;
use simulay_model::OwnerFilter::Any;
use simulay_model::{AccountName, Change, Decision, Digest, EventData};
use simulay_store::conformance::samples::{now, planned, plugin, run, started};
use simulay_store::{
    Claim, Journal as _, Outcome, Plugins as _, RequestKey, Requests as _, Runs, StoreError,
};

use crate::server::{Server, two_hosts};

const HOUR: Duration = Duration::from_secs(3600);

#[tokio::test(flavor = "multi_thread")]
async fn each_run_is_leased_to_one_of_them() {
    let server = Server::start();
    let hosts = two_hosts(&server).await;
    let runs: Vec<_> = (0..6).map(|_| run("heat")).collect();
    for run in &runs {
        hosts[0].create(run.clone(), None).await.unwrap();
    }
    let claims = [0, 1].map(|host| {
        let (store, holder) = (&hosts[host], format!("host-{host}"));
        async move {
            let mut held = Vec::new();
            for claimable in store.claimable(10).await.unwrap() {
                let run = claimable.run.id;
                held.extend(
                    store.acquire_lease(run, &holder, HOUR).await.unwrap().map(|lease| (run, lease.fence)),
                );
            }
            held
        }
    });
    let mut held = join_all(claims).await.concat();
    held.sort_unstable();
    let mut expected: Vec<_> = runs.iter().map(|run| (run.id, 1)).collect();
    expected.sort_unstable();
    assert_eq!(held, expected);
    assert_eq!(hosts[0].claimable(10).await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_makes_one_run() {
    let server = Server::start();
    let hosts = two_hosts(&server).await;
    let request = RequestKey { owner: AccountName::local(), scope: "runs".to_owned(), key: "1".to_owned() };
    let claim = Claim { request: request.clone(), fingerprint: Digest::of(b"") };
    let created = join_all((0..6).map(|host| hosts[host % 2].create(run("heat"), Some(claim.clone())))).await;
    assert_eq!(created.iter().filter(|created| created.is_ok()).count(), 1, "{created:?}");
    assert_eq!(created.iter().filter(|created| matches!(created, Err(StoreError::Repeated))).count(), 5);
    let Some(Outcome::Run(made)) = hosts[0].find(&request).await.unwrap().map(|found| found.outcome) else {
        panic!("the request is not remembered")
    };
    let unfinished = hosts[1].claimable(10).await.unwrap();
    assert_eq!(unfinished.iter().map(|claimable| claimable.run.id).collect::<Vec<_>>(), [made]);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_changes_that_were_decided_on_the_same_one_is_stored() {
    let server = Server::start();
    let hosts = two_hosts(&server).await;
    let run = run("heat");
    hosts[0].create(run.clone(), None).await.unwrap();
    let progress = hosts[0].progress(run.id).await.unwrap().unwrap();
    let commits = (0..6).map(|host| {
        let change = if host % 2 == 0 { Change::Started } else { Change::CancelRequested };
        let Decision::Commit(effects) = progress.decide(now(), change).unwrap() else { panic!("no change") };
        Runs::commit(&*hosts[host % 2], run.id, None, effects)
    });
    let committed = join_all(commits).await;
    assert_eq!(committed.iter().filter(|committed| committed.is_ok()).count(), 1, "{committed:?}");
    assert!(committed.iter().all(|it| matches!(it, Ok(()) | Err(StoreError::Stale))), "{committed:?}");
    assert_eq!(hosts[1].events(&Any, run.id, 0, 10).await.unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_is_taken_by_one_account() {
    let server = Server::start();
    let hosts = two_hosts(&server).await;
    let adds = (0..4).map(|number: usize| {
        let mut plugin = plugin("heat", &format!("1.0.{number}"), &[u8::try_from(number).unwrap()]);
        plugin.owner = format!("owner-{}", number % 2).parse().unwrap();
        hosts[number % 2].add(plugin, None)
    });
    let added = join_all(adds).await;
    assert!(added.iter().all(|it| matches!(it, Ok(_) | Err(StoreError::NameTaken))), "{added:?}");
    let versions = hosts[0].versions(&Any, &"heat".parse().unwrap()).await.unwrap();
    assert_eq!(versions.len(), 2, "{added:?}");
    assert!(versions.iter().all(|version| version.owner == versions[0].owner));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_that_is_kept_is_not_in_the_way_of_changes() {
    let server = Server::start();
    let hosts = two_hosts(&server).await;
    let run = run("heat");
    hosts[0].create(run.clone(), None).await.unwrap();
    let lease = hosts[0].acquire_lease(run.id, "host", HOUR).await.unwrap().unwrap();
    let renewals = async {
        for _ in 0..10 {
            hosts[0].renew_lease(run.id, lease, HOUR).await.unwrap();
        }
    };
    let changes = async {
        for change in [Change::Started, planned(0, 2), started(0, 0, 0), started(0, 1, 0)] {
            let progress = hosts[1].progress(run.id).await.unwrap().unwrap();
            let Decision::Commit(effects) = progress.decide(now(), change).unwrap() else {
                panic!("no change")
            };
            Runs::commit(&*hosts[1], run.id, Some(lease.fence), effects).await.unwrap();
        }
    };
    futures_util::join!(renewals, changes);
    let events = hosts[0].events(&Any, run.id, 0, 10).await.unwrap();
    assert_eq!(events.iter().map(|event| event.sequence).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    assert!(matches!(events[4].data, EventData::CallStarted(_)));
}
