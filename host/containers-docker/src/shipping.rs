//! Moves images: to a registry and from it, and from one daemon to another. What arrives is what was sent, by its
//! ID. The daemons move the bytes; none lies whole in memory here.

use std::time::Duration;

use bollard::Docker;
use bollard::auth::DockerCredentials;
use bollard::errors::Error;
use bollard::query_parameters::{
    CreateImageOptionsBuilder, ImportImageOptionsBuilder, PushImageOptionsBuilder, TagImageOptionsBuilder,
};
use futures_util::{Stream, StreamExt as _, TryStreamExt as _};
use simulay_containers::ImageId;
use tokio::time::timeout;

use crate::docker::{ConnectError, client, in_words};
use crate::register::{check_reference, short, tag};
use crate::{Address, Tls};

/// For an answer to begin: a daemon that loads an image is silent meanwhile.
const ANSWER: Duration = Duration::from_secs(3600);

/// Between two things that are told of an image on its way: one that stalls keeps no other from coming.
const SILENCE: Duration = Duration::from_secs(600);

/// Why an image was not moved.
#[derive(Debug, thiserror::Error)]
pub enum ShipError {
    /// Docker's address or the certificates cannot be used.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// No reference to an image.
    #[error("`{0}` is no reference to an image")]
    Reference(String),
    /// Docker does not have it.
    #[error("Docker has no image {0}")]
    NotFound(String),
    /// The registry does not let this user.
    #[error("the registry does not let you, which `docker login` may change: {0}")]
    Unauthorized(String),
    /// The registry or the daemon refused, in its words.
    #[error("{0}")]
    Refused(String),
    /// What came is something else.
    #[error("{found} came for {expected}; it is not used")]
    AnotherImage {
        /// What was asked for.
        expected: ImageId,
        /// What came.
        found: String,
    },
    /// Docker does not answer, or not as it should.
    #[error("Docker is not available: {0}")]
    Docker(String),
}

/// By what a registry knows somebody, as `docker login` left it.
#[derive(Clone)]
pub enum Login {
    /// A name and a password.
    Password(String, String),
    /// What stands for both.
    Token(String),
}

impl From<Login> for DockerCredentials {
    fn from(login: Login) -> Self {
        match login {
            Login::Password(name, password) => {
                Self { username: Some(name), password: Some(password), ..Self::default() }
            }
            Login::Token(token) => Self { identitytoken: Some(token), ..Self::default() },
        }
    }
}

/// Moves images from the daemon at an address, and to it.
#[derive(Clone)]
pub struct Shipper {
    docker: Docker,
}

impl Shipper {
    /// For the daemon at `address`; asks it nothing yet.
    ///
    /// # Errors
    /// When the address or the certificates cannot be used.
    pub fn new(address: &Address, tls: Option<&Tls>) -> Result<Self, ConnectError> {
        Ok(Self { docker: client(address, tls)?.with_timeout(ANSWER) })
    }

    /// Pushes an image to `repository`, `HOST/NAME`. Gives the reference it can be pulled by for ever.
    ///
    /// # Errors
    /// See [`ShipError`].
    pub async fn push(
        &self,
        image: ImageId,
        repository: &str,
        login: Option<Login>,
    ) -> Result<String, ShipError> {
        check(repository)?;
        let (id, digits) = (image.to_string(), short(image));
        // Beside the tag that keeps it: one by which the registry names it.
        let tag = TagImageOptionsBuilder::default().repo(repository).tag(&digits).build();
        self.docker.tag_image(&id, Some(tag)).await.map_err(|error| explain(error, &id))?;
        let options = PushImageOptionsBuilder::default().tag(&digits).build();
        let pushed = self.docker.push_image(repository, Some(options), login.map(Into::into));
        let told = pushed.map_ok(|step| step.error_detail.and_then(|error| error.message));
        finish(told, &id, SILENCE).await?;
        let found = self.docker.inspect_image(&id).await.map_err(|error| explain(error, &id))?;
        let begin = format!("{repository}@");
        let pinned = found.repo_digests.unwrap_or_default().into_iter().find(|name| name.starts_with(&begin));
        pinned.ok_or_else(|| ShipError::Docker("it told no digest of what was pushed".to_owned()))
    }

