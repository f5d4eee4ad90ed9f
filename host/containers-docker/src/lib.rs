//! Carries out container calls on a Docker daemon. The only crate that names bollard.
//!
//! An admitted call is created by one function from constants and closed types, given to `simulay-init` as
//! frames, and what comes back is checked again.

mod address;
mod boot;
mod class;
mod docker;
mod facts;
#[cfg(test)]
mod fixtures;
mod keeping;
mod naming;
mod owner;
mod register;
mod shipping;
mod spec;

pub use address::{Address, AddressError, Reach, Tls};
pub use docker::{ConnectError, DockerContainers, DockerSettings, Finding, PoolSettings, Severity, hear};
pub use facts::ImageFacts;
pub use keeping::ImageSource;
pub use owner::{Owner, OwnerError};
pub use register::{RegisterError, Registrar};
pub use shipping::{Login, ShipError, Shipper};
pub use spec::Runtime;
