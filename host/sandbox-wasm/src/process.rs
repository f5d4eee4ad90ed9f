//! The sandbox as processes of their own: what a plugin breaks is a worker, never the host.

mod code;
mod conversation;
mod launch;
mod pool;

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use rustix::process::Signal;
use serde_bytes::ByteBuf;
use simulay_model::{Digest, Inspection, Manifest};
use simulay_sandbox::{
    Answered, Call, CallError, Code, InspectError, ReadArtifacts, Sandbox, SandboxSettings,
};
use tokio::sync::{OnceCell, Semaphore, SemaphorePermit};
use tokio::task::spawn_blocking;

use self::code::{Folder, seal};
use self::conversation::{End, converse};
pub use self::launch::Launch;
use self::launch::{Death, Worker};
use self::pool::Idle;
use crate::cache::Cache;
use crate::check::Checked;
use crate::confine::{Restriction, Role};
use crate::invocation::NoArtifacts;
use crate::wire::{Question, Reply};
use crate::{component, file_type, link};

/// What a reply may have beside the answer itself.
const REPLY_ALLOWANCE: u64 = 8 << 20;

/// Runs plugins in confined processes, which it kills and replaces when they break a rule.
pub struct ProcessSandbox {
    settings: Arc<SandboxSettings>,
    launch: Arc<Launch>,
    calls: Semaphore,
    compilations: Semaphore,
    idle: Idle,
    compiler: OnceCell<Digest>,
    held: Cache<Ready>,
    folder: Option<Arc<Folder>>,
    /// A worker that this machine does not confine gets no work.
    confined: bool,
}

/// A plugin that was checked, and its code, which workers can load.
#[derive(Clone)]
struct Ready {
    checked: Checked,
    code: Arc<OwnedFd>,
}

impl Ready {
    /// What `folder` has of `plugin`; what another version of this program wrote there is as good as none.
    fn read(folder: &Folder, compiler: Digest, plugin: Digest) -> io::Result<Option<Self>> {
        let kept = folder.read(compiler, plugin);
        let kept = kept.and_then(|kept| rmp_serde::from_slice::<(Checked, ByteBuf)>(&kept).ok());
        kept.map(Self::new).transpose()
    }

    fn new((checked, code): (Checked, ByteBuf)) -> io::Result<Self> {
        Ok(Self { checked, code: seal(&code)? })
    }
}

impl ProcessSandbox {
    /// A sandbox whose workers `launch` starts; compiled code is kept in `folder`, when there is one.
    ///
    /// # Errors
    /// When the folder cannot be made or read.
    pub fn new(settings: SandboxSettings, launch: Launch, folder: Option<&Path>) -> io::Result<Self> {
        Ok(Self {
            calls: Semaphore::new(settings.parallel_calls),
            compilations: Semaphore::new(settings.parallel_compilations),
            idle: Idle::default(),
            compiler: OnceCell::new(),
            held: Cache::new(settings.cached_plugins),
            folder: folder.map(Folder::open).transpose()?.map(Arc::new),
            launch: Arc::new(launch),
            settings: Arc::new(settings),
            confined: false,
        })
    }

    /// The same, which gives no work to a worker without a restriction that nothing stands in for.
    #[must_use]
    pub fn confined(self) -> Self {
        Self { confined: true, ..self }
    }

    /// How workers are confined on this machine.
    ///
    /// # Errors
    /// When no worker can be started.
    pub async fn confinement(&self) -> io::Result<Vec<Restriction>> {
        Ok(self.launch(Role::Call).await?.hello().restrictions.clone())
    }

    async fn start(&self, role: Role) -> io::Result<Worker> {
        let worker = self.launch(role).await?;
        match worker.hello().restrictions.iter().find(|restriction| self.confined && restriction.is_missing())
        {
            Some(Restriction { name, .. }) => {
                Err(io::Error::other(format!("plugins would run without {name}")))
            }
            None => Ok(worker),
        }
    }

