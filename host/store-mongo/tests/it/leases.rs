//! Leases end by the server's clock, whatever those of hosts say.

use std::time::Duration;

use simulay_store::Runs as _;
use simulay_store::conformance::samples::run;

use crate::server::Server;

#[tokio::test]
async fn the_server_says_when_a_lease_is_over() {
    let server = Server::start();
    let records = server.database();
    let (one, other) = (records.try_open().await.unwrap(), records.try_open().await.unwrap());
    let run = run("heat");
    one.create(run.clone(), None).await.unwrap();
    let first = one.acquire_lease(run.id, "one", Duration::from_secs(3600)).await.unwrap().unwrap();
    assert_eq!(other.acquire_lease(run.id, "other", Duration::ZERO).await.unwrap(), None);
    assert_eq!(other.claimable(10).await.unwrap(), []);
    // Kept for no time, it is over by the next moment of the server.
    one.renew_lease(run.id, first, Duration::ZERO).await.unwrap();
    assert_eq!(other.claimable(10).await.unwrap().len(), 1);
    let second = other.acquire_lease(run.id, "other", Duration::from_secs(3600)).await.unwrap().unwrap();
    assert_eq!((first.fence, second.fence), (1, 2));
    assert_eq!(one.claimable(10).await.unwrap(), []);
}
