//! Wasmtime as we run it: deterministic, interruptible, without what no plugin needs.

use std::hash::{Hash as _, Hasher};
use std::io;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use simulay_model::Digest;
use wasmtime::{Config, Engine, OptLevel, Strategy, WasmFeatures};

use crate::executable::Pages;

/// The time between two looks at a running call.
const TICK: Duration = Duration::from_millis(10);
/// Well below the stack of any thread that calls, so that a deep guest ends before its host.
const MAX_STACK: usize = 1 << 20;

/// Proposals a plugin does without. Not among them: several memories, which wasmtime's own adapters between
/// the parts of a component need (JavaScript plugins have such parts); `Memory` counts them all.
const OFF: [WasmFeatures; 19] = [
    WasmFeatures::THREADS,
    WasmFeatures::SHARED_EVERYTHING_THREADS,
    WasmFeatures::MEMORY64,
    WasmFeatures::CUSTOM_PAGE_SIZES,
    WasmFeatures::GC,
    WasmFeatures::FUNCTION_REFERENCES,
    WasmFeatures::EXCEPTIONS,
    WasmFeatures::LEGACY_EXCEPTIONS,
    WasmFeatures::STACK_SWITCHING,
    WasmFeatures::TAIL_CALL,
    WasmFeatures::WIDE_ARITHMETIC,
    WasmFeatures::CM_ASYNC,
    WasmFeatures::CM_ASYNC_STACKFUL,
    WasmFeatures::CM_MORE_ASYNC_BUILTINS,
    WasmFeatures::CM_THREADING,
    WasmFeatures::CM_ERROR_CONTEXT,
    WasmFeatures::CM_GC,
    WasmFeatures::CM64,
    WasmFeatures::CM_MAP,
];

/// An engine whose epoch advances every [`TICK`] until it is dropped.
pub(crate) fn start() -> io::Result<Engine> {
    let engine = Engine::new(&config()).map_err(|error| io::Error::other(error.to_string()))?;
    tick(&engine)?;
    Ok(engine)
}

/// Whose code `engine` can load: what its compiler is and how it is set.
pub(crate) fn compiler(engine: &Engine) -> Digest {
    let mut fingerprint = Fingerprint::default();
    engine.precompile_compatibility_hash().hash(&mut fingerprint);
    fingerprint.0.finish()
}

/// Lets everything that can be hashed be digested.
#[derive(Default)]
struct Fingerprint(simulay_model::Hasher);

impl Hasher for Fingerprint {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        0
    }
}

/// No fuel: epochs with the thread's own clock measure time as well, at a tenth of the cost. No
/// pooling: a fresh mapping is zeroed by the kernel, and nothing is left of the instance before.
fn config() -> Config {
    let mut config = Config::new();
    config
        .strategy(Strategy::Cranelift)
        .cranelift_opt_level(OptLevel::Speed)
        .cranelift_nan_canonicalization(true)
        .relaxed_simd_deterministic(true)
        .wasm_component_model(true)
        .concurrency_support(false)
        .gc_support(false)
        .shared_memory(false)
        .epoch_interruption(true)
        .max_wasm_stack(MAX_STACK)
        .with_custom_code_memory(Some(Arc::new(Pages)))
        .parallel_compilation(false);
    for feature in OFF {
        config.wasm_features(feature, false);
    }
    config
}

/// A thread of the system's, since a busy runtime would let tasks wait.
fn tick(engine: &Engine) -> io::Result<()> {
    let engine = engine.weak();
    thread::Builder::new().name("simulay-epoch".to_owned()).spawn(move || {
        while let Some(engine) = engine.upgrade() {
            engine.increment_epoch();
            drop(engine);
            thread::sleep(TICK);
        }
    })?;
    Ok(())
}
