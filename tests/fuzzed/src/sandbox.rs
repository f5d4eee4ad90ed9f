//! One sandbox for all inputs, in this process: what goes wrong in it is seen here.

use std::sync::LazyLock;
use std::time::Duration;

use simulay_sandbox::{CallError, InspectError, SandboxSettings};
use simulay_sandbox_wasm::WasmSandbox;
use tokio::runtime::{Builder, Runtime};

/// Plenty for what is meant to end.
const TIME: Duration = Duration::from_millis(100);

static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap());

static SANDBOX: LazyLock<WasmSandbox> = LazyLock::new(|| {
    let settings = SandboxSettings { describe_time: TIME, call_time: TIME, ..SandboxSettings::default() };
    WasmSandbox::new(settings).unwrap()
});

/// The sandbox.
pub(crate) fn sandbox() -> &'static WasmSandbox {
    &SANDBOX
}

/// Waits for what the sandbox does.
pub(crate) fn wait<F: Future>(future: F) -> F::Output {
    RUNTIME.block_on(future)
}

/// Panics when an upload is refused for a reason that is not its own.
pub(crate) fn blame_upload(error: &InspectError) {
    match error {
        InspectError::Host(_) | InspectError::WorkerCrashed => panic!("{error}"),
        InspectError::DescribeFailed(error) => blame_call(error),
        _ => {}
    }
}

/// Panics when a call failed for a reason that is not the plugin's.
pub(crate) fn blame_call(error: &CallError) {
    assert!(!matches!(error, CallError::Host(_) | CallError::WorkerCrashed), "{error}");
}
