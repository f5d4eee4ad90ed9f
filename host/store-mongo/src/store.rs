//! Records and events in a database of MongoDB.

use std::sync::Arc;

use mongodb::bson::Document;
use mongodb::{Client, Collection, Database};
use simulay_model::Clock;
use simulay_store::StoreError;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::appending::Appending;
use crate::connection::{client, expect_replica_set};
use crate::failure::MongoResult;
use crate::moment::Moment;
use crate::observed::ObservedTime;
use crate::schema;

const NO_DATABASE: &str =
    "the address of MongoDB names no database, e.g. mongodb://host/simulay?replicaSet=rs0";

/// Plugins, runs and journals in a database of MongoDB, which any number of hosts share.
pub struct MongoStore {
    pub(crate) client: Client,
    pub(crate) database: Database,
    /// When leases end.
    pub(crate) moment: Moment,
    /// How old things are.
    pub(crate) observed: Arc<ObservedTime>,
    /// Those of this host that append to the audit log.
    pub(crate) appending: Appending,
    /// How much room there was when the server was asked last, and when that was.
    pub(crate) room: Mutex<Option<(Instant, u64)>>,
}

impl MongoStore {
    /// Opens the records in `database` on the servers of `uri`, e.g. `mongodb://10.0.0.1,10.0.0.2/?replicaSet=rs`,
    /// and makes the collections and indexes that are missing. Leases end by the server's clock.
    ///
    /// # Errors
    /// When no server answers, it is no replica set, or a newer version wrote the records.
    pub async fn open(uri: &str, database: &str) -> Result<Self, StoreError> {
        Self::over(uri, database, Moment::Server).await
    }

    /// As [`Self::open`], in the database that `address` names: `mongodb://host,host/database?replicaSet=…`.
    ///
    /// # Errors
    /// As [`Self::open`], and when it names none.
    pub async fn connect(address: &str) -> Result<Self, StoreError> {
        Self::open(address, &named(address).await?).await
    }

    /// As [`Self::connect`], also while what another store holds is being taken in.
    ///
    /// # Errors
    /// As [`Self::connect`].
    pub async fn connect_to_fill(address: &str) -> Result<Self, StoreError> {
        Self::open_to_fill(address, &named(address).await?).await
    }

    /// As [`Self::open`]; leases end by `clock`.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub async fn open_with(uri: &str, database: &str, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        Self::over(uri, database, Moment::Of(clock)).await
    }

    /// As [`Self::open`], also while what another store holds is being taken in.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub async fn open_to_fill(uri: &str, database: &str) -> Result<Self, StoreError> {
        Self::filling(uri, database, Moment::Server).await
    }

    async fn over(uri: &str, database: &str, moment: Moment) -> Result<Self, StoreError> {
        let store = Self::filling(uri, database, moment).await?;
        store.bounded(store.refuse_unfinished()).await?;
        Ok(store)
    }

    async fn filling(uri: &str, database: &str, moment: Moment) -> Result<Self, StoreError> {
        let client = client(uri).await?;
        let (database, observed) = (client.database(database), Arc::new(ObservedTime::from(0)));
        let (appending, room) = (Appending::default(), Mutex::default());
        let store = Self { client, database, moment, observed, appending, room };
        store.bounded(store.prepare()).await?;
        Ok(store)
    }

    async fn prepare(&self) -> MongoResult<()> {
        expect_replica_set(&self.database).await?;
        schema::ensure(&self.database).await?;
        self.go_on().await
    }

    /// The time by which all that is stored here ages: [`simulay_store::Retention::observe`] moves it on.
    #[must_use]
    pub fn observed_clock(&self) -> Arc<dyn Clock> {
        self.observed.clone()
    }

    /// Its database, for whoever keeps something else there: one client is enough for a process.
    #[must_use]
    pub const fn database(&self) -> &Database {
        &self.database
    }

    /// The name of its database.
    #[must_use]
    pub fn name(&self) -> &str {
        self.database.name()
    }

    pub(crate) fn collection<T: Send + Sync>(&self, name: &str) -> Collection<T> {
        self.database.collection(name)
    }

    /// A collection whose documents are read or written in part.
    pub(crate) fn documents(&self, name: &str) -> Collection<Document> {
        self.database.collection(name)
    }
}

/// The database that an address names.
async fn named(address: &str) -> Result<String, StoreError> {
    let named = client(address).await?.default_database();
    Ok(named.ok_or_else(|| StoreError::Failed(NO_DATABASE.into()))?.name().to_owned())
}
