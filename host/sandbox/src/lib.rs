//! Runs plugin code where it can do no harm. The only crate that names wasmtime.

mod bindings;
mod cache;
mod census;
mod check;
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
mod link;
mod messages;
mod nesting;
mod port;
mod producers;
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

/// Room for a compiler that recurses over what a plugin nests.
const COMPILER_STACK: usize = 16 << 20;
