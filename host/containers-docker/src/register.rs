//! Puts `simulay-init` into an image. The operator does this; no run ever does.

use bollard::Docker;
use bollard::errors::Error;
use bollard::query_parameters::{BuildImageOptionsBuilder, TagImageOptionsBuilder};
use bytes::Bytes;
use futures_util::StreamExt as _;
use simulay_containers::ImageId;
use simulay_model::Digest;
use tar::{Builder, EntryType, Header};

use crate::docker::{ConnectError, client, in_words};
use crate::facts::{BASE_LABEL, INIT_LABEL, ImageFacts, facts, unbounded};
use crate::{Address, Tls};

const REFERENCE_LENGTH: usize = 512;
/// Each registered image has a tag there, so that `docker image prune` spares it.
const REPOSITORY: &str = "simulay/registered";
/// Digits of an ID that make a tag.
const TAG_LENGTH: usize = 12;
/// Why an image was not registered.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    /// Docker's address or the certificates cannot be used.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// No reference to an image.
    #[error("`{0}` is no image reference or image ID")]
    Reference(String),
    /// Docker does not have it.
    #[error("Docker has no image `{0}`; pull or build it first")]
    NotFound(String),
    /// The image is for another kind of machine.
    #[error("the image is for {0}; simulations run on linux/amd64")]
    Platform(String),
    /// Each container would get space on the host's disk that nothing bounds.
    #[error(
        "{}; make one without: `docker export $(docker create IMAGE true) | docker import - NAME` (repeat each \
         ENV of it with `--change`), then register NAME",
        unbounded(.0)
    )]
    Volumes(Vec<String>),
    /// The build failed, in Docker's words.
    #[error("the image cannot be built: {0}")]
    Build(String),
    /// Docker does not answer, or not as it should.
    #[error("Docker is not available: {0}")]
    Docker(String),
    /// The bytes to put in are no program.
    #[error("simulay-init is not a Linux program")]
    NotAProgram,
}

/// Registers images with the daemon at an address.
pub struct Registrar {
    docker: Docker,
}

impl Registrar {
    /// For the daemon at `address`; asks it nothing yet.
    ///
    /// # Errors
    /// When the address or the certificates cannot be used.
    pub fn new(address: &Address, tls: Option<&Tls>) -> Result<Self, ConnectError> {
        Ok(Self { docker: client(address, tls)? })
    }

    /// Looks up the image a reference means now.
    ///
    /// # Errors
    /// See [`RegisterError`].
    pub async fn inspect(&self, reference: &str) -> Result<ImageFacts, RegisterError> {
        check_reference(reference)?;
        match self.docker.inspect_image(reference).await {
            Ok(found) => facts(&found).ok_or_else(|| RegisterError::NotFound(reference.to_owned())),
            Err(Error::DockerResponseServerError { status_code: 404, .. }) => {
                Err(RegisterError::NotFound(reference.to_owned()))
            }
            Err(error) => Err(RegisterError::Docker(in_words(&error))),
        }
    }

    /// Builds an image from the one that `reference` means now, with `init` as `/simulay-init`.
    /// Gives its ID; the same image and init give the same one as long as Docker keeps its cache. A tag
    /// keeps `docker image prune` away from it.
    ///
    /// # Errors
    /// See [`RegisterError`].
    pub async fn register(&self, reference: &str, init: &[u8]) -> Result<ImageId, RegisterError> {
        if !init.starts_with(b"\x7fELF") {
            return Err(RegisterError::NotAProgram);
        }
        let base = self.inspect(reference).await?;
        if base.platform != "linux/amd64" {
            return Err(RegisterError::Platform(base.platform));
        }
        without_volumes(base.volumes)?;
        let context = context(base.id, init).map_err(|error| RegisterError::Build(error.to_string()))?;
        let id = self.build(context).await?;
        // What the image wants done at a build (`ONBUILD`) is done by now.
        without_volumes(self.inspect(&id.to_string()).await?.volumes)?;
        tag(&self.docker, id).await.map(|()| id).map_err(build_error)
    }

    /// Registers the image `registered` anew with `init`: from what it was made from, as long as Docker
    /// has that, else from itself. What else is in it stays the same.
    ///
    /// # Errors
    /// See [`RegisterError`].
    pub async fn renew(&self, registered: ImageId, init: &[u8]) -> Result<ImageId, RegisterError> {
        let registered = registered.to_string();
        let base = self.inspect(&registered).await?.base.map(|base| base.to_string());
        if let Some(base) = base {
            match self.register(&base, init).await {
                Err(RegisterError::NotFound(_)) => {}
                renewed => return renewed,
            }
        }
        self.register(&registered, init).await
    }

