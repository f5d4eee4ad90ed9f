//! Plugins in OCI registries: one layer of `application/wasm`, named by its digest.

use std::net::IpAddr;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use bytes::Bytes;
use oci_spec::distribution::Reference;
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, Url};
use serde_json::{Value, json};
use simulay_model::Digest;

use crate::fault::Usage;

/// What an address in a registry begins with.
pub(crate) const SCHEME: &str = "oci://";
const CONFIG: &str = "application/vnd.wasm.config.v0+json";
const LAYER: &str = "application/wasm";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const MAX_MANIFEST: u64 = 1 << 20;
const ANSWER: Duration = Duration::from_secs(120);

/// Reads `oci://HOST/REPO`, with `:TAG` or `@sha256:…`. Connections are not encrypted, so that the
/// registry, or a proxy that speaks TLS to it, must be on this machine.
pub(crate) fn address(text: &str) -> Result<Reference, String> {
    let rest = text.strip_prefix(SCHEME);
    let rest = rest.ok_or_else(|| format!("`{text}` is no oci://HOST/REPO:TAG"))?;
    let reference: Reference = rest.parse().map_err(|error| format!("`{text}`: {error}"))?;
    let named = rest.split_once('/').is_some_and(|(host, _)| host == reference.registry());
    if !named {
        return Err(format!("`{text}` names no registry; write oci://HOST/REPO:TAG"));
    }
    if !is_loopback(reference.registry()) {
        return Err(format!(
            "`{text}`: only a registry on this machine is spoken to; put a TLS proxy here, \
             e.g. oci://127.0.0.1:5000/REPO:TAG"
        ));
    }
    Ok(reference)
}

fn is_loopback(registry: &str) -> bool {
    let host = registry.rsplit_once(':').map_or(registry, |(host, _)| host);
    host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

/// Pushes a component; gives the digest it can be pulled by for ever.
pub(crate) async fn push(to: &Reference, component: Bytes) -> anyhow::Result<String> {
    let repository = Repository::new(to)?;
    let layer = repository.push_blob(LAYER, component).await?;
    let about = json!({ "architecture": "wasm", "os": "wasip2", "layerDigests": [layer.get("digest")] });
    let config = repository.push_blob(CONFIG, about.to_string().into()).await?;
    let manifest = json!({
        "schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer],
    });
    let manifest = Bytes::from(manifest.to_string());
    let digest = digest_of(&manifest);
    let name = to.tag().unwrap_or(&digest);
    let request = repository.request(Method::PUT, &format!("manifests/{name}"));
    repository.send(request.header("content-type", MANIFEST).body(manifest)).await?;
    Ok(digest)
}

/// Pulls a component of at most `limit` bytes, and the digest of what was pulled. Both are checked.
pub(crate) async fn pull(from: &Reference, limit: u64) -> anyhow::Result<(Bytes, String)> {
    let repository = Repository::new(from)?;
    let name = from.digest().or(from.tag()).unwrap_or("latest");
    let request = repository.request(Method::GET, &format!("manifests/{name}")).header("accept", MANIFEST);
    let manifest = repository.read(request, MAX_MANIFEST).await?;
    let digest = digest_of(&manifest);
    check(from.digest().unwrap_or(&digest), &digest)?;
    let layer = only_layer(from, &manifest)?;
    let request = repository.request(Method::GET, &format!("blobs/{layer}"));
    let component = repository.read(request, limit).await?;
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

/// A repository of a registry.
struct Repository {
    http: Client,
    base: Url,
}

impl Repository {
    fn new(reference: &Reference) -> anyhow::Result<Self> {
        let url = format!("http://{}/v2/{}/", reference.registry(), reference.repository());
        Ok(Self { http: Client::builder().no_proxy().timeout(ANSWER).build()?, base: url.parse()? })
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base))
    }

    async fn send(&self, request: RequestBuilder) -> anyhow::Result<Response> {
        let host = self.base.authority();
        let answer = request.send().await.map_err(|error| match error.is_connect() {
            true => anyhow!("no registry answers at {host}"),
            false => anyhow::Error::new(error).context(format!("the request to {host} failed")),
        })?;
        match answer.status() {
            status if status.is_success() => Ok(answer),
            StatusCode::NOT_FOUND => bail!("the registry at {host} has no such plugin"),
            status => bail!("the registry at {host} refused: {status}"),
        }
    }

    /// An answer of at most `limit` bytes.
    async fn read(&self, request: RequestBuilder, limit: u64) -> anyhow::Result<Bytes> {
        let mut answer = self.send(request).await?;
        let mut bytes = Vec::new();
        while let Some(piece) = answer.chunk().await.context("the connection broke")? {
            bytes.extend_from_slice(&piece);
            if bytes.len() as u64 > limit {
                bail!(Usage(format!("the registry sent more than {limit} bytes")));
            }
        }
        Ok(bytes.into())
    }

    /// Pushes bytes in one piece; what a manifest says of them.
    async fn push_blob(&self, media_type: &str, bytes: Bytes) -> anyhow::Result<Value> {
        let (digest, size) = (digest_of(&bytes), bytes.len());
        let begun = self.send(self.request(Method::POST, "blobs/uploads/")).await?;
        let place = begun.headers().get("location").and_then(|place| place.to_str().ok());
        let mut place = self.base.join(place.context("the registry names no place to upload to")?)?;
        if place.authority() != self.base.authority() {
            bail!("the registry sends the upload elsewhere, to {}", place.authority());
        }
        place.query_pairs_mut().append_pair("digest", &digest);
        let request = self.http.put(place).header("content-type", "application/octet-stream").body(bytes);
        self.send(request).await?;
        Ok(json!({ "mediaType": media_type, "digest": digest, "size": size }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_name_a_registry_on_this_machine() {
        let digest = format!("oci://localhost:5000/a/b@sha256:{}", "0".repeat(64));
        for fine in ["oci://127.0.0.1:5000/beam:1.0.0", "oci://localhost/beam", &digest] {
            assert!(address(fine).is_ok(), "{fine}");
        }
        for wrong in [
            "beam.wasm",
            "oci://",
            "oci://beam",
            "oci://127.0.0.1:5000/Beam",
            "oci://registry.example/beam:1",
        ] {
            assert!(address(wrong).is_err(), "{wrong}");
        }
    }
}
