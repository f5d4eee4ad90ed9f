//! Workers: what they are kept from, what happens when one dies, and what outlives them.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use simulay_hostile::guest::Guest;
use simulay_model::Digest;
use simulay_sandbox::{Call, CallError, InspectError, Sandbox as _, SandboxSettings};
use simulay_sandbox_wasm::{Launch, ProcessSandbox, Restriction};

use crate::guests::endless;
use crate::world::{Bytes, Digits, NoCode, assert_works, launch, pre_process, refused, request, sandbox};

/// Workers by a name of their own, so that no other test's are meant.
struct Named {
    folder: tempfile::TempDir,
    name: &'static str,
}

impl Named {
    fn new(name: &'static str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join(name);
        fs::copy(launch().program, &program).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        Self { folder, name }
    }

    fn sandbox(&self, settings: SandboxSettings) -> ProcessSandbox {
        let launch = Launch { program: self.folder.path().join(self.name), arguments: Vec::new() };
        ProcessSandbox::new(settings, launch, None).unwrap()
    }

    /// The folders in `/proc` of those that run.
    fn processes(&self) -> Vec<PathBuf> {
        let all = fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().path());
        all.filter(|path| {
            let name = fs::read_to_string(path.join("comm")).unwrap_or_default();
            let state = fs::read_to_string(path.join("status")).unwrap_or_default();
            name.trim() == self.name && !state.contains("State:\tZ")
        })
        .collect()
    }
}

fn pid(process: &std::path::Path) -> Pid {
    Pid::from_raw(process.file_name().unwrap().to_str().unwrap().parse().unwrap()).unwrap()
}

fn in_force(restrictions: &[Restriction], word: &str) -> bool {
    restrictions.iter().find(|restriction| restriction.name.contains(word)).unwrap().refused.is_none()
}

#[tokio::test]
async fn a_worker_has_no_files_no_network_and_no_rights() {
    let named = Named::new("sandbox-bare");
    let sandbox = named.sandbox(SandboxSettings::default());
    assert_works(&sandbox).await;
    let restrictions = sandbox.confinement().await.unwrap();
    let [worker] = named.processes().try_into().unwrap();
    let status = fs::read_to_string(worker.join("status")).unwrap();
    for line in ["NoNewPrivs:\t1", "Seccomp:\t2", "CapEff:\t0000000000000000", "CapPrm:\t0000000000000000"] {
        assert!(status.contains(line), "{line} in {status}");
    }
    for restriction in ["system call filter", "no new privileges", "no identity", "bounds", "inherited"] {
        assert!(in_force(&restrictions, restriction), "{restrictions:?}");
    }
    // Only root may look inside a worker.
    if !rustix::process::geteuid().is_root() {
        return;
    }
    for file in fs::read_dir(worker.join("fd")).unwrap() {
        let target = fs::read_link(file.unwrap().path()).unwrap();
        let target = target.to_str().unwrap();
        assert!(["socket:", "pipe:", "/memfd:"].iter().any(|kind| target.starts_with(kind)), "{target}");
    }
    assert_eq!(fs::read(worker.join("environ")).unwrap(), b"");
    if in_force(&restrictions, "no network") {
        let interfaces = fs::read_to_string(worker.join("net/dev")).unwrap();
        assert_eq!(interfaces.lines().skip(2).count(), 1, "more than the loopback: {interfaces}");
        assert_eq!(fs::read_dir(worker.join("root")).unwrap().count(), 0, "files in the root");
    }
}

/// A sandbox in which a plugin may take an hour.
fn patient(named: &Named) -> ProcessSandbox {
    named.sandbox(SandboxSettings { call_time: Duration::from_secs(3600), ..Default::default() })
}