    /// Pulls `image` by a reference that [`Shipper::push`] gave. A tag keeps `docker image prune` away from it.
    ///
    /// # Errors
    /// See [`ShipError`].
    pub async fn pull(&self, image: ImageId, reference: &str, login: Option<Login>) -> Result<(), ShipError> {
        check(reference)?;
        let options = CreateImageOptionsBuilder::default().from_image(reference).build();
        let pulled = self.docker.create_image(Some(options), None, login.map(Into::into));
        let told = pulled.map_ok(|step| step.error_detail.and_then(|error| error.message));
        finish(told, reference, SILENCE).await?;
        let found = self.docker.inspect_image(reference).await.map_err(|error| explain(error, reference))?;
        let found = found.id.unwrap_or_default();
        if found != image.to_string() {
            return Err(ShipError::AnotherImage { expected: image, found });
        }
        self.keep(image).await
    }

    /// Copies an image to the daemon of `to`. Gives whether that did not have it.
    ///
    /// # Errors
    /// See [`ShipError`].
    pub async fn copy(&self, image: ImageId, to: &Self) -> Result<bool, ShipError> {
        let id = image.to_string();
        self.docker.inspect_image(&id).await.map_err(|error| explain(error, &id))?;
        let known = to.docker.inspect_image(&id).await.is_ok();
        if !known {
            let saved = self.docker.export_image(&id);
            let options = ImportImageOptionsBuilder::default().quiet(true).build();
            let loaded = to.docker.import_image_stream(options, saved, None);
            let told = loaded.map_ok(|step| step.error_detail.and_then(|error| error.message));
            finish(told, &id, ANSWER).await?;
        }
        // One that is not there now was sent as another.
        to.keep(image).await?;
        Ok(!known)
    }

    async fn keep(&self, image: ImageId) -> Result<(), ShipError> {
        tag(&self.docker, image).await.map_err(|error| explain(error, &image.to_string()))
    }
}

/// Hears what a daemon does to its end, or until nothing is heard for so long; a message is why it did not.
async fn finish(
    steps: impl Stream<Item = Result<Option<String>, Error>>,
    image: &str,
    silence: Duration,
) -> Result<(), ShipError> {
    let mut steps = std::pin::pin!(steps);
    let silent = |_| ShipError::Docker(format!("nothing came for {} s", silence.as_secs()));
    while let Some(step) = timeout(silence, steps.next()).await.map_err(silent)? {
        if let Some(message) = step.map_err(|error| explain(error, image))? {
            return Err(refused(message));
        }
    }
    Ok(())
}

fn explain(error: Error, image: &str) -> ShipError {
    match error {
        Error::DockerResponseServerError { status_code: 404, message }
            if message.contains("No such image") =>
        {
            ShipError::NotFound(image.to_owned())
        }
        Error::DockerResponseServerError { message, .. } | Error::DockerStreamError { error: message } => {
            refused(message)
        }
        error => ShipError::Docker(in_words(&error)),
    }
}

/// Registries tell by words alone that somebody may not.
fn refused(message: String) -> ShipError {
    let signs = ["unauthorized", "authentication required", "no basic auth", "denied"];
    let unknown = signs.iter().any(|sign| message.to_lowercase().contains(sign));
    if unknown { ShipError::Unauthorized(message) } else { ShipError::Refused(message) }
}

fn check(reference: &str) -> Result<(), ShipError> {
    check_reference(reference).map_err(|_| ShipError::Reference(reference.escape_debug().to_string()))
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_image_that_stalls_on_its_way_is_given_up() {
        let begun = || stream::iter([Ok(None), Ok(None)]);
        finish(begun(), "octave", SILENCE).await.unwrap();
        let stalled = begun().chain(stream::pending());
        let given_up = finish(stalled, "octave", SILENCE).await.unwrap_err().to_string();
        assert!(given_up.contains("nothing came for 600 s"), "{given_up}");
    }
}
