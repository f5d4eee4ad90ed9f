//! Which bucket, and who asks.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::{ClientOptions, RetryConfig};
use simulay_blobs::BlobError;

use crate::failure::of_file;

/// A bucket of a storage that speaks S3's protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketSettings {
    /// Its name.
    pub bucket: String,
    /// Where the storage is, `https://host:port`, without the bucket; Amazon's in the region without. `http://` is not
    /// encrypted.
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

/// Settings by which no bucket can be asked.
#[derive(Debug, thiserror::Error)]
#[error("the bucket cannot be asked by these settings")]
struct Unaddressed(#[source] object_store::Error);

/// For how long a request that failed is tried again, until the storage counts as gone.
const PATIENCE: Duration = Duration::from_secs(30);
/// For how long a storage may say nothing while it does what it was asked.
const SILENCE: Duration = Duration::from_secs(30);
/// For how long a request may take: a large object is copied for minutes.
const LONGEST: Duration = Duration::from_secs(300);

impl BucketSettings {
    /// A client for the bucket. Connects nowhere yet.
    pub(crate) fn storage(&self) -> Result<AmazonS3, BlobError> {
        let retry = RetryConfig { retry_timeout: PATIENCE, ..RetryConfig::default() };
        let plain = self.endpoint.as_deref().is_some_and(|endpoint| endpoint.starts_with("http://"));
        let client = ClientOptions::new().with_allow_http(plain);
        let client = client.with_timeout(LONGEST).with_read_timeout(SILENCE);
        let mut builder = self
            .credentials
            .builder()?
            .with_bucket_name(&self.bucket)
            .with_region(&self.region)
            .with_virtual_hosted_style_request(!self.path_style)
            // Not all storages delete many at once.
            .with_disable_bulk_delete(true)
            .with_client_options(client)
            .with_retry(retry);
        if let Some(endpoint) = &self.endpoint {
            builder = builder.with_endpoint(self.addressed(endpoint));
        }
        builder.build().map_err(|error| BlobError::of(Unaddressed(error)))
    }

    /// The address that requests go to: that of the bucket, when its host is to name it.
    fn addressed(&self, endpoint: &str) -> String {
        let before = format!("{}.", self.bucket);
        match endpoint.split_once("://") {
            Some((scheme, host)) if !self.path_style && !host.starts_with(&before) => {
                format!("{scheme}://{before}{host}")
            }
            _ => endpoint.to_owned(),
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_names_the_bucket_unless_the_path_does() {
        let of = |path_style, endpoint: &str| {
            let settings = BucketSettings {
                bucket: "kept".to_owned(),
                endpoint: Some(endpoint.to_owned()),
                region: String::new(),
                path_style,
                credentials: Credentials::Environment,
            };
            settings.addressed(endpoint)
        };
        assert_eq!(of(false, "https://s3.example.org:9000"), "https://kept.s3.example.org:9000");
        assert_eq!(of(false, "https://kept.s3.example.org"), "https://kept.s3.example.org");
        assert_eq!(of(true, "https://s3.example.org"), "https://s3.example.org");
    }
}
