//! Servers that fail, die and come back.

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use mongodb::bson::{Document, doc};
use simulay_model::OwnerFilter::Any;
use simulay_model::{Change, Quotas, RunId};
use simulay_store::conformance::apply;
use simulay_store::conformance::samples::{now, run};
use simulay_store::{Journal as _, Metering as _, Runs as _, Space as _, StoreError};
use simulay_store_mongo::MongoStore;

use crate::server::Server;

/// Creates a run; its id when that was acknowledged.
async fn create(records: &MongoStore) -> Option<RunId> {
    let run = run("heat");
    records.create(run.clone(), None).await.ok().map(|()| run.id)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_outlives_a_server_that_is_killed() {
    let mut server = Server::own();
    let (records, _) = server.store().await;
    let mut acknowledged = Vec::new();
    let mut creating: FuturesUnordered<_> = (0..4).map(|_| create(&records)).collect();
    while let Some(created) = creating.next().await {
        acknowledged.extend(created);
        match acknowledged.len() {
            // Others are under way.
            12 => server.kill(),
            13.. => {}
            _ => creating.push(create(&records)),
        }
    }
    server.revive();
    let runs = records.claimable(100).await.unwrap();
    for run in acknowledged {
        assert!(runs.iter().any(|found| found.run.id == run), "{run} is lost");
    }
    // Also what nobody was told of is there whole or not at all.
    for found in &runs {
        assert!(records.get(&Any, found.run.id).await.unwrap().is_some());
        assert_eq!(records.events(&Any, found.run.id, 0, 10).await.unwrap().len(), 1);
    }
    let used = records.present_use(&run("heat").owner, now()).await.unwrap();
    assert_eq!(used.unfinished_runs, runs.len() as u64);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_gone_fails_what_is_asked_until_it_is_back() {
    let mut server = Server::own();
    let (records, _) = server.store().await;
    let run = create(&records).await.unwrap();
    server.kill();
    let (got, created, free) =
        futures_util::join!(records.get(&Any, run), records.create(self::run("heat"), None), records.free());
    for failed in [got.map(drop), created, free.map(drop)] {
        assert!(matches!(failed, Err(StoreError::Unavailable(_))), "{failed:?}");
    }
    server.revive();
    assert!(records.get(&Any, run).await.unwrap().is_some());
    apply(&*records, run, None, now(), Change::Started).await.unwrap();
}

/// Has the server fail the next `times` commands of a name.
async fn fail(server: &Server, command: &str, times: i32, how: Document) {
    let mut data = doc! { "failCommands": [command] };
    data.extend(how);
    let fail = doc! { "configureFailPoint": "failCommand", "mode": { "times": times }, "data": data };
    server.admin().await.run_command(fail).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_is_not_answered_is_asked_for_again() {
    let server = Server::own();
    let (records, _) = server.store().await;
    let run = create(&records).await.unwrap();
    fail(&server, "commitTransaction", 3, doc! { "closeConnection": true }).await;
    apply(&*records, run, None, now(), Change::Started).await.unwrap();
    assert_eq!(records.events(&Any, run, 0, 10).await.unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_is_undone_is_done_again() {
    let server = Server::own();
    let (records, _) = server.store().await;
    let run = run("heat");
    let conflict = doc! { "errorCode": 112, "errorLabels": ["TransientTransactionError"] };
    fail(&server, "insert", 2, conflict).await;
    records.create_within(run.clone(), None, &Quotas::default()).await.unwrap();
    let used = records.present_use(&run.owner, run.created_at).await.unwrap();
    assert_eq!((used.unfinished_runs, used.today.runs), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_server_refuses_leaves_nothing() {
    let server = Server::own();
    let (records, _) = server.store().await;
    fail(&server, "insert", 1, doc! { "errorCode": 14031 }).await;
    let refused = records.create(run("heat"), None).await;
    assert!(matches!(refused, Err(StoreError::Full)), "{refused:?}");
    let run = create(&records).await.unwrap();
    fail(&server, "commitTransaction", 1, doc! { "errorCode": 8000 }).await;
    let refused = records.create(self::run("heat"), None).await;
    assert!(matches!(refused, Err(StoreError::Failed(_))), "{refused:?}");
    let runs = records.claimable(100).await.unwrap();
    assert_eq!(runs.iter().map(|found| found.run.id).collect::<Vec<_>>(), [run]);
}
