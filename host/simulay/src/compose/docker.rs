//! Docker as the settings and the environment name it.

use std::collections::BTreeMap;
use std::env;
use std::path::PathBuf;

use anyhow::bail;
use oci_client::Reference;
use oci_client::secrets::RegistryAuth;
use simulay_containers::{Inventory as _, Policy, RegisteredImage};
use simulay_containers_docker::{
    Address, DockerContainers, DockerSettings, Finding, ImageSource, Login, Owner, PoolSettings, Reach,
    Registrar, Runtime, Severity, Shipper, Tls,
};
use uuid::Uuid;

use super::{ImageIds, image_ids, limits};
use crate::configuration::{self, Settings};
use crate::fault::Usage;
use crate::images::is_id;
use crate::registry;
use crate::risks::Risk;

/// Whose containers are meant.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Whose {
    /// The host's.
    pub(crate) instance: Uuid,
    /// The process they go with.
    pub(crate) owner: Option<Owner>,
}

/// What the operator grants to container calls.
pub(super) fn policy(settings: &Settings, images: &ImageIds) -> anyhow::Result<Policy> {
    let images = images.iter().map(|(name, id)| Ok((name.clone(), id.parse()?)));
    let images = images.collect::<anyhow::Result<_>>()?;
    Ok(Policy { images, limits: limits::of_container(&settings.container), ..Policy::default() })
}

/// The containers of a host on the daemon of the settings; asks it nothing yet.
pub(super) fn containers(
    settings: &Settings,
    Whose { instance, owner }: Whose,
    policy: Policy,
    pool: PoolSettings,
) -> anyhow::Result<DockerContainers> {
    let (address, tls) = daemon(settings)?;
    let runtime = match settings.docker.runtime {
        configuration::Runtime::Runc => Runtime::Runc,
        configuration::Runtime::Runsc => Runtime::Runsc,
    };
    Ok(DockerContainers::new(DockerSettings { address, tls, instance, owner, policy, runtime, pool })?)
}

/// The containers of nobody, to ask the daemon.
fn nobodys(settings: &Settings, images: &ImageIds) -> anyhow::Result<DockerContainers> {
    containers(settings, Whose::default(), policy(settings, images)?, PoolSettings::NONE)
}

/// Where Docker is, and what there is to say of the way to it.
fn address(settings: &Settings) -> anyhow::Result<Finding> {
    let (address, tls) = daemon(settings)?;
    let name = "docker address".to_owned();
    if tls.is_some() || address.reach() == Reach::Socket {
        let message = address.to_string();
        return Ok(Finding { name, severity: Severity::Ok, message, cure: None });
    }
    let who = match address.reach() {
        Reach::Network => "everybody on the way",
        Reach::Socket | Reach::Machine => "every user of this machine",
    };
    let message = format!("{address} is plain text: {who} can use Docker, and so become root");
    let cure = Some("use a unix:// socket, or TLS with docker.ca, docker.cert and docker.key".to_owned());
    Ok(Finding { name, severity: Severity::Warn, message, cure })
}

/// What an operator should know of the daemon.
pub(crate) async fn preflight(settings: &Settings) -> anyhow::Result<Vec<Finding>> {
    let found = nobodys(settings, &ImageIds::new())?.preflight().await;
    Ok([address(settings)?].into_iter().chain(found).collect())
}

/// Removes the containers whose process was killed; tells how many.
pub(crate) async fn remove_orphans(settings: &Settings) -> anyhow::Result<usize> {
    Ok(nobodys(settings, &ImageIds::new())?.remove_orphans().await?)
}

/// How many containers wait for calls by the settings, and how many of all hosts do on the daemon, with what some of
/// them take.
pub(crate) async fn pool(settings: &Settings) -> anyhow::Result<(PoolSettings, usize, Vec<u64>)> {
    let (count, measured) = nobodys(settings, &ImageIds::new())?.count_warm().await?;
    Ok((limits::of_pool(settings), count, measured))
}

/// What Docker knows of the images `ids`.
pub(crate) async fn images(settings: &Settings, ids: &ImageIds) -> anyhow::Result<Vec<RegisteredImage>> {
    Ok(nobodys(settings, ids)?.images().await?)
}

/// Makes an image with `init` from the one `reference` means; gives its ID.
pub(crate) async fn register(settings: &Settings, reference: &str, init: &[u8]) -> anyhow::Result<String> {
    Ok(registrar(settings)?.register(reference, init).await?.to_string())
}

