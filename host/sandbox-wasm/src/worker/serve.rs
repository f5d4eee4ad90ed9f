//! The work of a worker: one question after the other.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};
use serde_bytes::ByteBuf;
use simulay_model::{Digest, Manifest};
use simulay_sandbox::{Call, CallError, InspectError, ReadArtifacts, SandboxSettings};
use wasmtime::component::Linker;

use super::loaded::{self, Loaded};
use crate::cache::Cache;
use crate::check::{self, Checked};
use crate::confine::Restriction;
use crate::guest::Guest;
use crate::time::Cancel;
use crate::wire::{Channel, Hello, LONGEST_QUESTION, Question, Reply};
use crate::{engine, invocation, link};

/// Says hello, then answers until the host goes away.
pub(super) fn serve(
    mut channel: Channel,
    code: &OwnedFd,
    settings: SandboxSettings,
    restrictions: Vec<Restriction>,
) -> io::Result<()> {
    let engine = engine::start()?;
    channel.send(&Hello { compiler: engine::compiler(&engine), restrictions })?;
    let worker = Worker {
        linker: link::linker(&engine)?,
        loaded: Cache::new(settings.cached_plugins),
        settings,
        host: Host(Arc::new(Mutex::new(channel))),
    };
    // The host ends a worker by going away.
    while let Some(question) = worker.host.question() {
        if let Some(reply) = worker.answer(question, code)? {
            worker.host.lock().send(&reply)?;
        }
    }
    Ok(())
}

struct Worker {
    linker: Linker<Guest>,
    loaded: Cache<Result<Arc<Loaded>, InspectError>>,
    settings: SandboxSettings,
    host: Host,
}

impl Worker {
    fn answer(&self, question: Question, code: &OwnedFd) -> io::Result<Option<Reply>> {
        Ok(Some(match question {
            Question::Compile(component) => Reply::Compiled(self.compile(&component)),
            Question::Load(plugin) => {
                let file = loaded::receive(code)?;
                self.loaded.put(plugin, Loaded::new(&self.linker, &file).map(Arc::new));
                return Ok(None);
            }
            Question::Describe(plugin) => Reply::Described(self.describe(plugin)),
            Question::Call(plugin, call) => return self.call(plugin, call).map(|()| None),
            Question::Part(_) | Question::NoArtifact | Question::ReadFault(_) => return Err(out_of_turn()),
        }))
    }

    fn compile(&self, component: &[u8]) -> Result<(Checked, ByteBuf), InspectError> {
        let checked = check::check(component, self.settings.component_bytes)?;
        let code = link::precompile(self.linker.engine(), component)?;
        let most = link::max_code_bytes(component.len());
        if code.len() as u64 > most {
            let size = code.len();
            return Err(InspectError::TooComplex(format!(
                "compiled, the component has {size} bytes; at most {most} are allowed for its size"
            )));
        }
        Ok((checked, ByteBuf::from(code)))
    }

    fn describe(&self, plugin: Digest) -> Result<Manifest, InspectError> {
        invocation::describe(self.loaded(plugin)?.plugin(), &self.settings, Cancel::default())
    }

    fn call(&self, plugin: Digest, call: Call) -> io::Result<()> {
        let tell = |answered| self.host.lock().send(&Reply::Called(answered));
        let loaded = match self.loaded(plugin) {
            Ok(loaded) => loaded,
            Err(error) => return tell(Err(CallError::Host(error.to_string()))),
        };
        let artifacts = Arc::new(self.host.clone());
        invocation::call(loaded.plugin(), &self.settings, call, artifacts, Cancel::default(), tell)
    }

    fn loaded(&self, plugin: Digest) -> Result<Arc<Loaded>, InspectError> {
        let missing = || Err(InspectError::Host(format!("plugin {plugin} is not loaded")));
        self.loaded.get(plugin).unwrap_or_else(missing)
    }
}

/// The host, which has the artifacts.
#[derive(Clone)]
struct Host(Arc<Mutex<Channel>>);

impl Host {
    fn question(&self) -> Option<Question> {
        self.lock().receive(LONGEST_QUESTION).ok()
    }

    fn lock(&self) -> MutexGuard<'_, Channel> {
        self.0.lock()
    }
}

impl ReadArtifacts for Host {
    fn read(&self, artifact: Digest, offset: u64, length: u64) -> io::Result<Vec<u8>> {
        let mut host = self.lock();
        host.send(&Reply::Read { artifact, offset, length })?;
        match host.receive(LONGEST_QUESTION)? {
            Question::Part(bytes) => Ok(bytes.into_vec()),
            Question::NoArtifact => Err(io::ErrorKind::NotFound.into()),
            Question::ReadFault(why) => Err(io::Error::other(why)),
            _ => Err(out_of_turn()),
        }
    }
}

fn out_of_turn() -> io::Error {
    io::Error::other("the host spoke out of turn")
}
