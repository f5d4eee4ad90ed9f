//! The bindings that projects in C carry are what the contract gives.
//!
//! After a change of the contract: `SIMULAY_UPDATE=1 cargo test -p xtask --test bindings`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use wit_bindgen_core::Files;
use wit_bindgen_core::wit_parser::Resolve;

fn checkout() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// What `wit-bindgen c wit --world plugin` writes, by file.
fn generated() -> anyhow::Result<BTreeMap<String, Vec<u8>>> {
    let mut resolve = Resolve::default();
    let package = resolve.push_file(checkout().join("wit/simulay.wit"))?;
    let world = resolve.select_world(&[package], Some("plugin"))?;
    let mut files = Files::default();
    wit_bindgen_c::Opts::default().build().generate(&mut resolve, world, &mut files)?;
    Ok(files.iter().map(|(name, bytes)| (name.to_owned(), bytes.to_vec())).collect())
}

#[test]
fn what_is_shipped_is_what_the_contract_gives() {
    let update = std::env::var_os("SIMULAY_UPDATE").is_some();
    let files = generated().unwrap();
    assert!(files.contains_key("plugin.h") && files.contains_key("plugin_component_type.o"), "{files:?}");
    for (name, bytes) in files {
        let file = checkout().join("sdk/c/simulay").join(&name);
        if update {
            fs::write(&file, &bytes).unwrap();
        }
        let shipped = fs::read(&file).unwrap_or_default();
        assert!(
            shipped == bytes,
            "{name} is not what wit/simulay.wit gives; write it anew: SIMULAY_UPDATE=1 cargo test -p xtask --test bindings"
        );
    }
}