    async fn launch(&self, role: Role) -> io::Result<Worker> {
        let (launch, settings) = (self.launch.clone(), self.settings.clone());
        spawn_blocking(move || launch.start(role, &settings)).await.map_err(io::Error::other)?
    }

    /// What the workers' compiler is; the first worker tells it, and then waits for a call.
    async fn compiler(&self) -> io::Result<Digest> {
        let ask = || async {
            let worker = self.start(Role::Call).await?;
            let compiler = worker.hello().compiler;
            self.idle.put(worker);
            Ok(compiler)
        };
        self.compiler.get_or_try_init(ask).await.copied()
    }

    /// The compiled code of `plugin`; its bytes are asked for only when there is none.
    async fn code(&self, plugin: Digest, code: &dyn Code) -> Result<Arc<OwnedFd>, CallError> {
        if let Some(ready) = self.kept(plugin).await.map_err(|error| host(&error))? {
            return Ok(ready.code);
        }
        let compiled = self.compile_once(plugin, component::load(plugin, code).await?).await;
        Ok(compiled.map_err(|error| component::missing(plugin, &error))?.code)
    }

    /// From memory or from the folder: whatever is there was checked and compiled before.
    async fn kept(&self, plugin: Digest) -> io::Result<Option<Ready>> {
        if let Some(ready) = self.held.get(plugin) {
            return Ok(Some(ready));
        }
        let Some(folder) = self.folder.clone() else { return Ok(None) };
        let compiler = self.compiler().await?;
        let ready = spawn_blocking(move || Ready::read(&folder, compiler, plugin))
            .await
            .map_err(io::Error::other)??;
        if let Some(ready) = &ready {
            self.held.put(plugin, ready.clone());
        }
        Ok(ready)
    }

    /// Compiles, unless another has done it while this waited for a place.
    async fn compile_once(&self, plugin: Digest, component: Arc<[u8]>) -> Result<Ready, InspectError> {
        let _place = place(&self.compilations).await.map_err(InspectError::Host)?;
        match self.held.get(plugin) {
            Some(ready) => Ok(ready),
            None => self.compile(plugin, component).await,
        }
    }

    /// Checks and compiles a component in a process that does nothing else. Needs a place.
    async fn compile(&self, plugin: Digest, component: Arc<[u8]>) -> Result<Ready, InspectError> {
        let time = self.settings.compile_time;
        let worker =
            self.start(Role::Compile).await.map_err(|error| InspectError::Host(error.to_string()))?;
        let compiler = worker.hello().compiler;
        let limit = link::max_code_bytes(component.len()) + REPLY_ALLOWANCE;
        let talk = move |worker: &mut Worker| {
            let question = Question::Compile(ByteBuf::from(component.to_vec()));
            worker.ask(&question, limit, 0, &NoArtifacts)
        };
        let reply = match converse(worker, time, talk).await {
            Ok((_, reply)) => reply,
            Err(end) => return Err(self.not_compiled(&end)),
        };
        let Reply::Compiled(compiled) = reply else { return Err(InspectError::WorkerCrashed) };
        let kept = self.keep(compiler, plugin, compiled?).await;
        kept.map_err(|error| InspectError::Host(error.to_string()))
    }

    fn not_compiled(&self, end: &End) -> InspectError {
        let killed_by = |death: &Death, signal: Signal| {
            death.status.and_then(|status| status.signal()) == Some(signal.as_raw())
        };
        match end {
            End::Time => InspectError::CompileTimeout(self.settings.compile_time.as_secs()),
            End::Death(death) if killed_by(death, Signal::XCPU) => {
                InspectError::CompileTimeout(self.settings.compile_time.as_secs())
            }
            End::Death(death)
                if death.words.contains("memory allocation") || killed_by(death, Signal::KILL) =>
            {
                InspectError::CompileMemory(self.settings.compile_bytes)
            }
            End::Death(_) => InspectError::WorkerCrashed,
        }
    }

