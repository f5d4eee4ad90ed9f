//! Pulls the images that a node is to have and lacks.

use std::collections::BTreeMap;
use std::time::Duration;

use parking_lot::Mutex;
use simulay_containers::{ContainerError, ImageId, Inventory as _};

use super::DockerContainers;
use crate::{ConnectError, Login, ShipError, Shipper};

/// Between two looks at which images there are.
const PERIOD: Duration = Duration::from_secs(30);

/// Where an image comes from.
#[derive(Clone)]
pub struct ImageSource {
    /// `HOST/NAME@sha256:…`
    pub reference: String,
    /// Who asks for it.
    pub login: Option<Login>,
}

/// What is said of the images that are pulled, by logical name.
pub(super) type Pulls = Mutex<BTreeMap<String, String>>;

impl DockerContainers {
    /// Pulls each of the operator's images that is not there from its source, by logical name, and looks again
    /// every now and then, for good. What is pulled, and what could not be, is in the status of the node.
    ///
    /// # Errors
    /// When the address or the certificates cannot be used.
    pub async fn keep_images(&self, sources: BTreeMap<String, ImageSource>) -> Result<(), ConnectError> {
        let shipper = Shipper::new(&self.address, self.tls.as_ref())?;
        loop {
            match self.missing().await {
                Ok(missing) => {
                    for (name, image) in missing {
                        if let Some(source) = sources.get(&name) {
                            self.pull(&shipper, &name, image, source).await;
                        }
                    }
                }
                Err(error) => tracing::debug!(%error, "images are looked for later"),
            }
            tokio::time::sleep(PERIOD).await;
        }
    }

    async fn missing(&self) -> Result<Vec<(String, ImageId)>, ContainerError> {
        let images = self.images().await?;
        Ok(images.into_iter().filter(|image| !image.present).map(|image| (image.name, image.id)).collect())
    }

    async fn pull(&self, shipper: &Shipper, name: &str, image: ImageId, source: &ImageSource) {
        let ImageSource { reference, login } = source;
        tracing::info!(image = name, reference, "pulling an image");
        self.pulls.lock().insert(name.to_owned(), "it is being pulled".to_owned());
        match shipper.pull(image, reference, login.clone()).await {
            Ok(()) => {
                tracing::info!(image = name, "the image is there");
                self.pulls.lock().remove(name);
            }
            Err(error) => self.is_not_pulled(name, &error),
        }
    }

    fn is_not_pulled(&self, name: &str, error: &ShipError) {
        tracing::warn!(image = name, %error, "the image is not pulled; it is tried again");
        self.pulls.lock().insert(name.to_owned(), format!("it is not pulled: {error}"));
    }
}
