//! From bytes to code inside this process: checks first, then the compiler, on a thread of its own.

use std::io;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use simulay_sandbox::{InspectError, SandboxSettings};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::task::spawn_blocking;
use tokio::time::timeout;
use wasmtime::Engine;
use wasmtime::component::Linker;

use crate::COMPILER_STACK;
use crate::check::{self, Checked};
use crate::guest::Guest;
use crate::link::{self, Compiled};

/// Compiles a few plugins at once.
pub(crate) struct Compiler {
    linker: Linker<Guest>,
    slots: Arc<Semaphore>,
    time: Duration,
    component_bytes: usize,
}

impl Compiler {
    /// A compiler for `engine`.
    pub(crate) fn new(engine: &Engine, settings: &SandboxSettings) -> io::Result<Self> {
        Ok(Self {
            linker: link::linker(engine)?,
            slots: Arc::new(Semaphore::new(settings.parallel_compilations)),
            time: settings.compile_time,
            component_bytes: settings.component_bytes,
        })
    }

    /// Checks and compiles a component.
    pub(crate) async fn compile(&self, bytes: Arc<[u8]>) -> Result<(Checked, Compiled), InspectError> {
        let checked = self.check(bytes.clone()).await?;
        let slot = self.slots.clone().acquire_owned().await.map_err(|error| host(&error))?;
        let answer = self.start(bytes, slot).map_err(|error| host(&error))?;
        match timeout(self.time, answer).await {
            Ok(Ok(compiled)) => Ok((checked, compiled?)),
            Ok(Err(_)) => Err(InspectError::WorkerCrashed),
            Err(_) => Err(InspectError::CompileTimeout(self.time.as_secs())),
        }
    }

    async fn check(&self, bytes: Arc<[u8]>) -> Result<Checked, InspectError> {
        let limit = self.component_bytes;
        spawn_blocking(move || check::check(&bytes, limit)).await.map_err(|error| host(&error))?
    }

    /// A compilation cannot be killed inside a process: past its time it still holds its slot.
    fn start(
        &self,
        bytes: Arc<[u8]>,
        slot: OwnedSemaphorePermit,
    ) -> io::Result<oneshot::Receiver<Result<Compiled, InspectError>>> {
        let (answer, receiver) = oneshot::channel();
        let linker = self.linker.clone();
        let work = move || {
            let compiled = link::compile(&linker, &bytes);
            drop(slot);
            // Nobody may wait any more; then the work was for nothing.
            drop(answer.send(compiled));
        };
        thread::Builder::new().name("simulay-compile".to_owned()).stack_size(COMPILER_STACK).spawn(work)?;
        Ok(receiver)
    }
}

fn host(error: &dyn std::error::Error) -> InspectError {
    InspectError::Host(error.to_string())
}
