//! What Docker knows of an image, as far as it matters here.

use bollard::models::ImageInspect;
use simulay_containers::{ImageId, shown};
use simulay_model::Digest;

/// Label of a registered image: the SHA-256 of its `simulay-init`.
pub(crate) const INIT_LABEL: &str = "org.simulay.init";
/// Label of a registered image: the image it was made from.
pub(crate) const BASE_LABEL: &str = "org.simulay.base";

/// Label of an image: its programs, with spaces between, that can be started ahead of their job. With the variable
/// [`BOOT_VARIABLE`](simulay_init::frames::BOOT_VARIABLE) such a program stops before it reads a file that a job
/// brings, or a variable that it may bring.
pub(crate) const BOOT_LABEL: &str = "org.simulay.boot";

/// Label of an image: those of its programs that can have a child for each of many jobs. With the variable
/// [`FORK_VARIABLE`](simulay_init::frames::FORK_VARIABLE) such a program stops alike, and never goes on itself.
pub(crate) const FORK_LABEL: &str = "org.simulay.fork";

/// What Docker knows of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageFacts {
    /// Its ID.
    pub id: ImageId,
    /// Bytes.
    pub size: Option<u64>,
    /// Operating system and architecture, e.g. `linux/amd64`.
    pub platform: String,
    /// It starts with `/simulay-init`.
    pub has_init: bool,
    /// That program, as the registration noted.
    pub init: Option<Digest>,
    /// What it was registered from, alike.
    pub base: Option<ImageId>,
    /// Directories that Docker gives each container on the host's disk.
    pub volumes: Vec<String>,
}

/// The facts in an answer of Docker; none when it names no image.
pub(crate) fn facts(found: &ImageInspect) -> Option<ImageFacts> {
    let id = found.id.as_deref()?.parse().ok()?;
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let entrypoint = found.config.as_ref().and_then(|config| config.entrypoint.as_deref());
    let label = |name| found.config.as_ref()?.labels.as_ref()?.get(name);
    Some(ImageFacts {
        id,
        size: found.size.and_then(|size| u64::try_from(size).ok()),
        platform: format!("{}/{}", text(&found.os), text(&found.architecture)),
        has_init: entrypoint.is_some_and(|program| program == ["/simulay-init"]),
        init: label(INIT_LABEL).and_then(|text| text.parse().ok()),
        base: label(BASE_LABEL).and_then(|text| text.parse().ok()),
        volumes: volumes(found),
    })
}

/// What an image declares with `VOLUME`.
pub(crate) fn volumes(found: &ImageInspect) -> Vec<String> {
    let declared = found.config.as_ref().and_then(|config| config.volumes.as_ref());
    let mut volumes: Vec<String> = declared.into_iter().flatten().map(|volume| shown(volume)).collect();
    volumes.sort();
    volumes
}

/// What an image says of its programs.
#[derive(Debug, Clone, Default)]
pub(crate) struct Programs {
    /// Those that can be started ahead of their job.
    pub(crate) boot: Vec<String>,
    /// Those that can have a child for each of many jobs.
    pub(crate) fork: Vec<String>,
}

/// What an image says of its programs.
pub(crate) fn programs(found: &ImageInspect) -> Programs {
    let label = |name| found.config.as_ref()?.labels.as_ref()?.get(name);
    let listed = |name| {
        let programs = label(name).into_iter().flat_map(|programs| programs.split_whitespace());
        programs.map(str::to_owned).collect()
    };
    Programs { boot: listed(BOOT_LABEL), fork: listed(FORK_LABEL) }
}

/// What is wrong with an image that declares `volumes`.
pub(crate) fn unbounded(volumes: &[String]) -> String {
    let volumes = volumes.join(", ");
    format!("the image declares VOLUME {volumes}, where a container could fill the disk of the host")
}
