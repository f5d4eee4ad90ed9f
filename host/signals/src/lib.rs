//! Hints between whoever changes what is stored and whoever waits for it, in one process or in several; and the logs
//! of containers at work, for whoever watches them from another process.
//!
//! A signal says where to look, never what is true: the truth is in the store. One that is lost costs
//! latency, so that whoever waits for signals also looks by himself every now and then. So it is with a relayed log,
//! which is kept with the end of its call.

pub mod conformance;
mod local;
mod relay;
mod signal;

pub use local::LocalSignals;
pub use relay::{LocalRelay, LogName, LogRelay, LogSource, StreamName};
pub use signal::{Heard, Signal, Signals, Subscription, Topic, UploadProgress, UploadStage};
