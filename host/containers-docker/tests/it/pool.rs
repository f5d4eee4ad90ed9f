//! Containers that wait for a call.

use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use simulay_containers::scripted::Memory;
use simulay_containers::{Begin, ContainerError, Execution as _, ExecutionRequest, Inventory as _, Tenant};
use simulay_containers_docker::{Address, PoolSettings};
use simulay_fault_proxy::{Fault, FaultProxy, Mode, Request};
use simulay_model::{ContainerCall, Ending, Resources, RunId};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::adoption::{go, waiting};
use crate::booted::has_octave;
use crate::rig::{Rig, SOCKET, docker, resources, shell};

/// One of each class.
pub(crate) const POOL: PoolSettings = PoolSettings {
    max_containers: 5,
    max_per_class: 1,
    max_memory_bytes: 256 << 20,
    idle: Duration::from_secs(600),
    max_age: Duration::from_secs(600),
};

/// A host at work, with those that wait; what is left of its instance goes with it.
pub(crate) struct Host {
    pub(crate) rig: Rig,
    pub(crate) keeping: JoinHandle<()>,
    pub(crate) instance: Uuid,
}

impl Host {
    pub(crate) fn new() -> Self {
        Self::of(Uuid::new_v4(), POOL)
    }

    /// For whose calls none waits.
    pub(crate) fn cold() -> Self {
        Self::of(Uuid::new_v4(), PoolSettings::NONE)
    }

    pub(crate) fn of(instance: Uuid, pool: PoolSettings) -> Self {
        Self::at(Address::Unix(SOCKET.into()), instance, pool)
    }

    pub(crate) fn at(address: Address, instance: Uuid, pool: PoolSettings) -> Self {
        let rig = Rig::with_pool(address, instance, pool);
        let keeping = tokio::spawn(rig.containers.clone().keep_pool());
        Self { rig, keeping, instance }
    }

    /// Once a call like `call` was made, and one waits for the next.
    pub(crate) async fn warm(call: &ContainerCall) -> Self {
        let mut host = Self::new();
        host.complete(call).await;
        host.one_waits().await;
        host
    }

    /// In whose containers calls of `tenant` follow each other.
    pub(crate) fn forking(tenant: Tenant) -> Self {
        let mut host = Self::new();
        host.rig.tenant = Some(tenant);
        host
    }

    /// Makes a call as another run.
    pub(crate) async fn complete(&mut self, call: &ContainerCall) -> (Ending, Memory) {
        self.rig.name.run = RunId::generate();
        let (completed, memory) = self.rig.complete(call).await;
        (completed.ending, memory)
    }

    /// The ID of the one that waits, once the host says that one does.
    pub(crate) async fn one_waits(&self) -> String {
        until(async || {
            let ready = self.rig.containers.node().await.unwrap().warm.get("octave").copied();
            let mut ids = waiting_of(self.instance);
            (ready == Some(1) && ids.len() == 1).then(|| ids.remove(0))
        })
        .await
    }

    /// Ends as one that is killed: what it has stays.
    fn leave(self) {
        self.keeping.abort();
        std::mem::forget(self);
    }

    /// Once one waits that has an Octave started ahead.
    pub(crate) async fn octave_waits(&self) {
        until(async || has_octave(&self.one_waits().await).then_some(())).await;
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.keeping.abort();
        let label = format!("label=org.simulay.instance={}", self.instance);
        let all =
            Command::new("docker").args(["ps", "--all", "--quiet", "--filter", &label]).output().unwrap();
        for id in String::from_utf8(all.stdout).unwrap().lines() {
            let _ = Command::new("docker").args(["rm", "--force", id]).output();
        }
    }
}

