//! Which bucket, and who asks.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::{ClientOptions, RetryConfig};
use simulay_blobs::BlobError;

use crate::failure::{of_file, of_object};

/// A bucket of a storage that speaks S3's protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketSettings {
    /// Its name.
    pub bucket: String,
    /// Where the storage is, `https://host:port`; Amazon's in the region without. `http://` is not encrypted.
    pub endpoint: Option<String>,
    /// The region; storages without regions take any.
    pub region: String,
    /// Whether the bucket is named by the path of an address rather than by its host.
    pub path_style: bool,
    /// Who asks.
    pub credentials: Credentials,
}

/// Where the credentials for a bucket come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credentials {
    /// From the environment, as all programs for S3 take them: `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, or
    /// what a machine or container of Amazon's has.
    Environment,
    /// From files, such as secrets that an orchestrator mounts; spaces and line ends around them do not count.
    Files {
        /// The file of the access key's identifier.
        id: PathBuf,
        /// The file of the secret.
        secret: PathBuf,
    },
}

/// For how long a request that failed is tried again, until the storage counts as gone.
const PATIENCE: Duration = Duration::from_secs(30);

impl BucketSettings {
    /// A client for the bucket. Connects nowhere yet.
    pub(crate) fn storage(&self) -> Result<AmazonS3, BlobError> {
        let retry = RetryConfig { retry_timeout: PATIENCE, ..RetryConfig::default() };
        let plain = self.endpoint.as_deref().is_some_and(|endpoint| endpoint.starts_with("http://"));
        let mut builder = self
            .credentials
            .builder()?
            .with_bucket_name(&self.bucket)
            .with_region(&self.region)
            .with_virtual_hosted_style_request(!self.path_style)
            // Not all storages delete many at once.
            .with_disable_bulk_delete(true)
            .with_client_options(ClientOptions::new().with_allow_http(plain))
            .with_retry(retry);
        if let Some(endpoint) = &self.endpoint {
            builder = builder.with_endpoint(endpoint);
        }
        builder.build().map_err(of_object)
    }
}

impl Credentials {
    fn builder(&self) -> Result<AmazonS3Builder, BlobError> {
        match self {
            Self::Environment => Ok(AmazonS3Builder::from_env()),
            Self::Files { id, secret } => {
                Ok(AmazonS3Builder::new().with_access_key_id(line(id)?).with_secret_access_key(line(secret)?))
            }
        }
    }
}

fn line(file: &Path) -> Result<String, BlobError> {
    let text = fs::read_to_string(file).map_err(|error| of_file(file, error))?;
    Ok(text.trim().to_owned())
}
