//! Buckets that several hosts share.

mod editions;
mod leftovers;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::TryStreamExt as _;
use object_store::ObjectStore as _;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path as Key;
use simulay_blobs::BlobError;
use simulay_blobs::conformance::{self, Passing, Subject, hosts};
use simulay_blobs_object_store::{BucketBlobs, BucketSettings, Credentials};
use simulay_servers::BucketServer;
use tempfile::TempDir;
use uuid::Uuid;

/// A server with a bucket, and who may ask for it.
struct House {
    server: Arc<Clock>,
    settings: BucketSettings,
    _secrets: TempDir,
}

struct Clock(BucketServer);

#[async_trait]
impl Passing for Clock {
    async fn pass(&self, time: Duration) {
        self.0.pass(time);
    }
}

impl House {
    fn new() -> Self {
        Self::on(Arc::new(Clock(BucketServer::start())))
    }

    /// With another bucket of the same server.
    fn on(server: Arc<Clock>) -> Self {
        // As the program does at its start.
        rustls::crypto::ring::default_provider().install_default().ok();
        let (bucket, secrets) = (Uuid::new_v4().to_string(), tempfile::tempdir().unwrap());
        server.0.make(&bucket);
        let [id, secret] = ["id", "secret"].map(|name| secrets.path().join(name));
        std::fs::write(&id, "somebody\n").unwrap();
        std::fs::write(&secret, "a secret\n").unwrap();
        let settings = BucketSettings {
            bucket,
            endpoint: Some(server.0.endpoint().to_owned()),
            region: "us-east-1".to_owned(),
            path_style: true,
            credentials: Credentials::Files { id, secret },
        };
        Self { server, settings, _secrets: secrets }
    }

    /// The bucket as a host opens it.
    async fn open(&self) -> Arc<BucketBlobs> {
        Arc::new(BucketBlobs::open(&self.settings).await.unwrap())
    }

    async fn subject(&self) -> Subject {
        Subject::new(self.open().await, self.server.clone())
    }

    /// The bucket as others see it.
    fn raw(&self) -> AmazonS3 {
        let builder = AmazonS3Builder::new().with_bucket_name(&self.settings.bucket).with_region("us-east-1");
        let builder = builder.with_endpoint(self.server.0.endpoint()).with_allow_http(true);
        builder.with_access_key_id("others").with_secret_access_key("secret").build().unwrap()
    }

    /// The objects in a folder.
    async fn objects(&self, folder: &str) -> Vec<Key> {
        let listed = self.raw().list(Some(&Key::from(folder)));
        listed.map_ok(|object| object.location).try_collect().await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_is_a_store_of_blobs() {
    let server = Arc::new(Clock(BucketServer::start()));
    conformance::check(async || House::on(server.clone()).subject().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn several_hosts_may_share_it() {
    let house = House::new();
    let sharing = [house.subject().await, house.subject().await, house.subject().await];
    hosts::what_is_stored_or_kept_outlives_those_who_collect(&sharing, 5).await;
}

#[tokio::test]
async fn a_bucket_that_is_not_there_is_told_when_it_is_opened() {
    let house = House::new();
    let settings = BucketSettings { bucket: "another".to_owned(), ..house.settings.clone() };
    let told = BucketBlobs::open(&settings).await.err();
    assert!(
        matches!(&told, Some(BlobError::Failed(cause)) if cause.to_string().contains("no bucket another;")),
        "{told:?}"
    );
}
