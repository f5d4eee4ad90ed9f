//! Runs plugin code where it can do no harm. The only crate that names wasmtime.

mod bindings;
mod cache;
mod census;
mod compile;
mod contract;
mod convert;
mod engine;
mod error;
mod exchange;
mod exports;
mod guest;
mod json;
mod limits;
mod messages;
mod port;
mod scripted;
mod settings;
mod shape;
mod stdio;
mod stop;
mod time;
mod wasi;
mod wasm;

pub use error::{CallError, InspectError};
pub use port::{Answer, Answered, Call, Code, ReadArtifacts, Sandbox};
pub use scripted::ScriptedSandbox;
pub use settings::SandboxSettings;
pub use wasm::WasmSandbox;
