//! From bytes to code: checks first, then the compiler, on a thread of its own.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::task::spawn_blocking;
use tokio::time::timeout;
use wasmtime::component::{Component, HasSelf, Linker};
use wasmtime::{Engine, Error, Result};

use crate::bindings::{Plugin, PluginPre};
use crate::guest::Guest;
use crate::settings::SandboxSettings;
use crate::{InspectError, census, contract, shape, wasi};

/// Room for a compiler that recurses over what a plugin nests.
const STACK: usize = 16 << 20;

/// A plugin ready to be instantiated.
pub(crate) type Compiled = PluginPre<Guest>;

/// Compiles a few plugins at once.
pub(crate) struct Compiler {
    linker: Linker<Guest>,
    slots: Arc<Semaphore>,
    time: Duration,
    component_bytes: usize,
}

impl Compiler {
    /// A compiler for `engine`, whose plugins see the contract and a part of WASI.
    pub(crate) fn new(engine: &Engine, settings: &SandboxSettings) -> Result<Self> {
        let mut linker = Linker::new(engine);
        Plugin::add_to_linker::<_, HasSelf<Guest>>(&mut linker, |guest| guest)?;
        wasi::add_to_linker(&mut linker)?;
        Ok(Self {
            linker,
            slots: Arc::new(Semaphore::new(settings.parallel_compilations)),
            time: settings.compile_time,
            component_bytes: settings.component_bytes,
        })
    }

    /// Checks and compiles a component.
    pub(crate) async fn compile(&self, bytes: Arc<[u8]>) -> Result<Compiled, InspectError> {
        self.check(bytes.clone()).await?;
        let slot = self.slots.clone().acquire_owned().await.map_err(|error| host(&error))?;
        let answer = self.start(bytes, slot).map_err(|error| host(&error))?;
        match timeout(self.time, answer).await {
            Ok(Ok(compiled)) => compiled,
            Ok(Err(_)) => Err(InspectError::TooComplex("the compiler gave up on the component".to_owned())),
            Err(_) => {
                let seconds = self.time.as_secs();
                Err(InspectError::TooComplex(format!("the component does not compile within {seconds} s")))
            }
        }
    }

    async fn check(&self, bytes: Arc<[u8]>) -> Result<(), InspectError> {
        let limit = self.component_bytes;
        let check = move || {
            shape::check(&bytes, limit)?;
            contract::check(&census::take(&bytes)?)
        };
        spawn_blocking(check).await.map_err(|error| host(&error))?
    }

    /// A compilation cannot be killed inside a process: past its time it still holds its slot.
    fn start(
        &self,
        bytes: Arc<[u8]>,
        slot: OwnedSemaphorePermit,
    ) -> std::io::Result<oneshot::Receiver<Result<Compiled, InspectError>>> {
        let (answer, receiver) = oneshot::channel();
        let linker = self.linker.clone();
        let work = move || {
            let compiled = translate(&linker, &bytes);
            drop(slot);
            // Nobody may wait any more; then the work was for nothing.
            drop(answer.send(compiled));
        };
        thread::Builder::new().name("simulay-compile".to_owned()).stack_size(STACK).spawn(work)?;
        Ok(receiver)
    }
}

fn translate(linker: &Linker<Guest>, bytes: &[u8]) -> Result<Compiled, InspectError> {
    let component = Component::from_binary(linker.engine(), bytes).map_err(|error| invalid(&error))?;
    let linked = linker.instantiate_pre(&component).map_err(|error| mismatch("imports", &error))?;
    PluginPre::new(linked).map_err(|error| mismatch("exports", &error))
}

fn invalid(error: &Error) -> InspectError {
    InspectError::InvalidComponent(format!("the component is not valid: {error:#}"))
}

fn mismatch(side: &str, error: &Error) -> InspectError {
    InspectError::WorldMismatch(format!(
        "the {side} do not fit the world `plugin`: {error:#}; build it against wit/simulay.wit of this host"
    ))
}

fn host(error: &dyn std::error::Error) -> InspectError {
    InspectError::Host(error.to_string())
}
