//! Random damage to a good component: whatever comes of it, it is never the host's fault.

use std::time::Duration;

use simulay_hostile::Damage;
use simulay_hostile::guest::Guest;
use simulay_sandbox::{CallError, InspectError, Sandbox as _, SandboxSettings};
use simulay_sandbox_wasm::WasmSandbox;

use crate::world::assert_works;

const ROUNDS: usize = 2_000;

#[tokio::test]
async fn damaged_components_never_trouble_the_host() {
    let time = Duration::from_millis(100);
    let settings = SandboxSettings { describe_time: time, ..Default::default() };
    let sandbox = WasmSandbox::new(settings).unwrap();
    let good = Guest::default().build();
    let mut damage = Damage::new(0x5eed);
    for round in 0..ROUNDS {
        let error = sandbox.inspect(damage.damaged(&good).into()).await.err();
        let host = matches!(
            error,
            Some(
                InspectError::Host(_)
                    | InspectError::DescribeFailed(CallError::Host(_) | CallError::WorkerCrashed)
            )
        );
        assert!(!host, "round {round}: {error:?}");
    }
    assert_works(&sandbox).await;
}
