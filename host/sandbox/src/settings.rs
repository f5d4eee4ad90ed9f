//! What a plugin may cost.

use std::num::NonZeroUsize;
use std::thread::available_parallelism;
use std::time::Duration;

use serde::{Deserialize, Serialize};

const MIB: usize = 1 << 20;
/// Wall time is at most this many times the CPU time: work may have to wait for a core.
const WALL_FACTOR: u32 = 3;

/// Limits of a sandbox; the defaults are what Simulay ships with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SandboxSettings {
    /// The most bytes of a component.
    pub component_bytes: usize,
    /// CPU time of `describe`.
    pub describe_time: Duration,
    /// CPU time of any other call. The wall time of each call is bounded by three times its CPU time.
    pub call_time: Duration,
    /// CPU time of a compilation. Its wall time is bounded by three times as much.
    pub compile_time: Duration,
    /// Bytes of address space of a compilation.
    pub compile_bytes: u64,
    /// Bytes of all linear memories of an instance together.
    pub memory_bytes: usize,
    /// Elements of all tables of an instance together.
    pub table_elements: usize,
    /// Bytes of a manifest.
    pub manifest_bytes: usize,
    /// Bytes a plugin hands to the host at once: its answer, or the arguments of one import.
    pub answer_bytes: usize,
    /// Bytes of one JSON document in an answer: it takes many times as much once parsed.
    pub json_bytes: usize,
    /// Container calls in one step.
    pub calls: usize,
    /// Bytes of one read of an artifact.
    pub read_bytes: u64,
    /// Bytes of all reads of artifacts in one call.
    pub read_total_bytes: u64,
    /// Calls that run at once.
    pub parallel_calls: usize,
    /// Compilations that run at once.
    pub parallel_compilations: usize,
    /// Compiled plugins kept at hand.
    pub cached_plugins: NonZeroUsize,
}

impl Default for SandboxSettings {
    fn default() -> Self {
        Self {
            component_bytes: 64 * MIB,
            describe_time: Duration::from_secs(2),
            call_time: Duration::from_secs(10),
            // A component that carries CPython takes 20 s, on a busy machine twice as long.
            compile_time: Duration::from_secs(90),
            compile_bytes: 1 << 30,
            memory_bytes: 128 * MIB,
            table_elements: 10_000,
            manifest_bytes: MIB,
            answer_bytes: 16 * MIB,
            json_bytes: 4 * MIB,
            calls: 1_000,
            read_bytes: 16 << 20,
            read_total_bytes: 256 << 20,
            parallel_calls: available_parallelism().map_or(2, NonZeroUsize::get),
            parallel_compilations: available_parallelism().map_or(1, NonZeroUsize::get).min(4),
            cached_plugins: NonZeroUsize::MIN.saturating_add(15),
        }
    }
}

impl SandboxSettings {
    /// The wall time of what may take `cpu_time`.
    #[must_use]
    pub fn wall_time(cpu_time: Duration) -> Duration {
        cpu_time * WALL_FACTOR
    }
}
