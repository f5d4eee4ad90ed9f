//! Whether the functions a plugin exports have the types of the contract.

use wasmtime::component::{ComponentNamedList, Instance, Lift, Lower};
use wasmtime::{Error, Store};

use crate::InspectError;
use crate::bindings::exports::simulay::plugin::pipeline as wit;
use crate::bindings::simulay::plugin::types::ContainerResult;
use crate::guest::Guest;

const PIPELINE: &str = "simulay:plugin/pipeline@0.1.0";

type Stage<T> = (Result<T, wit::Failure>,);

/// Names the first function that is missing or of another type.
pub(crate) fn check(instance: &Instance, store: &mut Store<Guest>) -> Result<(), InspectError> {
    check_one::<(), (wit::Manifest,)>(instance, store, "describe")?;
    check_one::<(&wit::Request,), Stage<wit::Step>>(instance, store, "pre-process")?;
    check_one::<(&wit::Request, &str, &[ContainerResult]), Stage<wit::Next>>(instance, store, "post-process")
}

fn check_one<P, R>(instance: &Instance, store: &mut Store<Guest>, name: &str) -> Result<(), InspectError>
where
    P: ComponentNamedList + Lower,
    R: ComponentNamedList + Lift,
{
    let function = instance
        .get_export_index(&mut *store, None, PIPELINE)
        .and_then(|interface| instance.get_export_index(&mut *store, Some(&interface), name))
        .and_then(|function| instance.get_func(&mut *store, function))
        .ok_or_else(|| mismatch(name, "it is missing"))?;
    let typed = function.typed::<P, R>(&*store).map(drop);
    typed.map_err(|error: Error| mismatch(name, &error.root_cause().to_string()))
}

fn mismatch(name: &str, why: &str) -> InspectError {
    InspectError::WorldMismatch(format!(
        "the export `{name}` does not fit {PIPELINE}: {why}; build against wit/simulay.wit of this host"
    ))
}
