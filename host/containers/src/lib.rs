//! Carries out container calls against Docker. The only crate that names bollard.
//!
//! A call is admitted by the [`Policy`], created by one function from constants and closed types,
//! given to `simulay-init` as frames, and what comes back is checked again.

mod address;
mod capacity;
mod docker;
mod error;
mod facts;
mod image;
mod naming;
mod owner;
mod policy;
mod port;
mod register;
pub mod scripted;
mod spec;

pub use address::{Address, AddressError, Reach, Tls};
pub use capacity::Capacity;
pub use docker::{ConnectError, DockerContainers, DockerSettings, Finding, Severity, hear};
pub use error::ContainerError;
pub use facts::ImageFacts;
pub use image::{ImageId, ImageIdError};
pub use naming::docker_name;
pub use owner::{Owner, OwnerError};
pub use policy::{Admitted, Limits, Policy};
pub use port::{Begin, Completed, Containers, Exchange, Omitted, OutputSink, RegisteredImage, Stream};
pub use register::{RegisterError, Registrar};
pub use spec::Runtime;
