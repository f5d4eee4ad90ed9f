//! Calls that follow each other in a container.

use std::process::Command;

use simulay_containers::scripted::Memory;
use simulay_containers::{Begin, Execution as _, Inventory as _, Tenant};
use simulay_containers_docker::PoolSettings;
use simulay_model::{ContainerCall, Digest, Ending, File, Isolation, PluginRef, Resources, RunId, Source};
use tokio_util::sync::CancellationToken;

use crate::pool::{Host, POOL, gone, id, waiting_of};
use crate::rig::{Rig, octave, resources, shell};

/// An account with a version of a plugin.
pub(crate) fn tenant(account: &str, version: &str) -> Tenant {
    let (name, version) = ("beam".parse().unwrap(), version.parse().unwrap());
    let plugin = PluginRef { name, sha256: Digest::of(b"component"), version };
    Tenant { account: account.parse().unwrap(), plugin }
}

/// What a user whom no other call was prints, as the one whom each other is prints it.
pub(crate) fn of_user(text: &str) -> String {
    (100_000..101_000).fold(text.to_owned(), |text, user| text.replace(&user.to_string(), "65532"))
}

impl Host {
    /// The container that served a call like others and waits for the next.
    pub(crate) async fn serves(&mut self) -> String {
        let memory = self.forks(&octave("disp(1)")).await.1;
        assert_eq!(memory.stdout(), "1\n");
        self.waits()
    }

    /// Makes a call as another run, which is a process of its own.
    async fn forks(&mut self, call: &ContainerCall) -> (Ending, Memory) {
        self.rig.name.run = RunId::generate();
        let (completed, memory) = self.rig.complete(call).await;
        assert_eq!(completed.isolation, Isolation::Process);
        (completed.ending, memory)
    }

    /// The one container that waits.
    fn waits(&self) -> String {
        let waiting = waiting_of(self.instance);
        assert_eq!(waiting.len(), 1, "{waiting:?}");
        waiting[0].clone()
    }
}

/// A call that runs `script` in a shell, beside what hostile calls do.
fn hostile(script: &str) -> ContainerCall {
    let content = |text: &str| Source::Text(text.to_owned());
    let program = format!("status = system('{script}'); printf('%d\\n', rand(1, 3) * 1e6);");
    let files = [
        ("main.m", content(&program)),
        ("deeds.py", content(include_str!("forked/deeds.py"))),
        ("probe.sh", content(include_str!("forked/probe.sh"))),
    ];
    let files = files.map(|(path, content)| File { path: path.to_owned(), content });
    let resources = Resources { timeout_ms: 20_000, ..resources() };
    let env = vec![("SIM_SEED".to_owned(), "7".to_owned())];
    ContainerCall { files: files.into(), resources, env, ..octave("") }
}

/// What a call finds in the container of `host`.
async fn found(host: &mut Host) -> String {
    let (ending, memory) = host.forks(&hostile("sh probe.sh")).await;
    assert_eq!((ending, memory.stderr()), (Ending::Exited(0), String::new()));
    of_user(&memory.stdout())
}

#[derive(PartialEq)]
enum Then {
    /// The container serves the next call.
    Kept,
    /// Another does.
    Replaced,
    /// Whichever.
    Either,
}

/// After each of `deeds` the next call finds what the first call of a container finds.
async fn nothing_is_left_of(deeds: &[(&str, Then, u64)]) {
    let first = found(&mut Host::forking(tenant("ann", "1.0.0"))).await;
    let mut host = Host::forking(tenant("ann", "1.0.0"));
    for (deed, then, timeout_ms) in deeds {
        let before = host.serves().await;
        let mut call = hostile(&format!("python3 deeds.py {deed}"));
        call.resources.timeout_ms = *timeout_ms;
        let (ending, memory) = host.forks(&call).await;
        assert!(!memory.stdout().contains("ALLOWED"), "{deed}: {}", memory.stdout());
        assert!(ending != Ending::Exited(0) || memory.stderr().is_empty(), "{deed}: {}", memory.stderr());
        assert_eq!(found(&mut host).await, first, "{deed}");
        let kept = host.waits() == before;
        assert!(*then == Then::Either || kept == (*then == Then::Kept), "{deed}: kept {kept}, {ending:?}");
    }
}

