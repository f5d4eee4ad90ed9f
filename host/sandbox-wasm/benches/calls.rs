//! What a process of its own costs: the same calls in this process and in a worker, side by side.

#![expect(clippy::unwrap_used, reason = "a benchmark that fails may end")]

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use futures_util::future::join_all;
use serde_json::json;
use simulay_hostile::guest::Guest;
use simulay_model::{Digest, Request};
use simulay_sandbox::{Call, Code, ReadArtifacts, Sandbox, SandboxSettings};
use simulay_sandbox_wasm::{Launch, ProcessSandbox, WasmSandbox};

const WARM_UP: usize = 200;
const ROUNDS: usize = 20;
const CALLS: usize = 100;

/// Code and artifacts of nothing: everything is compiled before it is called.
struct Nothing;

#[async_trait]
impl Code for Nothing {
    async fn load(&self, _plugin: Digest) -> io::Result<Arc<[u8]>> {
        Err(io::ErrorKind::NotFound.into())
    }
}

impl ReadArtifacts for Nothing {
    fn read(&self, _artifact: Digest, _offset: u64, _length: u64) -> io::Result<Vec<u8>> {
        Err(io::ErrorKind::NotFound.into())
    }
}

/// A call with parameters of about `bytes` bytes, which come back as the state.
fn call(bytes: usize) -> Call {
    let params = json!({ "values": vec![0.125; bytes / 6] }).into();
    Call::PreProcess(Request { params, inputs: Vec::new(), seed: 1 })
}

async fn once(sandbox: &dyn Sandbox, plugin: Digest, call: &Call) -> Duration {
    let begun = Instant::now();
    sandbox.call(plugin, &Nothing, call.clone(), Arc::new(Nothing)).await.unwrap();
    begun.elapsed()
}

/// Times of single calls, sorted; both sandboxes take turns, so that the machine treats them alike.
async fn latencies(sandboxes: [&dyn Sandbox; 2], plugin: Digest, call: &Call) -> [Vec<Duration>; 2] {
    let mut times = [Vec::new(), Vec::new()];
    for round in 0..ROUNDS + WARM_UP / CALLS {
        for (sandbox, times) in sandboxes.iter().zip(&mut times) {
            for _ in 0..CALLS {
                let time = once(*sandbox, plugin, call).await;
                if round >= WARM_UP / CALLS {
                    times.push(time);
                }
            }
        }
    }
    times.each_mut().iter_mut().for_each(|times| times.sort());
    times
}

/// Calls per second of several callers at once.
async fn throughput(sandbox: &dyn Sandbox, plugin: Digest, call: &Call) -> f64 {
    let callers = std::thread::available_parallelism().map_or(2, std::num::NonZeroUsize::get) * 2;
    let begun = Instant::now();
    let caller = || async {
        for _ in 0..ROUNDS * CALLS / callers {
            once(sandbox, plugin, call).await;
        }
    };
    join_all((0..callers).map(|_| caller())).await;
    (ROUNDS * CALLS) as f64 / begun.elapsed().as_secs_f64()
}

fn middle(times: &[Duration], part: usize) -> f64 {
    times.get(times.len() * part / 100).map_or(0.0, |time| time.as_secs_f64() * 1e6)
}

async fn compare(name: &str, sandboxes: [&dyn Sandbox; 2], plugin: Digest, call: &Call) {
    let [here, there] = latencies(sandboxes, plugin, call).await;
    let [in_process, in_worker] = sandboxes;
    let (rate, worker_rate) =
        (throughput(in_process, plugin, call).await, throughput(in_worker, plugin, call).await);
    for (figure, here, there) in [
        ("median, µs", middle(&here, 50), middle(&there, 50)),
        ("p99, µs", middle(&here, 99), middle(&there, 99)),
        ("calls per second", rate, worker_rate),
    ] {
        println!("{name:<14} {figure:<18} {here:>10.0} {there:>10.0} {:>8.2}", there / here);
    }
}

#[tokio::main]
async fn main() {
    let launch =
        Launch { program: env!("CARGO_BIN_EXE_simulay-sandbox-worker").into(), arguments: Vec::new() };
    let here = WasmSandbox::new(SandboxSettings::default()).unwrap();
    let there = ProcessSandbox::new(SandboxSettings::default(), launch, None).unwrap();
    let component = std::env::var("SIMULAY_COMPONENT")
        .map_or_else(|_| Guest::default().build(), |path| std::fs::read(path).unwrap());
    let plugin = Digest::of(&component);
    here.inspect(component.clone().into()).await.unwrap();
    there.inspect(component.into()).await.unwrap();
    println!("{:<14} {:<18} {:>10} {:>10} {:>8}", "call", "figure", "in process", "in worker", "ratio");
    for (name, bytes) in [("small", 20), ("10 kB", 10_000)] {
        compare(name, [&here, &there], plugin, &call(bytes)).await;
    }
}
