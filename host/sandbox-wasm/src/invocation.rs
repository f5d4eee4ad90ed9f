//! One call: a fresh instance, used once, on a thread that may block.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use simulay_model::{Digest, LogLevel, Manifest};
use simulay_sandbox::{Answer, Answered, Call, CallError, InspectError, ReadArtifacts, SandboxSettings};
use wasmtime::{Result, Store, UpdateDeadline};

use crate::convert::{self, Bounds};
use crate::exports::Exports;
use crate::guest::Guest;
use crate::link::Compiled;
use crate::termination::{self, Limits};
use crate::time::{Cancel, Timer};

/// Handles a plugin may have open at once.
const MAX_HANDLES: usize = 1_000;

/// What a call may use.
struct Allowance {
    time: Duration,
    bytes: usize,
    seed: u64,
}

/// Asks a plugin to describe itself.
pub(crate) fn describe(
    compiled: &Compiled,
    settings: &SandboxSettings,
    cancel: Cancel,
) -> Result<Manifest, InspectError> {
    let allowance = Allowance { time: settings.describe_time, bytes: settings.manifest_bytes, seed: 0 };
    let mut invocation = Invocation::new(compiled, settings, &allowance, Arc::new(NoArtifacts), cancel);
    let exports = invocation.instantiate().map_err(|error| describe_error(error, settings))?;
    exports.check(&mut invocation.store)?;
    let said = invocation.ask(|store| exports.describe(store));
    let said = said.map_err(|error| describe_error(error, settings))?;
    convert::manifest(said, settings.manifest_bytes).map_err(InspectError::Manifest)
}

fn describe_error(error: CallError, settings: &SandboxSettings) -> InspectError {
    match error {
        CallError::CpuLimit(_) => InspectError::DescribeTimeout,
        CallError::ResultTooLarge(_) => InspectError::ManifestTooLarge(settings.manifest_bytes as u64),
        CallError::Host(what) => InspectError::Host(what),
        error => InspectError::DescribeFailed(error),
    }
}

/// Calls one of the other exports. What comes of it is `told` before the instance is taken apart, which takes a while.
pub(crate) fn call<T>(
    compiled: &Compiled,
    settings: &SandboxSettings,
    call: Call,
    artifacts: Arc<dyn ReadArtifacts>,
    cancel: Cancel,
    told: impl FnOnce(Result<Answered, CallError>) -> T,
) -> T {
    let (Call::PreProcess(request) | Call::PostProcess { request, .. }) = &call;
    let allowance = Allowance { time: settings.call_time, bytes: settings.answer_bytes, seed: request.seed };
    let mut invocation = Invocation::new(compiled, settings, &allowance, artifacts, cancel);
    let bounds = Bounds { calls: settings.calls, json_bytes: settings.json_bytes };
    told(answer(&mut invocation, call, &bounds))
}

fn answer(invocation: &mut Invocation<'_>, call: Call, bounds: &Bounds) -> Result<Answered, CallError> {
    let exports = invocation.instantiate()?;
    let answer = match call {
        Call::PreProcess(request) => {
            let request = convert::request(&request);
            let said = invocation.ask(|store| exports.pre_process(store, &request))?;
            translate(said, |said| convert::step(said, bounds).map(Answer::Step))?
        }
        Call::PostProcess { request, state, results } => {
            let (request, state) = (convert::request(&request), state.to_string());
            let results = convert::results(&results);
            let said = invocation.ask(|store| exports.post_process(store, &request, &state, results))?;
            translate(said, |said| convert::next(said, bounds).map(Answer::Next))?
        }
    };
    Ok(Answered { answer, messages: invocation.messages() })
}

type Failure = crate::bindings::exports::simulay::plugin::pipeline::Failure;

fn translate<T>(
    said: Result<T, Failure>,
    answer: impl FnOnce(T) -> Result<Answer, CallError>,
) -> Result<Result<Answer, simulay_model::Failure>, CallError> {
    match said {
        Ok(said) => answer(said).map(Ok),
        Err(said) => Ok(Err(convert::failure(&said))),
    }
}

/// A store and its limits; it serves one question.
struct Invocation<'a> {
    compiled: &'a Compiled,
    store: Store<Guest>,
    limits: Limits,
}

impl<'a> Invocation<'a> {
    fn new(
        compiled: &'a Compiled,
        settings: &SandboxSettings,
        allowance: &Allowance,
        artifacts: Arc<dyn ReadArtifacts>,
        cancel: Cancel,
    ) -> Self {
        let guest = Guest::new(settings, allowance.seed, artifacts);
        let mut store = Store::new(compiled.linked.engine(), guest);
        store.limiter(|guest| &mut guest.memory);
        store.set_hostcall_fuel(allowance.bytes);
        store.set_max_component_handles(MAX_HANDLES);
        let timer = Timer::start(allowance.time, cancel);
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(move |_| {
            timer.check()?;
            Ok(UpdateDeadline::Continue(1))
        });
        let limits = Limits {
            time: allowance.time,
            memory_bytes: settings.memory_bytes as u64,
            answer_bytes: allowance.bytes,
        };
        Self { compiled, store, limits }
    }

    /// A new instance, its start functions run.
    fn instantiate(&mut self) -> Result<Exports, CallError> {
        let Compiled { linked, contract } = self.compiled;
        let instance = self.ask(|store| linked.instantiate(store))?;
        Ok(Exports::new(instance, *contract))
    }

    /// Runs code of the plugin.
    fn ask<T>(&mut self, question: impl FnOnce(&mut Store<Guest>) -> Result<T>) -> Result<T, CallError> {
        question(&mut self.store).map_err(|error| {
            let last_words = self.store.data().last_words();
            termination::call_error(&error, &self.limits, &last_words)
        })
    }

    fn messages(&self) -> Vec<(LogLevel, String)> {
        self.store.data().take_messages()
    }
}

/// For what belongs to no run.
pub(crate) struct NoArtifacts;

impl ReadArtifacts for NoArtifacts {
    fn read(&self, _artifact: Digest, _offset: u64, _length: u64) -> io::Result<Vec<u8>> {
        Err(io::ErrorKind::NotFound.into())
    }
}