pub(crate) async fn until<T>(mut look: impl AsyncFnMut() -> Option<T>) -> T {
    for _ in 0..3000 {
        if let Some(found) = look().await {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it never happens");
}

/// Returns once Docker knows the container no more.
pub(crate) async fn gone(id: &str) {
    until(async || docker(&["inspect", id]).is_none().then_some(())).await;
}

/// The IDs of the containers of an instance that wait.
pub(crate) fn waiting_of(instance: Uuid) -> Vec<String> {
    let instance = format!("label=org.simulay.instance={instance}");
    let list =
        ["ps", "--all", "--quiet", "--no-trunc", "--filter", &instance, "--filter", "name=simulay-pool-"];
    let found = Command::new("docker").args(list).output().unwrap();
    String::from_utf8(found.stdout).unwrap().lines().map(str::to_owned).collect()
}

/// The ID of the container of this host's present attempt.
pub(crate) fn id(rig: &Rig) -> Option<String> {
    rig.inspect().map(|found| found["Id"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_call_takes_the_one_that_waits_and_another_comes_after_it() {
    let mut host = Host::warm(&shell("true")).await;
    let waited = host.one_waits().await;
    host.rig.name.run = RunId::generate();
    let (rig, call, memory) = (&host.rig, waiting(), Memory::new());
    let (completed, ()) = tokio::join!(rig.run(&call, &memory), async {
        memory.printed("one").await;
        assert_eq!(id(rig), Some(waited.clone()));
        assert_eq!(rig.containers.list().await.unwrap(), [rig.name], "those that wait are nobody's");
        go(rig);
    });
    assert_eq!(completed.unwrap().ending, Ending::Exited(0));
    assert_eq!((memory.stdout(), memory.stderr()), ("one\ntwo\n".to_owned(), "oops\n".to_owned()));
    assert_eq!(memory.outputs().len(), 1);
    rig.containers.remove(rig.name, None).await.unwrap();
    assert_eq!(rig.containers.list().await.unwrap(), []);
    assert_ne!(host.one_waits().await, waited);
    gone(&waited).await;
}

#[tokio::test]
async fn a_command_finds_in_it_what_it_finds_in_any_other() {
    let looks = shell(
        "id; env | sort; pwd; hostname; ls -lan /sim /tmp /dev/shm | grep -v total; cat /proc/self/limits; \
         cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null; \
         cat /sys/fs/cgroup/pids/pids.current /sys/fs/cgroup/pids.current 2>/dev/null; grep -v ' / ' /proc/mounts | sort; \
         set -- /proc/[0-9]*; echo $#; ls -l /proc/self/fd | grep -c pipe; cat",
    );
    let mut host = Host::new();
    let cold = host.complete(&looks).await;
    let waited = host.one_waits().await;
    let warm = host.complete(&looks).await;
    gone(&waited).await;
    assert_eq!(cold.0, warm.0);
    let lines = |memory: &Memory| {
        let text = memory.stdout();
        let times = |line: &str| !line.ends_with(" .") && !line.ends_with(" ..");
        text.lines().filter(|line| times(line)).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(lines(&cold.1), lines(&warm.1));
    assert_eq!(cold.1.stderr(), warm.1.stderr());
}

#[tokio::test]
async fn one_that_is_dead_gone_or_frozen_gets_no_job() {
    for verb in [["kill"].as_slice(), &["rm", "--force"], &["pause"]] {
        let mut host = Host::warm(&shell("true")).await;
        let waited = host.one_waits().await;
        let done = Command::new("docker").args(verb).arg(&waited).output().unwrap();
        assert!(done.status.success());
        let (ending, memory) = host.complete(&shell("echo done")).await;
        assert_eq!((ending, memory.stdout().as_str()), (Ending::Exited(0), "done\n"), "{verb:?}");
        // It is removed, and another waits instead.
        gone(&waited).await;
        host.one_waits().await;
    }
}

#[tokio::test]
async fn a_call_that_needs_another_one_starts_its_own() {
    let mut host = Host::warm(&shell("true")).await;
    let waited = host.one_waits().await;
    let more = |resources| ContainerCall { resources, ..shell("true") };
    for call in [
        more(Resources { memory_mib: 255, ..resources() }),
        more(Resources { scratch_mib: 65, ..resources() }),
        more(Resources { cpu_milli: 999, ..resources() }),
    ] {
        assert_eq!(host.complete(&call).await.0, Ending::Exited(0));
        assert!(docker(&["inspect", &waited]).is_some(), "{:?}", call.resources);
    }
    let longer = more(Resources { timeout_ms: 61_000, ..resources() });
    host.complete(&longer).await;
    // The time of a call is no matter of its container.
    gone(&waited).await;
}

#[tokio::test]
async fn a_host_that_is_killed_finds_what_it_took() {
    let mut host = Host::warm(&shell("true")).await;
    let waited = host.one_waits().await;
    host.rig.name.run = RunId::generate();
    let (call, memory) = (waiting(), Memory::new());
    tokio::select! {
        ended = host.rig.run(&call, &memory) => panic!("{ended:?}"),
        () = memory.printed("one") => {}
    }
    host.keeping.abort();
    let mut next = Host::of(host.instance, POOL);
    next.rig.name = host.rig.name;
    assert_eq!(next.rig.containers.list().await.unwrap(), [host.rig.name]);
    let (rig, memory) = (&next.rig, Memory::new());
    let request = rig.request(&call, Begin::Adopt);
    let (completed, ()) =
        tokio::join!(rig.containers.run(request, &memory, CancellationToken::new()), async {
            memory.printed("one").await;
            assert_eq!(id(rig), Some(waited));
            go(rig);
        });
    assert_eq!(completed.unwrap().ending, Ending::Exited(0));
    assert_eq!(memory.stdout(), "one\ntwo\n");
    rig.containers.remove(rig.name, None).await.unwrap();
}

#[tokio::test]
async fn what_waits_for_a_host_that_is_gone_is_removed_by_the_next_and_by_no_other() {
    let host = Host::warm(&shell("true")).await;
    let waited = host.one_waits().await;
    host.keeping.abort();
    let mut other = Host::warm(&shell("true")).await;
    other.complete(&shell("true")).await;
    other.one_waits().await;
    assert!(docker(&["inspect", &waited]).is_some(), "another instance leaves it alone");
    // Whether containers are to wait or not.
    let _next = Host::of(host.instance, PoolSettings::NONE);
    gone(&waited).await;
}

#[tokio::test]
async fn one_that_ended_while_its_host_was_gone_is_removed_by_any_other() {
    let host = Host::warm(&shell("true")).await;
    let waited = host.one_waits().await;
    host.keeping.abort();
    assert!(Command::new("docker").args(["stop", &waited]).output().unwrap().status.success());
    let _other = Host::new();
    gone(&waited).await;
}

#[tokio::test]
async fn none_waits_for_a_host_that_was_closed() {
    let host = Host::warm(&shell("true")).await;
    host.rig.containers.close().await;
    assert_eq!(waiting_of(host.instance), Vec::<String>::new());
    assert!(until(async || host.keeping.is_finished().then_some(true)).await);
}

#[tokio::test]
async fn one_that_is_old_or_that_nobody_asks_for_is_let_go_of() {
    let mut host = Host::of(Uuid::new_v4(), PoolSettings { max_age: Duration::from_secs(1), ..POOL });
    host.complete(&shell("true")).await;
    let first = host.one_waits().await;
    until(async || {
        host.rig.containers.node().await.unwrap();
        (docker(&["inspect", &first]).is_none() && waiting_of(host.instance).len() == 1).then_some(())
    })
    .await;
    let mut host = Host::of(Uuid::new_v4(), PoolSettings { idle: Duration::from_secs(1), ..POOL });
    host.complete(&shell("true")).await;
    until(async || {
        let pool = host.rig.containers.node().await.unwrap().pool;
        (pool.classes.is_empty() && waiting_of(host.instance).is_empty()).then_some(())
    })
    .await;
}

/// Requests that fail in these ways are done, or not done, and nobody is told.
const FAULTS: [Mode; 4] = [Mode::LostRequest, Mode::LostAnswer, Mode::ServerError, Mode::Cut];

#[tokio::test]
async fn whatever_fails_as_a_host_comes_back_what_serves_is_found() {
    let directory = tempfile::tempdir().unwrap();
    let proxy = FaultProxy::start(&directory.path().join("docker.sock"), SOCKET.as_ref()).unwrap();
    let mut host = Host::warm(&shell("true")).await;
    host.rig.name.run = RunId::generate();
    let (call, memory) = (waiting(), Memory::new());
    tokio::select! {
        ended = host.rig.run(&call, &memory) => panic!("{ended:?}"),
        () = memory.printed("one") => {}
    }
    let serves = id(&host.rig).unwrap();
    host.keeping.abort();
    for request in [Request::list(), Request::attachment(), Request::removal()] {
        for mode in FAULTS {
            let waits = made(&host).await;
            proxy.arm(Some(Fault { request: request.clone(), nth: Some(1), mode }));
            let address = Address::Unix(proxy.socket().to_owned());
            let next = Host::at(address, host.instance, PoolSettings::NONE);
            let found = until(async || next.rig.containers.list().await.ok()).await;
            assert_eq!(found, [host.rig.name], "{request} {mode}");
            assert!(proxy.has_struck(), "{request} {mode}");
            assert!(docker(&["inspect", &serves]).is_some(), "{request} {mode}");
            let is_gone = docker(&["inspect", &waits]).is_none();
            assert!(is_gone || request == Request::removal(), "{request} {mode}: one without a job stays");
            gone(&waits).await;
            next.leave();
        }
    }
    proxy.arm(None);
    let next = Host::of(host.instance, PoolSettings::NONE);
    let (rig, memory) = (&next.rig, Memory::new());
    let request = ExecutionRequest { name: host.rig.name, ..rig.request(&call, Begin::Adopt) };
    let (completed, ()) =
        tokio::join!(rig.containers.run(request, &memory, CancellationToken::new()), async {
            memory.printed("one").await;
            go(&host.rig);
        });
    assert_eq!((completed.unwrap().ending, memory.stdout().as_str()), (Ending::Exited(0), "one\ntwo\n"));
    rig.containers.remove(host.rig.name, None).await.unwrap();
    gone(&serves).await;
}

/// The ID of one without a job, that another life of `host` made and left.
async fn made(host: &Host) -> String {
    let mut life = Host::of(host.instance, POOL);
    let before = waiting_of(host.instance);
    life.complete(&shell("true")).await;
    let made = until(async || waiting_of(host.instance).into_iter().find(|id| !before.contains(id))).await;
    until(async || (life.rig.containers.node().await.unwrap().warm.get("octave") == Some(&1)).then_some(()))
        .await;
    life.leave();
    made
}

#[tokio::test]
async fn what_has_no_job_is_gone_before_an_attempt_counts_as_lost() {
    let host = Host::warm(&shell("true")).await;
    let waited = host.one_waits().await;
    host.keeping.abort();
    let next = Rig::with_pool(Address::Unix(SOCKET.into()), host.instance, PoolSettings::NONE);
    let request = next.request(&shell("true"), Begin::Adopt);
    let ended = next.containers.run(request, &Memory::new(), CancellationToken::new()).await;
    assert!(matches!(ended, Err(ContainerError::Lost(_))), "{ended:?}");
    assert!(docker(&["inspect", &waited]).is_none());
}

#[tokio::test]
async fn a_node_tells_what_waits() {
    let host = Host::warm(&shell("true")).await;
    let node = host.rig.containers.node().await.unwrap();
    let pool = serde_json::to_value(&node.pool).unwrap();
    assert_eq!((&pool["max_containers"], &pool["max_per_class"]), (&Value::from(5), &Value::from(1)));
    let class = &node.pool.classes[0];
    assert_eq!((class.image.as_str(), class.ready, class.scratch_mib), ("octave", 1, 64));
    assert!((1..64 << 20).contains(&class.bytes_each), "{class:?}");
}