    /// Keeps compiled code in memory, and in the folder: a folder that is full is no reason to refuse.
    async fn keep(
        &self,
        compiler: Digest,
        plugin: Digest,
        compiled: (Checked, ByteBuf),
    ) -> io::Result<Ready> {
        let folder = self.folder.clone();
        let keep = move || {
            let written = folder.map(|folder| {
                let bytes = rmp_serde::to_vec(&compiled).map_err(io::Error::other)?;
                folder.write(compiler, plugin, &bytes)
            });
            if let Some(Err(error)) = written {
                tracing::warn!(%plugin, %error, "compiled code cannot be kept on disk");
            }
            Ready::new(compiled)
        };
        let ready = spawn_blocking(keep).await.map_err(io::Error::other)?;
        ready.inspect(|ready: &Ready| self.held.put(plugin, ready.clone()))
    }

    async fn describe(&self, plugin: Digest, code: Arc<OwnedFd>) -> Result<Manifest, InspectError> {
        let (time, most) = (self.settings.describe_time, self.settings.manifest_bytes);
        let reply = self.ask(plugin, code, Question::Describe(plugin), (time, most), Arc::new(NoArtifacts));
        match reply.await.map_err(InspectError::Host)? {
            Ok(Reply::Described(described)) => described,
            Ok(_) | Err(End::Death(_)) => Err(InspectError::WorkerCrashed),
            Err(End::Time) => Err(InspectError::DescribeTimeout),
        }
    }

    /// Asks a worker of the pool about a plugin, for at most so much CPU time and so many bytes.
    async fn ask(
        &self,
        plugin: Digest,
        code: Arc<OwnedFd>,
        question: Question,
        (time, bytes): (Duration, usize),
        artifacts: Arc<dyn ReadArtifacts>,
    ) -> Result<Result<Reply, End>, String> {
        let _place = place(&self.calls).await?;
        let worker = match self.idle.take(Some(plugin)) {
            Some(worker) => worker,
            None => self.start(Role::Call).await.map_err(|error| error.to_string())?,
        };
        let read = self.settings.read_bytes;
        let limit = 2 * bytes as u64 + REPLY_ALLOWANCE;
        let talk = move |worker: &mut Worker| {
            worker.load(plugin, &code)?;
            worker.ask(&question, limit, read, &*artifacts)
        };
        let answered = converse(worker, time, talk).await;
        Ok(answered.map(|(worker, reply)| {
            self.idle.put(worker);
            reply
        }))
    }
}

async fn place(places: &Semaphore) -> Result<SemaphorePermit<'_>, String> {
    places.acquire().await.map_err(|error| error.to_string())
}

fn host(error: &dyn std::fmt::Display) -> CallError {
    CallError::Host(error.to_string())
}

#[async_trait]
impl Sandbox for ProcessSandbox {
    async fn inspect(&self, component: Arc<[u8]>) -> Result<Inspection, InspectError> {
        file_type::check(&component, self.settings.component_bytes)?;
        let plugin = Digest::of(&component);
        let kept = self.kept(plugin).await.map_err(|error| InspectError::Host(error.to_string()))?;
        let Ready { checked, code } = match kept {
            Some(ready) => ready,
            None => self.compile_once(plugin, component).await?,
        };
        let manifest = self.describe(plugin, code).await?;
        Ok(Inspection { manifest, contract: checked.contract, tools: checked.tools })
    }

    async fn call(
        &self,
        plugin: Digest,
        code: &dyn Code,
        call: Call,
        artifacts: Arc<dyn ReadArtifacts>,
    ) -> Result<Answered, CallError> {
        let code = self.code(plugin, code).await?;
        let limits = (self.settings.call_time, self.settings.answer_bytes);
        let reply = self.ask(plugin, code, Question::Call(plugin, call), limits, artifacts);
        match reply.await.map_err(CallError::Host)? {
            Ok(Reply::Called(answered)) => answered,
            Ok(_) | Err(End::Death(_)) => Err(CallError::WorkerCrashed),
            Err(End::Time) => Err(CallError::out_of_time(limits.0)),
        }
    }
}
