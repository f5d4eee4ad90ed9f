//! Hints between whoever changes what is stored and whoever waits for it, in one process or in several.
//!
//! A signal says where to look, never what is true: the truth is in the store. One that is lost costs
//! latency, so that whoever waits for signals also looks by himself every now and then.

pub mod conformance;
mod local;
mod signal;

pub use local::LocalSignals;
pub use signal::{Heard, Signal, Signals, Subscription, Topic};
