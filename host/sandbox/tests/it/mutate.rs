//! Random damage to a good component: whatever comes of it, it is never the host's fault.

use std::time::Duration;

use simulay_sandbox::{CallError, InspectError, Sandbox as _, SandboxSettings, WasmSandbox};

use crate::guest::Guest;
use crate::world::assert_works;

const ROUNDS: usize = 2_000;

struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(limit).unwrap()).unwrap()
    }

    fn damage(&mut self, bytes: &mut Vec<u8>) {
        let at = self.below(bytes.len());
        match self.below(5) {
            0 => bytes[at] ^= 1 << self.below(8),
            1 => bytes[at] = u8::try_from(self.below(256)).unwrap(),
            2 => drop(bytes.drain(at..(at + 1 + self.below(8)).min(bytes.len()))),
            3 => bytes.insert(at, u8::try_from(self.below(256)).unwrap()),
            _ => bytes.truncate(at.max(1)),
        }
    }
}

#[tokio::test]
async fn damaged_components_never_trouble_the_host() {
    let time = Duration::from_millis(100);
    let settings = SandboxSettings { describe_time: time, ..Default::default() };
    let sandbox = WasmSandbox::new(settings).unwrap();
    let good = Guest::default().build();
    let mut random = Random(0x5eed);
    for round in 0..ROUNDS {
        let mut bytes = good.clone();
        (0..=random.below(3)).for_each(|_| random.damage(&mut bytes));
        let error = sandbox.inspect(bytes.into()).await.err();
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
