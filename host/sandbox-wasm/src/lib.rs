//! Runs plugin code with wasmtime, in confined worker processes. The only crate that names wasmtime.

mod bindings;
mod cache;
mod check;
mod compile;
mod component;
mod confine;
mod contract;
mod convert;
mod dialect;
mod engine;
mod executable;
mod exports;
mod file_type;
mod guest;
mod invocation;
mod json;
mod limits;
mod link;
mod messages;
mod process;
mod producers;
mod stdio;
mod structure;
mod termination;
mod time;
mod type_depth;
mod v0_1;
mod wasi;
mod wasm;
mod wire;
mod worker;

pub use confine::Restriction;
pub use process::{Launch, ProcessSandbox};
pub use wasm::WasmSandbox;
pub use worker::work;

/// Room for a compiler that recurses over what a plugin nests.
const COMPILER_STACK: usize = 16 << 20;
