//! What a plugin is linked to: the contract and a part of WASI, nothing else.

use std::fmt::Display;
use std::io;

use wasmparser::{Validator, WasmFeatures};
use wasmtime::component::{Component, HasSelf, Linker};
use wasmtime::{Engine, Error};

use crate::bindings::{Plugin, PluginPre};
use crate::guest::Guest;
use crate::{InspectError, wasi};

/// A plugin ready to be instantiated.
pub(crate) type Compiled = PluginPre<Guest>;

/// What plugins of `engine` see.
pub(crate) fn linker(engine: &Engine) -> io::Result<Linker<Guest>> {
    let mut linker = Linker::new(engine);
    Plugin::add_to_linker::<_, HasSelf<Guest>>(&mut linker, |guest| guest).map_err(|error| fault(&error))?;
    wasi::add_to_linker(&mut linker).map_err(|error| fault(&error))?;
    Ok(linker)
}

/// Compiles a component that was checked, to what another process can load.
pub(crate) fn precompile(engine: &Engine, bytes: &[u8]) -> Result<Vec<u8>, InspectError> {
    validate(bytes)?;
    engine.precompile_component(bytes).map_err(|error| invalid(&error))
}

/// Finds an invalid body before any other is compiled: that takes a tenth of the time. What this host leaves
/// out of WebAssembly is the compiler's to refuse.
fn validate(bytes: &[u8]) -> Result<(), InspectError> {
    let valid = Validator::new_with_features(WasmFeatures::default()).validate_all(bytes);
    valid.map(drop).map_err(|error| invalid(&error))
}

/// Compiles a component that was checked, and links it.
pub(crate) fn compile(linker: &Linker<Guest>, bytes: &[u8]) -> Result<Compiled, InspectError> {
    let component = Component::from_binary(linker.engine(), bytes).map_err(|error| invalid(&error))?;
    link(linker, &component)
}

/// Links compiled code.
pub(crate) fn link(linker: &Linker<Guest>, component: &Component) -> Result<Compiled, InspectError> {
    let linked = linker.instantiate_pre(component).map_err(|error| mismatch("imports", &error))?;
    PluginPre::new(linked).map_err(|error| mismatch("exports", &error))
}

fn invalid(error: &dyn Display) -> InspectError {
    InspectError::InvalidComponent(format!("the component is not valid: {error:#}"))
}

fn mismatch(side: &str, error: &Error) -> InspectError {
    InspectError::WorldMismatch(format!(
        "the {side} do not fit the world `plugin`: {error:#}; build it against wit/simulay.wit of this host"
    ))
}

fn fault(error: &Error) -> io::Error {
    io::Error::other(error.to_string())
}
