//! A server for each test, which ends with it, and a database for each store.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use mongodb::{Client, Database};
use simulay_model::{Clock, ManualClock};
use simulay_servers::MongoServer;
use simulay_store::StoreError;
use simulay_store_mongo::MongoStore;
use uuid::Uuid;

/// A server, and what hosts make of it.
pub(crate) struct Server(MongoServer);

impl Deref for Server {
    type Target = MongoServer;

    fn deref(&self) -> &MongoServer {
        &self.0
    }
}

impl DerefMut for Server {
    fn deref_mut(&mut self) -> &mut MongoServer {
        &mut self.0
    }
}

impl Server {
    /// The real one, or one of this test.
    pub(crate) fn start() -> Self {
        Self(MongoServer::start())
    }

    /// One of this test, which it may stop and tell to fail.
    pub(crate) fn own() -> Self {
        Self(MongoServer::own())
    }

    /// One that is no replica set.
    pub(crate) fn standalone() -> Self {
        Self(MongoServer::standalone())
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> &str {
        self.uri().trim_start_matches("mongodb://").trim_end_matches('/')
    }

    /// Where commands to the server itself go.
    pub(crate) async fn admin(&self) -> Database {
        Client::with_uri_str(self.uri()).await.unwrap().database("admin")
    }

    /// An empty database.
    pub(crate) fn database(&self) -> Records<'_> {
        Records { server: self, name: format!("test_{}", Uuid::new_v4().simple()) }
    }

    /// A store in a database of its own, whose leases end by a clock that the test moves.
    pub(crate) async fn store(&self) -> (Arc<MongoStore>, Arc<ManualClock>) {
        let clock = Arc::<ManualClock>::default();
        (self.database().open(clock.clone()).await, clock)
    }
}

/// A database that two hosts have opened.
pub(crate) async fn two_hosts(server: &Server) -> [Arc<MongoStore>; 2] {
    let (database, clock) = (server.database(), Arc::<ManualClock>::default());
    [database.open(clock.clone()).await, database.open(clock).await]
}

/// A database that several hosts may open.
pub(crate) struct Records<'a> {
    server: &'a Server,
    name: String,
}

impl Records<'_> {
    pub(crate) async fn open(&self, clock: Arc<dyn Clock>) -> Arc<MongoStore> {
        Arc::new(MongoStore::open_with(self.server.uri(), &self.name, clock).await.unwrap())
    }

    /// As hosts open it: leases end by the server's clock.
    pub(crate) async fn try_open(&self) -> Result<MongoStore, StoreError> {
        MongoStore::open(self.server.uri(), &self.name).await
    }

    /// As hosts open it whose address says something more, e.g. `readPreference=secondary`.
    pub(crate) async fn open_at(&self, option: &str) -> MongoStore {
        let uri = self.server.uri();
        let more = if uri.contains('?') { '&' } else { '?' };
        MongoStore::open(&format!("{uri}{more}{option}"), &self.name).await.unwrap()
    }

    /// As whoever fills it opens it.
    pub(crate) async fn open_to_fill(&self) -> MongoStore {
        MongoStore::open_to_fill(self.server.uri(), &self.name).await.unwrap()
    }

    /// The database itself.
    pub(crate) async fn raw(&self) -> Database {
        Client::with_uri_str(self.server.uri()).await.unwrap().database(&self.name)
    }
}
