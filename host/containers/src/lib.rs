//! What carries out container calls, whatever does it: the port, its errors, what the policy admits, a
//! scripted stand-in, and what every backend must do. Names no container runtime.
//!
//! What crosses the port are owned values that can be serialised, and streams of bytes: either side may be
//! another process. [`Admitted`] never crosses it.

mod capacity;
pub mod conformance;
mod error;
mod exchange;
mod fenced;
mod gate;
mod image;
mod node;
mod nodes;
mod outcome;
mod permissions;
mod policy;
mod pool;
mod port;
mod request;
mod reserving;
pub mod scripted;

pub use capacity::Capacity;
pub use error::{ContainerError, shown};
pub use exchange::{Exchange, OutputSink, Stream};
pub use fenced::Fenced;
pub use gate::Gate;
pub use image::{ImageId, ImageIdError, RegisteredImage};
pub use node::NodeStatus;
pub use nodes::{
    Candidate, Choice, Discovered, Discovery, DiscoveryError, Need, Nodes, NodesSettings, choose,
};
pub use outcome::{Completed, Omitted};
pub use permissions::Permissions;
pub use policy::{Admission, Admitted, CompiledPatterns, Content, Limits, Policy, TMP_MIB};
pub use pool::{PoolStatus, WarmClass};
pub use port::{Containers, Execution, Inventory};
pub use request::{Begin, ExecutionRequest, Tenant};
pub use reserving::Reserving;
