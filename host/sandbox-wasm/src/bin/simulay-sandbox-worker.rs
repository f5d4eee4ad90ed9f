//! A worker as a program of its own, for the tests and benchmarks of this crate; Simulay's own is `simulay sandbox`.

use std::process::ExitCode;

fn main() -> ExitCode {
    simulay_sandbox_wasm::work()
}