#[tokio::test]
async fn calls_follow_each_other() {
    let mut host = Host::forking(tenant("ann", "1.0.0"));
    let container = host.serves().await;
    for _ in 0..20 {
        assert_eq!(host.serves().await, container);
    }
    let pool = host.rig.containers.node().await.unwrap().pool;
    assert_eq!(pool.forking, 1);
    assert!((1..256 << 20).contains(&pool.forking_bytes), "{pool:?}");
}

#[tokio::test]
async fn an_octave_with_threads_of_its_own_forks_as_well() {
    let mut host = Host::forking(tenant("ann", "1.0.0"));
    let program = "x = sin(reshape(1:160000, 400, 400)); y = x * x; z = y * x + x; printf('%.17g ', sum(y(:)), norm(z));";
    let mut call = octave(program);
    call.resources.cpu_milli = 2000;
    let (ending, memory) = Host::cold().complete(&call).await;
    assert_eq!(ending, Ending::Exited(0), "{}", memory.stderr());
    let expected = memory.stdout();
    for _ in 0..3 {
        let (ending, memory) = host.forks(&call).await;
        assert_eq!((ending, memory.stdout()), (Ending::Exited(0), expected.clone()));
    }
    host.waits();
}

#[tokio::test]
async fn of_processes_nothing_is_left() {
    nothing_is_left_of(&[
        ("children", Then::Kept, 20_000),
        ("bomb", Then::Either, 2000),
        ("deaf", Then::Kept, 1000),
        ("output", Then::Kept, 1500),
    ])
    .await;
}

#[tokio::test]
async fn of_files_nothing_is_left() {
    nothing_is_left_of(&[
        ("files", Then::Kept, 20_000),
        ("depth", Then::Kept, 20_000),
        ("times", Then::Kept, 20_000),
        ("fill", Then::Kept, 20_000),
        ("fill_all", Then::Either, 20_000),
        ("shut", Then::Replaced, 20_000),
    ])
    .await;
}

#[tokio::test]
async fn of_what_the_kernel_keeps_nothing_is_left() {
    nothing_is_left_of(&[
        ("system_v", Then::Replaced, 20_000),
        ("queue", Then::Replaced, 20_000),
        ("ports", Then::Either, 20_000),
        ("hog", Then::Replaced, 20_000),
    ])
    .await;
}

#[tokio::test]
async fn nobody_reaches_the_parent_or_init() {
    nothing_is_left_of(&[
        ("looks", Then::Kept, 20_000),
        ("rights", Then::Kept, 20_000),
        ("signals", Then::Kept, 20_000),
        ("everyone", Then::Kept, 20_000),
        ("threads", Then::Kept, 20_000),
    ])
    .await;
}

#[tokio::test]
async fn memory_that_ran_out_is_told_of_its_call_alone() {
    let mut host = Host::forking(tenant("ann", "1.0.0"));
    let before = host.serves().await;
    assert_eq!(host.forks(&hostile("python3 deeds.py hog")).await.0, Ending::OutOfMemory);
    assert_ne!(host.serves().await, before);
    gone(&before).await;
}

#[tokio::test]
async fn no_two_tenants_share_a_container() {
    let mut host = Host::forking(tenant("ann", "1.0.0"));
    let mut containers = Vec::new();
    for tenant in
        [tenant("ann", "1.0.0"), tenant("bob", "1.0.0"), tenant("ann", "1.0.1"), tenant("bob", "1.0.1")]
    {
        host.rig.tenant = Some(tenant);
        let before = waiting_of(host.instance);
        host.forks(&octave("disp(1)")).await;
        let mut after = waiting_of(host.instance);
        after.retain(|container| !before.contains(container));
        assert_eq!(after.len(), 1, "it has one of its own");
        containers.append(&mut after);
    }
    // Each finds its own again.
    for (tenant, container) in [("ann", 0), ("bob", 1)] {
        host.rig.tenant = Some(self::tenant(tenant, "1.0.0"));
        host.rig.name.run = RunId::generate();
        let (rig, call, memory) = (&host.rig, waits(), Memory::new());
        let (completed, ()) = tokio::join!(rig.run(&call, &memory), async {
            memory.printed("one").await;
            assert_eq!(id(rig).as_ref(), Some(&containers[container]));
            go_on(rig);
        });
        completed.unwrap();
        rig.containers.remove(rig.name, None).await.unwrap();
    }
    assert_eq!(waiting_of(host.instance).len(), 4);
}

