//! Runs plugin code where it can do no harm: the port, its errors and limits, a scripted stand-in, and what
//! every sandbox must do.

pub mod conformance;
mod error;
mod port;
mod scripted;
mod settings;

pub use error::{CallError, InspectError};
pub use port::{Answer, Answered, Call, Code, ReadArtifacts, Sandbox};
pub use scripted::ScriptedSandbox;
pub use settings::SandboxSettings;
