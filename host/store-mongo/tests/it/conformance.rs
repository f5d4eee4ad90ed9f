//! MongoDB keeps the promises of a store.

use simulay_store::conformance::retention::{self, Keeper};
use simulay_store::conformance::{self, Subject};

use crate::server::Server;

#[tokio::test(flavor = "multi_thread")]
async fn records_in_mongodb_are_a_store() {
    let server = Server::start();
    conformance::check(async || {
        let (records, clock) = server.store().await;
        Subject::new(records, clock)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_old_is_let_go_of() {
    let server = Server::start();
    retention::check(async || {
        let (records, clock) = server.store().await;
        Keeper { retention: records.clone(), subject: Subject::new(records, clock) }
    })
    .await;
}