/// Registers the image `id` anew with `init`; gives the ID it has then.
pub(crate) async fn renew(settings: &Settings, id: &str, init: &[u8]) -> anyhow::Result<String> {
    Ok(registrar(settings)?.renew(id.parse()?, init).await?.to_string())
}

/// Pushes the image `id` with what `docker login` left; gives what it is pulled by.
pub(crate) async fn push(settings: &Settings, id: &str, to: &Reference) -> anyhow::Result<String> {
    let repository = format!("{}/{}", to.registry(), to.repository());
    Ok(shipper(settings, None)?.push(id.parse()?, &repository, login(to.registry())?).await?)
}

/// Copies the image `id` from one daemon, that of the settings when none is named, to another. Gives whether that
/// did not have it.
pub(crate) async fn copy(
    settings: &Settings,
    id: &str,
    (from, to): (Option<&str>, &str),
) -> anyhow::Result<bool> {
    let (from, to) = (shipper(settings, from)?, shipper(settings, Some(to))?);
    Ok(from.copy(id.parse()?, &to).await?)
}

/// Where the operator's images come from, by logical name.
pub(super) fn sources(settings: &Settings) -> anyhow::Result<BTreeMap<String, ImageSource>> {
    let source = |(name, reference): (&String, &String)| {
        let host = reference.split('/').next().unwrap_or_default();
        Ok((name.clone(), ImageSource { reference: reference.clone(), login: login(host)? }))
    };
    settings.image_sources.iter().map(source).collect()
}

fn login(registry: &str) -> anyhow::Result<Option<Login>> {
    Ok(match registry::credentials(registry)? {
        RegistryAuth::Basic(name, password) => Some(Login::Password(name, password)),
        RegistryAuth::Bearer(token) => Some(Login::Token(token)),
        RegistryAuth::Anonymous => None,
    })
}

/// What moves images of the daemon at `address`, or of that of the settings.
fn shipper(settings: &Settings, address: Option<&str>) -> anyhow::Result<Shipper> {
    let mut settings = settings.clone();
    settings.docker.address = address.map(str::to_owned).or(settings.docker.address);
    if address.is_some_and(|address| address.starts_with("unix://")) {
        // They are for the way over a network.
        (settings.docker.ca, settings.docker.cert, settings.docker.key) = (None, None, None);
    }
    let (address, tls) = daemon(&settings)?;
    Ok(Shipper::new(&address, tls.as_ref())?)
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

/// Where Docker is, by the settings, else by `DOCKER_HOST` and its companions. Nobody on the way may
/// listen, unless the operator accepts that.
fn daemon(settings: &Settings) -> anyhow::Result<(Address, Option<Tls>)> {
    let (address, tls) = named(settings)?;
    if tls.is_none() && address.reach() == Reach::Network && !settings.accepts(Risk::PlainTcp) {
        let what =
            format!("{address} would be spoken to in plain text, and Docker gives its user all rights");
        let cure = "name certificates with docker.ca, docker.cert and docker.key, or with DOCKER_TLS_VERIFY \
                    and DOCKER_CERT_PATH";
        bail!(Risk::PlainTcp.refusal(&[(what, cure.to_owned())]));
    }
    Ok((address, tls))
}

fn named(settings: &Settings) -> anyhow::Result<(Address, Option<Tls>)> {
    let variable = |name: &str| env::var(name).ok();
    let named = settings.docker.address.clone().or_else(|| variable("DOCKER_HOST"));
    let address = Address::from_environment(named.as_deref()).and_then(|address| address.resolve());
    let address = address.map_err(|error| Usage(error.to_string()))?;
    let tls = match (&settings.docker.ca, &settings.docker.cert, &settings.docker.key) {
        (Some(ca), Some(cert), Some(key)) => {
            Some(Tls { ca: ca.clone(), cert: cert.clone(), key: key.clone() })
        }
        // As in Docker's own command, the environment's certificates are for TCP only.
        _ if matches!(address, Address::Tcp { .. }) => Tls::from_environment(
            variable("DOCKER_TLS_VERIFY").as_deref(),
            variable("DOCKER_CERT_PATH").as_deref(),
            usual_certificates().as_deref(),
        )
        .map_err(|error| Usage(error.to_string()))?,
        _ => None,
    };
    Ok((address, tls))
}

/// Where Docker's own command looks for certificates when none are named.
fn usual_certificates() -> Option<PathBuf> {
    let folder = |name: &str| env::var_os(name).filter(|path| !path.is_empty()).map(PathBuf::from);
    folder("DOCKER_CONFIG").or_else(|| Some(folder("HOME")?.join(".docker")))
}
