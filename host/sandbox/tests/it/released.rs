//! Each released version of the contract is frozen; an unknown one is refused.

use std::path::{Path, PathBuf};

use simulay_sandbox::{InspectError, Sandbox as _};

use crate::world::{hasty, refused};

fn checkout(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

#[test]
fn the_contract_is_the_released_one_as_long_as_it_has_its_version() {
    let text = |path: &str| std::fs::read_to_string(checkout(path)).unwrap();
    let (current, released) = (text("wit/simulay.wit"), text("wit/released/0.1.0/simulay.wit"));
    assert!(
        current == released || !current.contains("package simulay:plugin@0.1.0;"),
        "a released contract changed: give it a new version"
    );
    assert_eq!(released, text("examples/contract-only/rust/wit/simulay.wit"));
}

#[tokio::test]
async fn a_plugin_of_each_released_version_is_accepted() {
    let component = std::fs::read(checkout("wit/released/0.1.0/contract-only.wasm")).unwrap();
    let inspection = hasty().inspect(component.into()).await.unwrap();
    assert_eq!(inspection.manifest.name.as_str(), "contract-only");
    assert_eq!(inspection.contract, semver::Version::new(0, 1, 0));
    assert!(inspection.tools.iter().any(|tool| tool.name == "wit-bindgen-rust"), "{:?}", inspection.tools);
}

#[tokio::test]
async fn an_unknown_version_is_refused_with_the_version_this_host_speaks() {
    let text = "(component (instance $i) (export \"simulay:plugin/pipeline@0.9.0\" (instance $i)))";
    let InspectError::WorldMismatch(text) = refused(&hasty(), wat::parse_str(text).unwrap()).await else {
        panic!("not refused for its version")
    };
    assert!(text.contains("version 0.9.0") && text.contains("this host speaks 0.1.0"), "{text}");
}