    async fn build(&self, context: Vec<u8>) -> Result<ImageId, RegisterError> {
        let options = BuildImageOptionsBuilder::default().rm(true).forcerm(true).networkmode("none");
        let body = bollard::body_full(Bytes::from(context));
        let mut steps = self.docker.build_image(options.build(), None, Some(body));
        let mut built = None;
        while let Some(step) = steps.next().await {
            let step = step.map_err(build_error)?;
            if let Some(error) = step.error_detail {
                return Err(RegisterError::Build(error.message.unwrap_or_default()));
            }
            built = step.aux.and_then(|image| image.id).or(built);
        }
        let id = built.and_then(|id| id.parse().ok());
        id.ok_or_else(|| RegisterError::Build("Docker told no image ID".to_owned()))
    }
}

/// Keeps `docker image prune` away from an image.
pub(crate) async fn tag(docker: &Docker, id: ImageId) -> Result<(), Error> {
    let options = TagImageOptionsBuilder::default().repo(REPOSITORY).tag(&short(id)).build();
    docker.tag_image(&id.to_string(), Some(options)).await
}

/// The first digits of an ID, which make a tag.
pub(crate) fn short(id: ImageId) -> String {
    id.to_string().chars().skip_while(|c| *c != ':').skip(1).take(TAG_LENGTH).collect()
}

fn build_error(error: Error) -> RegisterError {
    match error {
        Error::DockerStreamError { error } => RegisterError::Build(error),
        Error::DockerResponseServerError { message, .. } => RegisterError::Build(message),
        error => RegisterError::Docker(in_words(&error)),
    }
}

/// The whole build context: an uncompressed archive, so that nothing is run to unpack it.
fn context(base: ImageId, init: &[u8]) -> std::io::Result<Vec<u8>> {
    let digest = Digest::of(init);
    let dockerfile = format!(
        "FROM {base}\n\
         LABEL {INIT_LABEL}=\"{digest}\" {BASE_LABEL}=\"{base}\"\n\
         COPY --chown=0:0 simulay-init /simulay-init\n\
         USER 65532:65532\n\
         WORKDIR /sim\n\
         ENTRYPOINT [\"/simulay-init\"]\n"
    );
    let mut archive = Builder::new(Vec::new());
    for (name, mode, bytes) in [("Dockerfile", 0o644, dockerfile.as_bytes()), ("simulay-init", 0o755, init)] {
        let mut header = Header::new_ustar();
        header.set_entry_type(EntryType::Regular);
        header.set_mode(mode);
        header.set_size(bytes.len() as u64);
        archive.append_data(&mut header, name, bytes)?;
    }
    archive.into_inner()
}

/// What matters of Docker's word on an image.
fn without_volumes(volumes: Vec<String>) -> Result<(), RegisterError> {
    if volumes.is_empty() { Ok(()) } else { Err(RegisterError::Volumes(volumes)) }
}

/// A reference becomes part of a path: no dots as a part, nothing a URL reads otherwise.
pub(crate) fn check_reference(reference: &str) -> Result<(), RegisterError> {
    let known = |c: char| c.is_ascii_alphanumeric() || "/:@._-".contains(c);
    let parts_fine = reference.split('/').all(|part| !matches!(part, "" | "." | ".."));
    let fine = reference.len() <= REFERENCE_LENGTH
        && reference.chars().all(known)
        && parts_fine
        && !reference.starts_with('-');
    if fine { Ok(()) } else { Err(RegisterError::Reference(reference.escape_debug().to_string())) }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn references_that_are_paths_or_options_are_refused() {
        for fine in ["simulay/octave:dev", "127.0.0.1:5000/x@sha256:00", "debian"] {
            assert!(check_reference(fine).is_ok(), "{fine}");
        }
        for bad in ["", "-v", "../images/x", "x/../y", "x?y=z", "x y", "x%2e", "x#y", "/x"] {
            assert!(matches!(check_reference(bad), Err(RegisterError::Reference(_))), "{bad}");
        }
    }

    #[test]
    fn the_context_is_two_plain_files() {
        let base: ImageId = format!("sha256:{}", "0".repeat(64)).parse().unwrap();
        let archive = context(base, b"\x7fELF program").unwrap();
        let mut files = Vec::new();
        for entry in tar::Archive::new(archive.as_slice()).entries().unwrap() {
            let mut entry = entry.unwrap();
            let mut text = Vec::new();
            entry.read_to_end(&mut text).unwrap();
            let name = entry.path().unwrap().display().to_string();
            files.push((name, entry.header().mode().unwrap(), text));
        }
        let [(dockerfile, _, steps), (init, mode, program)] = files.as_slice() else { panic!("{files:?}") };
        assert_eq!((dockerfile.as_str(), init.as_str(), *mode), ("Dockerfile", "simulay-init", 0o755));
        assert!(steps.starts_with(format!("FROM {base}\n").as_bytes()));
        assert_eq!(program, b"\x7fELF program");
    }
}
