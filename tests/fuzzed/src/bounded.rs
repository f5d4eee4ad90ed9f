//! A call with narrow bounds, and what init may hand back of it.

use std::collections::HashSet;
use std::sync::LazyLock;

use simulay_containers::scripted::Ledger;
use simulay_containers::{Admission as _, Admitted, Limits, Permissions, Policy};
use simulay_model::{ContainerCall, Manifest, OnFailure};

use crate::seeds;

const STREAM_BYTES: u64 = 64;
const OUTPUT_BYTES: u64 = 300;
const OUTPUTS: u32 = 4;

/// A call with narrow bounds.
pub(crate) static CALL: LazyLock<Admitted> = LazyLock::new(|| {
    let manifest: Manifest = serde_json::from_str(seeds::MANIFESTS.first().unwrap()).unwrap();
    let image = manifest.images.first().unwrap().name.clone();
    let limits = Limits {
        max_stream_bytes: STREAM_BYTES,
        max_output_bytes: OUTPUT_BYTES,
        max_outputs: OUTPUTS,
        ..Limits::default()
    };
    let id = format!("sha256:{}", "0".repeat(64)).parse().unwrap();
    let policy = Policy { images: [(image.clone(), id)].into(), limits, ..Policy::default() };
    let call = ContainerCall {
        name: "fuzzed".to_owned(),
        image,
        command: vec!["true".to_owned()],
        env: Vec::new(),
        files: Vec::new(),
        outputs: vec!["**".to_owned()],
        excludes: Vec::new(),
        keep_unchanged: true,
        resources: manifest.max_resources,
        on_failure: OnFailure::FailRun,
        deterministic: true,
    };
    policy.admit(&call, &Permissions::from(&manifest)).unwrap()
});

/// Panics when more was kept than the call may leave.
pub(crate) fn assert_bounds(ledger: &Ledger) {
    // Each with a line that tells of a gap.
    assert!(ledger.stream_bytes() <= 2 * (STREAM_BYTES + 64));
    let files = ledger.files();
    assert!(files.len() as u64 <= u64::from(OUTPUTS));
    assert!(files.iter().map(|(_, size)| size).sum::<u64>() <= OUTPUT_BYTES);
    let names: HashSet<String> = files.iter().map(|(path, _)| path.clone()).collect();
    assert_eq!(names.len(), files.len());
}
