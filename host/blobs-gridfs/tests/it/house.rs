//! A server, and buckets that several hosts open.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use mongodb::bson::{Document, doc};
use mongodb::{Client, Collection, Database};
use simulay_blobs::conformance::{self, Passing, Subject};
use simulay_blobs_gridfs::GridFsBlobs;
use simulay_model::Digest;
use simulay_servers::MongoServer;
use uuid::Uuid;

/// A bucket of its own on a server.
pub(crate) struct House {
    pub(crate) database: Database,
    pub(crate) blobs: GridFsBlobs,
}

impl House {
    /// An empty one.
    pub(crate) async fn new(server: &MongoServer) -> Self {
        let name = format!("test_{}", Uuid::new_v4().simple());
        let database = Client::with_uri_str(server.uri()).await.unwrap().database(&name);
        let blobs = GridFsBlobs::open(&database).await.unwrap();
        Self { database, blobs }
    }

    /// The same as another host sees it, with connections of its own.
    pub(crate) async fn another(&self, server: &MongoServer) -> Self {
        let database = Client::with_uri_str(server.uri()).await.unwrap().database(self.database.name());
        let blobs = GridFsBlobs::open(&database).await.unwrap();
        Self { database, blobs }
    }

    pub(crate) fn subject(&self) -> Subject {
        Subject::new(Arc::new(self.blobs.clone()), Arc::new(Ageing(self.database.clone())))
    }

    pub(crate) async fn put(&self, bytes: &[u8]) -> Digest {
        conformance::put(&self.blobs, bytes).await
    }

    pub(crate) async fn pass(&self, time: Duration) {
        Ageing(self.database.clone()).pass(time).await;
    }

    pub(crate) fn files(&self) -> Collection<Document> {
        self.database.collection("blobs.files")
    }

    pub(crate) fn chunks(&self) -> Collection<Document> {
        self.database.collection("blobs.chunks")
    }

    /// How many files and chunks there are, whatever they are.
    pub(crate) async fn count(&self) -> (u64, u64) {
        let files = self.files().count_documents(doc! {}).await.unwrap();
        (files, self.chunks().count_documents(doc! {}).await.unwrap())
    }

    /// Waits until so many files and chunks are there: some are removed after who waits has gone on.
    pub(crate) async fn settles(&self, count: (u64, u64)) {
        let settled = async {
            while self.count().await != count {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), settled).await.unwrap();
    }
}

/// The clock of a server goes its own way: instead, all that was becomes older.
struct Ageing(Database);

#[async_trait]
impl Passing for Ageing {
    async fn pass(&self, time: Duration) {
        let milliseconds = i64::try_from(time.as_millis()).unwrap();
        let files = self.0.collection::<Document>("blobs.files");
        for field in ["uploadDate", "metadata.kept_at", "metadata.going_at"] {
            let older = doc! { "$set": { field: { "$subtract": [format!("${field}"), milliseconds] } } };
            files.update_many(doc! { field: { "$exists": true } }, vec![older]).await.unwrap();
        }
    }
}
