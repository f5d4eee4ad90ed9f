//! What a plugin is linked to: the contract and a part of WASI, nothing else.

use std::fmt::Display;
use std::io;

use simulay_sandbox::InspectError;
use wasmparser::{Validator, WasmFeatures};
use wasmtime::component::{Component, InstancePre, Linker};
use wasmtime::{Engine, Error, Result, StoreContextMut};

use crate::bindings::simulay::plugin::{artifacts, log};
use crate::contract::Contract;
use crate::guest::Guest;
use crate::wasi;

/// Native code is larger than WebAssembly, but not without bound.
const CODE_FACTOR: u64 = 20;
/// What the container of the code takes, however small the component.
const CODE_ALLOWANCE: u64 = 8 << 20;

/// A plugin ready to be instantiated.
#[derive(Clone)]
pub(crate) struct Compiled {
    /// Its code, linked.
    pub(crate) linked: InstancePre<Guest>,
    /// The contract it is of.
    pub(crate) contract: Contract,
}

/// What plugins of `engine` see.
pub(crate) fn linker(engine: &Engine) -> io::Result<Linker<Guest>> {
    let mut linker = Linker::new(engine);
    for contract in Contract::SPOKEN {
        offer(&mut linker, contract).map_err(|error| fault(&error))?;
    }
    wasi::add_to_linker(&mut linker).map_err(|error| fault(&error))?;
    Ok(linker)
}

/// What a plugin may import is the same in all versions of the contract, but for its name.
fn offer(linker: &mut Linker<Guest>, contract: Contract) -> Result<()> {
    linker.instance(&contract.interface("types"))?;
    linker.instance(&contract.interface("log"))?.func_wrap(
        "write",
        |mut store: StoreContextMut<Guest>, (level, message): (log::Level, String)| {
            log::Host::write(store.data_mut(), level, message)
        },
    )?;
    linker.instance(&contract.interface("artifacts"))?.func_wrap(
        "read",
        |mut store: StoreContextMut<Guest>, (sha256, offset, length): (String, u64, u64)| {
            artifacts::Host::read(store.data_mut(), sha256, offset, length).map(|read| (read,))
        },
    )
}

/// The most bytes that a component of `size` bytes may be compiled to.
pub(crate) const fn max_code_bytes(size: usize) -> u64 {
    (size as u64).saturating_mul(CODE_FACTOR) + CODE_ALLOWANCE
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
    let exports = |contract: &Contract| component.get_export_index(None, contract.pipeline()).is_some();
    let contract = Contract::SPOKEN.into_iter().find(exports);
    let contract = contract.ok_or_else(|| mismatch("exports", &Error::msg("there is no `pipeline`")))?;
    Ok(Compiled { linked, contract })
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
