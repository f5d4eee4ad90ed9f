//! Runs plugin code where it can do no harm. The only crate that names wasmtime.

mod bindings;
mod cache;
mod census;
mod check;
mod compile;
mod component;
mod confine;
mod contract;
mod convert;
mod dialect;
mod engine;
mod error;
mod exchange;
mod executable;
mod exports;
mod guest;
mod json;
mod limits;
mod link;
mod messages;
mod nesting;
mod port;
mod process;
mod producers;
mod scripted;
mod settings;
mod shape;
mod stdio;
mod stop;
mod time;
mod v0_1;
mod wasi;
mod wasm;
mod wire;
mod worker;

pub use confine::Measure;
pub use error::{CallError, InspectError};
pub use port::{Answer, Answered, Call, Code, ReadArtifacts, Sandbox};
pub use process::{Launch, ProcessSandbox};
pub use scripted::ScriptedSandbox;
pub use settings::SandboxSettings;
pub use wasm::WasmSandbox;
pub use worker::work;

/// Room for a compiler that recurses over what a plugin nests.
const COMPILER_STACK: usize = 16 << 20;
