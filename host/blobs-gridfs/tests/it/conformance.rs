//! GridFS keeps the promises of a store of blobs, for one host and for several.

use simulay_blobs::conformance::{self, hosts};
use simulay_servers::MongoServer;

use crate::house::House;

#[tokio::test(flavor = "multi_thread")]
async fn gridfs_is_a_store_of_blobs() {
    let server = MongoServer::start();
    conformance::check(async || House::new(&server).await.subject()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn several_hosts_may_share_it() {
    let server = MongoServer::start();
    let first = House::new(&server).await;
    let (second, third) = (first.another(&server).await, first.another(&server).await);
    let sharing = [first.subject(), second.subject(), third.subject()];
    hosts::what_is_stored_or_kept_outlives_those_who_collect(&sharing, 6).await;
}
