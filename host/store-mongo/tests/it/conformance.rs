//! MongoDB keeps the promises of a store.

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