#[tokio::test]
async fn other_commands_and_other_callers_have_a_container_of_their_own() {
    let mut host = Host::forking(tenant("ann", "1.0.0"));
    let container = host.serves().await;
    for call in [shell("id -u"), octave("system('id -u');")] {
        host.rig.tenant = call.command[0].starts_with("sh").then(|| tenant("ann", "1.0.0"));
        host.rig.name.run = RunId::generate();
        let (completed, memory) = host.rig.complete(&call).await;
        assert_eq!((completed.isolation, memory.stdout().as_str()), (Isolation::Container, "65532\n"));
    }
    host.rig.tenant = Some(tenant("ann", "1.0.0"));
    let memory = host.forks(&octave("system('id -u');")).await.1;
    assert_eq!(memory.stdout(), "100001\n");
    assert!(waiting_of(host.instance).contains(&container));
}

/// Prints, waits for [`go_on`], and prints again.
fn waits() -> ContainerCall {
    let script =
        "disp one; fflush(stdout); while exist('/tmp/go', 'file') == 0, system('sleep 0.02'); end; disp two";
    octave(script)
}

/// Lets the second call of a container go on.
fn go_on(rig: &Rig) {
    let exec = ["exec", "--user", "100001:100001", &rig.called(), "touch", "/tmp/go"];
    assert!(Command::new("docker").args(exec).status().unwrap().success());
}

#[tokio::test]
async fn a_host_that_is_killed_adopts_the_call_and_gives_nothing_back() {
    let mut host = Host::forking(tenant("ann", "1.0.0"));
    let container = host.serves().await;
    host.rig.name.run = RunId::generate();
    let (call, memory) = (waits(), Memory::new());
    tokio::select! {
        ended = host.rig.run(&call, &memory) => panic!("{ended:?}"),
        () = memory.printed("one") => {}
    }
    assert_eq!(id(&host.rig), Some(container.clone()));
    host.keeping.abort();
    let mut next = Host::of(host.instance, POOL);
    (next.rig.name, next.rig.tenant) = (host.rig.name, host.rig.tenant.clone());
    assert_eq!(next.rig.containers.list().await.unwrap(), [host.rig.name]);
    let (rig, memory) = (&next.rig, Memory::new());
    let request = rig.request(&call, Begin::Adopt);
    let (completed, ()) =
        tokio::join!(rig.containers.run(request, &memory, CancellationToken::new()), async {
            memory.printed("one").await;
            go_on(rig);
        });
    let completed = completed.unwrap();
    assert_eq!((completed.ending, completed.isolation), (Ending::Exited(0), Isolation::Process));
    assert_eq!(memory.stdout(), "one\ntwo\n");
    rig.containers.remove(rig.name, None).await.unwrap();
    gone(&container).await;
}

#[tokio::test]
async fn those_that_wait_for_a_host_that_is_gone_are_removed_by_the_next() {
    let mut host = Host::forking(tenant("ann", "1.0.0"));
    let container = host.serves().await;
    host.keeping.abort();
    let _next = Host::of(host.instance, PoolSettings::NONE);
    gone(&container).await;
}

#[tokio::test]
async fn none_waits_for_a_host_that_was_closed() {
    let mut host = Host::forking(tenant("ann", "1.0.0"));
    host.serves().await;
    host.rig.containers.close().await;
    assert_eq!(waiting_of(host.instance), Vec::<String>::new());
}
