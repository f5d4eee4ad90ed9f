//! Why the host ended a call; carried through wasmtime as an error.

use std::time::Duration;

use simulay_sandbox::CallError;
use wasmtime_wasi::I32Exit;

/// What wasmtime says when a guest hands over more bytes than allowed; its type is private.
const FUEL_EXHAUSTED: &str = "fuel allocated for hostcalls has been exhausted";

/// Why the host ended a call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Termination {
    /// The time is used up.
    #[error("out of time")]
    Time,
    /// The memory is used up.
    #[error("out of memory")]
    Memory,
    /// Nobody waits for the answer any more.
    #[error("cancelled")]
    Cancelled,
    /// The plugin asked for too much: what.
    #[error("{0}")]
    Hostcall(String),
    /// A fault of the host: which.
    #[error("{0}")]
    Host(String),
}

/// The limits an error may name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// CPU time.
    pub(crate) time: Duration,
    /// Bytes of memory.
    pub(crate) memory_bytes: u64,
    /// Bytes handed to the host at once.
    pub(crate) answer_bytes: usize,
}

impl Termination {
    fn into_call_error(self, limits: &Limits) -> CallError {
        match self {
            Self::Time => CallError::out_of_time(limits.time),
            Self::Memory => CallError::MemoryLimit(limits.memory_bytes),
            Self::Cancelled => CallError::Host(self.to_string()),
            Self::Hostcall(what) => CallError::HostcallLimit(what),
            Self::Host(what) => CallError::Host(what),
        }
    }
}

/// What wasmtime's `error` means; `last_words` is what the plugin wrote to standard error at last.
pub(crate) fn call_error(error: &wasmtime::Error, limits: &Limits, last_words: &str) -> CallError {
    if let Some(termination) = error.downcast_ref::<Termination>() {
        return termination.clone().into_call_error(limits);
    }
    if let Some(I32Exit(code)) = error.downcast_ref::<I32Exit>() {
        return CallError::Trap(format!("it called exit({code})"));
    }
    let cause = error.root_cause().to_string();
    if cause.contains(FUEL_EXHAUSTED) {
        let limit = limits.answer_bytes;
        return CallError::ResultTooLarge(format!("at most {limit} bytes are handed to the host at once"));
    }
    let cause = cause.strip_prefix("wasm trap: ").unwrap_or(&cause);
    let colon = if last_words.is_empty() { "" } else { ": " };
    CallError::Trap(format!("{cause}{colon}{last_words}"))
}
