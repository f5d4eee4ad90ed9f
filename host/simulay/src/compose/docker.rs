//! Docker as the settings and the environment name it.

use std::env;

use anyhow::bail;
use simulay_containers::{
    Address, Containers as _, DockerContainers, DockerSettings, Finding, Policy, RegisteredImage, Registrar,
    Runtime, Tls,
};
use uuid::Uuid;

use super::{ImageIds, image_ids, limits};
use crate::configuration::{self, Settings};
use crate::fault::Usage;
use crate::images::is_id;

/// The containers of `instance` on the daemon of the settings; asks it nothing yet.
pub(super) fn containers(
    settings: &Settings,
    instance: Uuid,
    images: &ImageIds,
) -> anyhow::Result<DockerContainers> {
    let (address, tls) = daemon(settings)?;
    let images = images.iter().map(|(name, id)| Ok((name.clone(), id.parse()?)));
    let policy = Policy {
        images: images.collect::<anyhow::Result<_>>()?,
        limits: limits::of_container(&settings.container),
    };
    let runtime = match settings.docker.runtime {
        configuration::Runtime::Runc => Runtime::Runc,
        configuration::Runtime::Runsc => Runtime::Runsc,
    };
    Ok(DockerContainers::new(DockerSettings { address, tls, instance, policy, runtime })?)
}

/// Where Docker is, in words.
pub(crate) fn docker_address(settings: &Settings) -> anyhow::Result<String> {
    daemon(settings).map(|(address, _)| address.to_string())
}

/// What an operator should know of the daemon.
pub(crate) async fn preflight(settings: &Settings) -> anyhow::Result<Vec<Finding>> {
    Ok(containers(settings, Uuid::nil(), &ImageIds::new())?.preflight().await)
}

/// What Docker knows of the images `ids`.
pub(crate) async fn images(settings: &Settings, ids: &ImageIds) -> anyhow::Result<Vec<RegisteredImage>> {
    Ok(containers(settings, Uuid::nil(), ids)?.images().await?)
}

/// Makes an image with `init` from the one `reference` means; gives its ID.
pub(crate) async fn register(settings: &Settings, reference: &str, init: &[u8]) -> anyhow::Result<String> {
    Ok(registrar(settings)?.register(reference, init).await?.to_string())
}

/// The operator's images, and those `named` for this run, which win.
pub(crate) async fn images_for_run(
    settings: &Settings,
    named: &[(String, String)],
) -> anyhow::Result<ImageIds> {
    // Without a home there is no list, and a run may name its images itself.
    let mut ids = settings.data().map_or_else(|_| Ok(ImageIds::new()), |data| image_ids(settings, &data))?;
    for (name, image) in named {
        ids.insert(name.clone(), look_up(settings, image).await?);
    }
    Ok(ids)
}

/// The ID of an image that starts with `simulay-init`.
async fn look_up(settings: &Settings, image: &str) -> anyhow::Result<String> {
    if is_id(image) {
        return Ok(image.to_owned());
    }
    let facts = registrar(settings)?.inspect(image).await?;
    if !facts.has_init {
        bail!(Usage(format!(
            "the image {image} does not start with simulay-init; \
             `simulay images register NAME {image}` makes one that does"
        )));
    }
    Ok(facts.id.to_string())
}

fn registrar(settings: &Settings) -> anyhow::Result<Registrar> {
    let (address, tls) = daemon(settings)?;
    Ok(Registrar::new(&address, tls.as_ref())?)
}

/// Where Docker is, by the settings, else by `DOCKER_HOST` and its companions.
fn daemon(settings: &Settings) -> anyhow::Result<(Address, Option<Tls>)> {
    let variable = |name: &str| env::var(name).ok();
    let named = settings.docker.address.clone().or_else(|| variable("DOCKER_HOST"));
    let address = Address::from_environment(named.as_deref()).map_err(|error| Usage(error.to_string()))?;
    let tls = match (&settings.docker.ca, &settings.docker.cert, &settings.docker.key) {
        (Some(ca), Some(cert), Some(key)) => {
            Some(Tls { ca: ca.clone(), cert: cert.clone(), key: key.clone() })
        }
        // As in Docker's own command, the environment's certificates are for TCP only.
        _ if matches!(address, Address::Tcp { .. }) => Tls::from_environment(
            variable("DOCKER_TLS_VERIFY").as_deref(),
            variable("DOCKER_CERT_PATH").as_deref(),
        ),
        _ => None,
    };
    Ok((address, tls))
}
