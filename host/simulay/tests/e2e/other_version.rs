//! Other versions of built components: a few bytes of their texts are replaced by as many.

use std::path::Path;

use crate::host::plugin;

/// `contract-only`, in a version that sums up to `last`; built against a released contract.
pub(crate) fn sum(version: &str, last: u32) -> Vec<u8> {
    let released = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit/released/0.1.0/contract-only.wasm");
    let component =
        replaced(std::fs::read(released).unwrap(), "contract-only0.1.0", &format!("contract-only{version}"));
    replaced(component, "sum(1:100)", &format!("sum(1:{last})"))
}

/// `heat-equation` as a version after the built one, 1.0.0.
pub(crate) fn heat(version: &str) -> Vec<u8> {
    replaced(plugin("heat-equation"), "heat-equation1.0.0", &format!("heat-equation{version}"))
}

/// The same, with a wrong factor in its scheme: it solves another equation than it says.
pub(crate) fn wrong_heat(version: &str) -> Vec<u8> {
    replaced(heat(version), "half = (0.5 * dt", "half = (0.6 * dt")
}

fn replaced(component: Vec<u8>, text: &str, by: &str) -> Vec<u8> {
    assert_eq!(text.len(), by.len(), "{text} and {by}");
    let found: Vec<usize> = (0..component.len() - text.len())
        .filter(|at| component[*at..].starts_with(text.as_bytes()))
        .collect();
    assert_eq!(found.len(), 1, "`{text}` is there {} times", found.len());
    let mut component = component;
    component[found[0]..found[0] + by.len()].copy_from_slice(by.as_bytes());
    component
}
