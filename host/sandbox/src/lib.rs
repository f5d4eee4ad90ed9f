//! Runs plugin code where it can do no harm. The only crate that names wasmtime.

mod error;
mod port;

pub use error::{CallError, InspectError};
pub use port::{Answer, Answered, Call, Code, ReadArtifacts, Sandbox};
