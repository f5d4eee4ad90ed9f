//! Plugins in OCI registries: one layer of `application/wasm`, named by its digest.

use std::net::IpAddr;
use std::time::Duration;

use anyhow::{Context as _, bail};
use bytes::Bytes;
use docker_credential::{CredentialRetrievalError, DockerCredential, get_credential};
use futures_util::TryStreamExt as _;
use oci_client::client::{ClientConfig, ClientProtocol};
use oci_client::errors::OciDistributionError;
use oci_client::secrets::RegistryAuth;
use oci_client::{Client, Reference, RegistryOperation};
use reqwest::StatusCode;
use reqwest::header::HeaderValue;
use serde_json::{Value, json};
use simulay_model::Digest;

use crate::fault::Usage;
use crate::tls::distrust;

/// What an address in a registry begins with.
pub(crate) const SCHEME: &str = "oci://";
const CONFIG: &str = "application/vnd.wasm.config.v0+json";
const LAYER: &str = "application/wasm";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const ANSWER: Duration = Duration::from_secs(120);

/// Reads `oci://HOST/REPO`, with `:TAG` or `@sha256:…`.
pub(crate) fn address(text: &str) -> Result<Reference, String> {
    let rest = text.strip_prefix(SCHEME);
    let rest = rest.ok_or_else(|| format!("`{text}` is no oci://HOST/REPO:TAG"))?;
    let reference: Reference = rest.parse().map_err(|error| format!("`{text}`: {error}"))?;
    let named = rest.split_once('/').is_some_and(|(host, _)| host == reference.registry());
    if !named {
        return Err(format!("`{text}` names no registry; write oci://HOST/REPO:TAG"));
    }
    Ok(reference)
}

/// Reads `HOST/NAME`, without a tag: what is pushed there is named by its content.
pub(crate) fn repository(text: &str) -> Result<Reference, String> {
    let wrong = || format!("`{text}` is no HOST/NAME of a registry, e.g. registry.example/simulay/octave");
    let reference = address(&format!("{SCHEME}{text}")).map_err(|_| wrong())?;
    let name = format!("{}/{}", reference.registry(), reference.repository());
    if name == text { Ok(reference) } else { Err(wrong()) }
}

/// Pushes a component; gives the digest it can be pulled by for ever.
pub(crate) async fn push(to: &Reference, component: Bytes) -> anyhow::Result<String> {
    let repository = Repository::open(to, RegistryOperation::Push).await?;
    let layer = repository.push_blob(LAYER, component).await?;
    let about = json!({ "architecture": "wasm", "os": "wasip2", "layerDigests": [layer.get("digest")] });
    let config = repository.push_blob(CONFIG, about.to_string().into()).await?;
    let manifest = json!({
        "schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer],
    });
    repository.push_manifest(manifest.to_string().into()).await
}

/// Pulls a component of at most `limit` bytes, and the digest of what was pulled. Both are checked.
pub(crate) async fn pull(from: &Reference, limit: u64) -> anyhow::Result<(Bytes, String)> {
    let repository = Repository::open(from, RegistryOperation::Pull).await?;
    let manifest = repository.manifest().await?;
    let digest = digest_of(&manifest);
    check(from.digest().unwrap_or(&digest), &digest)?;
    let layer = only_layer(from, &manifest)?;
    let component = repository.blob(&layer, limit).await?;
    check(&layer, &digest_of(&component))?;
    Ok((component, digest))
}

/// The digest of the one layer of a plugin's manifest.
fn only_layer(from: &Reference, manifest: &[u8]) -> Result<String, Usage> {
    let manifest: Value = serde_json::from_slice(manifest).unwrap_or_default();
    let layers = manifest.get("layers").and_then(Value::as_array);
    let text = |layer: &Value, field: &str| layer.get(field).and_then(Value::as_str).map(str::to_owned);
    match layers.map(Vec::as_slice) {
        Some([layer]) if text(layer, "mediaType").as_deref() == Some(LAYER) => text(layer, "digest"),
        _ => None,
    }
    .filter(|digest| digest.strip_prefix("sha256:").is_some_and(|hex| hex.parse::<Digest>().is_ok()))
    .ok_or_else(|| Usage(format!("{from} is no plugin: one layer of {LAYER} is expected")))
}

fn digest_of(bytes: &[u8]) -> String {
    format!("sha256:{}", Digest::of(bytes))
}

fn check(expected: &str, found: &str) -> anyhow::Result<()> {
    if expected == found { Ok(()) } else { bail!("the registry gave {found} for {expected}; do not use it") }
}

/// A repository of a registry, spoken to with the credentials that `docker login` left.
struct Repository<'a> {
    client: Client,
    auth: RegistryAuth,
    reference: &'a Reference,
}

impl<'a> Repository<'a> {
    /// A registry on this machine may do without encryption.
    async fn open(reference: &'a Reference, operation: RegistryOperation) -> anyhow::Result<Self> {
        let local = is_loopback(reference.registry());
        let protocol = if local { ClientProtocol::Http } else { ClientProtocol::Https };
        let client = Client::new(ClientConfig {
            protocol,
            read_timeout: Some(ANSWER),
            connect_timeout: Some(ANSWER),
            ..ClientConfig::default()
        });
        let auth = credentials(reference.registry())?;
        let repository = Self { client, auth, reference };
        let admitted = repository.client.auth(reference, &repository.auth, operation).await;
        admitted.map_err(|error| repository.refused(error))?;
        Ok(repository)
    }

