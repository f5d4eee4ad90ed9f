//! What carries out container calls, whatever does it: the port, its errors, what the policy admits, and a
//! scripted stand-in. Names no container runtime.

mod capacity;
mod error;
mod image;
mod policy;
mod port;
pub mod scripted;

pub use capacity::Capacity;
pub use error::{ContainerError, shown};
pub use image::{ImageId, ImageIdError};
pub use policy::{Admitted, Content, Limits, Policy, TMP_MIB};
pub use port::{Begin, Completed, Containers, Exchange, Omitted, OutputSink, RegisteredImage, Stream};
