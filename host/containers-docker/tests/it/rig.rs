//! A host's view of Docker for one test, and Docker's own view beside it.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::Arc;

use serde_json::Value;
use simulay_containers::scripted::Memory;
use simulay_containers::{
    Begin, Completed, ContainerError, Execution as _, ExecutionRequest, ImageId, Limits, Permissions, Policy,
    Tenant,
};
use simulay_containers_docker::{
    Address, DockerContainers, DockerSettings, Owner, PoolSettings, Runtime, Tls,
};
use simulay_model::{ContainerCall, ContainerName, File, OnFailure, Resources, RunId, Source};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

pub(crate) const SOCKET: &str = "/var/run/docker.sock";

pub(crate) struct Rig {
    pub(crate) containers: Arc<DockerContainers>,
    pub(crate) name: ContainerName,
    pub(crate) instance: Uuid,
    /// Whose calls may follow each other.
    pub(crate) tenant: Option<Tenant>,
    limits: Limits,
}

impl Rig {
    pub(crate) fn new() -> Self {
        Self::at(Address::Unix(SOCKET.into()), None)
    }

    pub(crate) fn at(address: Address, tls: Option<Tls>) -> Self {
        Self::build((address, tls), (Uuid::new_v4(), None), Limits::default(), image_id())
    }

    pub(crate) fn with_limits(limits: Limits) -> Self {
        Self::build(local(), (Uuid::new_v4(), None), limits, image_id())
    }

    pub(crate) fn of(address: Address, tls: Option<Tls>, image: ImageId) -> Self {
        Self::build((address, tls), (Uuid::new_v4(), None), Limits::default(), image)
    }

    pub(crate) fn with_image(image: ImageId) -> Self {
        Self::build(local(), (Uuid::new_v4(), None), Limits::default(), image)
    }

    /// Whose containers go with `owner`.
    pub(crate) fn with_owner(owner: Owner) -> Self {
        Self::build(local(), (Uuid::new_v4(), Some(owner)), Limits::default(), image_id())
    }

    /// A host that works on the same run as this one, and is another.
    pub(crate) fn copy(&self) -> Self {
        let mut copy = Self::build(local(), (Uuid::new_v4(), None), self.limits, image_id());
        copy.name = self.name;
        copy
    }

    fn build(
        (address, tls): (Address, Option<Tls>),
        (instance, owner): (Uuid, Option<Owner>),
        limits: Limits,
        image: ImageId,
    ) -> Self {
        let policy =
            Policy { images: BTreeMap::from([("octave".to_owned(), image)]), limits, ..Policy::default() };
        let (runtime, pool) = (Runtime::Runc, PoolSettings::NONE);
        Self::of_settings(DockerSettings { address, tls, instance, owner, policy, runtime, pool })
    }

    fn of_settings(settings: DockerSettings) -> Self {
        let (instance, limits) = (settings.instance, settings.policy.limits);
        let name = ContainerName { run: RunId::generate(), step: 0, call: 0, attempt: 0 };
        let containers = Arc::new(DockerContainers::new(settings).unwrap());
        Self { containers, name, instance, tenant: None, limits }
    }

    /// A host of `instance` for whose calls containers wait, once someone keeps them.
    pub(crate) fn with_pool(address: Address, instance: Uuid, pool: PoolSettings) -> Self {
        let images = BTreeMap::from([("octave".to_owned(), image_id())]);
        let policy = Policy { images, ..Policy::default() };
        let (tls, owner, runtime) = (None, None, Runtime::Runc);
        Self::of_settings(DockerSettings { address, tls, instance, owner, policy, runtime, pool })
    }

    /// The same host after a restart.
    pub(crate) fn reborn(&self) -> Self {
        let mut reborn = Self::build(local(), (self.instance, None), self.limits, image_id());
        reborn.name = self.name;
        reborn
    }

    pub(crate) fn request(&self, call: &ContainerCall, begin: Begin) -> ExecutionRequest {
        let (name, call, permissions, tenant) = (self.name, call.clone(), permissions(), self.tenant.clone());
        ExecutionRequest { name, call, permissions, begin, fence: 1, tenant }
    }

    pub(crate) async fn run(
        &self,
        call: &ContainerCall,
        memory: &Memory,
    ) -> Result<Completed, ContainerError> {
        self.containers.run(self.request(call, Begin::Start), memory, CancellationToken::new()).await
    }

    /// Runs, and removes what is left.
    pub(crate) async fn complete(&self, call: &ContainerCall) -> (Completed, Memory) {
        let memory = Memory::new();
        let completed = self.run(call, &memory).await;
        let completed = completed.unwrap_or_else(|error| panic!("{error:?}: {}", memory.stderr()));
        self.containers.remove(self.name, None).await.unwrap();
        (completed, memory)
    }

    /// What Docker says of the container; `None` when it is gone.
    pub(crate) fn inspect(&self) -> Option<Value> {
        docker(&["inspect", &self.called()]).map(|found| found[0].clone())
    }

    /// What Docker calls the container, that waited or was started for the attempt.
    pub(crate) fn called(&self) -> String {
        self.containers.called(self.name)
    }
}

fn local() -> (Address, Option<Tls>) {
    (Address::Unix(SOCKET.into()), None)
}

impl Drop for Rig {
    fn drop(&mut self) {
        // Also after a failed test.
        let _ = Command::new("docker").args(["rm", "-f", &self.called()]).output();
    }
}

/// The answer of the command line to `arguments`, when it is JSON and no error.
pub(crate) fn docker(arguments: &[&str]) -> Option<Value> {
    let output = Command::new("docker").args(arguments).output().unwrap();
    output.status.success().then(|| serde_json::from_slice(&output.stdout).unwrap())
}

pub(crate) fn image_id() -> ImageId {
    let image = std::env::var("SIMULAY_TEST_IMAGE").unwrap_or_else(|_| "simulay/octave:dev".to_owned());
    let found = docker(&["image", "inspect", &image]).expect("Docker has the test image");
    found[0]["Id"].as_str().unwrap().parse().unwrap()
}

pub(crate) fn resources() -> Resources {
    Resources { cpu_milli: 1000, memory_mib: 256, scratch_mib: 64, timeout_ms: 60_000 }
}

pub(crate) fn permissions() -> Permissions {
    let max_resources =
        Resources { cpu_milli: 2000, memory_mib: 2048, scratch_mib: 2048, timeout_ms: 600_000 };
    Permissions { images: ["octave".to_owned()].into(), max_resources }
}

pub(crate) fn command(arguments: &[&str]) -> ContainerCall {
    ContainerCall {
        name: "call".to_owned(),
        image: "octave".to_owned(),
        command: arguments.iter().map(|&argument| argument.to_owned()).collect(),
        env: Vec::new(),
        files: Vec::new(),
        outputs: Vec::new(),
        excludes: Vec::new(),
        keep_unchanged: true,
        resources: resources(),
        on_failure: OnFailure::Report,
        deterministic: false,
    }
}

pub(crate) fn shell(script: &str) -> ContainerCall {
    command(&["sh", "-c", script])
}

pub(crate) fn octave(script: &str) -> ContainerCall {
    let content = Source::Text(script.to_owned());
    let files = vec![File { path: "main.m".to_owned(), content }];
    ContainerCall { files, ..command(&["octave-cli", "-qfHW", "main.m"]) }
}
