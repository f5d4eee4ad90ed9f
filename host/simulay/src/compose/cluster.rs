//! What the processes of a cluster share: records in MongoDB, bytes in GridFS or S3, hints in Redis, and the certificates
//! by which they know each other.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use simulay_blobs::{BlobError, BlobInventory, Blobs};
use simulay_blobs_gridfs::GridFsBlobs;
use simulay_blobs_object_store::{BucketBlobs, BucketSettings, Credentials as BucketCredentials};
use simulay_engine::RetentionPorts;
use simulay_model::SystemClock;
use simulay_rpc::Credentials;
use simulay_signals::{LogRelay, Signals};
use simulay_signals_redis::{RedisLogs, RedisServer, RedisSettings, RedisSignals};
use simulay_store::StoreError;
use simulay_store_mongo::MongoStore;
use tokio_util::sync::CancellationToken;

use super::Records;
use crate::configuration::{BlobPlace, S3, Settings};
use crate::fault::Usage;

/// Before a service that does not answer is asked again.
const PAUSE: Duration = Duration::from_secs(2);
const UNUSABLE: &str = "the bytes of the cluster cannot be used";

/// What the processes of a cluster share.
pub(super) struct Shared {
    pub(super) credentials: Credentials,
    pub(super) records: Records,
    pub(super) kept: RetentionPorts,
    pub(super) blobs: Arc<dyn Blobs>,
    pub(super) signals: Arc<dyn Signals>,
    pub(super) relay: Arc<dyn LogRelay>,
    /// For what not every role needs.
    pub(super) redis: RedisServer,
}

impl Shared {
    /// Reaches all of it; waits for what keeps records and bytes, while Redis may be away.
    pub(super) async fn open(settings: &Settings) -> anyhow::Result<Self> {
        let credentials = Credentials::read(settings.cluster.certificates()?)?;
        let redis = redis(settings, &credentials)?;
        let Stored { records, blobs, inventory } = patiently(|| Stored::open(settings)).await?;
        Ok(Self {
            credentials,
            kept: RetentionPorts::over(records.clone(), inventory, Arc::new(SystemClock)),
            records: records.into(),
            blobs,
            signals: Arc::new(RedisSignals::start(&redis)),
            relay: Arc::new(RedisLogs::start(&redis)),
            redis,
        })
    }
}

/// The records of the cluster.
pub(super) async fn records(settings: &Settings) -> anyhow::Result<Arc<MongoStore>> {
    let address = settings.cluster.mongodb()?;
    let opened = MongoStore::connect(address.reveal()).await;
    Ok(Arc::new(opened.context("the records of the cluster cannot be used")?))
}

/// What is kept in a cluster.
struct Stored {
    records: Arc<MongoStore>,
    blobs: Arc<dyn Blobs>,
    inventory: Arc<dyn BlobInventory>,
}

impl Stored {
    async fn open(settings: &Settings) -> anyhow::Result<Self> {
        let records = records(settings).await?;
        match settings.cluster.blobs {
            BlobPlace::GridFs => {
                let blobs = GridFsBlobs::open(records.database()).await;
                Ok(Self::with(records, Arc::new(blobs.context(UNUSABLE)?)))
            }
            BlobPlace::S3 => {
                let blobs = BucketBlobs::open(&bucket(settings.cluster.s3()?)?).await;
                Ok(Self::with(records, Arc::new(blobs.context(UNUSABLE)?)))
            }
        }
    }

    fn with<B: Blobs + BlobInventory + 'static>(records: Arc<MongoStore>, blobs: Arc<B>) -> Self {
        Self { records, blobs: blobs.clone(), inventory: blobs }
    }
}

fn bucket(s3: &S3) -> Result<BucketSettings, Usage> {
    let S3 { bucket, endpoint, region, path_style, id_file, secret_file } = s3.clone();
    let credentials = match (id_file, secret_file) {
        (None, None) => BucketCredentials::Environment,
        (Some(id), Some(secret)) => BucketCredentials::Files { id, secret },
        _ => {
            return Err(Usage(
                "cluster.s3.id_file and secret_file are set together or not at all".to_owned(),
            ));
        }
    };
    Ok(BucketSettings { bucket, endpoint, region, path_style, credentials })
}

/// What `open` gives once it does; servers of a cluster start in any order.
async fn patiently<T>(mut open: impl AsyncFnMut() -> anyhow::Result<T>) -> anyhow::Result<T> {
    loop {
        match open().await {
            Err(error) if is_away(&error) => {
                tracing::warn!("{error:#}; asking again");
                tokio::time::sleep(PAUSE).await;
            }
            opened => return opened,
        }
    }
}

/// True when waiting may help: a service is away, or the records are still being moved here.
fn is_away(error: &anyhow::Error) -> bool {
    let records = |error: &StoreError| error.is_unfinished() || matches!(error, StoreError::Unavailable(_));
    let blobs = |error: &BlobError| matches!(error, BlobError::Unavailable(_));
    error.downcast_ref().is_some_and(records) || error.downcast_ref().is_some_and(blobs)
}

fn redis(settings: &Settings, credentials: &Credentials) -> anyhow::Result<RedisServer> {
    let settings = RedisSettings {
        url: settings.cluster.redis()?.reveal().to_owned(),
        authority: settings.cluster.redis_ca.clone(),
        instance: credentials.identity().cluster.to_string(),
    };
    Ok(RedisServer::new(&settings)?)
}

/// What `work` comes to, unless the end is asked for before.
pub(crate) async fn until_stopped<T>(
    stop: &CancellationToken,
    work: impl Future<Output = anyhow::Result<T>>,
) -> anyhow::Result<Option<T>> {
    stop.run_until_cancelled(work).await.transpose()
}
