//! Plugin code, run by another process.

mod callbacks;
mod job;
mod remote;
mod service;

pub use remote::RemoteSandbox;
pub(crate) use service::SandboxService;
