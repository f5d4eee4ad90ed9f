//! Carries out container calls against Docker. The only crate that names bollard.

mod error;
mod policy;
mod port;

pub use error::ContainerError;
pub use policy::Admitted;
pub use port::{Completed, Containers, Exchange, OutputSink, RegisteredImage, Stream};
