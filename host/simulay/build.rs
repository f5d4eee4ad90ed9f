//! Puts `simulay-init` into the command, when it was built before.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

const BUILT: &str = "x86_64-unknown-linux-musl/release/simulay-init";

fn main() -> io::Result<()> {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=SIMULAY_INIT_BIN");
    let source = source();
    println!("cargo:rerun-if-changed={}", source.display());
    let bytes = if source.exists() { fs::read(&source)? } else { Vec::new() };
    let out = env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("cargo sets OUT_DIR"))?;
    // No bytes stand for "not built": the command then asks for `--init`.
    fs::write(Path::new(&out).join("simulay-init"), bytes)
}

fn source() -> PathBuf {
    if let Some(named) = env::var_os("SIMULAY_INIT_BIN") {
        return PathBuf::from(named);
    }
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(workspace_target, PathBuf::from);
    target.join(BUILT)
}

fn workspace_target() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target")
}
