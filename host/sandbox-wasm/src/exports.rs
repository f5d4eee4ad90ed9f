//! What a plugin exports: called in the shapes of its contract, answered in those of the latest.

use simulay_sandbox::InspectError;
use wasmtime::component::{ComponentNamedList, Func, Instance, Lift, Lower, TypedFunc};
use wasmtime::{Error, Result, Store};

use crate::bindings::exports::simulay::plugin::pipeline as wit;
use crate::bindings::simulay::plugin::types;
use crate::contract::Contract;
use crate::dialect::{Dialect, Latest};
use crate::guest::Guest;
use crate::v0_1::V0_1;

const DESCRIBE: &str = "describe";
const PRE_PROCESS: &str = "pre-process";
const POST_PROCESS: &str = "post-process";

type Said<T> = Result<T, wit::Failure>;
type Describe = TypedFunc<(), (wit::Manifest,)>;
type PreProcess<'a, D> = TypedFunc<(&'a wit::Request,), (Said<<D as Dialect>::Step>,)>;
type PostProcess<'a, D> =
    TypedFunc<(&'a wit::Request, &'a str, &'a [<D as Dialect>::Result]), (Said<<D as Dialect>::Next>,)>;

/// The exports of an instance.
pub(crate) struct Exports {
    instance: Instance,
    contract: Contract,
}

impl Exports {
    /// The exports of `instance`, which is of `contract`.
    pub(crate) const fn new(instance: Instance, contract: Contract) -> Self {
        Self { instance, contract }
    }

    /// Names the first function that is missing or of another type.
    pub(crate) fn check(&self, store: &mut Store<Guest>) -> Result<(), InspectError> {
        match self.contract {
            Contract::V0_1 => self.check_in::<V0_1>(store),
            Contract::V0_2 => self.check_in::<Latest>(store),
        }
    }

    fn check_in<D: Dialect>(&self, store: &mut Store<Guest>) -> Result<(), InspectError> {
        let describe: Result<Describe> = self.function(store, DESCRIBE);
        describe.map(drop).map_err(|error| self.mismatch(DESCRIBE, &error))?;
        let pre_process: Result<PreProcess<'_, D>> = self.function(store, PRE_PROCESS);
        pre_process.map(drop).map_err(|error| self.mismatch(PRE_PROCESS, &error))?;
        let post_process: Result<PostProcess<'_, D>> = self.function(store, POST_PROCESS);
        post_process.map(drop).map_err(|error| self.mismatch(POST_PROCESS, &error))
    }

    /// `describe()`.
    pub(crate) fn describe(&self, store: &mut Store<Guest>) -> Result<wit::Manifest> {
        let describe: Describe = self.function(store, DESCRIBE)?;
        describe.call(store, ()).map(|(said,)| said)
    }

    /// `pre-process(request)`.
    pub(crate) fn pre_process(
        &self,
        store: &mut Store<Guest>,
        request: &wit::Request,
    ) -> Result<Said<wit::Step>> {
        match self.contract {
            Contract::V0_1 => self.pre_process_in::<V0_1>(store, request),
            Contract::V0_2 => self.pre_process_in::<Latest>(store, request),
        }
    }

    fn pre_process_in<D: Dialect>(
        &self,
        store: &mut Store<Guest>,
        request: &wit::Request,
    ) -> Result<Said<wit::Step>> {
        let pre_process: PreProcess<'_, D> = self.function(store, PRE_PROCESS)?;
        let (said,) = pre_process.call(store, (request,))?;
        Ok(said.map(Into::into))
    }

    /// `post-process(request, state, results)`.
    pub(crate) fn post_process(
        &self,
        store: &mut Store<Guest>,
        request: &wit::Request,
        state: &str,
        results: Vec<types::ContainerResult>,
    ) -> Result<Said<wit::Next>> {
        match self.contract {
            Contract::V0_1 => self.post_process_in::<V0_1>(store, request, state, results),
            Contract::V0_2 => self.post_process_in::<Latest>(store, request, state, results),
        }
    }

    fn post_process_in<D: Dialect>(
        &self,
        store: &mut Store<Guest>,
        request: &wit::Request,
        state: &str,
        results: Vec<types::ContainerResult>,
    ) -> Result<Said<wit::Next>> {
        let results: Vec<D::Result> = results.into_iter().map(Into::into).collect();
        let post_process: PostProcess<'_, D> = self.function(store, POST_PROCESS)?;
        let (said,) = post_process.call(store, (request, state, &results))?;
        Ok(said.map(Into::into))
    }

    fn function<P, R>(&self, store: &mut Store<Guest>, name: &str) -> Result<TypedFunc<P, R>>
    where
        P: ComponentNamedList + Lower,
        R: ComponentNamedList + Lift,
    {
        let function = self.find(store, name).ok_or_else(|| Error::msg("it is missing"))?;
        function.typed(&*store)
    }

    fn find(&self, store: &mut Store<Guest>, name: &str) -> Option<Func> {
        let interface = self.instance.get_export_index(&mut *store, None, &self.contract.pipeline())?;
        let function = self.instance.get_export_index(&mut *store, Some(&interface), name)?;
        self.instance.get_func(store, function)
    }

    fn mismatch(&self, name: &str, why: &Error) -> InspectError {
        let (pipeline, why) = (self.contract.pipeline(), why.root_cause());
        InspectError::WorldMismatch(format!(
            "the export `{name}` does not fit {pipeline}: {why}; build against wit/simulay.wit of this host"
        ))
    }
}
