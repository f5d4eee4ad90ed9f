//! A call, and what admits it.

use simulay_containers::{Admission as _, Admitted, ImageId, Permissions, Policy};
use simulay_model::{ContainerCall, Digest, OnFailure, Resources};

pub(crate) fn permissions() -> Permissions {
    let max_resources =
        Resources { cpu_milli: 8000, memory_mib: 4096, scratch_mib: 4096, timeout_ms: 7_200_000 };
    Permissions { images: ["octave".to_owned()].into(), max_resources }
}

pub(crate) fn policy() -> Policy {
    let images = [("octave".to_owned(), ImageId::from(Digest::of(b"octave")))].into();
    Policy { images, ..Policy::default() }
}

pub(crate) fn call() -> ContainerCall {
    ContainerCall {
        name: "solve-1".to_owned(),
        image: "octave".to_owned(),
        command: ["octave-cli", "-qfHW", "/sim/main.m"].map(str::to_owned).into(),
        env: Vec::new(),
        files: Vec::new(),
        outputs: Vec::new(),
        excludes: Vec::new(),
        keep_unchanged: true,
        resources: Resources { cpu_milli: 1500, memory_mib: 256, scratch_mib: 64, timeout_ms: 60_000 },
        on_failure: OnFailure::FailRun,
        deterministic: true,
    }
}

/// What `policy` makes of `call`.
pub(crate) fn admitted(call: &ContainerCall, policy: &Policy) -> Admitted {
    policy.admit(call, &permissions()).unwrap()
}
