//! What a process says of itself, told to other processes.

mod remote;
mod service;

pub use remote::RemoteRunners;
pub use service::Process;
pub(crate) use service::ProcessService;
