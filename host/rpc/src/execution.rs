//! Container calls, carried out by another process.

mod artifacts;
mod attachment;
mod call;
mod exchange;
mod hearing;
mod inbound;
mod node;
mod outbound;
mod outputs;
mod service;

pub use node::NodeClient;
pub(crate) use service::ExecutionService;