    async fn manifest(&self) -> anyhow::Result<Bytes> {
        let manifest = self.client.pull_manifest_raw(self.reference, &self.auth, &[MANIFEST]).await;
        Ok(manifest.map_err(|error| self.refused(error))?.0)
    }

    async fn blob(&self, digest: &str, limit: u64) -> anyhow::Result<Bytes> {
        let blob = self.client.pull_blob_stream(self.reference, digest).await;
        let mut pieces = blob.map_err(|error| self.refused(error))?.stream;
        let mut bytes = Vec::new();
        while let Some(piece) =
            pieces.try_next().await.context("the registry gave something else; do not use it")?
        {
            bytes.extend_from_slice(&piece);
            if bytes.len() as u64 > limit {
                bail!(Usage(format!("the registry sent more than {limit} bytes")));
            }
        }
        Ok(bytes.into())
    }

    /// Pushes bytes; what a manifest says of them.
    async fn push_blob(&self, media_type: &str, bytes: Bytes) -> anyhow::Result<Value> {
        let (digest, size) = (digest_of(&bytes), bytes.len());
        let pushed = self.client.push_blob(self.reference, bytes, &digest).await;
        pushed.map_err(|error| self.refused(error))?;
        Ok(json!({ "mediaType": media_type, "digest": digest, "size": size }))
    }

    async fn push_manifest(&self, manifest: Bytes) -> anyhow::Result<String> {
        let digest = digest_of(&manifest);
        let media_type = HeaderValue::from_static(MANIFEST);
        let pushed = self.client.push_manifest_raw(self.reference, manifest, media_type).await;
        pushed.map_err(|error| self.refused(error))?;
        Ok(digest)
    }

    fn refused(&self, error: OciDistributionError) -> anyhow::Error {
        let host = self.reference.registry();
        match &error {
            OciDistributionError::RequestError(cause) if cause.is_connect() => match distrust(cause) {
                Some(why) => anyhow::anyhow!("the registry at {host}: {why}"),
                None => anyhow::Error::new(error).context(format!("no registry answers at {host}")),
            },
            OciDistributionError::ImageManifestNotFoundError(_) => {
                anyhow::anyhow!("the registry at {host} has no such plugin")
            }
            OciDistributionError::ServerError { code, .. } if *code == StatusCode::NOT_FOUND => {
                anyhow::anyhow!("the registry at {host} has no such plugin")
            }
            OciDistributionError::ServerError { code: 401 | 403, .. }
            | OciDistributionError::UnauthorizedError { .. }
            | OciDistributionError::AuthenticationFailure(_) => {
                anyhow::anyhow!("the registry at {host} does not let you; run `docker login {host}` first")
            }
            _ => anyhow::Error::new(error).context(format!("the registry at {host} refused")),
        }
    }
}

fn is_loopback(registry: &str) -> bool {
    let host = registry.rsplit_once(':').map_or(registry, |(host, _)| host);
    host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

/// What `docker login` left; nobody when there is none.
pub(crate) fn credentials(registry: &str) -> anyhow::Result<RegistryAuth> {
    match get_credential(registry) {
        Ok(DockerCredential::UsernamePassword(user, password)) => Ok(RegistryAuth::Basic(user, password)),
        Ok(DockerCredential::IdentityToken(token)) => Ok(RegistryAuth::Bearer(token)),
        Err(
            CredentialRetrievalError::ConfigNotFound
            | CredentialRetrievalError::ConfigReadError
            | CredentialRetrievalError::NoCredentialConfigured,
        ) => Ok(RegistryAuth::Anonymous),
        Err(error) => Err(error).context("the credentials of `docker login` cannot be had"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_name_a_registry() {
        let digest = format!("oci://localhost:5000/a/b@sha256:{}", "0".repeat(64));
        for fine in [
            "oci://127.0.0.1:5000/beam:1.0.0",
            "oci://localhost/beam",
            "oci://registry.example/beam:1",
            &digest,
        ] {
            assert!(address(fine).is_ok(), "{fine}");
        }
        for wrong in ["beam.wasm", "oci://", "oci://beam", "oci://127.0.0.1:5000/Beam"] {
            assert!(address(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_repository_names_a_registry_and_no_tag() {
        for fine in ["127.0.0.1:5000/octave", "registry.example/simulay/octave"] {
            assert!(repository(fine).is_ok(), "{fine}");
        }
        for wrong in
            ["octave", "simulay/octave", "127.0.0.1:5000/octave:1", "oci://127.0.0.1:5000/x", "x/y@sha256:0"]
        {
            assert!(repository(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn only_this_machine_is_spoken_to_in_the_clear() {
        assert!(["127.0.0.1:5000", "localhost", "localhost:80"].into_iter().all(is_loopback));
        assert!(!["registry.example", "registry.example:5000", "10.0.0.1"].into_iter().any(is_loopback));
    }
}