/// Waits for a worker that computes.
async fn busy_worker(named: &Named) -> PathBuf {
    loop {
        for process in named.processes() {
            let stat = fs::read_to_string(process.join("stat")).unwrap_or_default();
            let user_time = stat.rsplit(' ').nth(38).and_then(|ticks| ticks.parse::<u64>().ok());
            if user_time.is_some_and(|ticks| ticks > 20) {
                return process;
            }
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_worker_that_dies_fails_one_call_and_is_replaced() {
    let named = Named::new("sandbox-dies");
    let sandbox = Arc::new(patient(&named));
    let endless = endless();
    for signal in [Signal::SEGV, Signal::ABORT, Signal::KILL] {
        let call = tokio::spawn({
            let (sandbox, endless) = (sandbox.clone(), endless.build());
            async move {
                let code = Bytes(endless);
                let call = Call::PreProcess(request());
                sandbox.call(Digest::of(&code.0), &code, call, Arc::new(Digits)).await
            }
        });
        let busy = busy_worker(&named).await;
        assert_works(&*sandbox).await;
        // The first of a signal that traps use may be taken for one.
        while !call.is_finished() && kill_process(pid(&busy), signal).is_ok() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(call.await.unwrap(), Err(CallError::WorkerCrashed));
        assert_works(&*sandbox).await;
    }
}

#[tokio::test]
async fn a_worker_that_dies_before_it_is_ready_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let (mark, worker) = (folder.path().join("mark"), launch().program);
    let (mark, worker) = (mark.display(), worker.display());
    let script = format!("[ -e {mark} ] && exec {worker}; : > {mark}; kill -9 $$");
    let launch = Launch { program: "/bin/sh".into(), arguments: vec!["-c".to_owned(), script] };
    let sandbox = ProcessSandbox::new(SandboxSettings::default(), launch, None).unwrap();
    assert_works(&sandbox).await;
    assert!(folder.path().join("mark").exists());
}

#[tokio::test]
async fn an_idle_worker_that_dies_is_replaced() {
    let named = Named::new("sandbox-idle");
    let sandbox = named.sandbox(SandboxSettings::default());
    assert_works(&sandbox).await;
    let idle = named.processes();
    idle.iter().for_each(|worker| kill_process(pid(worker), Signal::KILL).unwrap());
    // Until then it may be given work, which ends with it.
    while named.processes().iter().any(|worker| idle.contains(worker)) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_works(&sandbox).await;
}

#[tokio::test]
async fn no_worker_outlives_its_sandbox() {
    let named = Named::new("sandbox-ends");
    let sandbox = patient(&named);
    assert_works(&sandbox).await;
    let endless = endless();
    let given_up = tokio::time::timeout(Duration::from_millis(500), pre_process(&sandbox, &endless)).await;
    assert!(given_up.is_err());
    drop(sandbox);
    while !named.processes().is_empty() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// A component with functions of some size, each of which costs its compiler much for its length.
fn costly(functions: usize, length: usize) -> Vec<u8> {
    let work = "local.get 0 i32.wrap_i64 i64.load i64.xor ".repeat(length);
    let function = format!("(func (param i64) (result i64) local.get 0 {work})");
    Guest { fields: function.repeat(functions), ..Guest::default() }.build()
}

#[tokio::test]
async fn a_compiler_out_of_time_is_told() {
    let hurried = SandboxSettings { compile_time: Duration::from_secs(1), ..Default::default() };
    assert_eq!(refused(&sandbox(hurried), costly(12, 60_000)).await, InspectError::CompileTimeout(1));
}

#[tokio::test]
async fn a_compiler_out_of_memory_is_told() {
    let spared = SandboxSettings { compile_bytes: 256 << 20, ..Default::default() };
    let spared = sandbox(spared);
    assert_eq!(refused(&spared, costly(1, 140_000)).await, InspectError::CompileMemory(256 << 20));
    assert_works(&spared).await;
}

/// Changes one bit of all compiled code in `folder`.
fn damage(folder: &Path) {
    for file in fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()) {
        if file.file_name().unwrap() != "key" {
            let mut bytes = fs::read(&file).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            fs::write(file, bytes).unwrap();
        }
    }
}

#[tokio::test]
async fn compiled_code_outlives_its_host() {
    let folder = tempfile::tempdir().unwrap();
    let host = || ProcessSandbox::new(SandboxSettings::default(), launch(), Some(folder.path())).unwrap();
    let component = Guest::default().build();
    let plugin = Digest::of(&component);
    host().inspect(component.clone().into()).await.unwrap();
    let call = || Call::PreProcess(request());
    let again = host().call(plugin, &NoCode, call(), Arc::new(Digits)).await;
    assert!(again.is_ok(), "{again:?}");
    damage(folder.path());
    let damaged = host().call(plugin, &NoCode, call(), Arc::new(Digits)).await;
    assert!(matches!(damaged, Err(CallError::Host(_))), "{damaged:?}");
    let mended = host().call(plugin, &Bytes(component), call(), Arc::new(Digits)).await;
    assert!(mended.is_ok(), "{mended:?}");
}

#[tokio::test]
async fn what_was_compiled_is_inspected_again_without_the_compiler() {
    let folder = tempfile::tempdir().unwrap();
    let host = |settings| ProcessSandbox::new(settings, launch(), Some(folder.path())).unwrap();
    // With so little memory the compiler gets nowhere.
    let starved = || host(SandboxSettings { compile_bytes: 1 << 20, ..SandboxSettings::default() });
    let component: Arc<[u8]> = Guest::default().build().into();
    let refused = starved().inspect(component.clone()).await;
    assert!(matches!(refused, Err(InspectError::CompileMemory(_) | InspectError::Host(_))), "{refused:?}");
    let first = host(SandboxSettings::default()).inspect(component.clone()).await.unwrap();
    assert_eq!(starved().inspect(component.clone()).await.unwrap(), first);

    damage(folder.path());
    let refused = starved().inspect(component.clone()).await;
    assert!(matches!(refused, Err(InspectError::CompileMemory(_) | InspectError::Host(_))), "{refused:?}");
    assert_eq!(host(SandboxSettings::default()).inspect(component).await.unwrap(), first);
}
